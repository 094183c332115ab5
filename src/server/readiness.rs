//! How the parts of a server are, for its health endpoints.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use platform::http::health::{Check, CheckState, Readiness};
use platform::valkey::Valkey;
use projector::{Activity, PartitionStatus, Poison, Projector};
use write_side::saga::Statuses;

const POSTGRESQL_TIMEOUT: Duration = Duration::from_secs(2);
/// Read models that are farther behind are worth a look.
const LAG_TOLERATED: Duration = Duration::from_secs(30);
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
        let trouble = statuses.iter().find_map(trouble_of_projection);
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

/// What is wrong with the projection of a partition, in words for an operator.
fn trouble_of_projection(status: &PartitionStatus) -> Option<String> {
    let PartitionStatus { partition, lag, .. } = status;
    match &status.activity {
        Activity::Poisoned(Poison { position, reason }) => Some(format!(
            "partition {partition} stands still before event {position}: {reason}"
        )),
        Activity::Failing { error } => Some(format!("partition {partition} fails: {error}")),
        _ if lag.age > LAG_TOLERATED => Some(format!(
            "partition {partition} is {} events and {} s behind the log",
            lag.events,
            lag.age.as_secs()
        )),
        Activity::Starting | Activity::Following | Activity::Standby | Activity::Stopped => None,
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use event_store::{Partition, Position};
    use projector::Lag;

    use super::*;

    fn status(activity: Activity, lag_s: u64) -> PartitionStatus {
        PartitionStatus {
            partition: Partition::new(3).unwrap(),
            position: Position::new(7).unwrap(),
            activity,
            lag: Lag {
                events: 12,
                age: Duration::from_secs(lag_s),
            },
        }
    }

    #[test]
    fn a_projection_that_stands_still_says_before_which_event_and_why() {
        let poison = Poison {
            position: Position::new(8).unwrap(),
            reason: "it speaks of nothing".to_owned(),
        };
        assert_eq!(
            trouble_of_projection(&status(Activity::Poisoned(poison), 0)).unwrap(),
            "partition 3 stands still before event 8: it speaks of nothing"
        );
    }

    #[test]
    fn a_projection_far_behind_is_trouble_whoever_projects() {
        for activity in [Activity::Following, Activity::Standby] {
            assert_eq!(trouble_of_projection(&status(activity.clone(), 30)), None);
            assert_eq!(
                trouble_of_projection(&status(activity, 31)).unwrap(),
                "partition 3 is 12 events and 31 s behind the log"
            );
        }
    }
}
