//! When API keys were used: kept with the key, and told once a day for each key and address.
//!
//! No request waits for it. What a server noted and had not written when it died is lost; the next use tells again.

use std::collections::HashSet;
use std::error::Error;
use std::time::Duration;

use const_format::formatcp;
use domain::security::api_key_use_id;
use domain::security::event::ApiKeyUsed;
use domain::text::Device;
use platform::auth::KeyUse;
use platform::shutdown::Shutdown;
use schema::table::API_KEYS;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::error::IdentityError;
use super::record::{self, By};
use super::{Identity, Origin};

/// How often a server writes what it noted.
const WRITE_INTERVAL: Duration = Duration::from_secs(1);
/// The most occurrences that a server remembers to have told. Telling one again changes nothing.
const TOLD_MAX: usize = 10_000;

const USE: &str = formatcp!(
    "UPDATE {API_KEYS} SET last_used_at = $3, last_used_address = nullif($4, '') \
      WHERE org_id = $1 AND key_id = $2 AND (last_used_at IS NULL OR last_used_at < $3)"
);

impl Identity {
    /// Writes again and again what this server noted, until shutdown.
    pub async fn write_key_uses(self, shutdown: Shutdown) {
        let mut told = HashSet::new();
        loop {
            for used in self.inner.api_keys.take_uses() {
                if let Err(error) = self.write_key_use(&used, &mut told).await {
                    tracing::warn!(
                        error = &error as &dyn Error,
                        "the use of an API key could not be written"
                    );
                }
            }
            if tokio::time::timeout(WRITE_INTERVAL, shutdown.requested())
                .await
                .is_ok()
            {
                return;
            }
        }
    }

    async fn write_key_use(
        &self,
        used: &KeyUse,
        told: &mut HashSet<Uuid>,
    ) -> Result<(), IdentityError> {
        let organization_id = used.principal.organization_id;
        let occurrence = api_key_use_id(organization_id, used.key_id, &used.address, used.at);
        let is_told = told.contains(&occurrence);
        let origin = Origin {
            device: Device::unknown(),
            address: used.address.clone(),
            request_id: None,
        };
        let by = By {
            actor: used.principal.actor(),
            origin: &origin,
            at: used.at,
        };
        let event = ApiKeyUsed {
            user_id: used.principal.user_id,
            key_id: used.key_id,
        };
        let mut client = self.client().await?;
        let tx = client.transaction().await?;
        let statement = tx.prepare_cached(USE).await?;
        let values: [&(dyn ToSql + Sync); 4] =
            [&organization_id.0, &used.key_id.0, &used.at, &used.address];
        tx.execute(&statement, &values).await?;
        if !is_told {
            record::write_once(&*tx, occurrence, &by, organization_id, event).await?;
        }
        tx.commit().await?;
        if told.len() >= TOLD_MAX {
            told.clear();
        }
        if told.insert(occurrence) {
            self.wake_recorder();
        }
        Ok(())
    }
}
