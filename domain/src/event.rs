//! Events on the disk: the name, the schema version and the JSON of each, in one table an aggregate.
//!
//! A recorded shape is never rewritten. When an event changes in a way that its old JSON no longer fits, it gets the next
//! schema version, the old struct moves to `upcast/<event>_v<n>.rs` with a `From<Old> for New`, and its table names it:
//! `Opened(TicketOpened) = "ticket.opened" v 2 { 1: TicketOpenedV1 }`. Then `decode` lifts it; the golden files of the old
//! shape in `schema/events/` stay, and a test goes on reading them. A new field with `#[serde(default)]` needs none of that.

use thiserror::Error;

/// An event as it is written: its name, the version of its shape, and its JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// `noun.past_tense`.
    pub event_type: &'static str,
    /// Starts at 1; a changed shape gets the next number and the old one an upcaster.
    pub schema_version: i16,
    /// The JSON text of the event's fields.
    pub data: String,
}

/// Why a recorded event could not be read back.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// No aggregate knows this name and version. A newer program wrote it, or the log holds what never was ours.
    #[error(
        "unknown event {event_type} version {schema_version}; a newer version of this program may have written it"
    )]
    Unknown {
        /// The recorded name.
        event_type: String,
        /// The recorded version.
        schema_version: i16,
    },
    /// The JSON does not have the fields of its type.
    #[error("the data of a {event_type} event (version {schema_version}) does not fit its type")]
    Malformed {
        /// The recorded name.
        event_type: String,
        /// The recorded version.
        schema_version: i16,
        /// What the JSON reader said.
        source: serde_json::Error,
    },
}

/// Declares the events of one aggregate: an enum with one struct a variant, its names, versions and codec.
macro_rules! events {
    ($(#[$doc:meta])* $enum:ident { $($(#[$variant_doc:meta])* $variant:ident($payload:ty) = $name:literal v $version:literal $({ $($old_version:literal: $old:ty),+ })?,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $enum {
            $($(#[$variant_doc])* $variant($payload),)+
        }

        impl $enum {
            /// Every name with its current schema version.
            pub const TYPES: &'static [(&'static str, i16)] = &[$(($name, $version)),+];

            /// Every name with each schema version that is read but not written any more.
            pub const RETIRED: &'static [(&'static str, i16)] = &[$($($(($name, $old_version)),+,)?)+];

            /// The name on the disk.
            #[must_use]
            pub fn event_type(&self) -> &'static str {
                match self { $(Self::$variant(_) => $name,)+ }
            }

            /// The current shape's version.
            #[must_use]
            pub fn schema_version(&self) -> i16 {
                match self { $(Self::$variant(_) => $version,)+ }
            }

            /// The event as it is written.
            ///
            /// # Errors
            /// Never for the types of this crate: their maps have string keys and their numbers are finite.
            pub fn encode(&self) -> Result<$crate::event::Encoded, serde_json::Error> {
                let data = match self { $(Self::$variant(payload) => serde_json::to_string(payload)?,)+ };
                Ok($crate::event::Encoded {
                    event_type: self.event_type(),
                    schema_version: self.schema_version(),
                    data,
                })
            }

            /// Reads a recorded event back.
            ///
            /// # Errors
            /// When the name or version is not known, or the JSON does not fit.
            pub fn decode(event_type: &str, schema_version: i16, data: &str) -> Result<Self, $crate::event::DecodeError> {
                let malformed = |source| {
                    $crate::event::DecodeError::Malformed { event_type: event_type.to_owned(), schema_version, source }
                };
                match (event_type, schema_version) {
                    $(
                        ($name, $version) => serde_json::from_str(data).map(Self::$variant).map_err(malformed),
                        $($(($name, $old_version) => {
                            let old: $old = serde_json::from_str(data).map_err(malformed)?;
                            Ok(Self::$variant(old.into()))
                        })+)?
                    )+
                    _ => Err($crate::event::DecodeError::Unknown { event_type: event_type.to_owned(), schema_version }),
                }
            }
        }

        $(impl From<$payload> for $enum {
            fn from(payload: $payload) -> Self {
                Self::$variant(payload)
            }
        })+
    };
}
pub(crate) use events;

use crate::calendar::event::CalendarEvent;
use crate::company::event::{CompanyEvent, DomainClaimEvent};
use crate::message::event::MessageEvent;
use crate::organization::event::OrganizationEvent;
use crate::security::event::SecurityEvent;
use crate::service_levels::event::ServiceLevelsEvent;
use crate::team::event::TeamEvent;
use crate::ticket::event::TicketEvent;
use crate::user::event::{EmailClaimEvent, UserEvent};
use crate::view::event::{ViewEvent, ViewShelfEvent};

