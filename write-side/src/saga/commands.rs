//! Due timers and changed rules as commands of the dispatcher.

use super::recompute::{Reapplied, TouchedTicket};
use super::timer::{Outcome, Timer, TimerCommands, TimerKind};
use crate::dispatch::{
    CommandContext, CommandError, Dispatcher, Refusal, StoredAnswer, UseCase, Work,
};
use async_trait::async_trait;
use domain::actor::Actor;
use domain::ids::TicketId;
use domain::organization::state::Standing;
use domain::ticket::command::TicketCommand;
use domain::ticket::error::TicketError;
use domain::ticket::state::Ticket;
use serde::{Deserialize, Serialize};

#[async_trait]
impl TimerCommands for Dispatcher {
    async fn fire(&self, timer: &Timer) -> Outcome {
        let context = CommandContext {
            correlation_id: Some(timer.correlation_id),
            causation_id: Some(timer.set_by_event),
            ..CommandContext::new(timer.organization_id, Actor::Timer)
        };
        let command = FireTimer {
            ticket_id: timer.ticket_id,
            command: command_of(timer),
        };
        match self.dispatch(context, command).await {
            Ok(done) => match done.answer {
                Answer::Recorded => Outcome::Recorded,
                Answer::Stale => Outcome::Stale,
                Answer::Early => Outcome::Early,
            },
            Err(
                error @ (CommandError::Refused(_)
                | CommandError::TooLarge(_)
                | CommandError::Internal(_)),
            ) => Outcome::Refused(Box::new(error)),
            Err(error) => Outcome::Unavailable(Box::new(error)),
        }
    }

    async fn reapply(&self, ticket: &TouchedTicket) -> Reapplied {
        let context = CommandContext {
            correlation_id: Some(ticket.correlation_id),
            causation_id: Some(ticket.cause_event),
            ..CommandContext::new(ticket.organization_id, Actor::Timer)
        };
        let command = ReapplySla {
            ticket_id: ticket.ticket_id,
        };
        match self.dispatch(context, command).await {
            Ok(done) => match done.answer {
                Measured::Changed => Reapplied::Changed,
                Measured::Unchanged => Reapplied::Unchanged,
                Measured::Suspended => Reapplied::Suspended,
                Measured::Deleted => Reapplied::Deleted,
            },
            Err(
                error @ (CommandError::Refused(_)
                | CommandError::TooLarge(_)
                | CommandError::Internal(_)),
            ) => Reapplied::Refused(Box::new(error)),
            Err(error) => Reapplied::Unavailable(Box::new(error)),
        }
    }
}

fn command_of(timer: &Timer) -> TicketCommand {
    let due_at = timer.due_at;
    match timer.kind {
        TimerKind::Deadline(metric) => TicketCommand::Breach { metric, due_at },
        TimerKind::AutoClose => TicketCommand::AutoClose { due_at },
        TimerKind::Reminder => TicketCommand::Remind { due_at },
    }
}

/// Issues a timer's command. That the timer is void or early is an answer, not a refusal.
struct FireTimer {
    ticket_id: TicketId,
    command: TicketCommand,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Answer {
    Recorded,
    Stale,
    Early,
}

impl StoredAnswer for Answer {}

impl UseCase for FireTimer {
    type Answer = Answer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Answer, CommandError> {
        work.address(self.ticket_id.0);
        match work
            .try_issue::<Ticket>(self.ticket_id, self.command.clone())
            .await?
        {
            Ok(()) => Ok(Answer::Recorded),
            Err(TicketError::TimerStale) => Ok(Answer::Stale),
            Err(TicketError::TimerEarly { .. }) => Ok(Answer::Early),
            Err(refused) => Err(Refusal::from(refused).into()),
        }
    }
}

/// Measures a ticket by the rules that hold now. That nothing changes is confirmed by the log before it is answered.
struct ReapplySla {
    ticket_id: TicketId,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum Measured {
    Changed,
    Unchanged,
    Suspended,
    Deleted,
}

impl StoredAnswer for Measured {}

impl UseCase for ReapplySla {
    type Answer = Measured;

    async fn decide(&self, work: &mut Work<'_>) -> Result<Measured, CommandError> {
        match work.standing() {
            Standing::Active => {}
            Standing::Suspended => return Ok(Measured::Suspended),
            Standing::Deleted => return Ok(Measured::Deleted),
        }
        work.address(self.ticket_id.0);
        work.state::<Ticket>(self.ticket_id.0).await?;
        let before = work.version(self.ticket_id.0);
        work.issue::<Ticket>(self.ticket_id, TicketCommand::ReapplySla)
            .await?;
        let is_changed = work.version(self.ticket_id.0) != before;
        Ok(if is_changed {
            Measured::Changed
        } else {
            Measured::Unchanged
        })
    }
}
