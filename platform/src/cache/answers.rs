//! Answers of many rows, kept in Valkey for the other servers that are asked the same.
//!
//! An answer lies under its question with the [`Moment`] in which it was made, and is an answer in that moment alone: the
//! generation is part of the key, as that of a row is, and the position is compared. Whoever learns of an event looks for
//! another, so nothing that was lost or is late makes an answer wrong.

use std::time::Duration;

use event_store::{OrgId, Partition};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Cache, Entry, PutError, entry_json};
use crate::freshness::Moment;
use crate::valkey::ValkeyError;

/// How long an answer lies there: it holds names.
pub const ANSWER_LIFETIME: Duration = Duration::from_secs(60);
/// A longer answer is not put: it would take the place of many rows.
pub const ANSWER_MAX_BYTES: usize = 256 * 1024;

/// A question, and when it is asked.
#[derive(Debug, Clone)]
pub struct Asked {
    key: String,
    partition: Partition,
    now: Moment,
}

impl Asked {
    /// A question of this kind about an organization. `question` is all that decides the answer, who asks included; `kind` also
    /// says which programs understand it.
    #[must_use]
    pub fn new(partition: Partition, org: OrgId, kind: &str, question: &str, now: Moment) -> Self {
        let digest = blake3::hash(question.as_bytes()).to_hex();
        let generation = now.generation;
        Self {
            key: schema::key::answer(generation, partition.get(), org.0, kind, digest),
            partition,
            now,
        }
    }
}

impl Cache {
    /// The answer that was made to this question in this very moment, if the cache has it.
    ///
    /// # Errors
    /// When Valkey is away or slow: it is then not waited for once more.
    pub async fn answer<T: DeserializeOwned>(
        &self,
        asked: &Asked,
    ) -> Result<Option<T>, ValkeyError> {
        let Some(text) = self.valkey.get(&asked.key).await? else {
            return Ok(None);
        };
        // What cannot be read is none: the next one to be put replaces it.
        let entry = serde_json::from_slice::<Entry<T>>(&text).ok();
        let of_now = entry.filter(|entry| entry.position == asked.now.rested_at.get());
        Ok(of_now.map(|entry| entry.row))
    }

    /// Puts an answer that was made in the moment of the question, unless one of a later moment is there or it is too long.
    ///
    /// # Errors
    /// When the generation is closed, or Valkey away or slow; the answer may be there all the same.
    pub async fn put_answer<T: Serialize>(
        &self,
        asked: &Asked,
        answer: &T,
    ) -> Result<(), PutError> {
        let position = asked.now.rested_at.get();
        let text = entry_json(position, answer);
        if text.len() > ANSWER_MAX_BYTES {
            return Ok(());
        }
        let entries = [(asked.key.clone(), position, text)];
        let (generation, partition) = (asked.now.generation, asked.partition);
        self.put_entries(generation, partition, entries, ANSWER_LIFETIME)
            .await
    }
}
