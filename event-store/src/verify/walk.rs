//! The walk over one partition, event by event.

use super::fault::{Fault, FaultKind};
use super::versions::{STREAMS_KEPT_MAX, Versions};
use super::{Ends, Span};
use crate::chain::{Hash, Link};
use crate::error::ReadError;
use crate::event::RecordedEvent;
use crate::ids::{Partition, Position};
use crate::mark::Mark;
use crate::read::Reader;

/// The state behind the last right row.
pub(super) struct Walk {
    partition: Partition,
    begin: Position,
    pub(super) position: Position,
    chain: Hash,
    /// What must come by.
    expected: Option<Mark>,
    versions: Versions,
    fault: Option<Fault>,
}

impl Walk {
    pub(super) fn new(span: &Span) -> Self {
        Self {
            partition: span.partition,
            begin: span.after.position,
            position: span.after.position,
            chain: span.after.hash,
            expected: span.through,
            versions: Versions::new(STREAMS_KEPT_MAX),
            fault: None,
        }
    }

    pub(super) fn has_failed(&self) -> bool {
        self.fault.is_some()
    }

    /// Only the first bad row counts: what follows it is its consequence.
    pub(super) fn fail(&mut self, position: Position, kind: FaultKind) {
        self.fault.get_or_insert(Fault {
            partition: self.partition,
            position,
            kind,
        });
    }

    /// Checks a page of rows that follow each other, up to the head.
    pub(super) async fn page(
        &mut self,
        reader: &Reader,
        page: &[RecordedEvent],
        head: Position,
    ) -> Result<(), ReadError> {
        for event in page.iter().take_while(|event| event.position <= head) {
            if self.has_failed() {
                break;
            }
            self.step(event);
        }
        let is_last = page.last().is_none_or(|event| event.position >= head);
        if is_last && self.position < head {
            self.fail(self.position.next(), FaultKind::Missing);
        }
        if let Some(earlier) = self.versions.look_up(reader, self.partition).await? {
            let is_first = self
                .fault
                .as_ref()
                .is_none_or(|fault| earlier.position < fault.position);
            if is_first {
                self.fault = Some(earlier);
            }
        }
        Ok(())
    }

    fn step(&mut self, event: &RecordedEvent) {
        let expected = self.position.next();
        if event.position != expected {
            return self.fail(expected, FaultKind::Missing);
        }
        if Link::from(event).hash(&self.chain) != event.hash {
            return self.fail(expected, FaultKind::HashDiffers);
        }
        if let Some(version) = self.versions.step(event) {
            let kind = FaultKind::StreamVersion {
                stream_id: event.stream_id,
                expected: version,
                found: event.version,
            };
            return self.fail(expected, kind);
        }
        self.position = expected;
        self.chain = event.hash;
        self.pass_mark();
    }

    /// Whether the log here is the one that the mark was taken of.
    fn pass_mark(&mut self) {
        let here = self.expected.filter(|mark| mark.position == self.position);
        if here.is_some_and(|mark| mark.hash != self.chain) {
            self.fail(self.position, FaultKind::CheckpointDiffers);
        }
    }

    /// The last checks; how many events were found right, and the first that was not.
    pub(super) fn end(mut self, ends: &Ends) -> (u64, Option<Fault>) {
        if let Some(mark) = self
            .expected
            .filter(|mark| mark.position > ends.head.position)
        {
            let head = ends.head.position;
            self.fail(mark.position, FaultKind::CutOff { head });
        }
        if ends.last_row > ends.head.position {
            self.fail(ends.head.position.next(), FaultKind::BeyondHead);
        }
        if self.chain != ends.head.hash {
            self.fail(ends.head.position, FaultKind::HeadDiffers);
        }
        let right = match &self.fault {
            Some(fault) => fault.position.get() - 1 - self.begin.get(),
            None => self.position.get() - self.begin.get(),
        };
        (u64::try_from(right).unwrap_or_default(), self.fault)
    }
}
