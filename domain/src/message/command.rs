//! What may be asked of a message.

use super::state::Visibility;
use crate::ids::TicketId;
use crate::text::{MessageBody, Reason};

/// A command to a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageCommand {
    /// Write it. The ticket has agreed in the same transaction.
    Post {
        /// The ticket.
        ticket_id: TicketId,
        /// Who can read it.
        visibility: Visibility,
        /// The words.
        body: MessageBody,
    },
    /// Write it anew. Only its author may, within the organization's edit window.
    Edit {
        /// The new words.
        body: MessageBody,
    },
    /// Take the text out of every view. Only staff may. A second time is no error and no event.
    Redact {
        /// Why.
        reason: Option<Reason>,
    },
}
