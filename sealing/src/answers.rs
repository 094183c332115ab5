//! Stored answers of commands: their personal fields are sealed like those of events, so that an erasure takes them too.

use domain::ids::UserId;
use uuid::Uuid;

use crate::error::SealingError;
use crate::fields::{Lookup, Opened, open_object};
use crate::keyring::{Keyring, Place};
use crate::object::Object;
use crate::place::{Container, Kind};

/// A part of an answer with personal fields of one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerPart {
    /// The top-level field that holds the part; the answer itself when absent.
    pub within: Option<&'static str>,
    /// Its personal fields, each with what stands in its place without a key, JSON text.
    pub fields: &'static [(&'static str, &'static str)],
}

impl Keyring {
    /// Seals the parts of an answer, each for its owner. Of an owner who was erased the placeholders are kept.
    ///
    /// # Errors
    /// When the keys cannot be reached.
    pub async fn seal_answer(
        &self,
        place: Place,
        request_hash: &[u8; 32],
        answer: String,
        parts: &[(AnswerPart, UserId)],
    ) -> Result<String, SealingError> {
        let container = container(place, request_hash);
        let mut answer = answer;
        for (part, owner) in parts {
            let owner_of = |name: &str| placeholder(part, name).map(|_| *owner);
            let text = part_of(&answer, part)?;
            let sealed = self
                .seal_object(place.partition, &container, &text, owner_of)
                .await;
            let sealed = match sealed {
                Err(SealingError::Erased(_)) => Some(blanked(&text, part)?),
                sealed => sealed?,
            };
            if let Some(sealed) = sealed {
                answer = with_part(&answer, part, sealed)?;
            }
        }
        Ok(answer)
    }

    /// Opens the parts of a stored answer. What an erased person wrote is replaced.
    ///
    /// # Errors
    /// When the keys cannot be reached, or a sealed field was changed.
    pub async fn open_answer(
        &self,
        place: Place,
        request_hash: &[u8; 32],
        answer: String,
        parts: &[AnswerPart],
    ) -> Result<String, SealingError> {
        let container = container(place, request_hash);
        let mut answer = answer;
        for part in parts {
            let text = part_of(&answer, part)?;
            let placeholder_of = |name: &str| placeholder(part, name);
            let needs = open_object(&container, &text, placeholder_of, |_| Lookup::Unknown)?;
            let Opened::Needs(subjects) = needs else {
                continue;
            };
            let people: Vec<_> = subjects.iter().map(|who| (place.org_id, *who)).collect();
            let found = self.find(place.partition, &people).await?;
            let look_up = |who| {
                let known = found.get(&(place.org_id, who)).cloned();
                known.map_or(Lookup::Gone, Into::into)
            };
            if let Opened::Text(opened) = open_object(&container, &text, placeholder_of, look_up)? {
                answer = with_part(&answer, part, opened)?;
            }
        }
        Ok(answer)
    }
}

fn container(place: Place, request_hash: &[u8; 32]) -> Container {
    let mut ids = [Uuid::nil(); 2];
    for (id, half) in ids.iter_mut().zip(request_hash.as_chunks::<16>().0) {
        *id = Uuid::from_bytes(*half);
    }
    Container {
        kind: Kind::Answer,
        org_id: place.org_id.0,
        ids,
    }
}

fn blanked(text: &str, part: &AnswerPart) -> Result<String, SealingError> {
    let object: Object<'_> = serde_json::from_str(text)?;
    let values = object.0.iter().map(|(name, raw)| {
        let placeholder = placeholder(part, name).filter(|_| raw.get() != "null");
        placeholder.map(str::to_owned)
    });
    let values: Vec<Option<String>> = values.collect();
    Ok(object.with(&values)?)
}

fn placeholder(part: &AnswerPart, name: &str) -> Option<&'static str> {
    let field = part.fields.iter().find(|(field, _)| *field == name)?;
    Some(field.1)
}

fn part_of(answer: &str, part: &AnswerPart) -> Result<String, SealingError> {
    let Some(within) = part.within else {
        return Ok(answer.to_owned());
    };
    let object: Object<'_> = serde_json::from_str(answer)?;
    let found = object.0.iter().find(|(name, _)| name == within);
    // An answer of an older program may lack a part: there is nothing to seal in an empty one.
    Ok(found.map_or_else(|| "{}".to_owned(), |(_, raw)| raw.get().to_owned()))
}

fn with_part(answer: &str, part: &AnswerPart, text: String) -> Result<String, SealingError> {
    let Some(within) = part.within else {
        return Ok(text);
    };
    let object: Object<'_> = serde_json::from_str(answer)?;
    let replaced = object
        .0
        .iter()
        .map(|(name, _)| (name == within).then(|| text.clone()));
    let values: Vec<Option<String>> = replaced.collect();
    Ok(object.with(&values)?)
}
