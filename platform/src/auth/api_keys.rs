//! API keys: whether a text is the key of a machine, what that may do, and when it was last used.
//!
//! A key that was found good is believed for [`BELIEVED`], so that a busy one asks the database twice a second and no more.
//! For so long a key may go on that another server revoked, or do what it could before another server changed it; what this
//! server did to a key holds at once. While the database
//! does not answer, a key that has to be looked up is neither good nor bad.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use const_format::formatcp;
use credentials::api_key::{ApiKey, ApiKeyError};
use credentials::{SecretHash, UnreadableSecretHash};
use deadpool_postgres::{Pool, PoolError};
use domain::ids::{ApiKeyId, OrganizationId, UserId};
use moka::sync::Cache;
use schema::table::API_KEYS;
use tokio_postgres::Row;

use super::{Credential, Principal};
use crate::clock::Clock;
use crate::kept;
use crate::permission::{least_role, of_scopes};

/// How long a key that was found good is not looked up again.
const BELIEVED: Duration = Duration::from_millis(500);
/// How long a key that was changed through this process is looked up at each use: longer than a look-up takes that began
/// before.
const DOUBTED: Duration = Duration::from_secs(5);
/// The most keys that are remembered, some 200 bytes each.
const BELIEVED_MAX: u64 = 10_000;
/// How long this server remembers that it revoked a key: longer than a look-up takes that began before.
const REVOKED_REMEMBERED: Duration = Duration::from_secs(60);
/// A use of the same key from the same address is noted once in this time.
const USE_INTERVAL: Duration = Duration::from_secs(60);
/// The most uses that wait to be written. More are not noted: the next minute tells.
const USES_MAX: usize = 1_000;

const FIND: &str = formatcp!(
    "SELECT k.org_id, k.hash, k.scopes, k.expires_at FROM {API_KEYS} k WHERE k.key_id = $1 AND k.revoked_at IS NULL"
);

/// The API keys in the database of a pool. Clones share what is remembered.
#[derive(Clone)]
pub struct ApiKeys(Arc<Inner>);

struct Inner {
    pool: Pool,
    clock: Arc<dyn Clock>,
    /// By the hash of the whole text, so that a changed one is not found.
    believed: Cache<[u8; 32], Believed>,
    revoked: Cache<ApiKeyId, ()>,
    /// Those that were changed a moment ago.
    doubted: Cache<ApiKeyId, ()>,
    noted: Cache<(ApiKeyId, String), ()>,
    uses: Mutex<Vec<KeyUse>>,
}

#[derive(Clone, Copy)]
struct Believed {
    principal: Principal,
    key_id: ApiKeyId,
    expires_at: DateTime<Utc>,
}

/// A key was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUse {
    /// By whom.
    pub principal: Principal,
    /// The key.
    pub key_id: ApiKeyId,
    /// From where; empty when that is not known.
    pub address: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// Why a key was not accepted. The messages say nothing about keys that exist.
