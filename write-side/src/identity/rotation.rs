//! Sealing anew what a former master key sealed.

use sealing::MasterKeys;
use tokio_postgres::GenericClient;
use uuid::Uuid;

use super::error::IdentityError;
use super::factor_holder::{OF_ACCOUNT, OF_PERSON, Statements};
use super::internal;
use super::second_factor::PURPOSE;
use super::sign_on;

/// Seals the secrets of authenticator apps anew with the current master key, where another one sealed them; how many. May
/// be interrupted and run again at any time, beside live servers.
///
/// # Errors
/// When the database fails, or a secret cannot be opened with the configured keys.
pub async fn reseal_second_factors(
    client: &impl GenericClient,
    master: &MasterKeys,
) -> Result<u64, IdentityError> {
    let of_accounts = reseal(client, master, &OF_ACCOUNT).await?;
    Ok(of_accounts + reseal(client, master, &OF_PERSON).await?)
}

async fn reseal(
    client: &impl GenericClient,
    master: &MasterKeys,
    statements: &Statements,
) -> Result<u64, IdentityError> {
    let (mut after, mut count) = (Uuid::nil(), 0);
    loop {
        let rows = client.query(statements.page, &[&after]).await?;
        if rows.is_empty() {
            return Ok(count);
        }
        for row in &rows {
            let (id, sealed): (Uuid, Vec<u8>) = (row.try_get(0)?, row.try_get(1)?);
            after = id;
            if master.sealed_otherwise(PURPOSE, &sealed) {
                let secret = master.open(PURPOSE, id.as_bytes(), &sealed);
                let secret = secret.map_err(internal)?;
                let fresh = master.seal(PURPOSE, id.as_bytes(), &secret);
                let fresh = fresh.map_err(internal)?;
                count += client
                    .execute(statements.reseal, &[&id, &sealed, &fresh])
                    .await?;
            }
        }
    }
}

/// Seals the secrets of clients at providers of sign-on anew, as [`reseal_second_factors`] does its own; how many.
///
/// # Errors
/// When the database fails, or a secret cannot be opened with the configured keys.
pub async fn reseal_client_secrets(
    client: &impl GenericClient,
    master: &MasterKeys,
) -> Result<u64, IdentityError> {
    sign_on::reseal(client, master).await
}
