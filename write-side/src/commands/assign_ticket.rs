//! A ticket is given to an agent, a team, both or nobody.

use super::TicketAnswer;
use crate::dispatch::{CommandError, Refusal, UseCase, Work};
use domain::ids::{TeamId, TicketId, UserId};
use domain::ticket::command::TicketCommand;
use domain::ticket::state::{Assignment, Ticket};

/// Changes who works on a ticket: `None` leaves, `Some(None)` takes away.
#[derive(Debug, Clone)]
pub struct AssignTicket {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The agent.
    pub agent_id: Option<Option<UserId>>,
    /// The team.
    pub team_id: Option<Option<TeamId>>,
}

impl UseCase for AssignTicket {
    type Answer = TicketAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<TicketAnswer, CommandError> {
        work.address(self.ticket_id.0);
        let Ticket::Present(ticket) = work.state::<Ticket>(self.ticket_id.0).await? else {
            return Err(Refusal::NotFound { what: "ticket" }.into());
        };
        let present = ticket.assignment;
        // Only what is newly given is checked: a ticket may keep an agent who was deactivated meanwhile.
        let given = Assignment {
            agent_id: self
                .agent_id
                .flatten()
                .filter(|agent| present.agent_id != Some(*agent)),
            team_id: self
                .team_id
                .flatten()
                .filter(|team| present.team_id != Some(*team)),
        };
        work.check_assignment(given, "").await?;
        let to = Assignment {
            agent_id: self.agent_id.unwrap_or(present.agent_id),
            team_id: self.team_id.unwrap_or(present.team_id),
        };
        if to != present {
            work.check_membership(to, "").await?;
        }
        work.issue::<Ticket>(self.ticket_id, TicketCommand::Assign(to))
            .await?;
        TicketAnswer::of(work, self.ticket_id).await
    }
}