/// Any event of the log.
#[derive(Debug, Clone, PartialEq)]
pub enum DomainEvent {
    /// Of an organization's stream.
    Organization(OrganizationEvent),
    /// Of a user's stream.
    User(UserEvent),
    /// Of an e-mail address's stream.
    EmailClaim(EmailClaimEvent),
    /// Of a team's stream.
    Team(TeamEvent),
    /// Of a company's stream.
    Company(CompanyEvent),
    /// Of a mail domain's stream.
    DomainClaim(DomainClaimEvent),
    /// Of a calendar's stream.
    Calendar(CalendarEvent),
    /// Of the stream of an organization's service levels.
    ServiceLevels(ServiceLevelsEvent),
    /// Of a ticket's stream.
    Ticket(TicketEvent),
    /// Of a message's stream.
    Message(MessageEvent),
    /// Of the stream of something that happened to a person's ways in.
    Security(SecurityEvent),
    /// Of a view's stream.
    View(ViewEvent),
    /// Of the stream that says which views an owner has.
    ViewShelf(ViewShelfEvent),
}

impl DomainEvent {
    /// Reads a recorded event back by the type of its stream.
    ///
    /// # Errors
    /// When the stream type, name or version is not known, or the JSON does not fit.
    pub fn decode(
        stream_type: &str,
        event_type: &str,
        schema_version: i16,
        data: &str,
    ) -> Result<Self, DecodeError> {
        match stream_type {
            crate::organization::STREAM_TYPE => {
                OrganizationEvent::decode(event_type, schema_version, data).map(Self::Organization)
            }
            crate::user::STREAM_TYPE => {
                UserEvent::decode(event_type, schema_version, data).map(Self::User)
            }
            crate::user::EMAIL_CLAIM_STREAM_TYPE => {
                EmailClaimEvent::decode(event_type, schema_version, data).map(Self::EmailClaim)
            }
            crate::team::STREAM_TYPE => {
                TeamEvent::decode(event_type, schema_version, data).map(Self::Team)
            }
            crate::company::STREAM_TYPE => {
                CompanyEvent::decode(event_type, schema_version, data).map(Self::Company)
            }
            crate::company::DOMAIN_CLAIM_STREAM_TYPE => {
                DomainClaimEvent::decode(event_type, schema_version, data).map(Self::DomainClaim)
            }
            crate::calendar::STREAM_TYPE => {
                CalendarEvent::decode(event_type, schema_version, data).map(Self::Calendar)
            }
            crate::service_levels::STREAM_TYPE => {
                ServiceLevelsEvent::decode(event_type, schema_version, data)
                    .map(Self::ServiceLevels)
            }
            crate::ticket::STREAM_TYPE => {
                TicketEvent::decode(event_type, schema_version, data).map(Self::Ticket)
            }
            crate::message::STREAM_TYPE => {
                MessageEvent::decode(event_type, schema_version, data).map(Self::Message)
            }
            crate::security::STREAM_TYPE => {
                SecurityEvent::decode(event_type, schema_version, data).map(Self::Security)
            }
            crate::view::STREAM_TYPE => {
                ViewEvent::decode(event_type, schema_version, data).map(Self::View)
            }
            crate::view::SHELF_STREAM_TYPE => {
                ViewShelfEvent::decode(event_type, schema_version, data).map(Self::ViewShelf)
            }
            _ => Err(DecodeError::Unknown {
                event_type: event_type.to_owned(),
                schema_version,
            }),
        }
    }

    /// The event in its newest shape, whichever it was recorded in.
    ///
    /// # Errors
    /// Never for the types of this crate: their maps have string keys and their numbers are finite.
    pub fn encode(&self) -> Result<Encoded, serde_json::Error> {
        match self {
            Self::Organization(event) => event.encode(),
            Self::User(event) => event.encode(),
            Self::EmailClaim(event) => event.encode(),
            Self::Team(event) => event.encode(),
            Self::Company(event) => event.encode(),
            Self::DomainClaim(event) => event.encode(),
            Self::Calendar(event) => event.encode(),
            Self::ServiceLevels(event) => event.encode(),
            Self::Ticket(event) => event.encode(),
            Self::Message(event) => event.encode(),
            Self::Security(event) => event.encode(),
            Self::View(event) => event.encode(),
            Self::ViewShelf(event) => event.encode(),
        }
    }
}
