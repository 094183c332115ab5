//! The policies of an organization as they were, in the order in which they were.

use domain::event::DomainEvent;
use domain::ids::OrganizationId;
use domain::service_levels::evolve::evolve;
use domain::service_levels::state::ServiceLevels;
use domain::service_levels::stream_id;
use event_store::Position;

use super::{AsOf, Past, until};
use crate::error::ReadError;
use crate::viewer::Tenant;

/// The service levels of a moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LevelsThen {
    /// The version that their stream had.
    pub version: i64,
    /// What it said.
    pub state: ServiceLevels,
}

impl Past {
    /// The policies as they were; none when their stream never had such a version. Before there were any, there were none.
    ///
    /// # Errors
    /// When the log or the read models cannot be read.
    pub async fn service_levels_at(
        &self,
        tenant: Tenant,
        as_of: AsOf,
        at_least: Position,
    ) -> Result<Option<LevelsThen>, ReadError> {
        let stream = stream_id(OrganizationId(tenant.org_id.0));
        let events = self.stream(tenant, stream, at_least).await?;
        let Some((_, until)) = until(&events, stream, as_of) else {
            return Ok(None);
        };
        let mut then = LevelsThen::default();
        for told in until {
            if let DomainEvent::ServiceLevels(change) = &told.body {
                let before = std::mem::take(&mut then.state);
                then.state = evolve(before, change, told.recorded.occurred_at);
                then.version = told.recorded.version.get();
            }
        }
        Ok(Some(then))
    }
}
