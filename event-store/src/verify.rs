//! Walks the log and proves it: positions without a hole, stream versions without a hole, the hash chain, the head.

use std::collections::HashMap;
use std::fmt;

use const_format::formatcp;
use schema::table::{EVENTS, LOG_HEADS};
use uuid::Uuid;

use crate::chain::{GENESIS, Hash, Link};
use crate::error::ReadError;
use crate::event::RecordedEvent;
use crate::ids::{Partition, Position, Version};
use crate::read::{column, hash_column};
use crate::store::EventStore;

/// Events in one page of the walk.
const PAGE_EVENTS: u32 = 2_000;

/// One snapshot of the head and of the last row, so that a running append cannot come between.
const ENDS: &str = formatcp!(
    "SELECT h.position, h.chain, \
            coalesce((SELECT max(e.position) FROM {EVENTS} e WHERE e.partition = $1), 0) \
       FROM {LOG_HEADS} h WHERE h.partition = $1"
);

/// How far the walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The partition it is in.
    pub partition: Partition,
    /// The last position that was found right.
    pub position: Position,
    /// Where the partition ends.
    pub head: Position,
}

/// What the walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Each partition, in the order asked.
    pub partitions: Vec<PartitionReport>,
}

impl Report {
    /// The first bad row of each damaged partition.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.partitions
            .iter()
            .filter_map(|report| report.fault.as_ref())
    }

    /// Events that were found right.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.partitions.iter().map(|report| report.events).sum()
    }
}

/// What the walk found in one partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionReport {
    /// The partition.
    pub partition: Partition,
    /// Events found right, before the fault if there is one.
    pub events: u64,
    /// The first bad row; what comes after it is not trusted and not looked at.
    pub fault: Option<Fault>,
}

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
        }
    }
}

/// Walks the partitions one after the other. `progress` is called after every page.
/// Memory grows with the number of streams of one partition (about 50 bytes each).
///
/// # Errors
/// [`ReadError`] when the log cannot be read; a damaged log is not an error but a [`Fault`] in the report.
pub async fn verify(
    store: &EventStore,
    partitions: &[Partition],
    mut progress: impl FnMut(Progress),
) -> Result<Report, ReadError> {
    let mut report = Report {
        partitions: Vec::with_capacity(partitions.len()),
    };
    for partition in partitions {
        report
            .partitions
            .push(verify_partition(store, *partition, &mut progress).await?);
    }
    Ok(report)
}

/// How the head and the last row stand to each other.
struct Ends {
    head: Position,
    chain: Hash,
    last_row: Position,
}

async fn read_ends(store: &EventStore, partition: Partition) -> Result<Ends, ReadError> {
    let rows = store.reader().query(ENDS, &[&partition.get()]).await?;
    let row = rows.first().ok_or(ReadError::NoSuchPartition(partition))?;
    Ok(Ends {
        head: Position::from_row(column(row, 0)?),
        chain: hash_column(row, 1)?,
        last_row: Position::from_row(column(row, 2)?),
    })
}

/// Walks up to the head as it was at the start; what live appends add meanwhile is for the next walk.
async fn verify_partition(
    store: &EventStore,
    partition: Partition,
    progress: &mut impl FnMut(Progress),
) -> Result<PartitionReport, ReadError> {
    let ends = read_ends(store, partition).await?;
    let mut walk = Walk::new(partition);
    while walk.position < ends.head && walk.fault.is_none() {
        let page = store
            .reader()
            .partition_unchecked(partition, walk.position, PAGE_EVENTS)
            .await?;
        if page.is_empty() {
            walk.fail(walk.position.next(), FaultKind::Missing);
        }
        for event in page.iter().take_while(|event| event.position <= ends.head) {
            walk.step(event);
        }
        if page.first().is_some_and(|event| event.position > ends.head) {
            walk.fail(walk.position.next(), FaultKind::Missing);
        }
        progress(Progress {
            partition,
            position: walk.position,
            head: ends.head,
        });
    }
    walk.end(&ends);
    Ok(PartitionReport {
        partition,
        events: walk.events,
        fault: walk.fault,
    })
}

/// The state of the walk behind the last right row.
struct Walk {
    partition: Partition,
    position: Position,
    chain: Hash,
    versions: HashMap<Uuid, Version>,
    events: u64,
    fault: Option<Fault>,
}

impl Walk {
    fn new(partition: Partition) -> Self {
        let (position, chain, versions) = (Position::START, GENESIS, HashMap::new());
        Self {
            partition,
            position,
            chain,
            versions,
            events: 0,
            fault: None,
        }
    }

    /// Only the first fault counts: what follows it is its consequence.
    fn fail(&mut self, position: Position, kind: FaultKind) {
        self.fault.get_or_insert(Fault {
            partition: self.partition,
            position,
            kind,
        });
    }

    fn step(&mut self, event: &RecordedEvent) {
        if self.fault.is_some() {
            return;
        }
        let expected = self.position.next();
        if event.position != expected {
            return self.fail(expected, FaultKind::Missing);
        }
        if Link::from(event).hash(&self.chain) != event.hash {
            return self.fail(expected, FaultKind::HashDiffers);
        }
        let version = self
            .versions
            .entry(event.stream_id)
            .or_insert(Version::NONE);
        let (expected_version, found) = (version.next(), event.version);
        *version = found;
        if found != expected_version {
            let kind = FaultKind::StreamVersion {
                stream_id: event.stream_id,
                expected: expected_version,
                found,
            };
            return self.fail(expected, kind);
        }
        self.position = expected;
        self.chain = event.hash;
        self.events += 1;
    }

    fn end(&mut self, ends: &Ends) {
        if ends.last_row > ends.head {
            self.fail(ends.head.next(), FaultKind::BeyondHead);
        }
        if self.chain != ends.chain {
            self.fail(ends.head, FaultKind::HeadDiffers);
        }
    }
}
