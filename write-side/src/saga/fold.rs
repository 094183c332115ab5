//! Folds events into what the saga knows of each ticket, and says which rows change. Pure: no clock, no database.

use super::error::SagaError;
use super::timer::{Timer, TimerKind};
use crate::notices::Notice;
use chrono::{DateTime, Utc};
use domain::calendar::definition::CalendarRef;
use domain::ids::{OrganizationId, TicketId, UserId};
use domain::metadata::Metadata;
use domain::sla::clocks::Clocks;
use domain::sla::terms::CalendarBook;
use domain::ticket::STREAM_TYPE;
use domain::ticket::event::TicketEvent;
use domain::ticket::reminders::Reminders;
use event_store::{Position, RecordedEvent};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// The event that may name calendars.
const SLA_APPLIED: &str = "ticket.sla_applied";

/// A ticket, by its organization.
pub(super) type TicketKey = (OrganizationId, TicketId);

/// What the saga knows of a ticket. The default is that of a ticket that nothing was promised for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct TicketTimers {
    /// Not known of a stream that does not begin with an opening.
    pub(super) requester_id: Option<UserId>,
    pub(super) clocks: Clocks,
    pub(super) auto_close_at: Option<DateTime<Utc>>,
    pub(super) reminders: Reminders,
    pub(super) timers: BTreeMap<TimerKind, SetTimer>,
}

/// When a timer comes due, and what set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SetTimer {
    pub(super) due_at: DateTime<Utc>,
    pub(super) set_by_event: Uuid,
    pub(super) correlation_id: Uuid,
}

/// The rows that a page of events changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) clocks_kept: Vec<ClocksRow>,
    pub(super) clocks_gone: Vec<TicketKey>,
    pub(super) timers_set: Vec<Timer>,
    pub(super) timers_gone: Vec<(TicketKey, TimerKind)>,
    /// How many more timers there are afterwards; negative when there are fewer.
    pub(super) timers_added: i64,
    pub(super) notices: Vec<NoticeRow>,
}

/// A row of a notice.
#[derive(Debug)]
pub(super) struct NoticeRow {
    pub(super) position: Position,
    pub(super) ticket: TicketKey,
    pub(super) event_id: Uuid,
    pub(super) notice: Notice,
}

/// A row of clocks, and the last event of the ticket in the page.
#[derive(Debug)]
pub(super) struct ClocksRow {
    pub(super) ticket: TicketKey,
    pub(super) requester_id: Option<UserId>,
    pub(super) clocks: Clocks,
    pub(super) auto_close_at: Option<DateTime<Utc>>,
    pub(super) reminders: Reminders,
    pub(super) position: Position,
}

/// The tickets that a page of events touches.
pub(super) fn touched(events: &[RecordedEvent]) -> BTreeSet<TicketKey> {
    events
        .iter()
        .filter(|event| event.stream_type == STREAM_TYPE)
        .map(ticket_key)
        .collect()
}

/// The calendars that the deadlines of a page count by: those that clocks name, and those that events promise.
///
/// # Errors
/// When an event of a ticket cannot be understood.
pub(super) fn calendars(
    events: &[RecordedEvent],
    known: &HashMap<TicketKey, TicketTimers>,
) -> Result<BTreeSet<(OrganizationId, CalendarRef)>, SagaError> {
    let mut named: BTreeSet<_> = known
        .iter()
        .flat_map(|((organization_id, _), ticket)| {
            let calendars = ticket.clocks.calendars();
            calendars.map(|reference| (*organization_id, reference))
        })
        .collect();
    for recorded in events
        .iter()
        .filter(|event| event.event_type == SLA_APPLIED && event.stream_type == STREAM_TYPE)
    {
        if let TicketEvent::SlaApplied(applied) = decoded(recorded)? {
            let calendars = applied.rule.targets.iter();
            let calendars = calendars.filter_map(|target| target.calendar);
            let organization_id = OrganizationId(recorded.org_id.0);
            named.extend(calendars.map(|reference| (organization_id, reference)));
        }
    }
    Ok(named)
}

fn decoded(recorded: &RecordedEvent) -> Result<TicketEvent, SagaError> {
    TicketEvent::decode(
        &recorded.event_type,
        recorded.schema_version,
        &sealing::blanked(recorded),
    )
    .map_err(|source| SagaError::Poison {
        partition: recorded.partition,
        position: recorded.position,
        source,
    })
}

