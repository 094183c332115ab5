//! Making and dropping databases of the private cluster.

use std::time::Duration;

use schema::{access, role};
use tokio_postgres::{Client, NoTls};

use super::{PrivateError, PrivateServers};
use crate::pools::postgres_config;

/// The default database.
pub const DATABASE: &str = "insightdesk";
/// The login that URLs name. It owns nothing: it takes on the roles of the product.
pub(super) const ROLE: &str = "insightdesk";
/// The role that the cluster is administered with.
pub(super) const SUPERUSER: &str = "postgres";

/// Copying a large template takes time; for ever is a fault.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(120);
const NAME_LIMIT_BYTES: usize = 63;

const ROLE_EXISTS: &str = "SELECT FROM pg_roles WHERE rolname = $1";
const DATABASE_EXISTS: &str = "SELECT FROM pg_database WHERE datname = $1";

impl PrivateServers {
    /// The URL of the database `name` for the cluster's superuser, for tests of grants and
    /// faults; the product does not use it.
    #[must_use]
    pub fn superuser_url_of(&self, name: &str) -> String {
        let url = self.database_url_of(name);
        url.replacen(&format!("//{ROLE}@"), &format!("//{SUPERUSER}@"), 1)
    }

    /// The URL of the database `name` for the owner of its tables, for tests that look behind
    /// the product's back.
    #[must_use]
    pub fn owner_url_of(&self, name: &str) -> String {
        let url = self.database_url_of(name);
        let joint = if url.contains('?') { '&' } else { '?' };
        format!("{url}{joint}options=-c%20role%3D{}", role::OWNER)
    }

    /// Makes an empty database and gives its URL.
    ///
    /// # Errors
    /// When the name is not valid or taken.
    pub async fn create_database(&self, name: &str) -> Result<String, PrivateError> {
        self.create_database_from_template(name, "template0").await
    }

    /// Makes a database as a copy of `template`, to which nobody may be connected, and
    /// gives its URL.
    ///
    /// # Errors
    /// When a name is not valid, the new one is taken, or the template is missing or in use.
    pub async fn create_database_from_template(
        &self,
        name: &str,
        template: &str,
    ) -> Result<String, PrivateError> {
        check_name(name)?;
        check_name(template)?;
        let statement = format!(
            "CREATE DATABASE {name} TEMPLATE {template} OWNER {}",
            role::OWNER
        );
        self.administer("create a database", &statement).await?;
        Ok(self.database_url_of(name))
    }

    /// Drops a database and ends its sessions. A missing one is no error.
    ///
    /// # Errors
    /// When the name is not valid.
    pub async fn drop_database(&self, name: &str) -> Result<(), PrivateError> {
        check_name(name)?;
        let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        self.administer("drop a database", &statement).await
    }

    /// Whether a database of this name exists.
    ///
    /// # Errors
    /// When PostgreSQL does not answer.
    pub async fn has_database(&self, name: &str) -> Result<bool, PrivateError> {
        let client = self.administrator().await?;
        exists(&client, DATABASE_EXISTS, name).await
    }

    /// Makes our login, the roles that it takes on and the default database when they are
    /// missing. A database that an earlier version made is handed over to its new owner.
    pub(super) async fn ensure_default_database(&self) -> Result<(), PrivateError> {
        let client = self.administrator().await?;
        if !exists(&client, ROLE_EXISTS, ROLE).await? {
            let statement = format!("CREATE ROLE {ROLE} LOGIN");
            execute(&client, "create a role", &statement).await?;
        }
        if !exists(&client, DATABASE_EXISTS, DATABASE).await? {
            let statement = format!("CREATE DATABASE {DATABASE} TEMPLATE template0");
            execute(&client, "create a database", &statement).await?;
        }
        let client = self.connect_as_superuser(DATABASE).await?;
        let statements = access::administrator(ROLE);
        execute(&client, "prepare a database", &statements).await
    }

    async fn administer(&self, what: &'static str, statement: &str) -> Result<(), PrivateError> {
        let client = self.administrator().await?;
        execute(&client, what, statement).await
    }

    async fn administrator(&self) -> Result<Client, PrivateError> {
        self.connect_as_superuser("postgres").await
    }

    async fn connect_as_superuser(&self, database: &str) -> Result<Client, PrivateError> {
        let failed = |error| PrivateError::Postgres("connect", error);
        let url = self.superuser_url_of(database);
        let mut config = match postgres_config(&url) {
            Ok(config) => config,
            Err(error) => {
                return Err(PrivateError::Program {
                    program: "PostgreSQL".to_owned(),
                    detail: error.to_string(),
                });
            }
        };
        config.options(format!(
            "-c statement_timeout={}",
            ADMIN_TIMEOUT.as_millis()
        ));
        let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
        // It ends when the client is dropped.
        tokio::spawn(connection);
        Ok(client)
    }
}

async fn execute(client: &Client, what: &'static str, statement: &str) -> Result<(), PrivateError> {
    let done = client.batch_execute(statement).await;
    done.map_err(|error| PrivateError::Postgres(what, error))
}

async fn exists(client: &Client, query: &str, name: &str) -> Result<bool, PrivateError> {
    let found = client.query_opt(query, &[&name]).await;
    let found = found.map_err(|error| PrivateError::Postgres("look up a name", error))?;
    Ok(found.is_some())
}

/// Names stand in statements as they are, so they must not need quoting.
fn check_name(name: &str) -> Result<(), PrivateError> {
    let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    let valid = name.len() <= NAME_LIMIT_BYTES
        && name.bytes().all(plain)
        && name.starts_with(|c: char| c.is_ascii_lowercase());
    if valid {
        Ok(())
    } else {
        Err(PrivateError::Name(name.to_owned()))
    }
}
