//! An event as it was read, and as a caller gets it.

use chrono::{DateTime, Utc};
use domain::actor::Actor;
use domain::event::DomainEvent;
use domain::metadata::Metadata;
use domain::ticket::event::TicketEvent;
use domain::view::definition::ViewOwner;
use event_store::{Position, RecordedEvent};
use serde_json::Value;
use uuid::Uuid;

use super::facts::{MessageFact, TicketFact};
use crate::error::ReadError;

/// An event of the feed.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEvent {
    /// Where it stands in the partition of its organization.
    pub position: Position,
    /// Its own id.
    pub event_id: Uuid,
    /// `noun.past_tense`.
    pub event_type: &'static str,
    /// The newest version of its shape.
    pub schema_version: i16,
    /// Business time.
    pub occurred_at: DateTime<Utc>,
    /// When the log took it.
    pub recorded_at: DateTime<Utc>,
    /// Who made it happen.
    pub actor: Actor,
    /// The ticket that it belongs to.
    pub ticket_id: Option<Uuid>,
    /// What it happened to: the type of the stream,
    pub stream_type: String,
    /// its id,
    pub stream_id: Uuid,
    /// and the version that the event gave it.
    pub version: i64,
    /// The same for everything that followed from one first command. Staff only.
    pub correlation_id: Option<Uuid>,
    /// The event that led to the command, if one did. Staff only.
    pub causation_id: Option<Uuid>,
    /// What happened in detail.
    pub data: Value,
}

/// An event as it was read, whoever asks.
#[derive(Debug)]
pub(super) struct ReadEvent {
    pub(super) position: Position,
    pub(super) body: DomainEvent,
    pub(super) metadata: Metadata,
    /// In its newest shape.
    pub(super) data: Value,
    event_type: &'static str,
    schema_version: i16,
    recorded: Envelope,
    pub(super) ticket: Option<TicketFact>,
    pub(super) message: Option<MessageFact>,
    /// Whose the view is that it is about.
    pub(super) view: Option<ViewOwner>,
}

#[derive(Debug)]
struct Envelope {
    event_id: Uuid,
    stream_type: String,
    stream_id: Uuid,
    version: i64,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
}

impl ReadEvent {
    /// Reads an event whose sealed fields were opened.
    ///
    /// # Errors
    /// [`ReadError::Broken`] when a newer program wrote it, or its JSON does not fit: nobody passes it over.
    pub(super) fn of(recorded: RecordedEvent) -> Result<Self, ReadError> {
        let broken = |error: serde_json::Error| ReadError::Broken(Box::new(error));
        let body = DomainEvent::decode(
            &recorded.stream_type,
            &recorded.event_type,
            recorded.schema_version,
            &recorded.data,
        );
        let body = body.map_err(|error| ReadError::Broken(Box::new(error)))?;
        let encoded = body.encode().map_err(broken)?;
        Ok(Self {
            position: recorded.position,
            metadata: serde_json::from_str(&recorded.metadata).map_err(broken)?,
            data: serde_json::from_str(&encoded.data).map_err(broken)?,
            body,
            event_type: encoded.event_type,
            schema_version: encoded.schema_version,
            recorded: Envelope {
                event_id: recorded.event_id,
                stream_type: recorded.stream_type,
                stream_id: recorded.stream_id,
                version: recorded.version.get(),
                occurred_at: recorded.occurred_at,
                recorded_at: recorded.recorded_at,
            },
            ticket: None,
            message: None,
            view: None,
        })
    }

    pub(super) fn stream_id(&self) -> Uuid {
        self.recorded.stream_id
    }

    /// The version that it gave to its stream.
    pub(super) fn version(&self) -> i64 {
        self.recorded.version
    }

    /// Who made it happen. A missed deadline may be recorded with whatever command came first: its actor did not miss it.
    fn actor(&self) -> Actor {
        match &self.body {
            DomainEvent::Ticket(TicketEvent::SlaBreached(_)) => Actor::Timer,
            _ => self.metadata.actor.clone(),
        }
    }

    /// The event as somebody gets it, with what is left of its data for them.
    pub(super) fn told(&self, data: Value, staff: bool) -> FeedEvent {
        let envelope = &self.recorded;
        FeedEvent {
            position: self.position,
            event_id: envelope.event_id,
            event_type: self.event_type,
            schema_version: self.schema_version,
            occurred_at: envelope.occurred_at,
            recorded_at: envelope.recorded_at,
            actor: self.actor(),
            ticket_id: self.ticket.map(|ticket| ticket.id.0),
            stream_type: envelope.stream_type.clone(),
            stream_id: envelope.stream_id,
            version: envelope.version,
            correlation_id: staff.then_some(self.metadata.correlation_id),
            causation_id: self.metadata.causation_id.filter(|_| staff),
            data,
        }
    }

    pub(super) fn event_type(&self) -> &'static str {
        self.event_type
    }
}

/// The fields of a public event that customers get. A field that is added to an event is hidden from them until it is named
/// here.
pub(super) fn customer_fields(event_type: &str) -> &'static [&'static str] {
    match event_type {
        "ticket.opened" => &[
            "subject",
            "requester_id",
            "priority",
            "channel",
            "message_id",
            "follow_up_of",
        ],
        "ticket.customer_replied" => &["message_id"],
        "ticket.agent_replied" => &["message_id", "machine"],
        "ticket.priority_changed" | "ticket.subject_changed" => &["from", "to"],
        "ticket.status_changed" | "ticket.reopened" => &["from", "to", "cause"],
        "ticket.resolved" => &["from", "cause", "auto_close_at"],
        "ticket.closed" => &["from", "cause"],
        "ticket.reminded" => &["number", "due_at"],
        "ticket.follow_up_opened" => &["follow_up_id"],
        "message.posted" => &[
            "ticket_id",
            "author_id",
            "author_role",
            "visibility",
            "body",
        ],
        "message.edited" => &["body"],
        _ => &[],
    }
}