/// Folds a page over what was known of its tickets.
///
/// # Errors
/// When an event of a ticket cannot be understood.
pub(super) fn fold(
    events: &[RecordedEvent],
    known: &HashMap<TicketKey, TicketTimers>,
    book: &CalendarBook,
) -> Result<Changes, SagaError> {
    let mut notices = Vec::new();
    let mut folded: BTreeMap<TicketKey, (TicketTimers, Position)> = BTreeMap::new();
    for recorded in events
        .iter()
        .filter(|event| event.stream_type == STREAM_TYPE)
    {
        let key = ticket_key(recorded);
        let (ticket, position) = folded.entry(key).or_insert_with(|| {
            (
                known.get(&key).cloned().unwrap_or_default(),
                recorded.position,
            )
        });
        *position = recorded.position;
        let event = decoded(recorded)?;
        ticket.apply(&event, recorded, book)?;
        if let Some(notice) = Notice::of(&event) {
            notices.push(NoticeRow {
                position: recorded.position,
                ticket: key,
                event_id: recorded.event_id,
                notice,
            });
        }
    }
    let mut changes = Changes {
        notices,
        ..Changes::default()
    };
    let unknown = TicketTimers::default();
    for (key, (after, position)) in folded {
        changes.add(key, known.get(&key).unwrap_or(&unknown), after, position);
    }
    Ok(changes)
}

impl TicketTimers {
    fn apply(
        &mut self,
        event: &TicketEvent,
        recorded: &RecordedEvent,
        book: &CalendarBook,
    ) -> Result<(), SagaError> {
        self.clocks.evolve(event, recorded.occurred_at);
        self.reminders.evolve(event);
        if let TicketEvent::Opened(opened) = event {
            self.requester_id = Some(opened.requester_id);
        }
        if event.status_move().is_some() {
            // Any other move than to resolved ends a resolution, and with it the time to its auto-close.
            self.auto_close_at = match event {
                TicketEvent::Resolved(resolved) => resolved.auto_close_at,
                _ => None,
            };
        }
        for kind in TimerKind::ALL {
            self.set_timer(kind, recorded, book)?;
        }
        Ok(())
    }

    /// Sets, moves or takes away the timer of a kind after an event.
    fn set_timer(
        &mut self,
        kind: TimerKind,
        recorded: &RecordedEvent,
        book: &CalendarBook,
    ) -> Result<(), SagaError> {
        let due_at = self.due_at(kind, book);
        if due_at == self.timers.get(&kind).map(|timer| timer.due_at) {
            return Ok(());
        }
        let Some(due_at) = due_at else {
            self.timers.remove(&kind);
            return Ok(());
        };
        let metadata: Metadata =
            serde_json::from_str(&recorded.metadata).map_err(|source| SagaError::Envelope {
                partition: recorded.partition,
                position: recorded.position,
                source,
            })?;
        let timer = SetTimer {
            due_at,
            set_by_event: recorded.event_id,
            correlation_id: metadata.correlation_id,
        };
        self.timers.insert(kind, timer);
        Ok(())
    }

    fn due_at(&self, kind: TimerKind, book: &CalendarBook) -> Option<DateTime<Utc>> {
        match kind {
            TimerKind::Deadline(metric) => self.clocks.next_due(metric, book),
            TimerKind::AutoClose => self.auto_close_at,
            TimerKind::Reminder => self.reminders.next_due(),
        }
    }

    /// Nothing is promised, nor can be: no row is kept. A promise of the same append may come with the next page.
    fn is_blank(&self) -> bool {
        self.auto_close_at.is_none()
            && self.reminders.is_empty()
            && self.clocks == Clocks::default()
    }
}

impl Changes {
    fn add(
        &mut self,
        ticket: TicketKey,
        before: &TicketTimers,
        after: TicketTimers,
        position: Position,
    ) {
        for kind in TimerKind::ALL {
            match (before.timers.get(&kind), after.timers.get(&kind)) {
                (old, Some(new)) if old != Some(new) => {
                    self.timers_added += i64::from(old.is_none());
                    self.timers_set.push(timer(ticket, kind, new));
                }
                (Some(_), None) => {
                    self.timers_added -= 1;
                    self.timers_gone.push((ticket, kind));
                }
                _ => {}
            }
        }
        let is_changed = before.clocks != after.clocks
            || before.auto_close_at != after.auto_close_at
            || before.reminders != after.reminders;
        if is_changed && after.is_blank() {
            self.clocks_gone.push(ticket);
        } else if is_changed {
            let TicketTimers {
                requester_id,
                clocks,
                auto_close_at,
                reminders,
                ..
            } = after;
            self.clocks_kept.push(ClocksRow {
                ticket,
                requester_id,
                clocks,
                auto_close_at,
                reminders,
                position,
            });
        }
    }
}

fn timer((organization_id, ticket_id): TicketKey, kind: TimerKind, set: &SetTimer) -> Timer {
    Timer {
        organization_id,
        ticket_id,
        kind,
        due_at: set.due_at,
        set_by_event: set.set_by_event,
        correlation_id: set.correlation_id,
    }
}

fn ticket_key(event: &RecordedEvent) -> TicketKey {
    (OrganizationId(event.org_id.0), TicketId(event.stream_id))
}
