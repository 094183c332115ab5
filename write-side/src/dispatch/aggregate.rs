//! What the dispatcher needs to know of an aggregate, and the table of all of them.

use super::error::Refusal;
use super::sight::{self, Sight};
use super::states::{Caches, StateCache};
use super::terms::{self, Asked};
use super::weight::Weigh;
use chrono::{DateTime, Utc};
use domain::calendar::command::CalendarCommand;
use domain::calendar::event::CalendarEvent;
use domain::calendar::state::BusinessCalendar;
use domain::command::Issued;
use domain::company::command::CompanyCommand;
use domain::company::event::{CompanyEvent, DomainClaimEvent};
use domain::company::state::{Company, DomainClaim};
use domain::error::Kind;
use domain::event::{DecodeError, Encoded};
use domain::ids::{
    CalendarId, CompanyId, MessageId, OrganizationId, TeamId, TicketId, UserId, ViewId,
};
use domain::message::command::MessageCommand;
use domain::message::event::MessageEvent;
use domain::message::state::Message;
use domain::organization::command::OrganizationCommand;
use domain::organization::event::OrganizationEvent;
use domain::organization::state::Organization;
use domain::personal::StreamSubject;
use domain::security::event::SecurityEvent;
use domain::security::state::Occurrence;
use domain::service_levels::command::ServiceLevelsCommand;
use domain::service_levels::event::ServiceLevelsEvent;
use domain::service_levels::state::ServiceLevels;
use domain::team::command::TeamCommand;
use domain::team::event::TeamEvent;
use domain::team::state::Team;
use domain::ticket::command::TicketCommand;
use domain::ticket::event::TicketEvent;
use domain::ticket::origin::{Origin, origins};
use domain::ticket::state::Ticket;
use domain::user::command::UserCommand;
use domain::user::event::{EmailClaimEvent, UserEvent};
use domain::user::state::{EmailClaim, User};
use domain::view::command::ViewCommand;
use domain::view::event::{ViewEvent, ViewShelfEvent};
use domain::view::state::{View, ViewShelf};
use std::fmt::Display;
use uuid::Uuid;

/// A state that is folded from a stream.
pub trait Aggregate: Weigh + StreamSubject + Clone + Default + Send + Sync + 'static {
    /// The type of its stream.
    const STREAM_TYPE: &'static str;
    /// Its events.
    type Event: Send + Sync;
    /// Whether its events are recorded also about a person who was erased by then: without what is personal in them.
    const OUTLIVES_SUBJECT: bool = false;
    /// Whether every organization has one from the start, so that it is kept in memory also without events.
    const IS_THERE_FROM_THE_START: bool = false;

    /// The state after an event.
    #[must_use]
    fn evolve(self, event: &Self::Event, at: DateTime<Utc>) -> Self;

    /// Reads a recorded event.
    ///
    /// # Errors
    /// When this program does not know the event.
    fn decode(
        event_type: &str,
        schema_version: i16,
        data: &str,
    ) -> Result<Self::Event, DecodeError>;

    /// Writes an event.
    ///
    /// # Errors
    /// When it has no JSON form, which the types of the domain rule out.
    fn encode(event: &Self::Event) -> Result<Encoded, serde_json::Error>;

    /// The business time of an event of a command that was issued at `now`.
    #[must_use]
    fn occurred_at(_event: &Self::Event, now: DateTime<Utc>) -> DateTime<Utc> {
        now
    }

    /// Whose doing each event of a decision is; all that of who issued the command, where it is empty.
    #[must_use]
    fn origins(_events: &[Self::Event]) -> Vec<Origin> {
        Vec::new()
    }

    /// What decides who may know of it.
    fn sight(&self) -> Sight<'_> {
        Sight::Everybody
    }

    /// Where recent states are kept.
    fn cache(caches: &Caches) -> &StateCache<Self>;
}

/// An aggregate that decides on commands.
pub trait Decides: Aggregate {
    /// Its typed id.
    type Id: Copy + Into<Uuid> + Send;
    /// Its commands.
    type Command: Send;
    /// Its refusals.
    type Error: Into<Refusal> + Send;

    /// What has to be known beside the state to decide on a command about what was promised; nothing for most aggregates.
    fn asks(&self, _command: &Self::Command) -> Option<Asked> {
        None
    }

    /// Decides on a command.
    ///
    /// # Errors
    /// When a rule forbids it.
    fn decide(
        &self,
        id: Self::Id,
        issued: &Issued<Self::Command>,
    ) -> Result<Vec<Self::Event>, Self::Error>;
}

macro_rules! aggregate {
    ($state:ty, $event:ty, $stream_type:expr, $evolve:path, $cache:ident $(, occurred_at = $occurred_at:path, origins = $origins:path)? $(, outlives_subject = $outlives:literal)? $(, is_there_from_the_start = $from_the_start:literal)? $(, sight = $sight:path)?) => {
        impl Aggregate for $state {
            const STREAM_TYPE: &'static str = $stream_type;
            type Event = $event;
            $(const OUTLIVES_SUBJECT: bool = $outlives;)?
            $(const IS_THERE_FROM_THE_START: bool = $from_the_start;)?

            fn evolve(self, event: &Self::Event, at: DateTime<Utc>) -> Self {
                $evolve(self, event, at)
            }

            fn decode(event_type: &str, schema_version: i16, data: &str) -> Result<Self::Event, DecodeError> {
                <$event>::decode(event_type, schema_version, data)
            }

            fn encode(event: &Self::Event) -> Result<Encoded, serde_json::Error> {
                event.encode()
            }

            $(fn occurred_at(event: &Self::Event, now: DateTime<Utc>) -> DateTime<Utc> {
                $occurred_at(event, now)
            }

            fn origins(events: &[Self::Event]) -> Vec<Origin> {
                $origins(events)
            })?

            $(fn sight(&self) -> Sight<'_> {
                $sight(self)
            })?

            fn cache(caches: &Caches) -> &StateCache<Self> {
                &caches.$cache
            }
        }
    };
}

