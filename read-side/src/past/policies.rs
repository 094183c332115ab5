//! The policies of an organization as they were, in the order in which they were.

use domain::event::DomainEvent;
use domain::ids::{OrganizationId, PolicyId};
use domain::service_levels::evolve::evolve;
use domain::service_levels::state::ServiceLevels;
use domain::service_levels::stream_id;
use event_store::Position;

use super::{AsOf, Past, Stream, Told};
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
    /// What happened to the policies of the organization.
    ///
    /// # Errors
    /// When the log or the read models cannot be read.
    pub async fn service_levels(
        &self,
        tenant: Tenant,
        at_least: Position,
    ) -> Result<Stream, ReadError> {
        let id = stream_id(OrganizationId(tenant.org_id.0));
        self.stream(tenant, id, at_least).await
    }
}

impl Stream {
    /// The policies as they were; none when their stream never had such a version. Before there were any, there were none.
    #[must_use]
    pub fn service_levels_at(&self, as_of: AsOf) -> Option<LevelsThen> {
        if !self.had(as_of) {
            return None;
        }
        let mut then = LevelsThen::default();
        for told in self.until(as_of) {
            then.follow(told);
        }
        Some(then)
    }

    /// The version that the policies had since a policy was made.
    #[must_use]
    pub fn version_of_first(&self, id: PolicyId) -> Option<i64> {
        let mut then = LevelsThen::default();
        for told in self.events() {
            then.follow(told);
            if then.state.policy(id).is_some() {
                return Some(then.version);
            }
        }
        None
    }
}

impl LevelsThen {
    fn follow(&mut self, told: &Told) {
        if let DomainEvent::ServiceLevels(change) = &told.body {
            let before = std::mem::take(&mut self.state);
            self.state = evolve(before, change, told.recorded.occurred_at);
            self.version = told.recorded.version.get();
        }
    }
}
