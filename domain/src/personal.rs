//! Which fields of recorded events are personal data, and whose: text that identifies a person or that a person wrote.
//!
//! The log keeps these fields sealed with a key of their owner. Once the key is destroyed, the placeholder stands in
//! their place; it parses as the field's type, so that every event still reads back.
//!
//! A test holds this table against every shape ever written: a field of free text is listed here, or on the short list of
//! what is not personal.

use crate::message::state::Message;
use crate::security::state::Occurrence;
use crate::ticket::state::Ticket;
use crate::user::state::User;
use crate::{ids::UserId, user};
use uuid::Uuid;

/// What stands in the place of a text whose owner was erased.
pub const ERASED: &str = "(erased)";

/// What stands in the place of an address whose owner was erased. The domain can never receive mail (RFC 2606).
pub const ERASED_EMAIL: &str = "erased@erased.invalid";

/// The JSON form of [`ERASED`]; parses as a name, a subject, a body, a reason.
const TEXT: &str = r#""(erased)""#;
/// The JSON form of [`ERASED_EMAIL`].
const EMAIL: &str = r#""erased@erased.invalid""#;
/// Parses as the value of a custom field, of whichever kind it was.
const FIELD_VALUE: &str = r#"{"kind":"text","value":"(erased)"}"#;

/// Whose data a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The person whom the stream is about: the user, the ticket's requester, the message's author, whose account a security
    /// event concerns.
    StreamSubject,
    /// Who issued the command: what staff say about what they do.
    Actor,
}

/// A field of an event that is personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonalField {
    /// Its name in the event's JSON.
    pub name: &'static str,
    /// Whose data it is.
    pub owner: Owner,
    /// What stands in its place when the owner was erased, JSON text.
    pub placeholder: &'static str,
}

const fn of_subject(name: &'static str, placeholder: &'static str) -> PersonalField {
    PersonalField {
        name,
        owner: Owner::StreamSubject,
        placeholder,
    }
}

const REASON: [PersonalField; 1] = [PersonalField {
    name: "reason",
    owner: Owner::Actor,
    placeholder: TEXT,
}];

/// The personal fields of an event, in every version of its shape.
#[must_use]
pub fn fields(event_type: &str) -> &'static [PersonalField] {
    match event_type {
        "user.created" => const { &[of_subject("name", TEXT), of_subject("email", EMAIL)] },
        "user.renamed" | "ticket.subject_changed" => {
            const { &[of_subject("from", TEXT), of_subject("to", TEXT)] }
        }
        "user.email_changed" => const { &[of_subject("from", EMAIL), of_subject("to", EMAIL)] },
        "ticket.opened" => const { &[of_subject("subject", TEXT)] },
        "ticket.custom_field_set" => {
            const {
                &[
                    of_subject("from", FIELD_VALUE),
                    of_subject("to", FIELD_VALUE),
                ]
            }
        }
        "message.posted" | "message.edited" => const { &[of_subject("body", TEXT)] },
        "session.started" => const { &[of_subject("device", TEXT)] },
        "api_key.created" => const { &[of_subject("name", TEXT)] },
        "api_key.changed" => {
            const { &[of_subject("from_name", TEXT), of_subject("to_name", TEXT)] }
        }
        // Of a personal view; those of a team or the organization are about nobody.
        "view.created" | "view.changed" => {
            const { &[of_subject("name", TEXT), of_subject("query", TEXT)] }
        }
        "view.deleted" => const { &[of_subject("name", TEXT)] },
        "invitation.sent" => const { &[of_subject("email", EMAIL)] },
        "subject.erased" | "ticket.reopened" | "message.redacted" => &REASON,
        _ => &[],
    }
}

/// The person, if any, whose erasure an event tells.
#[must_use]
pub fn erased(stream_type: &str, event_type: &str, stream_id: Uuid) -> Option<UserId> {
    (stream_type == user::STREAM_TYPE && event_type == "subject.erased")
        .then_some(UserId(stream_id))
}

/// Whom a stream is about. The same from its first event on.
pub trait StreamSubject {
    /// The person, if the stream is about one. `id` is the stream's.
    fn stream_subject(&self, id: Uuid) -> Option<UserId>;
}

impl StreamSubject for User {
    fn stream_subject(&self, id: Uuid) -> Option<UserId> {
        Some(UserId(id))
    }
}

impl StreamSubject for Ticket {
    fn stream_subject(&self, _id: Uuid) -> Option<UserId> {
        match self {
            Self::Present(ticket) => Some(ticket.requester_id),
            Self::Absent => None,
        }
    }
}

impl StreamSubject for Message {
    fn stream_subject(&self, _id: Uuid) -> Option<UserId> {
        match self {
            Self::Present(message) => Some(message.author_id),
            Self::Absent => None,
        }
    }
}

impl StreamSubject for Occurrence {
    fn stream_subject(&self, _id: Uuid) -> Option<UserId> {
        match self {
            Self::Recorded { user_id } => Some(*user_id),
            Self::Absent => None,
        }
    }
}

/// Streams that are about nobody.
macro_rules! about_nobody {
    ($($state:ty),+) => {
        $(impl StreamSubject for $state {
            fn stream_subject(&self, _id: Uuid) -> Option<UserId> {
                None
            }
        })+
    };
}

about_nobody!(
    crate::organization::state::Organization,
    crate::team::state::Team,
    crate::company::state::Company,
    crate::company::state::DomainClaim,
    crate::calendar::state::BusinessCalendar,
    crate::service_levels::state::ServiceLevels,
    crate::user::state::EmailClaim,
    crate::view::state::ViewShelf
);
