//! Applies the SQL files of `schema/migrations` in order, each in a transaction, each once.

use tokio_postgres::Client;

use crate::access::{self, AccessError};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Key of the advisory lock that lets one process migrate a database at a time; refinery itself takes none.
/// The value is the ASCII text `insight1` read as a big-endian integer.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"insight1");

const LOCK: &str = "SELECT pg_advisory_lock($1)";
const UNLOCK: &str = "SELECT pg_advisory_unlock($1)";

/// Why the migrations did not all apply.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    /// The lock of the migrations could not be taken or given back.
    #[error("the migration lock of the database could not be used")]
    Lock(#[source] tokio_postgres::Error),
    /// A migration failed; those before it stay applied.
    #[error("a migration failed; the earlier ones stay applied")]
    Apply(#[source] Box<refinery::Error>),
    /// The roles that own and use the tables are not as they have to be.
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// Applies every migration that the database does not have yet and returns their names, then states who may do what with the
/// tables. The session works as the owner of the tables from then on.
/// Waits while another process migrates the same database: bound the wait with `statement_timeout` if that matters.
///
/// # Errors
/// [`MigrationError`] when the lock or one of the migrations fails. The lock goes with the session then.
pub async fn run(client: &mut Client) -> Result<Vec<String>, MigrationError> {
    client
        .execute(LOCK, &[&MIGRATION_LOCK])
        .await
        .map_err(MigrationError::Lock)?;
    let outcome = apply(client).await;
    client
        .execute(UNLOCK, &[&MIGRATION_LOCK])
        .await
        .map_err(MigrationError::Lock)?;
    outcome
}

async fn apply(client: &mut Client) -> Result<Vec<String>, MigrationError> {
    access::prepare(client).await?;
    let outcome = embedded::migrations::runner().run_async(client).await;
    let report = outcome.map_err(|error| MigrationError::Apply(Box::new(error)))?;
    access::grant_all(client).await?;
    Ok(report
        .applied_migrations()
        .iter()
        .map(ToString::to_string)
        .collect())
}
