//! Sealing and opening single fields of a JSON object.

use std::sync::Arc;

use domain::ids::UserId;
use event_store::Partition;
use serde_json::value::RawValue;

use crate::cipher::{Cipher, CipherError};
use crate::error::SealingError;
use crate::keyring::{Keyring, Known, Place};
use crate::object::{Envelope, Object};
use crate::place::Container;

/// What an opener finds out about a person's key.
pub(crate) enum Lookup {
    /// Here it is.
    Key(Arc<Cipher>),
    /// It is gone: the placeholder stands in the place of the text.
    Gone,
    /// It has to be read first.
    Unknown,
}

impl From<Known> for Lookup {
    fn from(known: Known) -> Self {
        match known {
            Known::Key(cipher) => Self::Key(cipher),
            Known::Erased => Self::Gone,
        }
    }
}

/// An object after opening.
pub(crate) enum Opened {
    /// Nothing of it was sealed.
    Clear,
    /// With its texts, or their placeholders.
    Text(String),
    /// These people's keys have to be read first.
    Needs(Vec<UserId>),
}

impl Keyring {
    /// The object with the fields sealed that have an owner; none when there are none.
    pub(crate) async fn seal_object(
        &self,
        partition: Partition,
        container: &Container,
        text: &str,
        owner_of: impl Fn(&str) -> Option<UserId>,
    ) -> Result<Option<String>, SealingError> {
        let object: Object<'_> = serde_json::from_str(text)?;
        let place = Place {
            partition,
            org_id: event_store::OrgId(container.org_id),
        };
        let mut values = vec![None; object.0.len()];
        for (value, (name, raw)) in values.iter_mut().zip(&object.0) {
            let Some(owner) = owner_of(name).filter(|_| raw.get() != "null") else {
                continue;
            };
            let cipher = self.key(place, owner).await?;
            *value = Some(seal_field(&cipher, container, owner, name, raw)?);
        }
        if values.iter().all(Option::is_none) {
            return Ok(None);
        }
        Ok(Some(object.with(&values)?))
    }
}

fn seal_field(
    cipher: &Cipher,
    container: &Container,
    owner: UserId,
    name: &str,
    raw: &RawValue,
) -> Result<String, SealingError> {
    let place = container.place(owner.0, name);
    let sealed = cipher.seal(raw.get().as_bytes(), &place);
    Ok(Envelope::write(
        &sealed.map_err(SealingError::Seal)?,
        owner.0,
    ))
}

/// The object with its sealed fields opened. Only fields with a placeholder are looked at.
pub(crate) fn open_object(
    container: &Container,
    text: &str,
    placeholder_of: impl Fn(&str) -> Option<&'static str>,
    look_up: impl Fn(UserId) -> Lookup,
) -> Result<Opened, SealingError> {
    let object: Object<'_> = serde_json::from_str(text)?;
    let mut values = vec![None; object.0.len()];
    let mut needs = Vec::new();
    for (value, (name, raw)) in values.iter_mut().zip(&object.0) {
        let Some(placeholder) = placeholder_of(name) else {
            continue;
        };
        let Some(envelope) = Envelope::read(raw) else {
            continue;
        };
        let owner = UserId(envelope.subject);
        match look_up(owner) {
            Lookup::Unknown => needs.push(owner),
            Lookup::Gone => *value = Some(placeholder.to_owned()),
            Lookup::Key(cipher) => {
                let opened = open_field(&cipher, container, name, &envelope)?;
                *value = Some(opened.unwrap_or_else(|| placeholder.to_owned()));
            }
        }
    }
    if !needs.is_empty() {
        return Ok(Opened::Needs(needs));
    }
    if values.iter().all(Option::is_none) {
        return Ok(Opened::Clear);
    }
    Ok(Opened::Text(object.with(&values)?))
}

/// The text of a sealed field; none when the key that sealed it is gone, as after a restore without the keys.
fn open_field(
    cipher: &Cipher,
    container: &Container,
    name: &str,
    envelope: &Envelope<'_>,
) -> Result<Option<String>, SealingError> {
    let place = container.place(envelope.subject, name);
    let bytes = envelope.bytes().ok_or(CipherError::Form);
    let opened = bytes.and_then(|bytes| cipher.open(&bytes, &place));
    let damaged = |source| SealingError::Field {
        field: name.to_owned(),
        subject: UserId(envelope.subject),
        source,
    };
    match opened {
        Ok(text) => match String::from_utf8(text.to_vec()) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err(damaged(CipherError::Form)),
        },
        Err(CipherError::OtherKey) => Ok(None),
        Err(source) => Err(damaged(source)),
    }
}
