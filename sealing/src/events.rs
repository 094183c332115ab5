//! The boundary between the events of the domain and those of the log.
//!
//! Sealing happens after encoding and before the append, opening after the read and before decoding: the domain's events
//! stay plain, and the log keeps what was sealed, byte for byte.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::error::Error;

use domain::ids::UserId;
use domain::personal::{self, Owner, PersonalField};
use event_store::{NewEvent, OrgId, RecordedEvent};
use uuid::Uuid;

use crate::error::SealingError;
use crate::fields::{Lookup, Opened, open_object};
use crate::keyring::{Keyring, Known, Person, Place};
use crate::object::Object;
use crate::place::{Container, Kind};

/// Whose the personal fields of an event are. A field whose owner is nobody stays clear: the operator's words, an import's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owners {
    /// The person whom the stream is about.
    pub stream_subject: Option<UserId>,
    /// The person who acts.
    pub actor: Option<UserId>,
}

impl Owners {
    fn of(self, field: &PersonalField) -> Option<UserId> {
        match field.owner {
            Owner::StreamSubject => self.stream_subject,
            Owner::Actor => self.actor,
        }
    }
}

impl Keyring {
    /// Seals the personal fields of an event that is about to be appended.
    ///
    /// # Errors
    /// [`SealingError::Erased`] when an owner was erased; else when the keys cannot be reached.
    pub async fn seal_event(
        &self,
        place: Place,
        stream_id: Uuid,
        owners: Owners,
        event: &mut NewEvent,
    ) -> Result<(), SealingError> {
        let fields = personal::fields(&event.event_type);
        if fields.is_empty() {
            return Ok(());
        }
        let container = Container {
            kind: Kind::Event,
            org_id: place.org_id.0,
            ids: [stream_id, event.event_id],
        };
        let owner_of = |name: &str| named(fields, name).and_then(|field| owners.of(field));
        let sealed = self
            .seal_object(place.partition, &container, &event.data, owner_of)
            .await?;
        if let Some(sealed) = sealed {
            event.data = sealed;
        }
        Ok(())
    }

    /// Seals the source address in the metadata of a command's events for the person who acts.
    ///
    /// # Errors
    /// As [`Keyring::seal_event`].
    pub async fn seal_metadata(
        &self,
        place: Place,
        correlation_id: Uuid,
        actor: UserId,
        metadata: &str,
    ) -> Result<String, SealingError> {
        let container = Container {
            kind: Kind::Metadata,
            org_id: place.org_id.0,
            ids: [correlation_id, Uuid::nil()],
        };
        let owner_of = |name: &str| (name == "source_address").then_some(actor);
        let sealed = self
            .seal_object(place.partition, &container, metadata, owner_of)
            .await?;
        Ok(sealed.unwrap_or_else(|| metadata.to_owned()))
    }

    /// Opens the personal fields of events that were read together, of one partition. Those of people whose key is gone,
    /// or whose erasure is among these events, become their placeholders.
    ///
    /// # Errors
    /// When the keys cannot be reached. An event with a field that was changed stays sealed, so that decoding it fails.
    pub async fn open_page(&self, events: &mut [RecordedEvent]) -> Result<(), SealingError> {
        let Some(partition) = events.first().map(|event| event.partition) else {
            return Ok(());
        };
        let erased = erased_in(events);
        let mut waiting = Vec::new();
        let mut needed: HashSet<Person> = HashSet::new();
        for (index, event) in events.iter_mut().enumerate() {
            let org_id = event.org_id;
            let look_up = |subject| {
                if erased.contains(&(org_id, subject)) {
                    return Lookup::Gone;
                }
                let known = self.recent(&(org_id, subject));
                known.map_or(Lookup::Unknown, Into::into)
            };
            if let Some(subjects) = open(event, look_up) {
                waiting.push(index);
                needed.extend(subjects.into_iter().map(|subject| (org_id, subject)));
            }
        }
        if waiting.is_empty() {
            return Ok(());
        }
        let needed: Vec<Person> = needed.into_iter().collect();
        let found = self.find(partition, &needed).await?;
        let without_key = needed.iter().filter(|person| !found.contains_key(*person));
        metrics::counter!("insightdesk_sealing_keys_missing_total")
            .increment(without_key.count() as u64);
        for index in waiting {
            let event = &mut events[index];
            let org_id = event.org_id;
            open(event, |subject| {
                known_or_gone(&found, &erased, (org_id, subject))
            });
        }
        Ok(())
    }
}

/// The data of an event with placeholders in the place of everything sealed, for those who need no text and so no keys.
/// What is no JSON object is left to whoever decodes it.
#[must_use]
pub fn blanked(event: &RecordedEvent) -> Cow<'_, str> {
    match opened(event, |_| Lookup::Gone) {
        Ok(Opened::Text(text)) => Cow::Owned(text),
        Ok(Opened::Clear | Opened::Needs(_)) | Err(_) => Cow::Borrowed(&event.data),
    }
}

/// Puts placeholders in the place of everything personal of an event that is about to be appended: of a fact that is worth
/// keeping although the person whom it is about was erased.
///
/// # Errors
/// When the event is no JSON object.
pub fn blank(event: &mut NewEvent) -> Result<(), SealingError> {
    let fields = personal::fields(&event.event_type);
    let object: Object<'_> = serde_json::from_str(&event.data)?;
    let blank = |name: &str| named(fields, name).map(|field| field.placeholder.to_owned());
    let present = object.0.iter();
    let values: Vec<_> = present
        .map(|(name, raw)| blank(name).filter(|_| raw.get() != "null"))
        .collect();
    event.data = object.with(&values)?;
    Ok(())
}

/// A person without a key has none any more.
fn known_or_gone(
    found: &HashMap<Person, Known>,
    erased: &HashSet<Person>,
    person: Person,
) -> Lookup {
    if erased.contains(&person) {
        return Lookup::Gone;
    }
    found.get(&person).cloned().map_or(Lookup::Gone, Into::into)
}

/// Opens one event, or says whose keys that takes.
fn open(event: &mut RecordedEvent, look_up: impl Fn(UserId) -> Lookup) -> Option<Vec<UserId>> {
    match opened(event, look_up) {
        Ok(Opened::Clear) => None,
        Ok(Opened::Needs(subjects)) => Some(subjects),
        Ok(Opened::Text(text)) => {
            event.data = text;
            None
        }
        Err(error) => {
            let (partition, position) = (event.partition, event.position);
            tracing::error!(%partition, %position, error = &error as &dyn Error, "a sealed event cannot be opened");
            None
        }
    }
}

fn opened(
    event: &RecordedEvent,
    look_up: impl Fn(UserId) -> Lookup,
) -> Result<Opened, SealingError> {
    let fields = personal::fields(&event.event_type);
    if fields.is_empty() {
        return Ok(Opened::Clear);
    }
    let container = Container {
        kind: Kind::Event,
        org_id: event.org_id.0,
        ids: [event.stream_id, event.event_id],
    };
    let placeholder_of = |name: &str| named(fields, name).map(|field| field.placeholder);
    open_object(&container, &event.data, placeholder_of, look_up)
}

fn named<'a>(fields: &'a [PersonalField], name: &str) -> Option<&'a PersonalField> {
    fields.iter().find(|field| field.name == name)
}

/// The people whose erasure is among the events.
fn erased_in(events: &[RecordedEvent]) -> HashSet<(OrgId, UserId)> {
    let erased = events.iter().filter_map(|event| {
        let subject = personal::erased(&event.stream_type, &event.event_type, event.stream_id)?;
        Some((event.org_id, subject))
    });
    erased.collect()
}
