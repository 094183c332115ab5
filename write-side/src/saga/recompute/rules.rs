//! Which events of the log change what is promised to tickets that are open already.

use super::walk::{Cause, Scope, Touches, WalkKey};
use crate::saga::error::SagaError;
use chrono::{DateTime, Utc};
use domain::event::DecodeError;
use domain::ids::{CalendarId, OrganizationId, UserId};
use domain::metadata::Metadata;
use domain::organization::event::OrganizationEvent;
use domain::sla::targets::TargetTable;
use domain::{calendar, organization, service_levels, user};
use event_store::{EventStore, Partition, Position, RecordedEvent, Version};
use std::collections::BTreeMap;

const PAGE_LIMIT: u32 = 500;

/// What of the service levels changes which promise holds. That calendars may be used or not changes none.
const OF_POLICIES: [&str; 4] = [
    "sla_policy.created",
    "sla_policy.changed",
    "sla_policy.deleted",
    "sla_policies.reordered",
];
const CALENDAR_CHANGED: &str = "calendar.changed";
const SETTINGS_CHANGED: &str = "organization.settings_changed";
const RESUMED: &str = "organization.resumed";
/// What may take a requester out of a company or bring them into one. Who is no customer any more is in none.
const OF_COMPANY: [&str; 3] = ["user.company_set", "user.role_changed", "subject.erased"];

/// A change of rules that open tickets have to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::saga) struct RulesChange {
    pub(in crate::saga) key: WalkKey,
    pub(in crate::saga) touches: Touches,
    pub(in crate::saga) cause: Cause,
    /// When the oldest of the changes of a page was made.
    pub(in crate::saga) since: DateTime<Utc>,
}

/// What a page of events says to those who carry changed rules to open tickets.
#[derive(Debug, Default)]
pub(in crate::saga) struct RulesNews {
    /// One of each scope.
    pub(in crate::saga) changes: Vec<RulesChange>,
    /// Organizations that are not suspended any more.
    pub(in crate::saga) resumed: Vec<OrganizationId>,
}

/// The rules of a partition, for as long as its lease is held.
pub(in crate::saga) struct Rules<'a> {
    pub(in crate::saga) store: &'a EventStore,
    pub(in crate::saga) partition: Partition,
    /// Changes up to here were made under a program that did not carry them.
    pub(in crate::saga) carried_from: Position,
}

impl Rules<'_> {
    /// What a page says.
    ///
    /// # Errors
    /// When an event cannot be understood, or the log cannot be read.
    pub(in crate::saga) async fn news(
        &self,
        page: &[RecordedEvent],
    ) -> Result<RulesNews, SagaError> {
        let mut changes: BTreeMap<WalkKey, RulesChange> = BTreeMap::new();
        let mut resumed = Vec::new();
        for recorded in page
            .iter()
            .filter(|recorded| recorded.position > self.carried_from)
        {
            let organization_id = OrganizationId(recorded.org_id.0);
            if is(recorded, organization::STREAM_TYPE, RESUMED) {
                resumed.push(organization_id);
            }
            let Some((scope, touches)) = self.touched_by(recorded).await? else {
                continue;
            };
            let cause = cause(recorded)?;
            let key = (organization_id, scope);
            let change = changes.entry(key).or_insert_with(|| RulesChange {
                key,
                touches: Touches::default(),
                cause,
                since: recorded.occurred_at,
            });
            change.touches.add(&touches);
            change.cause = cause;
        }
        Ok(RulesNews {
            changes: changes.into_values().collect(),
            resumed,
        })
    }

    async fn touched_by(
        &self,
        recorded: &RecordedEvent,
    ) -> Result<Option<(Scope, Touches)>, SagaError> {
        let event_type = recorded.event_type.as_str();
        let stream_type = recorded.stream_type.as_str();
        let whole = |touches| Some((Scope::Organization, touches));
        Ok(match (stream_type, event_type) {
            (service_levels::STREAM_TYPE, event_type) if OF_POLICIES.contains(&event_type) => {
                whole(Touches::all())
            }
            (calendar::STREAM_TYPE, CALENDAR_CHANGED) => {
                whole(Touches::calendar(CalendarId(recorded.stream_id)))
            }
            (organization::STREAM_TYPE, SETTINGS_CHANGED)
                if self.changes_targets(recorded).await? =>
            {
                whole(Touches::settings())
            }
            // A company's mail domains decide on customers who are new: those who are there stay where they are.
            (user::STREAM_TYPE, event_type) if OF_COMPANY.contains(&event_type) => {
                let requester = Scope::Requester(UserId(recorded.stream_id));
                Some((requester, Touches::all()))
            }
            _ => None,
        })
    }

    /// Whether the settings' targets are others than before: settings are told whole, whichever of them changed.
    async fn changes_targets(&self, recorded: &RecordedEvent) -> Result<bool, SagaError> {
        let mut before: Option<TargetTable> = None;
        let mut after = Version::NONE;
        loop {
            let page = self
                .store
                .read_stream(
                    self.partition,
                    recorded.org_id,
                    recorded.stream_id,
                    after,
                    PAGE_LIMIT,
                )
                .await?;
            for earlier in &page {
                let targets = targets(earlier)?;
                if earlier.version >= recorded.version {
                    return Ok(targets != before);
                }
                before = targets.or(before);
                after = earlier.version;
            }
            if page.len() < PAGE_LIMIT as usize {
                // The log does not hold the event that it told of a moment ago: nothing to compare with.
                return Ok(true);
            }
        }
    }
}

fn is(recorded: &RecordedEvent, stream_type: &str, event_type: &str) -> bool {
    recorded.stream_type == stream_type && recorded.event_type == event_type
}

/// The targets that an event of an organization tells, if it tells any.
fn targets(recorded: &RecordedEvent) -> Result<Option<TargetTable>, SagaError> {
    let event = OrganizationEvent::decode(
        &recorded.event_type,
        recorded.schema_version,
        &sealing::blanked(recorded),
    );
    Ok(match event.map_err(|source| poison(recorded, source))? {
        OrganizationEvent::Created(e) => Some(e.settings.sla_targets),
        OrganizationEvent::SettingsChanged(e) => Some(e.settings.sla_targets),
        _ => None,
    })
}

fn poison(recorded: &RecordedEvent, source: DecodeError) -> SagaError {
    SagaError::Poison {
        partition: recorded.partition,
        position: recorded.position,
        source,
    }
}

fn cause(recorded: &RecordedEvent) -> Result<Cause, SagaError> {
    let metadata: Metadata =
        serde_json::from_str(&recorded.metadata).map_err(|source| SagaError::Envelope {
            partition: recorded.partition,
            position: recorded.position,
            source,
        })?;
    Ok(Cause {
        event_id: recorded.event_id,
        correlation_id: metadata.correlation_id,
        position: recorded.position,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::calendar::event::CalendarEvent;
    use domain::service_levels::event::ServiceLevelsEvent;
    use domain::user::event::UserEvent;

    #[test]
    fn the_names_are_those_of_events() {
        let has = |types: &[(&str, i16)], name: &str| types.iter().any(|(known, _)| *known == name);
        assert!(
            OF_POLICIES
                .iter()
                .all(|name| has(ServiceLevelsEvent::TYPES, name))
        );
        assert!(has(CalendarEvent::TYPES, CALENDAR_CHANGED));
        assert!(has(OrganizationEvent::TYPES, SETTINGS_CHANGED));
        assert!(has(OrganizationEvent::TYPES, RESUMED));
        assert!(OF_COMPANY.iter().all(|name| has(UserEvent::TYPES, name)));
    }
}
