//! Brings roles and rights into a database.

use tokio_postgres::Client;

use super::rights::{READ_MODELS, TABLES};
use super::statements::grants;
use crate::projection::CORE;
use crate::role::{ALL, OWNER};

/// Why roles or rights are not as they have to be.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// They could not be looked up.
    #[error("the roles of the database could not be looked up")]
    LookUp(#[source] tokio_postgres::Error),
    /// They are missing, and the login may not make them.
    #[error(
        "the roles of the product are not in the database, and {login} may not make them: let an administrator of the \
         database run what `insightdesk roles` prints, such as `insightdesk roles | psql <the administrator's URL of the \
         same database>`, then try again"
    )]
    NotPrepared {
        /// Who is connected.
        login: String,
        /// What was refused.
        source: tokio_postgres::Error,
    },
    /// The rights on the tables could not be stated.
    #[error("the rights on the tables could not be set")]
    Grant(#[source] tokio_postgres::Error),
}

const LOGIN: &str = "SELECT session_user::text";
const IS_MEMBER_OF_ALL: &str = "SELECT count(*) = cardinality($1::text[]) FROM pg_roles r \
    WHERE r.rolname::text = ANY($1::text[]) AND pg_has_role(session_user, r.oid, 'MEMBER')";
/// The owner may make tables and namespaces here, and the login owns none.
const IS_HANDED_OVER: &str = "SELECT has_schema_privilege($1::text::name, 'public', 'CREATE') \
    AND has_database_privilege($1::text::name, current_database(), 'CREATE') \
    AND NOT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                     WHERE c.relowner = (SELECT oid FROM pg_roles WHERE rolname = session_user) \
                       AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relkind IN ('r', 'p', 'v') \
                       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e'))";
const EXISTING: &str = "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r'";

/// The statements by which an administrator lets `login` run the product in the database that they are run in: its roles,
/// which a cluster has once, and the ownership of what an earlier version made. Running them again changes nothing.
#[must_use]
pub fn administrator(login: &str) -> String {
    let roles: Vec<String> = ALL.iter().map(|role| format!("'{role}'")).collect();
    let statements = include_str!("administrator.sql");
    statements
        .replace("{login}", &login.replace('\'', "''"))
        .replace("{roles}", &roles.join(", "))
        .replace("{owner}", OWNER.name())
}

/// Makes the roles where they are missing, and hands over to the owner what the login owns; then works as the owner.
///
/// # Errors
/// [`AccessError`] when the login may not do that.
pub async fn prepare(client: &Client) -> Result<(), AccessError> {
    if !is_prepared(client).await.map_err(AccessError::LookUp)? {
        let row = client.query_one(LOGIN, &[]).await;
        let login: String = row.map_err(AccessError::LookUp)?.get(0);
        let done = client.batch_execute(&administrator(&login)).await;
        done.map_err(|source| AccessError::NotPrepared { login, source })?;
    }
    let set = client.batch_execute(&format!("SET ROLE {OWNER}")).await;
    set.map_err(AccessError::LookUp)
}

async fn is_prepared(client: &Client) -> Result<bool, tokio_postgres::Error> {
    let roles: Vec<&str> = ALL.iter().map(|role| role.name()).collect();
    let member: bool = client.query_one(IS_MEMBER_OF_ALL, &[&roles]).await?.get(0);
    if !member {
        return Ok(false);
    }
    let row = client.query_one(IS_HANDED_OVER, &[&OWNER.name()]).await?;
    Ok(row.get(0))
}

/// States the rights on every table that is there, each by itself: a policy takes its table for a moment, and two at once
/// could wait for each other's readers.
///
/// # Errors
/// [`AccessError::Grant`] when the owner may not.
pub async fn grant_all(client: &Client) -> Result<(), AccessError> {
    for (namespace, rights) in [("public", TABLES), (CORE, READ_MODELS)] {
        let rows = client.query(EXISTING, &[&namespace]).await;
        let existing: Vec<String> = rows
            .map_err(AccessError::Grant)?
            .iter()
            .map(|row| row.get(0))
            .collect();
        if existing.is_empty() {
            continue;
        }
        let usage = crate::projection::let_in(namespace);
        client
            .batch_execute(&usage)
            .await
            .map_err(AccessError::Grant)?;
        for access in rights {
            if existing.iter().any(|name| name == access.table) {
                let statements = format!(
                    "BEGIN; SET LOCAL search_path TO {namespace}; {} COMMIT",
                    grants(access)
                );
                client
                    .batch_execute(&statements)
                    .await
                    .map_err(AccessError::Grant)?;
            }
        }
    }
    Ok(())
}
