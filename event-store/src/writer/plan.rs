//! Gives positions, versions and hashes to the events of a batch.

use chrono::{DateTime, Utc};

use super::connection::{Connection, Failure};
use super::rows::Rows;
use crate::append::AppendRequest;
use crate::chain::{Hash, Link};
use crate::ids::{Partition, Position};

/// The head of a partition as a writer knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) position: Position,
    pub(super) chain: Hash,
}

/// What will be true once the plan is written.
pub(super) struct Written {
    pub(super) head: Head,
    /// The answer of each request, in the order of the requests.
    pub(super) positions: Vec<Position>,
    pub(super) recorded_at: DateTime<Utc>,
}

/// Where the events of a batch will stand, behind one known head.
pub(super) struct Plan {
    pub(super) partition: Partition,
    pub(super) known: Head,
    pub(super) written: Written,
    /// Of each event, in order.
    pub(super) hashes: Vec<Hash>,
}

impl Plan {
    /// Plans the requests in order behind the known head.
    pub(super) fn new<'a>(
        partition: Partition,
        known: Head,
        requests: impl Iterator<Item = &'a AppendRequest>,
    ) -> Self {
        let written = Written {
            head: known,
            positions: Vec::new(),
            recorded_at: now(),
        };
        let mut plan = Self {
            partition,
            known,
            written,
            hashes: Vec::new(),
        };
        requests.for_each(|request| plan.add(request));
        plan
    }

    fn add(&mut self, request: &AppendRequest) {
        let head = &mut self.written.head;
        for append in &request.streams {
            let mut version = append.expected;
            for event in &append.events {
                version = version.next();
                head.position = head.position.next();
                let link = Link {
                    partition: self.partition.get(),
                    position: head.position.get(),
                    org_id: request.org_id.0,
                    stream_type: &append.stream.stream_type,
                    stream_id: append.stream.id,
                    version: version.get(),
                    event_id: event.event_id,
                    event_type: &event.event_type,
                    schema_version: event.schema_version,
                    data: &event.data,
                    metadata: &event.metadata,
                    occurred_at: in_microseconds(event.occurred_at),
                    recorded_at: self.written.recorded_at,
                };
                head.chain = link.hash(&head.chain);
                self.hashes.push(head.chain);
            }
        }
        self.written.positions.push(head.position);
    }

    /// Writes the plan of these requests in one call. `None` when the database found the head, a stream or a key not as
    /// planned.
    pub(super) async fn write<'a>(
        self,
        connection: &Connection,
        requests: impl Iterator<Item = &'a AppendRequest>,
    ) -> Result<Option<Written>, Failure> {
        let rows = Rows::new(requests, &self.written.positions);
        let written = rows.write(&self, connection).await?;
        Ok((written > 0).then_some(self.written))
    }
}

fn now() -> DateTime<Utc> {
    in_microseconds(Utc::now())
}

/// The database keeps microseconds: what is hashed must be what comes back.
pub(super) fn in_microseconds(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}
