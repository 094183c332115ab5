//! The folds: what each event does to the rows, without a database.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use domain::actor::{Actor, Role};
use domain::event::DomainEvent;
use domain::ids::{MessageId, OrganizationId, TicketId, UserId};
use domain::message::event::{MessageEdited, MessageEvent, MessagePosted, MessageRedacted};
use domain::message::state::Visibility;
use domain::organization::event::{OrganizationCreated, OrganizationEvent};
use domain::organization::settings::Settings;
use domain::sla::Metric;
use domain::sla::targets::Targets;
use domain::text::{MessageBody, Name, Slug, Subject};
use domain::ticket::event::{
    Cause, SlaBreached, TicketAgentReplied, TicketEvent, TicketOpened, TicketReopened,
    TicketResolved, TicketStatusChanged,
};
use domain::ticket::state::{Channel, Priority, Status};
use domain::user::event::{UserCreated, UserEvent};
use domain::user::state::UserKind;
use platform::rows::{ActorKind, ClockState, FactsRow, ShownClock, TicketRow};
use uuid::Uuid;

use super::apply;
use crate::event::Event;
use crate::state::State;
use platform::rows::EXCERPT_CHARS;

const ORG: OrganizationId = OrganizationId(Uuid::from_u128(1));
const ADA: UserId = UserId(Uuid::from_u128(2));
const TICKET: TicketId = TicketId(Uuid::from_u128(3));
const MESSAGE: MessageId = MessageId(Uuid::from_u128(4));

fn noon() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 12, 0, 0).unwrap()
}

/// A log of one organization that is folded as it grows.
struct Log {
    state: State,
    position: i64,
    now: DateTime<Utc>,
}

impl Log {
    fn new() -> Self {
        let mut log = Self {
            state: State::default(),
            position: 0,
            now: noon(),
        };
        let organization = OrganizationCreated {
            name: Name::parse("Acme").unwrap(),
            slug: Slug::parse("acme").unwrap(),
            settings: Settings::default(),
        };
        log.take(
            ORG.0,
            DomainEvent::Organization(OrganizationEvent::Created(organization)),
        );
        let user = UserCreated {
            name: Name::parse("Ada Lovelace").unwrap(),
            email: None,
            role: Role::Customer,
            kind: UserKind::Person,
        };
        log.take(ADA.0, DomainEvent::User(UserEvent::Created(user)));
        log
    }

    fn try_take(&mut self, stream_id: Uuid, body: DomainEvent) -> Result<(), super::ApplyError> {
        self.position += 1;
        let event = Event {
            position: self.position,
            org_id: ORG,
            stream_id,
            version: self.position,
            event_id: Uuid::from_u128(u128::MAX),
            event_type: "an.event".to_owned(),
            occurred_at: self.now,
            recorded_at: self.now,
            source_address: None,
            actor: Actor::User {
                id: ADA,
                role: Role::Customer,
            },
            body,
        };
        apply(&mut self.state, &event)
    }

    fn take(&mut self, stream_id: Uuid, body: DomainEvent) {
        self.try_take(stream_id, body).unwrap();
    }

    fn ticket(&mut self, event: impl Into<TicketEvent>) {
        self.take(TICKET.0, DomainEvent::Ticket(event.into()));
    }

    fn message(&mut self, id: MessageId, event: impl Into<MessageEvent>) {
        self.take(id.0, DomainEvent::Message(event.into()));
    }

    /// What reports know of the ticket, as it came.
    fn facts(&self) -> Vec<&FactsRow> {
        let mut facts = self.state.facts.new_rows();
        facts.sort_by_key(|row| row.version);
        facts
    }

    fn shown(&self, metric: Metric) -> ShownClock {
        self.row().sla.0[&metric]
    }

    fn row(&self) -> &TicketRow {
        self.state.tickets.get((ORG, TICKET)).unwrap()
    }
}

fn opened() -> TicketOpened {
    TicketOpened {
        subject: Subject::parse("Printer on fire").unwrap(),
        requester_id: ADA,
        priority: Priority::Normal,
        channel: Channel::Api,
        message_id: Some(MESSAGE),
        follow_up_of: None,
        external: None,
        sla_targets: Some(Targets {
            first_response_minutes: 60,
            resolution_minutes: 120,
        }),
    }
}