#[derive(Debug, thiserror::Error)]
pub enum ApiKeyRefusal {
    /// It is no text of a key.
    #[error(transparent)]
    Form(#[from] ApiKeyError),
    /// It is none of ours, or not any more.
    #[error("the API key is not valid")]
    NotValid,
    /// Whether it is good is not known.
    #[error("the API key could not be looked up: retry later")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
}

impl From<PoolError> for ApiKeyRefusal {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<tokio_postgres::Error> for ApiKeyRefusal {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<UnreadableSecretHash> for ApiKeyRefusal {
    fn from(error: UnreadableSecretHash) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl std::fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ApiKeys(..)")
    }
}

impl ApiKeys {
    /// Those in the database of a pool, which end by a clock.
    #[must_use]
    pub fn new(pool: Pool, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            pool,
            clock,
            believed: remembered(BELIEVED),
            revoked: remembered(REVOKED_REMEMBERED),
            doubted: remembered(DOUBTED),
            noted: remembered(USE_INTERVAL),
            uses: Mutex::default(),
        }))
    }

    /// The machine whose key this is, and what it may do.
    ///
    /// # Errors
    /// When it is no key, or not any more, or that cannot be found out.
    pub async fn verify(&self, text: &str, address: &str) -> Result<Principal, ApiKeyRefusal> {
        let key = ApiKey::parse(text)?;
        let key_id = ApiKeyId(key.id());
        let hash = *blake3::hash(text.as_bytes()).as_bytes();
        let believed = self.0.believed.get(&hash);
        let known = match believed.filter(|_| !self.0.doubted.contains_key(&key_id)) {
            Some(known) => known,
            None => {
                let found = self.find(&key).await?;
                self.0.believed.insert(hash, found);
                kept::count("api_keys", &self.0.believed);
                found
            }
        };
        let now = self.0.clock.now();
        if self.0.revoked.contains_key(&key_id) || known.expires_at <= now {
            return Err(ApiKeyRefusal::NotValid);
        }
        self.note(&known, address, now);
        Ok(known.principal)
    }

    async fn find(&self, key: &ApiKey) -> Result<Believed, ApiKeyRefusal> {
        let client = self.0.pool.get().await?;
        let statement = client.prepare_cached(FIND).await?;
        let row = client.query_opt(&statement, &[&key.id()]).await?;
        let row = row.ok_or(ApiKeyRefusal::NotValid)?;
        let stored = SecretHash::from_stored(row.try_get(1)?)?;
        if !key.is_right(&stored) {
            return Err(ApiKeyRefusal::NotValid);
        }
        let key_id = ApiKeyId(key.id());
        Ok(Believed {
            principal: principal(&row, key_id)?,
            key_id,
            expires_at: row.try_get(3)?,
        })
    }

    /// Knows at once that a key was revoked through this process.
    pub fn revoke(&self, key_id: ApiKeyId) {
        self.0.revoked.insert(key_id, ());
    }

    /// Knows at once that a key was changed through this process.
    pub fn doubt(&self, key_id: ApiKeyId) {
        self.0.doubted.insert(key_id, ());
    }

    fn note(&self, known: &Believed, address: &str, at: DateTime<Utc>) {
        let place = (known.key_id, address.to_owned());
        if self.0.noted.contains_key(&place) {
            return;
        }
        // A panic elsewhere cannot leave the list half-changed, so a poisoned lock is still good.
        let mut uses = self.0.uses.lock().unwrap_or_else(PoisonError::into_inner);
        if uses.len() < USES_MAX {
            self.0.noted.insert(place, ());
            uses.push(KeyUse {
                principal: known.principal,
                key_id: known.key_id,
                address: address.to_owned(),
                at,
            });
        }
    }

    /// The uses since this was asked last: for each key and address one a minute.
    #[must_use]
    pub fn take_uses(&self) -> Vec<KeyUse> {
        std::mem::take(&mut *self.0.uses.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A cache of what stays for a while.
fn remembered<K, V>(time: Duration) -> Cache<K, V>
where
    K: std::hash::Hash + Eq + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    Cache::builder()
        .max_capacity(BELIEVED_MAX)
        .time_to_live(time)
        .build()
}

/// The machine of a row. A scope that this version does not know makes the key one that is not valid.
fn principal(row: &Row, key_id: ApiKeyId) -> Result<Principal, ApiKeyRefusal> {
    let scopes: Vec<&str> = row.try_get(2)?;
    let permissions = of_scopes(scopes).ok_or(ApiKeyRefusal::NotValid)?;
    Ok(Principal {
        organization_id: OrganizationId(row.try_get(0)?),
        user_id: UserId(key_id.0),
        role: least_role(permissions),
        role_id: None,
        permissions,
        credential: Credential::ApiKey(key_id),
        must_enrol: false,
    })
}
