//! What can be wrong with the log, named by position.

use std::fmt;

use uuid::Uuid;

use crate::ids::{Partition, Position, Version};

/// The first bad row of a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where it is.
    pub partition: Partition,
    /// Where it is.
    pub position: Position,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// No row is at this position.
    Missing,
    /// The row's content does not give its hash, or the row before it was exchanged.
    HashDiffers,
    /// The stream's previous event in the log had another version than the one before this.
    StreamVersion {
        /// The stream.
        stream_id: Uuid,
        /// The version that should have come.
        expected: Version,
        /// The version of the row.
        found: Version,
    },
    /// The row is behind the head: no append put it there.
    BeyondHead,
    /// The rows up to here are right in themselves, but the head carries another hash.
    HeadDiffers,
    /// The rows up to here fit together, but they are not those that the checkpoint was taken of.
    CheckpointDiffers,
    /// The log ends before this position, which it had when the checkpoint was taken.
    CutOff {
        /// Where it ends now.
        head: Position,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "partition {}, position {}: ",
            self.partition, self.position
        )?;
        match &self.kind {
            FaultKind::Missing => formatter.write_str("the row is missing"),
            FaultKind::HashDiffers => {
                formatter.write_str("the row was changed: its content does not give its hash")
            }
            FaultKind::StreamVersion {
                stream_id,
                expected,
                found,
            } => {
                write!(
                    formatter,
                    "stream {stream_id} should have version {expected} here, the row has {found}"
                )
            }
            FaultKind::BeyondHead => {
                formatter.write_str("the row was inserted behind the head of the log")
            }
            FaultKind::HeadDiffers => {
                formatter.write_str("the head of the log carries another hash than its last row")
            }
            FaultKind::CheckpointDiffers => formatter.write_str(
                "the log up to here is not the one that the checkpoint was taken of: it was rewritten",
            ),
            FaultKind::CutOff { head } => {
                write!(
                    formatter,
                    "the log had this position at the checkpoint, and ends at {head} now"
                )
            }
        }
    }
}
