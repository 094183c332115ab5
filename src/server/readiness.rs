//! How the parts of a server are, for its health endpoints.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use platform::http::health::{Check, CheckState, Readiness};
use platform::valkey::Valkey;
use projector::{Activity, Projector};
use write_side::saga::Statuses;

const POSTGRESQL_TIMEOUT: Duration = Duration::from_secs(2);
const PING: &str = "SELECT 1";

/// The projector of this process until shutdown takes it. A std mutex: nothing is awaited under it.
pub type SharedProjector = Arc<Mutex<Option<Projector>>>;

/// What the health endpoints ask.
pub struct Parts {
    /// Connections for health checks alone.
    pub health: Pool,
    /// The cache.
    pub valkey: Valkey,
    /// The projector, if this process has that role.
    pub projector: SharedProjector,
    /// The saga, if this process has that role.
    pub saga: Option<Statuses>,
}

#[async_trait]
impl Readiness for Parts {
    async fn checks(&self) -> Vec<Check> {
        let mut checks = vec![self.postgresql().await];
        checks.extend(self.valkey());
        checks.extend(self.projector());
        checks.extend(self.saga());
        checks
    }
}

impl Parts {
    async fn postgresql(&self) -> Check {
        let ping = async {
            let client = self.health.get().await.map_err(|error| error.to_string())?;
            client
                .simple_query(PING)
                .await
                .map_err(|error| error.to_string())
        };
        match tokio::time::timeout(POSTGRESQL_TIMEOUT, ping).await {
            Ok(Ok(_)) => ok("postgresql"),
            Ok(Err(error)) => Check {
                name: "postgresql",
                state: CheckState::Failed,
                detail: Some(error),
            },
            Err(_elapsed) => {
                let detail = format!("no answer within {} s", POSTGRESQL_TIMEOUT.as_secs());
                Check {
                    name: "postgresql",
                    state: CheckState::Failed,
                    detail: Some(detail),
                }
            }
        }
    }

    fn valkey(&self) -> Option<Check> {
        if !self.valkey.is_enabled() {
            return None;
        }
        let lost = (!self.valkey.is_connected())
            .then(|| "not connected; answers come from PostgreSQL".to_owned());
        Some(degraded_by("valkey", lost))
    }

    fn projector(&self) -> Option<Check> {
        let statuses = self
            .projector
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .as_ref()?
            .status();
        let trouble = statuses.iter().find_map(|status| {
            let partition = status.partition;
            match &status.activity {
                Activity::Poisoned(poison) => {
                    Some(format!("partition {partition} stands still: {poison:?}"))
                }
                Activity::Failing { error } => {
                    Some(format!("partition {partition} fails: {error}"))
                }
                Activity::Starting
                | Activity::Following
                | Activity::Standby
                | Activity::Stopped => None,
            }
        });
        Some(degraded_by("projector", trouble))
    }

    fn saga(&self) -> Option<Check> {
        let failures = self.saga.as_ref()?.all().into_iter().find_map(|status| {
            Some(format!(
                "partition {} stands still: {}",
                status.partition, status.failure?
            ))
        });
        Some(degraded_by("saga", failures))
    }
}

fn ok(name: &'static str) -> Check {
    Check {
        name,
        state: CheckState::Ok,
        detail: None,
    }
}

fn degraded_by(name: &'static str, trouble: Option<String>) -> Check {
    match trouble {
        None => ok(name),
        Some(detail) => Check {
            name,
            state: CheckState::Degraded,
            detail: Some(detail),
        },
    }
}
