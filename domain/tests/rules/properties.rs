//! No sequence of commands, by anybody, at any time, leads a ticket to an illegal state; and what was recorded, read back
//! from its JSON, folds to the state that deciding saw.

mod invariants;

use crate::scenario::{
    AGENT, CUSTOMER, OTHER_AGENT, OTHER_TICKET, TEAM, TICKET, admin, agent, at, customer, import,
    other_agent, other_customer,
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::Actor;
use domain::command::Issued;
use domain::event::{DomainEvent, Encoded};
use domain::ids::MessageId;
use domain::organization::settings::{FieldDefinition, FieldKind, Settings};
use domain::sla::Metric;
use domain::text::{FieldKey, FieldText, Name, Subject, Tag};
use domain::ticket::command::{OpenTicket, TicketCommand};
use domain::ticket::decide::decide;
use domain::ticket::event::TicketEvent;
use domain::ticket::evolve::evolve;
use domain::ticket::field::{FieldValue, FiniteNumber};
use domain::ticket::state::{Assignment, Channel, Priority, Status, Ticket};
use invariants::Invariants;
use proptest::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

/// A command to come; timers are set to what the state says when they fire, or to a wrong instant.
#[derive(Debug, Clone)]
enum Step {
    Command(Box<TicketCommand>),
    BreachWhenDue(Metric),
    AutoCloseWhenDue,
}

fn settings() -> Settings {
    let definition = |kind| FieldDefinition {
        label: Name::parse("Field").unwrap(),
        kind,
    };
    Settings {
        custom_fields: [
            (
                FieldKey::parse("text").unwrap(),
                definition(FieldKind::Text),
            ),
            (
                FieldKey::parse("number").unwrap(),
                definition(FieldKind::Number),
            ),
        ]
        .into(),
        ..Settings::default()
    }
}

fn actors() -> impl Strategy<Value = Actor> {
    prop_oneof![
        4 => Just(agent()),
        4 => Just(customer()),
        3 => Just(Actor::Timer),
        1 => Just(other_agent()),
        1 => Just(admin()),
        1 => Just(other_customer()),
        1 => Just(import()),
        1 => Just(Actor::Operator),
        1 => Just(Actor::Identity),
    ]
}

fn statuses() -> impl Strategy<Value = Status> {
    prop::sample::select(Status::ALL.as_slice())
}

fn priorities() -> impl Strategy<Value = Priority> {
    prop::sample::select(Priority::ALL.as_slice())
}

fn metrics() -> impl Strategy<Value = Metric> {
    prop::sample::select(Metric::ALL.as_slice())
}

fn messages() -> impl Strategy<Value = MessageId> {
    any::<u128>().prop_map(|id| MessageId(Uuid::from_u128(id)))
}

fn assignments() -> impl Strategy<Value = Assignment> {
    let agents = prop::option::of(prop::sample::select(vec![AGENT, OTHER_AGENT]));
    (agents, prop::option::of(Just(TEAM)))
        .prop_map(|(agent_id, team_id)| Assignment { agent_id, team_id })
}

fn tags() -> impl Strategy<Value = Tag> {
    "[a-c]".prop_map(|tag| Tag::parse(&tag).unwrap())
}

fn fields() -> impl Strategy<Value = (FieldKey, FieldValue)> {
    let key = prop::sample::select(vec!["text", "number", "undefined"]);
    let number =
        prop::num::f64::NORMAL.prop_map(|n| FieldValue::Number(FiniteNumber::try_from(n).unwrap()));
    let text = "[a-b]".prop_map(|text| FieldValue::Text(FieldText::parse(&text).unwrap()));
    (
        key.prop_map(|key| FieldKey::parse(key).unwrap()),
        prop_oneof![number, text],
    )
}

fn opens() -> impl Strategy<Value = TicketCommand> {
    let optional = (
        prop::option::of(messages()),
        prop::option::of(Just(OTHER_TICKET)),
    );
    let parts = (
        priorities(),
        optional,
        prop::collection::vec(tags(), 0..3),
        assignments(),
    );
    parts.prop_map(|(priority, (message_id, follow_up_of), tags, assignment)| {
        TicketCommand::Open(OpenTicket {
            subject: Subject::parse("Fire").unwrap(),
            requester_id: CUSTOMER,
            priority,
            channel: Channel::Web,
            message_id,
            tags,
            custom_fields: Vec::new(),
            assignment,
            follow_up_of,
            external: None,
        })
    })
}

fn commands() -> impl Strategy<Value = TicketCommand> {
    prop_oneof![
        1 => opens(),
        4 => messages().prop_map(|message_id| TicketCommand::Reply { message_id }),
        2 => messages().prop_map(|message_id| TicketCommand::AddNote { message_id }),
        2 => assignments().prop_map(TicketCommand::Assign),
        2 => priorities().prop_map(TicketCommand::ChangePriority),
        1 => "[a-c]".prop_map(|text| TicketCommand::ChangeSubject(Subject::parse(&text).unwrap())),
        4 => statuses().prop_map(TicketCommand::SetStatus),
        3 => Just(TicketCommand::Resolve),
        2 => Just(TicketCommand::Close),
        3 => Just(TicketCommand::Reopen { reason: None }),
        1 => tags().prop_map(TicketCommand::Tag),
        1 => tags().prop_map(TicketCommand::Untag),
        1 => (fields(), any::<bool>()).prop_map(|((key, value), set)| {
            TicketCommand::SetCustomField { key, value: set.then_some(value) }
        }),
        1 => Just(TicketCommand::LinkFollowUp { ticket_id: OTHER_TICKET }),
        1 => (metrics(), 0..5_000_i64).prop_map(|(metric, minute)| {
            TicketCommand::Breach { metric, due_at: at(minute) }
        }),
        1 => (0..9_000_i64).prop_map(|minute| TicketCommand::AutoClose { due_at: at(minute) }),
        3 => statuses().prop_map(TicketCommand::ImportStatus),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(i64, Actor, Step)>> {
    let step = prop_oneof![
        12 => (actors(), commands()).prop_map(|(actor, command)| (actor, Step::Command(Box::new(command)))),
        2 => metrics().prop_map(|metric| (Actor::Timer, Step::BreachWhenDue(metric))),
        1 => Just((Actor::Timer, Step::AutoCloseWhenDue)),
    ];
    // Mostly minutes and hours; now and then longer than any deadline or window.
    let gap_ms =
        prop_oneof![4 => 0..90_000_i64, 8 => 0..6 * 3_600_000_i64, 1 => 0..40 * 86_400_000_i64];
    prop::collection::vec(
        (gap_ms, step).prop_map(|(gap_ms, (actor, step))| (gap_ms, actor, step)),
        1..60,
    )
}

fn command_of(step: Step, state: &Ticket, now: DateTime<Utc>) -> TicketCommand {
    let ticket = match state {
        Ticket::Absent => None,
        Ticket::Present(ticket) => Some(ticket),
    };
    match step {
        Step::Command(command) => *command,
        Step::BreachWhenDue(metric) => {
            let due_at =
                ticket.and_then(|ticket| ticket.clocks.of(metric)?.due_at(&Default::default()));
            TicketCommand::Breach {
                metric,
                due_at: due_at.unwrap_or(now),
            }
        }
        Step::AutoCloseWhenDue => {
            let due_at = ticket.and_then(|ticket| ticket.resolved?.auto_close_at);
            TicketCommand::AutoClose {
                due_at: due_at.unwrap_or(now),
            }
        }
    }
}

/// The log of one ticket: JSON and business time of each event.
#[derive(Default)]
struct Log(Vec<(Encoded, DateTime<Utc>)>);

impl Log {
    fn append(&mut self, event: &TicketEvent, occurred_at: DateTime<Utc>) {
        self.0.push((event.encode().unwrap(), occurred_at));
    }

    fn version(&self) -> usize {
        self.0.len()
    }

    /// The state as of a version, from the JSON alone.
    fn fold(&self, version: usize) -> Ticket {
        self.0[..version]
            .iter()
            .fold(Ticket::default(), |state, (encoded, occurred_at)| {
                let Encoded {
                    event_type,
                    schema_version,
                    data,
                } = encoded;
                let decoded =
                    DomainEvent::decode("ticket", event_type, *schema_version, data).unwrap();
                let DomainEvent::Ticket(event) = decoded else {
                    panic!("a ticket's stream holds its events")
                };
                evolve(state, &event, *occurred_at)
            })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn no_sequence_of_commands_leads_to_an_illegal_state(
        opener in prop_oneof![3 => Just(customer()), 2 => Just(agent()), 1 => Just(import())],
        open in opens(),
        steps in steps(),
    ) {
        let settings = Arc::new(settings());
        let mut state = Ticket::default();
        let mut log = Log::default();
        let mut invariants = Invariants::default();
        let mut snapshots = Vec::new();
        let mut now = at(0);

        let first = (0, opener, Step::Command(Box::new(open)));
        for (gap_ms, actor, step) in std::iter::once(first).chain(steps) {
            now += TimeDelta::milliseconds(gap_ms);
            let command = command_of(step, &state, now);
            let issued = Issued { actor: actor.clone(), now, settings: Arc::clone(&settings), terms: Arc::default(), command };
            let Ok(events) = decide(&state, TICKET, &issued) else { continue };
            for event in &events {
                let before = state.clone();
                state = evolve(state, event, event.occurred_at(now));
                log.append(event, event.occurred_at(now));
                invariants.check_event(&before, event, &state, &actor, now);
            }
            invariants.check_state(&state, &actor, &events, now);
            snapshots.push((log.version(), state.clone()));
        }

        for (version, snapshot) in snapshots {
            prop_assert_eq!(log.fold(version), snapshot);
        }
    }
}
