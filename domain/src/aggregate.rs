//! The aggregates in the terms of the `eventually` crate: its `Aggregate` trait over the plain functions
//! `decide` and `evolve`, which remain the way in for this product's own dispatcher.

use crate::command::Issued;
use crate::ids::{
    CalendarId, CompanyId, MessageId, OrganizationId, TeamId, TicketId, UserId, ViewId,
};
use crate::{calendar, company, message, organization, service_levels, team, ticket, user, view};
use chrono::{DateTime, Utc};
use std::future::{Future, ready};
use std::pin::Pin;
use uuid::Uuid;

/// An event with its business time, which folding needs beside the event's own fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded<E> {
    /// The business time.
    pub occurred_at: DateTime<Utc>,
    /// What happened.
    pub event: E,
}

/// What `eventually` expects from handling a command.
type Handled<'a, E, F> =
    Pin<Box<dyn Future<Output = Result<Option<Vec<Recorded<E>>>, F>> + Send + 'a>>;

macro_rules! aggregate {
    ($(#[$doc:meta])* $name:ident in $module:ident: $id:ty, $state:ty, $command:ty, $event:ty, $error:ty, at $occurred_at:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name;

        impl eventually::aggregate::Aggregate for $name {
            type Id = $id;
            type State = $state;
            type Event = Recorded<$event>;
            type Command = Issued<$command>;
            type Error = $error;

            fn apply(state: Self::State, recorded: Self::Event) -> Result<Self::State, Self::Error> {
                Ok($module::evolve::evolve(state, &recorded.event, recorded.occurred_at))
            }

            fn handle<'a, 's: 'a>(
                &'a self,
                id: &'s Self::Id,
                state: &'s Self::State,
                issued: Self::Command,
            ) -> Handled<'a, $event, $error> {
                let now = issued.now;
                let record = |event| Recorded { occurred_at: $occurred_at(&event, now), event };
                let decided = $module::decide::decide(state, *id, &issued);
                Box::pin(ready(decided.map(|events| Some(events.into_iter().map(record).collect()))))
            }
        }
    };
}

aggregate!(
    /// The organization as an `eventually` aggregate.
    OrganizationAggregate in organization: OrganizationId, organization::state::Organization,
    organization::command::OrganizationCommand, organization::event::OrganizationEvent,
    organization::error::OrganizationError, at |_: &_, now| now
);
aggregate!(
    /// The user as an `eventually` aggregate.
    UserAggregate in user: UserId, user::state::User, user::command::UserCommand, user::event::UserEvent,
    user::error::UserError, at |_: &_, now| now
);
aggregate!(
    /// The team as an `eventually` aggregate.
    TeamAggregate in team: TeamId, team::state::Team, team::command::TeamCommand, team::event::TeamEvent,
    team::error::TeamError, at |_: &_, now| now
);
aggregate!(
    /// The company as an `eventually` aggregate.
    CompanyAggregate in company: CompanyId, company::state::Company, company::command::CompanyCommand,
    company::event::CompanyEvent, company::error::CompanyError, at |_: &_, now| now
);
aggregate!(
    /// The calendar as an `eventually` aggregate.
    CalendarAggregate in calendar: CalendarId, calendar::state::BusinessCalendar,
    calendar::command::CalendarCommand, calendar::event::CalendarEvent,
    calendar::error::CalendarError, at |_: &_, now| now
);
aggregate!(
    /// The service levels as an `eventually` aggregate.
    ServiceLevelsAggregate in service_levels: Uuid, service_levels::state::ServiceLevels,
    service_levels::command::ServiceLevelsCommand, service_levels::event::ServiceLevelsEvent,
    service_levels::error::ServiceLevelsError, at |_: &_, now| now
);
aggregate!(
    /// The ticket as an `eventually` aggregate.
    TicketAggregate in ticket: TicketId, ticket::state::Ticket, ticket::command::TicketCommand,
    ticket::event::TicketEvent, ticket::error::TicketError, at ticket::event::TicketEvent::occurred_at
);
aggregate!(
    /// The message as an `eventually` aggregate.
    MessageAggregate in message: MessageId, message::state::Message, message::command::MessageCommand,
    message::event::MessageEvent, message::error::MessageError, at |_: &_, now| now
);
aggregate!(
    /// The view as an `eventually` aggregate.
    ViewAggregate in view: ViewId, view::state::View, view::command::ViewCommand, view::event::ViewEvent,
    view::error::ViewError, at |_: &_, now| now
);
