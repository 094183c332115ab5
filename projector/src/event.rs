//! An event of the log, read into its type.

use chrono::{DateTime, Utc};
use domain::actor::Actor;
use domain::event::{DecodeError, DomainEvent};
use domain::ids::OrganizationId;
use domain::metadata::{Metadata, SourceAddress};
use event_store::RecordedEvent;
use platform::rows::Moment;
use sealing::{Keyring, SealingError};
use uuid::Uuid;

use crate::fold::audit;

/// What the projections see of an event.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its place in the partition.
    pub position: i64,
    /// The organization it belongs to.
    pub org_id: OrganizationId,
    /// The aggregate.
    pub stream_id: Uuid,
    /// Its place in the stream.
    pub version: i64,
    /// Its own id.
    pub event_id: Uuid,
    /// `noun.past_tense`.
    pub event_type: String,
    /// Business time.
    pub occurred_at: DateTime<Utc>,
    /// When the log took it.
    pub recorded_at: DateTime<Utc>,
    /// Who made it happen.
    pub actor: Actor,
    /// From where, if it is known and a projection shows it.
    pub source_address: Option<String>,
    /// What happened.
    pub body: DomainEvent,
}

/// Why an event could not be read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableEvent {
    /// Its name, version or data is not known.
    #[error("{0}")]
    Data(#[from] DecodeError),
    /// Its metadata does not fit.
    #[error("the metadata does not fit its type: {0}")]
    Metadata(#[from] serde_json::Error),
}

impl Event {
    /// Reads a recorded event.
    ///
    /// # Errors
    /// When a newer program wrote it, or its JSON does not fit.
    pub fn read(recorded: &RecordedEvent) -> Result<Self, UnreadableEvent> {
        let body = DomainEvent::decode(
            &recorded.stream_type,
            &recorded.event_type,
            recorded.schema_version,
            &recorded.data,
        )?;
        let metadata: Metadata = serde_json::from_str(&recorded.metadata)?;
        Ok(Self {
            position: recorded.position.get(),
            org_id: OrganizationId(recorded.org_id.0),
            stream_id: recorded.stream_id,
            version: recorded.version.get(),
            event_id: recorded.event_id,
            event_type: recorded.event_type.clone(),
            occurred_at: recorded.occurred_at,
            recorded_at: recorded.recorded_at,
            actor: metadata.actor,
            source_address: match metadata.source_address {
                Some(SourceAddress::Clear(address)) => Some(address),
                // Not opened: no projection shows it.
                Some(SourceAddress::Sealed { .. }) | None => None,
            },
            body,
        })
    }
}

impl Event {
    /// Where and when it stands, for the rows that follow it.
    #[must_use]
    pub(crate) fn moment(&self) -> Moment {
        Moment {
            org_id: self.org_id,
            version: self.version,
            position: self.position,
            occurred_at: self.occurred_at,
        }
    }
}

/// Opens what the projections show of events that were read together.
///
/// # Errors
/// As [`Keyring::open_page`].
pub(crate) async fn open(keys: &Keyring, events: &mut [RecordedEvent]) -> Result<(), SealingError> {
    keys.open_page(events).await?;
    keys.open_addresses(events, audit::may_be_audited).await
}
