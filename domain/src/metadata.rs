//! What is recorded beside every event: who, why, and through which request.

use crate::actor::Actor;
use crate::ids::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The address of a person's machine, as it is recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SourceAddress {
    /// In words: of events that were recorded before addresses were sealed, and before sealing.
    Clear(String),
    /// Sealed with the key of the person who acted.
    Sealed {
        /// The sealed form.
        sealed: String,
        /// The person.
        subject: UserId,
    },
}

/// The envelope of an event. Secrets never enter it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    /// Who issued the command.
    pub actor: Actor,
    /// The same for everything that followed from one first command.
    pub correlation_id: Uuid,
    /// The event that made this command happen (a timer's, for example), if one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causation_id: Option<Uuid>,
    /// The key that the client sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// The HTTP request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The address of the person's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_address: Option<SourceAddress>,
}
