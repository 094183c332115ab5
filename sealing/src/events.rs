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
use serde::Deserialize;
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
        let container = metadata_container(place.org_id.0, correlation_id);
        let owner_of = |name: &str| (name == ADDRESS).then_some(actor);
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
        self.open_all(events, |event, look_up| {
            opened(event, look_up).map(|opened| put(opened, &mut event.data))
        })
        .await
    }

    /// Opens the source addresses in the metadata of those events that `are_shown`. Those of people whose key is gone are
    /// taken out.
    ///
    /// # Errors
    /// As [`Keyring::open_page`].
    pub async fn open_addresses(
        &self,
        events: &mut [RecordedEvent],
        are_shown: impl Fn(&RecordedEvent) -> bool + Sync,
    ) -> Result<(), SealingError> {
        self.open_all(events, |event, look_up| {
            if !are_shown(event) || !event.metadata.contains(ADDRESS) {
                return Ok(None);
            }
            opened_metadata(event, look_up).map(|opened| put(opened, &mut event.metadata))
        })
        .await
    }

    /// Opens events of one partition: first with the keys that are known, then with those that this takes.
    async fn open_all(
        &self,
        events: &mut [RecordedEvent],
        open: impl Fn(
            &mut RecordedEvent,
            &dyn Fn(UserId) -> Lookup,
        ) -> Result<Option<Vec<UserId>>, SealingError>
        + Sync,
    ) -> Result<(), SealingError> {
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
            if let Some(subjects) = told(open(event, &look_up), event) {
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
            let look_up = |subject| known_or_gone(&found, &erased, (org_id, subject));
            let opened = open(event, &look_up);
            told(opened, event);
        }
        Ok(())
    }
}

/// The field of the metadata that is sealed.
const ADDRESS: &str = "source_address";

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

/// Puts an opened text in the place of the sealed one, or says whose keys it takes.
fn put(opened: Opened, text: &mut String) -> Option<Vec<UserId>> {
    match opened {
        Opened::Clear => None,
        Opened::Needs(subjects) => Some(subjects),
        Opened::Text(clear) => {
            *text = clear;
            None
        }
    }
}

/// Says in the log what could not be opened. It stays sealed.
fn told(
    opened: Result<Option<Vec<UserId>>, SealingError>,
    event: &RecordedEvent,
) -> Option<Vec<UserId>> {
    opened.unwrap_or_else(|error| {
        let (partition, position) = (event.partition, event.position);
        tracing::error!(%partition, %position, error = &error as &dyn Error, "a sealed event cannot be opened");
        None
    })
}

/// What places the sealed address of a command's events.
#[derive(Deserialize)]
struct Correlated {
    correlation_id: Uuid,
}

fn opened_metadata(
    event: &RecordedEvent,
    look_up: impl Fn(UserId) -> Lookup,
) -> Result<Opened, SealingError> {
    let Correlated { correlation_id } = serde_json::from_str(&event.metadata)?;
    let container = metadata_container(event.org_id.0, correlation_id);
    let placeholder_of = |name: &str| (name == ADDRESS).then_some("null");
    open_object(&container, &event.metadata, placeholder_of, look_up)
}

fn metadata_container(org_id: Uuid, correlation_id: Uuid) -> Container {
    Container {
        kind: Kind::Metadata,
        org_id,
        ids: [correlation_id, Uuid::nil()],
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
