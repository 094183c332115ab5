//! One or several commands to one ticket, all or none.

use super::TicketAnswer;
use crate::dispatch::{CommandError, UseCase, Work};
use domain::ids::TicketId;
use domain::ticket::command::TicketCommand;
use domain::ticket::state::Ticket;

/// Issues commands that touch nothing but the ticket: status, priority, tags, custom fields, timers. Messages and
/// assignments have use cases of their own, which check what they refer to.
#[derive(Debug, Clone)]
pub struct ChangeTicket {
    /// The ticket.
    pub ticket_id: TicketId,
    /// What is asked, decided one after another.
    pub commands: Vec<TicketCommand>,
}

impl ChangeTicket {
    /// A single command.
    #[must_use]
    pub fn one(ticket_id: TicketId, command: TicketCommand) -> Self {
        Self {
            ticket_id,
            commands: vec![command],
        }
    }
}

impl UseCase for ChangeTicket {
    type Answer = TicketAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<TicketAnswer, CommandError> {
        work.address(self.ticket_id.0);
        for command in &self.commands {
            work.issue::<Ticket>(self.ticket_id, command.clone())
                .await?;
        }
        TicketAnswer::of(work, self.ticket_id).await
    }
}