fn posted(visibility: Visibility, body: &str) -> MessagePosted {
    MessagePosted {
        ticket_id: TICKET,
        author_id: ADA,
        author_role: Role::Customer,
        visibility,
        body: MessageBody::parse(body).unwrap(),
    }
}

fn moved(from: Status, to: Status) -> TicketStatusChanged {
    TicketStatusChanged {
        from,
        to,
        cause: Cause::Request,
    }
}

#[test]
fn the_first_message_counts_once_whichever_of_the_two_events_comes_first() {
    let mut ticket_first = Log::new();
    ticket_first.ticket(opened());
    ticket_first.message(MESSAGE, posted(Visibility::Public, "Help"));
    let mut message_first = Log::new();
    message_first.message(MESSAGE, posted(Visibility::Public, "Help"));
    message_first.ticket(opened());
    for log in [ticket_first, message_first] {
        assert_eq!(log.row().public_message_count, 1);
        assert_eq!(log.row().last_message_excerpt.as_deref(), Some("Help"));
        assert_eq!(
            log.row().last_message_author_name.as_deref(),
            Some("Ada Lovelace")
        );
    }
}

#[test]
fn tickets_are_numbered_in_the_order_of_their_opening() {
    let mut log = Log::new();
    for number in 1..=3_u128 {
        let id = Uuid::from_u128(100 + number);
        log.take(id, DomainEvent::Ticket(opened().into()));
        let row = log.state.tickets.get((ORG, TicketId(id))).unwrap();
        assert_eq!(u128::try_from(row.number).unwrap(), number);
    }
    assert_eq!(log.state.organizations.get(ORG).unwrap().ticket_count, 3);
}

#[test]
fn a_ticket_of_an_organization_that_was_never_made_is_refused_by_name() {
    let mut log = Log::new();
    log.state = State::default();
    let refused = log
        .try_take(TICKET.0, DomainEvent::Ticket(opened().into()))
        .unwrap_err();
    assert_eq!(refused.kind, "organization");
    assert!(refused.to_string().contains(&ORG.to_string()));
}

#[test]
fn an_event_of_a_ticket_that_was_never_opened_is_refused() {
    let mut log = Log::new();
    let event = DomainEvent::Ticket(moved(Status::New, Status::Open).into());
    assert_eq!(log.try_take(TICKET.0, event).unwrap_err().kind, "ticket");
}

#[test]
fn clocks_show_what_they_do() {
    let mut log = Log::new();
    log.ticket(opened());
    assert_eq!(log.shown(Metric::FirstReply).state, ClockState::Running);
    assert_eq!(
        log.row().next_deadline_at,
        Some(noon() + TimeDelta::minutes(60))
    );
    log.ticket(moved(Status::New, Status::Pending));
    assert_eq!(log.shown(Metric::AgentWork).state, ClockState::Paused);
    assert_eq!(log.shown(Metric::AgentWork).due_at, None);
    assert_eq!(log.row().sla.0.len(), 2, "only what is promised is shown");
    let due_at = noon() + TimeDelta::minutes(60);
    let breach = SlaBreached {
        metric: Metric::FirstReply,
        due_at,
        lateness_ms: 5,
    };
    log.ticket(breach);
    assert_eq!(log.shown(Metric::FirstReply).breached_at, Some(due_at));
    assert_eq!(log.row().next_deadline_at, None);
}

#[test]
fn a_missed_deadline_is_told_of_the_timer_and_not_of_whoever_came_first() {
    let mut log = Log::new();
    log.ticket(opened());
    let breach = SlaBreached {
        metric: Metric::AgentWork,
        due_at: noon(),
        lateness_ms: 0,
    };
    log.ticket(breach);
    let told = log.state.history.last().unwrap();
    assert_eq!((told.actor_kind, told.actor_id), (ActorKind::Timer, None));
    assert!(!told.public);
}

#[test]
fn times_of_a_ticket_never_go_back() {
    let mut log = Log::new();
    log.ticket(opened());
    log.now = noon() - TimeDelta::hours(1);
    log.ticket(moved(Status::New, Status::Open));
    assert_eq!(log.row().updated_at, noon());
    assert_eq!(log.row().public_updated_at, noon());
}

