//! The devices that an account is known to sign in from, so that its owner is told of another one, and goes on signing in
//! from them while somebody elsewhere spends the account's tries.
//!
//! A device is what the program calls itself and the network that it comes from (/24 of IPv4, /48 of IPv6): clients of an API
//! bring no cookie. Only a hash of both is kept, for 90 days after the last sign-in.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use const_format::formatcp;
use deadpool_postgres::GenericClient;
use domain::text::Email;
use schema::table::{ACCOUNTS, KNOWN_DEVICES};
use uuid::Uuid;

use super::error::IdentityError;
use super::{Identity, Origin};

/// How long a device is known after its last sign-in.
pub const KNOWN_FOR: TimeDelta = TimeDelta::days(90);

const CONTEXT: &str = "InsightDesk 2026 devices of accounts";
const IPV4_NETWORK_BYTES: usize = 3;
const IPV6_NETWORK_BYTES: usize = 6;

const NOTE: &str = formatcp!(
    "WITH before AS (SELECT k.seen_at FROM {KNOWN_DEVICES} k WHERE k.account_id = $1 AND k.fingerprint = $2) \
     INSERT INTO {KNOWN_DEVICES} AS d (account_id, fingerprint, seen_at) VALUES ($1, $2, $3) \
     ON CONFLICT (account_id, fingerprint) DO UPDATE SET seen_at = greatest(d.seen_at, excluded.seen_at) \
     RETURNING (SELECT b.seen_at FROM before b)"
);
const IS_KNOWN: &str = formatcp!(
    "SELECT count(*) FROM {KNOWN_DEVICES} k JOIN {ACCOUNTS} a ON a.account_id = k.account_id \
      WHERE a.email = $1 AND k.fingerprint = $2 AND k.seen_at >= $3"
);
const FORGET: &str = formatcp!("DELETE FROM {KNOWN_DEVICES} WHERE seen_at < $1");

/// Notes a sign-in by an account, or by a person whom a provider vouched for; whether the device was known.
///
/// # Errors
/// When the database fails.
pub async fn note(
    client: &impl GenericClient,
    whose: Uuid,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<bool, IdentityError> {
    let statement = client.prepare_cached(NOTE).await?;
    let fingerprint = fingerprint(origin);
    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&whose, &fingerprint.as_slice(), &now];
    let row = client.query_one(&statement, &values).await?;
    let seen_at: Option<DateTime<Utc>> = row.try_get(0)?;
    Ok(seen_at.is_some_and(|seen_at| now - seen_at <= KNOWN_FOR))
}

impl Identity {
    /// The device of a request, where the account of an address is known to sign in from it. Asks the database the same
    /// whether there is such an account or not.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn known_device(
        &self,
        email: &str,
        origin: &Origin,
    ) -> Result<Option<[u8; 32]>, IdentityError> {
        // Not every text is one that the database takes.
        let Ok(email) = Email::parse(email) else {
            return Ok(None);
        };
        let client = self.client().await?;
        let statement = client.prepare_cached(IS_KNOWN).await?;
        let fingerprint = fingerprint(origin);
        let since = self.now() - KNOWN_FOR;
        let values: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
            [&email.as_str(), &fingerprint.as_slice(), &since];
        let row = client.query_one(&statement, &values).await?;
        let is_known = row.try_get::<_, i64>(0)? > 0;
        Ok(is_known.then_some(fingerprint))
    }
}

/// Forgets devices that nobody signed in from for long.
///
/// # Errors
/// When the database fails.
pub async fn forget(client: &impl GenericClient, now: DateTime<Utc>) -> Result<u64, IdentityError> {
    Ok(client.execute(FORGET, &[&(now - KNOWN_FOR)]).await?)
}

fn fingerprint(origin: &Origin) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(origin.device.as_str().as_bytes());
    // No name of a device holds it.
    hasher.update(b"\n");
    match origin.address.parse() {
        Ok(IpAddr::V4(address)) => hasher.update(&address.octets()[..IPV4_NETWORK_BYTES]),
        Ok(IpAddr::V6(address)) => hasher.update(&address.octets()[..IPV6_NETWORK_BYTES]),
        Err(_) => &mut hasher,
    };
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use domain::text::Device;

    fn of(device: &str, address: &str) -> [u8; 32] {
        fingerprint(&Origin {
            device: Device::parse(device).unwrap(),
            address: address.to_owned(),
            request_id: None,
        })
    }

    #[test]
    fn a_device_is_the_program_and_its_network() {
        let known = of("Firefox", "192.0.2.7");
        assert_eq!(known, of("Firefox", "192.0.2.200"));
        assert_ne!(known, of("Firefox", "192.0.3.7"));
        assert_ne!(known, of("curl", "192.0.2.7"));
        let known = of("Firefox", "2001:db8:1:2::7");
        assert_eq!(known, of("Firefox", "2001:db8:1:ffff::1"));
        assert_ne!(known, of("Firefox", "2001:db8:2:2::7"));
        assert_ne!(of("Firefox", ""), known);
    }
}
