//! The language of the tests: `given(minute, event)`, `when(minute, actor, command)`, `yields(events)` or `refuses(error)`.
//!
//! It drives the aggregates through the `eventually` trait, so that this way in is tested with every rule.

use chrono::{DateTime, TimeDelta, TimeZone, Utc};
use domain::actor::{Actor, Role};
use domain::aggregate::Recorded;
use domain::command::Issued;
use domain::ids::{CalendarId, CompanyId, MessageId, OrganizationId, TeamId, TicketId, UserId};
use domain::organization::settings::Settings;
use domain::sla::terms::Terms;
use eventually::aggregate::{Aggregate, AggregateExt};
use std::fmt::Debug;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use uuid::Uuid;

pub const ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(0x01));
pub const CUSTOMER: UserId = UserId(Uuid::from_u128(0xc1));
pub const OTHER_CUSTOMER: UserId = UserId(Uuid::from_u128(0xc2));
pub const AGENT: UserId = UserId(Uuid::from_u128(0xa1));
pub const OTHER_AGENT: UserId = UserId(Uuid::from_u128(0xa2));
pub const ADMIN: UserId = UserId(Uuid::from_u128(0xad));
pub const TEAM: TeamId = TeamId(Uuid::from_u128(0x7e));
pub const COMPANY: CompanyId = CompanyId(Uuid::from_u128(0xc0));
pub const OTHER_COMPANY: CompanyId = CompanyId(Uuid::from_u128(0xc01));
pub const CALENDAR: CalendarId = CalendarId(Uuid::from_u128(0xca));
pub const OTHER_CALENDAR: CalendarId = CalendarId(Uuid::from_u128(0xcb));
pub const TICKET: TicketId = TicketId(Uuid::from_u128(0x71));
pub const OTHER_TICKET: TicketId = TicketId(Uuid::from_u128(0x72));
pub const MESSAGE: MessageId = MessageId(Uuid::from_u128(0xe1));

pub fn customer() -> Actor {
    Actor::User {
        id: CUSTOMER,
        role: Role::Customer,
    }
}

pub fn other_customer() -> Actor {
    Actor::User {
        id: OTHER_CUSTOMER,
        role: Role::Customer,
    }
}

pub fn agent() -> Actor {
    Actor::User {
        id: AGENT,
        role: Role::Agent,
    }
}

pub fn other_agent() -> Actor {
    Actor::User {
        id: OTHER_AGENT,
        role: Role::Agent,
    }
}

pub fn lead() -> Actor {
    Actor::User {
        id: OTHER_AGENT,
        role: Role::Lead,
    }
}

pub fn admin() -> Actor {
    Actor::User {
        id: ADMIN,
        role: Role::Admin,
    }
}

pub fn import() -> Actor {
    Actor::Import {
        source: "servicenow-log".to_owned(),
        by: Some("Updated by 21".to_owned()),
    }
}

/// An instant, in minutes after a Monday morning.
pub fn at(minute: i64) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).unwrap() + TimeDelta::minutes(minute)
}

pub fn hours(hours: i64) -> i64 {
    hours * 60
}

pub fn days(days: i64) -> i64 {
    hours(days * 24)
}

/// What happened before, and under which settings.
pub struct Scenario<A: Aggregate> {
    aggregate: A,
    id: A::Id,
    settings: Arc<Settings>,
    terms: Arc<Terms>,
    state: A::State,
}

pub fn scenario<A: Aggregate>(aggregate: A, id: A::Id) -> Scenario<A> {
    Scenario {
        aggregate,
        id,
        settings: Arc::new(Settings::default()),
        terms: Arc::default(),
        state: A::State::default(),
    }
}

impl<A, C, E, F> Scenario<A>
where
    A: Aggregate<Command = Issued<C>, Event = Recorded<E>, Error = F>,
    A::State: Clone + Debug + PartialEq,
    E: Clone + Debug + PartialEq,
    F: Debug + PartialEq,
{
    pub fn with_settings(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    pub fn with_terms(mut self, terms: Terms) -> Self {
        self.terms = Arc::new(terms);
        self
    }

    /// What happened at a minute.
    pub fn given(mut self, minute: i64, event: impl Into<E>) -> Self {
        let recorded = Recorded {
            occurred_at: at(minute),
            event: event.into(),
        };
        self.state = A::apply(self.state, recorded).unwrap();
        self
    }

    /// A command that passed, and whose events are now given.
    pub fn given_command(self, minute: i64, actor: Actor, command: C) -> Self {
        self.given_command_at(at(minute), actor, command)
    }

    pub fn given_command_at(mut self, now: DateTime<Utc>, actor: Actor, command: C) -> Self {
        let recorded = self.handle(now, actor, command).unwrap();
        self.state = A::fold(self.state, recorded.into_iter()).unwrap();
        self
    }

    pub fn when(&self, minute: i64, actor: Actor, command: C) -> Outcome<A::State, E, F> {
        self.when_at(at(minute), actor, command)
    }

    pub fn when_at(&self, now: DateTime<Utc>, actor: Actor, command: C) -> Outcome<A::State, E, F> {
        let result = self.handle(now, actor, command);
        let recorded = result.as_ref().cloned().unwrap_or_default();
        let state = A::fold(self.state.clone(), recorded.into_iter()).unwrap();
        let result = result.map(|recorded| {
            recorded
                .into_iter()
                .map(|recorded| recorded.event)
                .collect()
        });
        Outcome { result, state }
    }

    pub fn state(&self) -> &A::State {
        &self.state
    }

    fn handle(&self, now: DateTime<Utc>, actor: Actor, command: C) -> Result<Vec<Recorded<E>>, F> {
        let issued = Issued {
            actor,
            now,
            settings: Arc::clone(&self.settings),
            terms: Arc::clone(&self.terms),
            command,
        };
        let mut future = self.aggregate.handle(&self.id, &self.state, issued);
        match Future::poll(future.as_mut(), &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(handled) => handled.map(Option::unwrap_or_default),
            Poll::Pending => panic!("deciding waits for nothing"),
        }
    }
}

/// What a command came to.
pub struct Outcome<S, E, F> {
    pub result: Result<Vec<E>, F>,
    /// The state after it.
    pub state: S,
}

impl<S, E: Debug + PartialEq, F: Debug + PartialEq> Outcome<S, E, F> {
    /// These events, in this order, and no others.
    #[track_caller]
    pub fn yields(&self, events: impl IntoIterator<Item = E>) {
        assert_eq!(self.result, Ok(events.into_iter().collect()));
    }

    #[track_caller]
    pub fn changes_nothing(&self) {
        self.yields([]);
    }

    #[track_caller]
    pub fn refuses(&self, error: F) {
        assert_eq!(self.result, Err(error));
    }
}
