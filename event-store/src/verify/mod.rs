//! Walks the log and proves it: positions without a hole, stream versions without a hole, the hash chain, the head, and
//! that it still is the log which a checkpoint was taken of.

mod fault;
mod versions;
mod walk;

use std::sync::Arc;

use const_format::formatcp;
use schema::table::{EVENTS, LOG_HEADS};
use tokio::sync::mpsc;

use crate::error::{Closed, ReadError};
use crate::event::RecordedEvent;
use crate::ids::{Partition, Position};
use crate::mark::Mark;
use crate::read::{Reader, column, hash_column};
use crate::store::EventStore;
pub use fault::{Fault, FaultKind};
use walk::Walk;

/// Events in one page of the walk.
const PAGE_EVENTS: u32 = 2_000;
/// Pages that are read ahead while one is checked.
const PAGES_AHEAD: usize = 1;

/// One snapshot of the head and of the last row, so that a running append cannot come between.
const ENDS: &str = formatcp!(
    "SELECT h.position, h.chain, \
            coalesce((SELECT max(e.position) FROM {EVENTS} e WHERE e.partition = $1), 0) \
       FROM {LOG_HEADS} h WHERE h.partition = $1"
);

/// What is walked of one partition: from a mark that is taken for right to the head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The partition.
    pub partition: Partition,
    /// Where it begins.
    pub after: Mark,
    /// What must come by, or be where it begins.
    pub through: Option<Mark>,
}

impl Span {
    /// From the first event.
    #[must_use]
    pub fn whole(partition: Partition) -> Self {
        Self {
            partition,
            after: Mark::START,
            through: None,
        }
    }

    /// From the first event, past a mark that somebody has kept.
    #[must_use]
    pub fn against(partition: Partition, mark: Mark) -> Self {
        Self {
            through: Some(mark),
            ..Self::whole(partition)
        }
    }

    /// Only what came after a mark that somebody has kept.
    #[must_use]
    pub fn since(partition: Partition, mark: Mark) -> Self {
        Self {
            partition,
            after: mark,
            through: Some(mark),
        }
    }
}

/// What the walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Each span, in the order asked.
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

/// Walks whole partitions, as [`verify_spans`].
///
/// # Errors
/// As [`verify_spans`].
pub async fn verify(
    store: &EventStore,
    partitions: &[Partition],
    progress: impl FnMut(u64),
) -> Result<Report, ReadError> {
    let spans: Vec<Span> = partitions.iter().map(|each| Span::whole(*each)).collect();
    verify_spans(store, &spans, progress).await
}

/// Walks the spans one after the other. `progress` is told after every page how many events were found right in all.
/// Memory is bounded: two pages of at most [`crate::Options::page_bytes_limit`], and 10 MB for the versions of streams.
///
/// # Errors
/// [`ReadError`] when the log cannot be read; a damaged log is not an error but a [`Fault`] in the report.
pub async fn verify_spans(
    store: &EventStore,
    spans: &[Span],
    mut progress: impl FnMut(u64),
) -> Result<Report, ReadError> {
    let mut report = Report {
        partitions: Vec::with_capacity(spans.len()),
    };
    for span in spans {
        let before = report.events();
        let found = verify_span(store.reader(), span, |events| progress(before + events)).await?;
        report.partitions.push(found);
    }
    Ok(report)
}

/// How the head and the last row stand to each other.
struct Ends {
    head: Mark,
    last_row: Position,
}

async fn read_ends(reader: &Reader, partition: Partition) -> Result<Ends, ReadError> {
    let rows = reader.query(ENDS, &[&partition.get()]).await?;
    let row = rows.first().ok_or(ReadError::NoSuchPartition(partition))?;
    Ok(Ends {
        head: Mark {
            position: Position::from_row(column(row, 0)?),
            hash: hash_column(row, 1)?,
        },
        last_row: Position::from_row(column(row, 2)?),
    })
}

/// Walks up to the head as it was at the start; what live appends add meanwhile is for the next walk.
async fn verify_span(
    reader: &Reader,
    span: &Span,
    mut progress: impl FnMut(u64),
) -> Result<PartitionReport, ReadError> {
    let partition = span.partition;
    let ends = read_ends(reader, partition).await?;
    let (begin, head) = (span.after.position, ends.head.position);
    let mut walk = Walk::new(span);
    check_begin(reader, span, head, &mut walk).await?;
    let mut pages = read_ahead(reader.clone(), partition, begin, head);
    while walk.position < head && !walk.has_failed() {
        let closed = || ReadError::Unavailable(Arc::new(Closed));
        let page = pages.recv().await.ok_or_else(closed)??;
        walk.page(reader, &page, head).await?;
        progress(walk.position.get().abs_diff(begin.get()));
    }
    let (events, fault) = walk.end(&ends);
    Ok(PartitionReport {
        partition,
        events,
        fault,
    })
}

/// The row on which the walk stands must be the one that it takes it for.
async fn check_begin(
    reader: &Reader,
    span: &Span,
    head: Position,
    walk: &mut Walk,
) -> Result<(), ReadError> {
    let begin = span.after;
    if begin.position == Position::START || begin.position > head {
        return Ok(());
    }
    match reader.mark(span.partition, begin.position).await? {
        None => walk.fail(begin.position, FaultKind::Missing),
        Some(found) if found != begin => {
            walk.fail(begin.position, FaultKind::CheckpointDiffers);
        }
        Some(_) => {}
    }
    Ok(())
}

/// Reads pages while others are checked. It ends with its receiver.
fn read_ahead(
    reader: Reader,
    partition: Partition,
    after: Position,
    until: Position,
) -> mpsc::Receiver<Result<Vec<RecordedEvent>, ReadError>> {
    let (sender, receiver) = mpsc::channel(PAGES_AHEAD);
    tokio::spawn(async move {
        let mut after = Some(after).filter(|after| *after < until);
        while let Some(from) = after {
            let page = reader
                .partition_unchecked(partition, from, PAGE_EVENTS)
                .await;
            let last = page.as_ref().ok().and_then(|page| page.last());
            after = last
                .map(|event| event.position)
                .filter(|last| *last < until);
            if sender.send(page).await.is_err() {
                return;
            }
        }
    });
    receiver
}
