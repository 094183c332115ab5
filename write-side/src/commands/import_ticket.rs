//! The history of one ticket of another system, taken over in one append.

use crate::dispatch::{CommandError, Refusal, StoredAnswer, UseCase, Work};
use chrono::{DateTime, Utc};
use domain::actor::Actor;
use domain::ids::TicketId;
use domain::ticket::command::TicketCommand;
use domain::ticket::state::Ticket;

/// Commands to one ticket, each with its own time and actor, decided one after another and appended at once. References
/// are not checked: the importer made them.
#[derive(Debug, Clone)]
pub struct ImportTicket {
    /// The ticket.
    pub ticket_id: TicketId,
    /// Its history, in order.
    pub commands: Vec<ImportedCommand>,
}

/// One step of the history.
#[derive(Debug, Clone)]
pub struct ImportedCommand {
    /// When it happened there.
    pub occurred_at: DateTime<Utc>,
    /// Who did it there.
    pub actor: Actor,
    /// What it was.
    pub command: TicketCommand,
}

impl StoredAnswer for i64 {}

impl UseCase for ImportTicket {
    /// The version of the ticket after the last step.
    type Answer = i64;

    async fn decide(&self, work: &mut Work<'_>) -> Result<i64, CommandError> {
        if matches!(
            self.commands.first(),
            Some(ImportedCommand {
                command: TicketCommand::Open(_),
                ..
            })
        ) {
            work.create::<Ticket>(self.ticket_id.0);
        }
        for step in &self.commands {
            let ImportedCommand {
                occurred_at,
                actor,
                command,
            } = step.clone();
            let decided = work
                .try_issue_as::<Ticket>(self.ticket_id, command, occurred_at, actor)
                .await?;
            decided.map_err(Refusal::from)?;
        }
        Ok(work.version(self.ticket_id.0).get())
    }
}
