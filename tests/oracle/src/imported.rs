//! What the clocks of imported tickets would have said under a policy: the events of an export, each told to `decide` again
//! as the import told it, under terms that the import did not have.

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use domain::actor::{Actor, Role};
use domain::aggregate::Recorded;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{CalendarDefinition, CalendarRef};
use domain::command::Issued;
use domain::ids::{CalendarId, PolicyId, TicketId};
use domain::organization::settings::Settings;
use domain::service_levels::state::ServiceLevels;
use domain::sla::Metric;
use domain::sla::policy::{Conditions, Policy, PolicyDefinition, PolicyRef, Target};
use domain::sla::terms::{CalendarBook, Terms};
use domain::text::Name;
use domain::ticket::command::{OpenTicket, TicketCommand};
use domain::ticket::decide::decide;
use domain::ticket::event::TicketEvent;
use domain::ticket::evolve::evolve;
use domain::ticket::state::{Assignment, PresentTicket, Priority, Ticket};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

const CALENDAR: CalendarRef = CalendarRef {
    id: CalendarId(Uuid::from_u128(1)),
    version: 1,
};

/// A policy for every ticket, by one calendar: the file that `attainment.py` reads too.
#[derive(Debug, Deserialize)]
pub struct PolicyFile {
    calendar: CalendarDefinition,
    targets: Vec<FileTarget>,
}

#[derive(Debug, Deserialize)]
struct FileTarget {
    priority: Priority,
    metric: Metric,
    seconds: u32,
    #[serde(default)]
    calendar: bool,
}

/// A line of `insightdesk export`, as far as it matters here.
#[derive(Debug, Deserialize)]
pub struct ExportedEvent {
    stream_type: String,
    stream_id: Uuid,
    #[serde(rename = "type")]
    event_type: String,
    schema_version: i16,
    data: String,
    occurred_at: DateTime<Utc>,
}

/// The clocks of a ticket after its last event.
#[derive(Debug, Serialize)]
pub struct TicketClocks {
    number: String,
    priority: Priority,
    clocks: BTreeMap<&'static str, ClockEnd>,
}

#[derive(Debug, Serialize)]
struct ClockEnd {
    used_ms: i64,
    is_running: bool,
    breached_at: Option<DateTime<Utc>>,
}

impl PolicyFile {
    /// The terms of the policy.
    ///
    /// # Errors
    /// When the domain refuses it.
    pub fn terms(&self) -> Result<Terms> {
        let target = |target: &FileTarget| Target {
            priority: target.priority,
            metric: target.metric,
            seconds: target.seconds,
            calendar_id: target.calendar.then_some(CALENDAR.id),
            warnings: Vec::new(),
        };
        let definition = PolicyDefinition {
            name: Name::parse("The policy")?,
            conditions: Conditions::default(),
            targets: self.targets.iter().map(target).collect(),
        };
        definition.check()?;
        let reference = PolicyRef {
            id: PolicyId(Uuid::from_u128(2)),
            version: 1,
        };
        let mut calendars = CalendarBook::default();
        calendars.add(CALENDAR, Arc::new(Calendar::new(&self.calendar)));
        Ok(Terms {
            levels: Arc::new(ServiceLevels {
                policies: vec![Policy {
                    reference,
                    definition,
                }],
                ..ServiceLevels::default()
            }),
            calendars,
            ..Terms::default()
        })
    }
}

/// The ticket's events of an export, by ticket and in order.
///
/// # Errors
/// When a line is none of an export.
pub fn tickets(
    lines: impl Iterator<Item = std::io::Result<String>>,
) -> Result<BTreeMap<Uuid, Vec<Recorded<TicketEvent>>>> {
    let mut tickets: BTreeMap<Uuid, Vec<_>> = BTreeMap::new();
    for line in lines {
        let exported: ExportedEvent = serde_json::from_str(&line?)?;
        if exported.stream_type != domain::ticket::STREAM_TYPE {
            continue;
        }
        // What is sealed is words, which no clock asks about.
        let Some(data) = without_seals(&exported.event_type, &exported.data)? else {
            continue;
        };
        let (name, version) = (&exported.event_type, exported.schema_version);
        tickets
            .entry(exported.stream_id)
            .or_default()
            .push(Recorded {
                occurred_at: exported.occurred_at,
                event: TicketEvent::decode(name, version, &data)?,
            });
    }
    Ok(tickets)
}

/// None of an event that is all words.
fn without_seals(event_type: &str, data: &str) -> Result<Option<String>> {
    if event_type == "ticket.subject_changed" {
        return Ok(None);
    }
    let mut data: serde_json::Value = serde_json::from_str(data)?;
    if let Some(subject) = data.get_mut("subject") {
        *subject = "Sealed".into();
    }
    Ok(Some(data.to_string()))
}

/// A ticket's clocks, had the terms held.
///
/// # Errors
/// When it does not begin with its opening, or the domain refuses a move.
pub fn under(
    id: Uuid,
    events: &[Recorded<TicketEvent>],
    terms: &Arc<Terms>,
) -> Result<TicketClocks> {
    let mut ticket = Ticket::Absent;
    let mut number = String::new();
    for recorded in events {
        let (actor, command) = match &recorded.event {
            TicketEvent::Opened(opened) => {
                number = opened
                    .external
                    .as_ref()
                    .map(|it| it.id.clone())
                    .unwrap_or_default();
                let actor = Actor::User {
                    id: opened.requester_id,
                    role: Role::Customer,
                };
                let open = OpenTicket {
                    subject: opened.subject.clone(),
                    requester_id: opened.requester_id,
                    priority: opened.priority,
                    channel: opened.channel,
                    message_id: None,
                    tags: Vec::new(),
                    custom_fields: Vec::new(),
                    assignment: Assignment::default(),
                    follow_up_of: None,
                    external: None,
                };
                (actor, TicketCommand::Open(open))
            }
            TicketEvent::PriorityChanged(changed) => {
                (import(), TicketCommand::ChangePriority(changed.to))
            }
            event => match event.status_move() {
                Some((_, to, _)) => (import(), TicketCommand::ImportStatus(to)),
                None => continue,
            },
        };
        let issued = Issued {
            actor,
            now: recorded.occurred_at,
            settings: Arc::new(Settings::default()),
            terms: Arc::clone(terms),
            command,
        };
        for event in decide(&ticket, TicketId(id), &issued)? {
            let at = event.occurred_at(issued.now);
            ticket = evolve(ticket, &event, at);
        }
    }
    let Ticket::Present(ticket) = ticket else {
        anyhow::bail!("the ticket {id} was never opened")
    };
    let last = events.last().context("a ticket has an event")?;
    Ok(at_the_end(number, &ticket, last.occurred_at, terms))
}

fn import() -> Actor {
    Actor::Import {
        source: "oracle".to_owned(),
        by: None,
    }
}

fn at_the_end(
    number: String,
    ticket: &PresentTicket,
    now: DateTime<Utc>,
    terms: &Terms,
) -> TicketClocks {
    let clocks = ticket.clocks.iter().map(|clock| {
        let end = ClockEnd {
            used_ms: clock.used_at_ms(now, &terms.calendars),
            is_running: clock.runs(),
            breached_at: clock.breached_at,
        };
        (clock.metric.as_str(), end)
    });
    TicketClocks {
        number,
        priority: ticket.priority,
        clocks: clocks.collect(),
    }
}