#[test]
fn coming_back_counts_and_undoes_the_resolution() {
    let mut log = Log::new();
    log.ticket(opened());
    let auto_close_at = Some(noon() + TimeDelta::hours(96));
    log.ticket(TicketResolved {
        from: Status::New,
        cause: Cause::Request,
        auto_close_at,
    });
    assert_eq!(
        (log.row().resolved_at, log.row().auto_close_at),
        (Some(noon()), auto_close_at)
    );
    log.ticket(TicketReopened {
        from: Status::Resolved,
        to: Status::Open,
        cause: Cause::Request,
        reason: None,
    });
    assert_eq!(
        (log.row().resolved_at, log.row().auto_close_at),
        (None, None)
    );
    assert_eq!(
        (log.row().status, log.row().reopen_count),
        (Status::Open, 1)
    );
}

#[test]
fn an_excerpt_is_cut_between_characters_and_follows_edits() {
    let mut log = Log::new();
    log.ticket(opened());
    log.message(
        MESSAGE,
        posted(Visibility::Public, &"ü".repeat(EXCERPT_CHARS + 1)),
    );
    assert_eq!(
        log.row().last_message_excerpt,
        Some("ü".repeat(EXCERPT_CHARS))
    );
    let body = MessageBody::parse("Short").unwrap();
    log.message(MESSAGE, MessageEdited { body });
    assert_eq!(log.row().last_message_excerpt.as_deref(), Some("Short"));
}

#[test]
fn a_redaction_of_the_newest_message_clears_the_excerpt_and_one_of_an_older_leaves_it() {
    let mut log = Log::new();
    let newer = MessageId(Uuid::from_u128(5));
    log.ticket(opened());
    log.message(MESSAGE, posted(Visibility::Public, "First"));
    log.message(newer, posted(Visibility::Public, "Second"));
    log.message(MESSAGE, MessageRedacted { reason: None });
    assert_eq!(log.row().last_message_excerpt.as_deref(), Some("Second"));
    log.message(newer, MessageRedacted { reason: None });
    assert_eq!(log.row().last_message_excerpt, None);
    assert_eq!(log.row().public_message_count, 2);
}

#[test]
fn a_note_moves_nothing_that_the_requester_sees() {
    let mut log = Log::new();
    log.ticket(opened());
    log.now = noon() + TimeDelta::hours(1);
    log.message(
        MessageId(Uuid::from_u128(6)),
        posted(Visibility::Internal, "Secret"),
    );
    let row = log.row();
    assert_eq!((row.note_count, row.public_message_count), (1, 0));
    assert_eq!((row.updated_at, row.public_updated_at), (log.now, noon()));
    assert_eq!(
        (row.last_message_id, &row.last_message_excerpt),
        (None, &None)
    );
}

fn answered(machine: bool) -> TicketAgentReplied {
    TicketAgentReplied {
        message_id: MESSAGE,
        machine,
    }
}

#[test]
fn changes_of_one_moment_are_one_row_of_facts() {
    let mut log = Log::new();
    log.ticket(opened());
    log.now = noon() + TimeDelta::hours(1);
    log.ticket(answered(false));
    log.ticket(moved(Status::New, Status::Open));
    let facts = log.facts();
    assert_eq!(facts.len(), 2);
    let (before, now) = (facts[0], facts[1]);
    assert_eq!(
        (before.status, before.until_at),
        (Status::New, Some(log.now))
    );
    assert_eq!(before.first_response_at, None);
    assert_eq!((now.status, now.until_at), (Status::Open, None));
    assert_eq!(now.first_response_at, Some(log.now));
    // That of the first of them.
    assert_eq!(now.version, before.version + 1);
}

#[test]
fn an_answer_counts_once_and_only_that_of_a_person() {
    let mut log = Log::new();
    log.ticket(opened());
    for (hours, machine) in [(1, true), (2, false), (3, false)] {
        log.now = noon() + TimeDelta::hours(hours);
        log.ticket(answered(machine));
    }
    let facts = log.facts();
    assert_eq!(facts.len(), 2);
    let first = noon() + TimeDelta::hours(2);
    assert_eq!(facts[1].first_response_at, Some(first));
    assert!(log.row().clocks.0.is_answered());
}
