//! A message as its events tell it.

use crate::ids::{TicketId, UserId};
use crate::text::MessageBody;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Who can read a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// The requester and staff.
    Public,
    /// Staff only.
    Internal,
}

impl Visibility {
    /// The name on the wire and on the disk.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
        }
    }
}

/// The state of a message's stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Message {
    /// No event yet.
    #[default]
    Absent,
    /// It exists.
    Present(PresentMessage),
}

/// A message that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentMessage {
    /// The ticket it belongs to.
    pub ticket_id: TicketId,
    /// Who wrote it.
    pub author_id: UserId,
    /// Who can read it.
    pub visibility: Visibility,
    /// When it was written.
    pub posted_at: DateTime<Utc>,
    /// The words; none once redacted.
    pub body: Option<MessageBody>,
}
