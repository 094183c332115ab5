//! Events of a message's stream.

use super::state::Visibility;
use crate::actor::Role;
use crate::event::events;
use crate::ids::{TicketId, UserId};
use crate::text::{MessageBody, Reason};
use serde::{Deserialize, Serialize};

events! {
    /// What happened to a message.
    MessageEvent {
        /// It was written.
        Posted(MessagePosted) = "message.posted" v 1,
        /// Its author wrote it anew.
        Edited(MessageEdited) = "message.edited" v 1,
        /// Its text was taken out of every view.
        Redacted(MessageRedacted) = "message.redacted" v 1,
    }
}

/// A message was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagePosted {
    /// The ticket it belongs to.
    pub ticket_id: TicketId,
    /// Who wrote it.
    pub author_id: UserId,
    /// In which role.
    pub author_role: Role,
    /// Who can read it.
    pub visibility: Visibility,
    /// The words.
    pub body: MessageBody,
}

/// The author wrote it anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageEdited {
    /// The words from now on.
    pub body: MessageBody,
}

/// The text was taken out of every view. The fact that there was a message stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRedacted {
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}
