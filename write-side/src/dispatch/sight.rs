//! Who may know of what a command touches: private teams, their tickets and the messages on those are not there for an
//! agent or lead who is no member. And the tickets of colleagues, which a customer may answer.
//!
//! Every aggregate that a command loads is looked at, so that no use case can forget it. The ticket is the one that the
//! append guards; the team is as the log had it within the last second, and a refusal is always confirmed by the log.

use super::aggregate::Aggregate;
use super::error::CommandError;
use super::work::Work;
use domain::actor::{Actor, Role};
use domain::ids::{CompanyId, TeamId, TicketId, UserId};
use domain::message::state::Message;
use domain::team::state::{PresentTeam, Team};
use domain::ticket::state::Ticket;
use domain::user::state::User;
use domain::view::definition::ViewOwner;
use domain::view::state::View;

/// What decides who may know of an aggregate.
#[derive(Debug, Clone, Copy)]
pub enum Sight<'a> {
    /// Nothing: everybody whom its own rules allow.
    Everybody,
    /// It is a team itself.
    Team(&'a PresentTeam),
    /// The team that works on it.
    TeamOf(TeamId),
    /// The ticket that it belongs to.
    TicketOf(TicketId),
}

/// See [`Aggregate::sight`].
pub(super) fn of_team(state: &Team) -> Sight<'_> {
    match state {
        Team::Present(team) => Sight::Team(team),
        Team::Absent => Sight::Everybody,
    }
}

/// See [`Aggregate::sight`].
pub(super) fn of_ticket(state: &Ticket) -> Sight<'_> {
    match state {
        Ticket::Present(ticket) => ticket
            .assignment
            .team_id
            .map_or(Sight::Everybody, Sight::TeamOf),
        Ticket::Absent => Sight::Everybody,
    }
}

/// See [`Aggregate::sight`].
pub(super) fn of_message(state: &Message) -> Sight<'_> {
    match state {
        Message::Present(message) => Sight::TicketOf(message.ticket_id),
        Message::Absent => Sight::Everybody,
    }
}

/// See [`Aggregate::sight`].
pub(super) fn of_view(state: &View) -> Sight<'_> {
    match state.owner() {
        Some(ViewOwner::Team { team_id }) => Sight::TeamOf(team_id),
        Some(ViewOwner::Organization | ViewOwner::Person { .. }) | None => Sight::Everybody,
    }
}

impl Work<'_> {
    /// Whether the actor must not learn of an aggregate.
    pub(super) async fn hides<A: Aggregate>(&self, state: &A) -> Result<bool, CommandError> {
        if !needs_membership(self.actor()) {
            return Ok(false);
        }
        match state.sight() {
            Sight::Everybody => Ok(false),
            Sight::Team(team) => Ok(team.is_hidden_from(self.actor())),
            Sight::TeamOf(team_id) => self.hides_team(team_id).await,
            Sight::TicketOf(ticket_id) => self.hides_ticket(ticket_id).await,
        }
    }

    /// A ticket that another one refers to, unless the actor must not learn of it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn seen_ticket(
        &self,
        id: Option<TicketId>,
    ) -> Result<Option<TicketId>, CommandError> {
        match id {
            Some(ticket_id) if needs_membership(self.actor()) => {
                let is_hidden = self.hides_ticket(ticket_id).await?;
                Ok((!is_hidden).then_some(ticket_id))
            }
            id => Ok(id),
        }
    }

    /// Whether the actor sees the tickets of another customer because both belong to a company whose people may. Both are as
    /// the log had them within the last second.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn is_colleague_of(&self, requester: UserId) -> Result<bool, CommandError> {
        let Actor::User {
            id,
            role: Role::Customer,
        } = *self.actor()
        else {
            return Ok(false);
        };
        if id == requester || !self.settings().colleagues_see_tickets {
            return Ok(false);
        }
        let own = self.company_of(id).await?;
        Ok(own.is_some() && own == self.company_of(requester).await?)
    }

    pub(super) async fn company_of(&self, id: UserId) -> Result<Option<CompanyId>, CommandError> {
        match &self.reference::<User>(id.0).await?.state {
            User::Present(user) => Ok(user.company_id),
            User::Absent => Ok(None),
        }
    }

    async fn hides_ticket(&self, id: TicketId) -> Result<bool, CommandError> {
        match of_ticket(&self.current::<Ticket>(id.0).await?.state) {
            Sight::TeamOf(team_id) => self.hides_team(team_id).await,
            Sight::Everybody | Sight::Team(_) | Sight::TicketOf(_) => Ok(false),
        }
    }

    async fn hides_team(&self, id: TeamId) -> Result<bool, CommandError> {
        match &self.reference::<Team>(id.0).await?.state {
            Team::Present(team) => Ok(team.is_hidden_from(self.actor())),
            Team::Absent => Ok(false),
        }
    }
}

/// Those from whom a team can be hidden: see [`PresentTeam::is_hidden_from`].
fn needs_membership(actor: &Actor) -> bool {
    matches!(
        actor,
        Actor::User {
            role: Role::Agent | Role::Lead,
            ..
        }
    )
}
