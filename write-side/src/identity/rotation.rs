//! Sealing anew what a former master key sealed.

use const_format::formatcp;
use schema::table::ACCOUNTS;
use sealing::MasterKeys;
use tokio_postgres::GenericClient;
use uuid::Uuid;

use super::error::IdentityError;
use super::internal;
use super::second_factor::PURPOSE;
use super::sign_on;

/// The most accounts that are looked at in one go.
const PAGE: &str = formatcp!(
    "SELECT a.account_id, a.totp_secret FROM {ACCOUNTS} a \
      WHERE a.totp_secret IS NOT NULL AND a.account_id > $1 ORDER BY a.account_id LIMIT 1000"
);
/// Not when the factor was given up or proposed anew meanwhile.
const RESEAL: &str =
    formatcp!("UPDATE {ACCOUNTS} SET totp_secret = $3 WHERE account_id = $1 AND totp_secret = $2");

/// Seals the secrets of authenticator apps anew with the current master key, where another one sealed them; how many. May
/// be interrupted and run again at any time, beside live servers.
///
/// # Errors
/// When the database fails, or a secret cannot be opened with the configured keys.
pub async fn reseal_second_factors(
    client: &impl GenericClient,
    master: &MasterKeys,
) -> Result<u64, IdentityError> {
    let (mut after, mut count) = (Uuid::nil(), 0);
    loop {
        let rows = client.query(PAGE, &[&after]).await?;
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
                count += client.execute(RESEAL, &[&id, &sealed, &fresh]).await?;
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
