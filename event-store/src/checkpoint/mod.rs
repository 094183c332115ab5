//! Signed checkpoints: where every partition stood at a time, in a small file that is kept away from the database.
//!
//! The chain alone cannot show that somebody with power over the database rewrote the end of the log together with its
//! hashes. A checkpoint can: its hash stands for every event before it, and its signature for the checkpoint.
//!
//! # The file
//! One JSON object. Hashes and keys are lower-case hexadecimal.
//!
//! | field | value |
//! |---|---|
//! | `format` | `insightdesk.checkpoint.v1` |
//! | `taken_at` | RFC 3339, UTC, microseconds |
//! | `public_key` | 32 bytes: the Ed25519 key that checks the signatures |
//! | `partitions` | ascending by `partition`, each `partition`, `position`, `hash` (32 bytes) and `signature` (64 bytes) |
//!
//! Each signature is Ed25519 (RFC 8032) over this concatenation, integers most significant byte first:
//!
//! | # | field | bytes |
//! |---|---|---|
//! | 1 | domain tag | the 25 ASCII bytes `insightdesk.checkpoint.v1` |
//! | 2 | taken_at | signed 64 bit: microseconds since 1970-01-01T00:00:00Z |
//! | 3 | number of partitions in the file | unsigned 32 bit, so that none can be left out |
//! | 4 | partition | signed 16 bit |
//! | 5 | position | signed 64 bit |
//! | 6 | hash | 32 bytes: of the event at `position`, see [`crate::chain`]; zeros at position 0 |

mod file;
mod key;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::error::ReadError;
use crate::ids::Partition;
use crate::mark::Mark;
use crate::store::EventStore;
pub use file::CheckpointError;
pub use key::{InvalidKey, PublicKey, SigningKey};

/// Where every partition stood at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// When it was taken, by the clock of who took it.
    pub taken_at: DateTime<Utc>,
    /// The head of each partition.
    pub marks: BTreeMap<Partition, Mark>,
}

impl Checkpoint {
    /// Takes the heads of the log as they are. Whether what is before them is right says [`crate::verify`].
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn take(store: &EventStore, now: DateTime<Utc>) -> Result<Self, ReadError> {
        let mut marks = BTreeMap::new();
        for partition in store.partitions().await? {
            marks.insert(partition, store.head_mark(partition).await?);
        }
        Ok(Self {
            taken_at: now,
            marks,
        })
    }

    /// The text of the file.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        file::write(self, key)
    }

    /// Reads a file and checks every signature.
    ///
    /// # Errors
    /// When the text is not a whole checkpoint, or the key did not sign it.
    pub fn read(text: &str, key: &PublicKey) -> Result<Self, CheckpointError> {
        file::read(text, key)
    }
}
