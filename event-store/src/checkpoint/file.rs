//! The file of a checkpoint: written, read, and its signatures checked.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use ed25519_dalek::Signature;
use serde::{Deserialize, Serialize};

use super::{Checkpoint, PublicKey, SigningKey};
use crate::ids::{InvalidId, Partition, Position};
use crate::mark::Mark;

/// Names the file's form, and separates these signatures from every other use of the key.
const FORMAT: &str = "insightdesk.checkpoint.v1";

/// Why a file is not a checkpoint that can be trusted.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It is cut off, or never was one.
    #[error("this is not a whole checkpoint")]
    Form(#[from] serde_json::Error),
    /// It is of another form than this program writes.
    #[error("this is a checkpoint of the form {0:?}, not {FORMAT}")]
    Format(String),
    /// A number is none of the log.
    #[error("the checkpoint names what cannot be in a log")]
    Number(#[from] InvalidId),
    /// Something is not in hexadecimal digits of the right length.
    #[error("the hash or signature of partition {0} is not one")]
    Digits(Partition),
    /// The partitions are not in ascending order.
    #[error("partition {0} is there twice, or out of order")]
    Order(Partition),
    /// It was changed, or another key signed it.
    #[error(
        "the signature of partition {0} is not of this key: the file was changed, or signed by another key"
    )]
    Signature(Partition),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    taken_at: String,
    public_key: String,
    partitions: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    partition: i16,
    position: i64,
    hash: String,
    signature: String,
}

pub(super) fn write(checkpoint: &Checkpoint, key: &SigningKey) -> String {
    let partitions = checkpoint.marks.iter().map(|(partition, mark)| Entry {
        partition: partition.get(),
        position: mark.position.get(),
        hash: blake3::Hash::from_bytes(mark.hash).to_string(),
        signature: format!("{:x}", key.sign(&message(checkpoint, *partition, mark))),
    });
    let file = File {
        format: FORMAT.to_owned(),
        taken_at: checkpoint
            .taken_at
            .to_rfc3339_opts(SecondsFormat::Micros, true),
        public_key: key.public_key().to_string(),
        partitions: partitions.collect(),
    };
    // Strings and numbers always have a JSON form.
    let text = serde_json::to_string_pretty(&file).unwrap_or_default();
    format!("{text}\n")
}

pub(super) fn read(text: &str, key: &PublicKey) -> Result<Checkpoint, CheckpointError> {
    let file: File = serde_json::from_str(text)?;
    if file.format != FORMAT {
        return Err(CheckpointError::Format(file.format));
    }
    let taken_at: DateTime<Utc> = serde_json::from_value(file.taken_at.into())?;
    let mut marks: BTreeMap<Partition, Mark> = BTreeMap::new();
    let mut signatures = Vec::with_capacity(file.partitions.len());
    for entry in &file.partitions {
        let (partition, mark, signature) = entry.parse()?;
        if marks
            .last_key_value()
            .is_some_and(|(last, _)| *last >= partition)
        {
            return Err(CheckpointError::Order(partition));
        }
        marks.insert(partition, mark);
        signatures.push((partition, mark, signature));
    }
    let checkpoint = Checkpoint { taken_at, marks };
    for (partition, mark, signature) in signatures {
        if !key.has_signed(&message(&checkpoint, partition, &mark), &signature) {
            return Err(CheckpointError::Signature(partition));
        }
    }
    Ok(checkpoint)
}

impl Entry {
    fn parse(&self) -> Result<(Partition, Mark, Signature), CheckpointError> {
        let partition = Partition::new(self.partition)?;
        let position = Position::new(self.position)?;
        let wrong = CheckpointError::Digits(partition);
        let Ok(hash) = blake3::Hash::from_hex(&self.hash) else {
            return Err(wrong);
        };
        let hash = *hash.as_bytes();
        match self.signature.parse() {
            Ok(signature) => Ok((partition, Mark { position, hash }, signature)),
            Err(_) => Err(wrong),
        }
    }
}

