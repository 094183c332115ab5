//! Which rules held at each place of the log, and which would have held with the drafts.

use crate::calendar::arithmetic::Calendar;
use crate::calendar::definition::{CalendarDefinition, CalendarRef};
use crate::calendar::event::CalendarEvent;
use crate::event::DomainEvent;
use crate::ids::CalendarId;
use crate::organization::evolve::evolve as evolve_organization;
use crate::organization::state::Organization;
use crate::service_levels::evolve::evolve as evolve_levels;
use crate::service_levels::state::ServiceLevels;
use crate::sla::policy::{Condition, Policy};
use crate::sla::targets::TargetTable;
use crate::sla::terms::{CalendarBook, Terms};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// What a simulation puts in the place of what held.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The whole ordered list of policies; none leaves those that held, each in its time.
    pub policies: Option<Vec<Policy>>,
    /// Calendars: each takes the place of all versions of the one of its id, or is a new one.
    pub calendars: BTreeMap<CalendarId, CalendarDefinition>,
}

/// The version under which a draft of a calendar is known: after every real one.
const DRAFT_VERSION: i64 = i64::MAX;

/// The rules that hold at a place of the log.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Policies and calendars: of all versions that there were, since clocks count on by those they were promised by.
    pub terms: Terms,
    /// What the organization's settings promise.
    pub settings: TargetTable,
}

/// The rules from the first event of the log to the last.
#[derive(Debug, Clone)]
pub struct Timeline {
    /// From which position each holds, in their order. Begins at 0.
    steps: Vec<(i64, Arc<Rules>)>,
}

/// An event of the log that may change rules.
#[derive(Debug, Clone)]
pub struct RuleEvent<'a> {
    /// Its place in the log.
    pub position: i64,
    /// The aggregate.
    pub stream_id: Uuid,
    /// Its place in the stream.
    pub version: i64,
    /// Business time.
    pub occurred_at: DateTime<Utc>,
    /// What happened.
    pub body: &'a DomainEvent,
}

impl Timeline {
    /// The rules that the events of an organization, its calendars and its service levels tell, with the drafts in their
    /// place. The events come in the order of the log.
    #[must_use]
    pub fn of<'a>(events: impl IntoIterator<Item = RuleEvent<'a>>, draft: &Draft) -> Self {
        let mut organization = Organization::default();
        let mut levels = ServiceLevels::default();
        let mut rules = Rules::default();
        for (id, definition) in &draft.calendars {
            let reference = CalendarRef {
                id: *id,
                version: DRAFT_VERSION,
            };
            let calendar = Arc::new(Calendar::new(definition));
            rules.terms.calendars.add(reference, calendar);
        }
        if let Some(policies) = &draft.policies {
            rules.terms.levels = Arc::new(ServiceLevels {
                policies: policies.clone(),
                ..ServiceLevels::default()
            });
        }
        let mut steps = vec![(0, Arc::new(rules.clone()))];
        for event in events {
            match event.body {
                DomainEvent::Organization(change) => {
                    organization = evolve_organization(organization, change, event.occurred_at);
                    let Organization::Present(present) = &organization else {
                        continue;
                    };
                    if present.settings.sla_targets == rules.settings {
                        continue;
                    }
                    rules.settings = present.settings.sla_targets;
                }
                DomainEvent::ServiceLevels(change) => {
                    levels = evolve_levels(levels, change, event.occurred_at);
                    if draft.policies.is_some() {
                        continue;
                    }
                    rules.terms.levels = Arc::new(levels.clone());
                }
                DomainEvent::Calendar(change) => {
                    let id = CalendarId(event.stream_id);
                    add_version(&mut rules.terms.calendars, id, event.version, change);
                }
                _ => continue,
            }
            steps.push((event.position, Arc::new(rules.clone())));
        }
        Self { steps }
    }

    /// The rules that an event at this position was decided by: those of the events before it.
    #[must_use]
    pub fn before(&self, position: i64) -> &Arc<Rules> {
        let upto = self.steps.partition_point(|(from, _)| *from < position);
        &self.steps[upto.saturating_sub(1)].1
    }

    /// The rules after the last event.
    #[must_use]
    pub fn last(&self) -> &Arc<Rules> {
        &self.steps[self.steps.len() - 1].1
    }

    /// Whether a policy of any time asks for the requester's company.
    #[must_use]
    pub fn asks_for_company(&self) -> bool {
        let levels = self.steps.iter().map(|(_, rules)| &rules.terms.levels);
        let mut policies = levels.flat_map(|levels| &levels.policies);
        policies.any(|policy| {
            let conditions = &policy.definition.conditions;
            let mut all = conditions.all.iter().chain(&conditions.any);
            all.any(|condition| matches!(condition, Condition::Company(_)))
        })
    }
}

fn add_version(book: &mut CalendarBook, id: CalendarId, version: i64, change: &CalendarEvent) {
    let definition = match change {
        CalendarEvent::Created(created) => &created.definition,
        CalendarEvent::Changed(changed) => &changed.definition,
        CalendarEvent::Retired(_) => return,
    };
    let reference = CalendarRef { id, version };
    book.add(reference, Arc::new(Calendar::new(definition)));
}
