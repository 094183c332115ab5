//! What is known about a ticket changes: subject, priority, custom fields, all in one append.

use super::TicketAnswer;
use super::custom_fields::{RawFieldValue, resolve};
use crate::dispatch::{CommandError, UseCase, Work};
use domain::ids::TicketId;
use domain::text::{FieldKey, Subject};
use domain::ticket::command::TicketCommand;
use domain::ticket::state::{Priority, Ticket};

/// Changes what is given of a ticket.
#[derive(Debug, Clone)]
pub struct UpdateTicket {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The new subject.
    pub subject: Option<Subject>,
    /// The new priority.
    pub priority: Option<Priority>,
    /// Custom fields to set, or to empty.
    pub custom_fields: Vec<(FieldKey, Option<RawFieldValue>)>,
}

impl UseCase for UpdateTicket {
    type Answer = TicketAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<TicketAnswer, CommandError> {
        work.address(self.ticket_id.0);
        // Loaded first, so that an unknown ticket is not found whatever the request holds.
        work.state::<Ticket>(self.ticket_id.0).await?;
        for command in self.commands(work)? {
            work.issue::<Ticket>(self.ticket_id, command).await?;
        }
        TicketAnswer::of(work, self.ticket_id).await
    }
}

impl UpdateTicket {
    fn commands(&self, work: &Work<'_>) -> Result<Vec<TicketCommand>, CommandError> {
        let subject = self.subject.clone().map(TicketCommand::ChangeSubject);
        let priority = self.priority.map(TicketCommand::ChangePriority);
        let mut commands: Vec<TicketCommand> = subject.into_iter().chain(priority).collect();
        for (key, raw) in &self.custom_fields {
            let value = raw
                .as_ref()
                .map(|raw| resolve(work, key, raw))
                .transpose()?;
            commands.push(TicketCommand::SetCustomField {
                key: key.clone(),
                value,
            });
        }
        Ok(commands)
    }
}