/// What is signed for a partition, see [`super`].
fn message(checkpoint: &Checkpoint, partition: Partition, mark: &Mark) -> Vec<u8> {
    // A log has at most 2^15 partitions.
    let count = u32::try_from(checkpoint.marks.len()).unwrap_or(u32::MAX);
    let mut bytes = FORMAT.as_bytes().to_vec();
    bytes.extend(checkpoint.taken_at.timestamp_micros().to_be_bytes());
    bytes.extend(count.to_be_bytes());
    bytes.extend(partition.get().to_be_bytes());
    bytes.extend(mark.position.get().to_be_bytes());
    bytes.extend(mark.hash);
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn key(digit: char) -> SigningKey {
        digit.to_string().repeat(64).parse().unwrap()
    }

    fn checkpoint() -> Checkpoint {
        let mark = |position, byte| Mark {
            position: Position::new(position).unwrap(),
            hash: [byte; 32],
        };
        let marks = [(0, mark(0, 0)), (3, mark(7, 0xAB)), (4, mark(9, 0xCD))];
        Checkpoint {
            taken_at: "2026-03-02T09:00:00.000001Z".parse().unwrap(),
            marks: marks
                .into_iter()
                .map(|(partition, mark)| (Partition::new(partition).unwrap(), mark))
                .collect(),
        }
    }

    fn refusal(text: &str) -> CheckpointError {
        Checkpoint::read(text, &key('1').public_key()).unwrap_err()
    }

    #[test]
    fn what_was_signed_reads_back() {
        let text = checkpoint().sign(&key('1'));
        let read = Checkpoint::read(&text, &key('1').public_key()).unwrap();
        assert_eq!(read, checkpoint());
    }

    /// The same signature comes out of an independent implementation in another language.
    #[test]
    fn the_signed_bytes_are_fixed_by_a_test_vector() {
        let text = checkpoint().sign(&key('1'));
        let file: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            file["public_key"],
            "d04ab232742bb4ab3a1368bd4615e4e6d0224ab71a016baf8520a332c9778737"
        );
        assert_eq!(file["partitions"][1]["signature"], VECTOR);
    }

    const VECTOR: &str = "c31eafd79e2f98fae1b788959da28a71c5cf3ee2c8ce17a94c7dad1e59ae5db908f28040fe5f3820e4d4f67b9bda79cd179b7b5c937bef601d3f574235ea0a0b";

    #[test]
    fn another_key_is_refused() {
        let text = checkpoint().sign(&key('2'));
        assert!(matches!(refusal(&text), CheckpointError::Signature(_)));
    }

    #[test]
    fn any_changed_value_is_refused() {
        let text = checkpoint().sign(&key('1'));
        for (from, to) in [
            ("\"position\": 7", "\"position\": 8"),
            ("\"partition\": 4", "\"partition\": 5"),
            ("abab", "abac"),
            ("09:00:00.000001Z", "09:00:00.000002Z"),
        ] {
            let changed = text.replacen(from, to, 1);
            assert_ne!(changed, text, "{from}");
            let refused = refusal(&changed);
            assert!(
                matches!(refused, CheckpointError::Signature(_)),
                "{from}: {refused}"
            );
        }
    }

    #[test]
    fn a_partition_left_out_or_doubled_is_refused() {
        let whole: serde_json::Value = serde_json::from_str(&checkpoint().sign(&key('1'))).unwrap();
        let mut fewer = whole.clone();
        fewer["partitions"].as_array_mut().unwrap().remove(1);
        assert!(matches!(
            refusal(&fewer.to_string()),
            CheckpointError::Signature(_)
        ));
        let mut doubled = whole.clone();
        doubled["partitions"][2] = whole["partitions"][1].clone();
        assert!(matches!(
            refusal(&doubled.to_string()),
            CheckpointError::Order(_)
        ));
    }

    #[test]
    fn a_file_that_was_cut_off_is_refused_wherever_it_was_cut() {
        let text = checkpoint().sign(&key('1'));
        let whole = text.trim_end().len();
        for length in (0..whole).step_by(37).chain([whole - 1]) {
            assert!(
                matches!(refusal(&text[..length]), CheckpointError::Form(_)),
                "{length}"
            );
        }
    }
}