macro_rules! decides {
    ($state:ty, $id:ty, $command:ty, $error:ty, $decide:path, $what:literal $(, asks = $asks:path)?) => {
        impl Decides for $state {
            type Id = $id;
            type Command = $command;
            type Error = $error;

            $(fn asks(&self, command: &$command) -> Option<Asked> {
                $asks(self, command)
            })?

            fn decide(
                &self,
                id: $id,
                issued: &Issued<$command>,
            ) -> Result<Vec<Self::Event>, $error> {
                $decide(self, id, issued)
            }
        }

        impl From<$error> for Refusal {
            fn from(error: $error) -> Self {
                refusal(error.kind(), $what, &error)
            }
        }
    };
}

fn refusal(kind: Kind, what: &'static str, error: &dyn Display) -> Refusal {
    match kind {
        Kind::NotFound => Refusal::NotFound { what },
        Kind::Forbidden => Refusal::Forbidden(error.to_string()),
        Kind::Invalid { field } => Refusal::invalid(format!("/{field}"), error.to_string()),
        Kind::Conflict => Refusal::Conflict {
            detail: error.to_string(),
            pointer: None,
        },
    }
}

fn evolve_claim(state: EmailClaim, event: &EmailClaimEvent, _at: DateTime<Utc>) -> EmailClaim {
    domain::user::evolve::evolve_claim(state, event)
}

aggregate!(
    Organization,
    OrganizationEvent,
    domain::organization::STREAM_TYPE,
    domain::organization::evolve::evolve,
    organizations
);
aggregate!(
    User,
    UserEvent,
    domain::user::STREAM_TYPE,
    domain::user::evolve::evolve,
    users
);
aggregate!(
    EmailClaim,
    EmailClaimEvent,
    domain::user::EMAIL_CLAIM_STREAM_TYPE,
    evolve_claim,
    email_claims
);
aggregate!(
    Team,
    TeamEvent,
    domain::team::STREAM_TYPE,
    domain::team::evolve::evolve,
    teams,
    sight = sight::of_team
);
aggregate!(
    Company,
    CompanyEvent,
    domain::company::STREAM_TYPE,
    domain::company::evolve::evolve,
    companies
);
aggregate!(
    DomainClaim,
    DomainClaimEvent,
    domain::company::DOMAIN_CLAIM_STREAM_TYPE,
    domain::company::evolve::evolve_claim,
    domain_claims
);
aggregate!(
    BusinessCalendar,
    CalendarEvent,
    domain::calendar::STREAM_TYPE,
    domain::calendar::evolve::evolve,
    calendars
);
aggregate!(
    ServiceLevels,
    ServiceLevelsEvent,
    domain::service_levels::STREAM_TYPE,
    domain::service_levels::evolve::evolve,
    service_levels,
    is_there_from_the_start = true
);
aggregate!(
    View,
    ViewEvent,
    domain::view::STREAM_TYPE,
    domain::view::evolve::evolve,
    views,
    sight = sight::of_view
);
aggregate!(
    ViewShelf,
    ViewShelfEvent,
    domain::view::SHELF_STREAM_TYPE,
    domain::view::evolve::evolve_shelf,
    view_shelves
);
aggregate!(
    Ticket,
    TicketEvent,
    domain::ticket::STREAM_TYPE,
    domain::ticket::evolve::evolve,
    tickets,
    occurred_at = TicketEvent::occurred_at,
    origins = origins,
    sight = sight::of_ticket
);
aggregate!(
    Message,
    MessageEvent,
    domain::message::STREAM_TYPE,
    domain::message::evolve::evolve,
    messages,
    sight = sight::of_message
);
aggregate!(
    Occurrence,
    SecurityEvent,
    domain::security::STREAM_TYPE,
    domain::security::evolve::evolve,
    occurrences,
    outlives_subject = true
);

decides!(
    Organization,
    OrganizationId,
    OrganizationCommand,
    domain::organization::error::OrganizationError,
    domain::organization::decide::decide,
    "organization"
);
decides!(
    User,
    UserId,
    UserCommand,
    domain::user::error::UserError,
    domain::user::decide::decide,
    "user"
);
decides!(
    Team,
    TeamId,
    TeamCommand,
    domain::team::error::TeamError,
    domain::team::decide::decide,
    "team"
);
decides!(
    Company,
    CompanyId,
    CompanyCommand,
    domain::company::error::CompanyError,
    domain::company::decide::decide,
    "company"
);
decides!(
    BusinessCalendar,
    CalendarId,
    CalendarCommand,
    domain::calendar::error::CalendarError,
    domain::calendar::decide::decide,
    "calendar"
);
decides!(
    ServiceLevels,
    Uuid,
    ServiceLevelsCommand,
    domain::service_levels::error::ServiceLevelsError,
    domain::service_levels::decide::decide,
    "policy"
);
decides!(
    View,
    ViewId,
    ViewCommand,
    domain::view::error::ViewError,
    domain::view::decide::decide,
    "view"
);
decides!(
    Ticket,
    TicketId,
    TicketCommand,
    domain::ticket::error::TicketError,
    domain::ticket::decide::decide,
    "ticket",
    asks = terms::of_ticket
);
decides!(
    Message,
    MessageId,
    MessageCommand,
    domain::message::error::MessageError,
    domain::message::decide::decide,
    "message"
);
