//! Gives positions, versions and hashes to the events of a batch and lays them out as the arrays of one SQL call.

use chrono::{DateTime, Utc};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connection::{Connection, Failure};
use crate::append::{AppendRequest, CommandResult, StreamAppend};
use crate::chain::{Hash, Link};
use crate::event::NewEvent;
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

/// A batch, ready to be written after one known head.
pub(super) struct Plan<'a> {
    partition: Partition,
    known: Head,
    written: Written,
    events: EventColumns<'a>,
    streams: StreamColumns<'a>,
    results: ResultColumns<'a>,
}

#[derive(Default)]
struct EventColumns<'a> {
    org_ids: Vec<Uuid>,
    stream_types: Vec<&'a str>,
    stream_ids: Vec<Uuid>,
    versions: Vec<i64>,
    ids: Vec<Uuid>,
    types: Vec<&'a str>,
    schema_versions: Vec<i16>,
    data: Vec<&'a str>,
    metadata: Vec<&'a str>,
    occurred_at: Vec<DateTime<Utc>>,
    hashes: Vec<Hash>,
}

#[derive(Default)]
struct StreamColumns<'a> {
    org_ids: Vec<Uuid>,
    types: Vec<&'a str>,
    ids: Vec<Uuid>,
    expected: Vec<i64>,
}

#[derive(Default)]
struct ResultColumns<'a> {
    org_ids: Vec<Uuid>,
    keys: Vec<&'a str>,
    hashes: Vec<&'a [u8]>,
    answers: Vec<&'a str>,
    positions: Vec<i64>,
}

impl<'a> Plan<'a> {
    /// Plans the requests in order behind the known head.
    pub(super) fn new(
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
            events: EventColumns::default(),
            streams: StreamColumns::default(),
            results: ResultColumns::default(),
        };
        requests.for_each(|request| plan.add_request(request));
        plan
    }

    fn add_request(&mut self, request: &'a AppendRequest) {
        for append in &request.streams {
            self.streams.org_ids.push(request.org_id.0);
            self.streams.types.push(&append.stream.stream_type);
            self.streams.ids.push(append.stream.id);
            self.streams.expected.push(append.expected.get());
            let mut version = append.expected;
            for event in &append.events {
                version = version.next();
                self.add_event(request.org_id.0, append, version.get(), event);
            }
        }
        if let Some(result) = &request.result {
            self.add_result(request.org_id.0, result);
        }
        self.written.positions.push(self.written.head.position);
    }

    fn add_event(
        &mut self,
        org_id: Uuid,
        append: &'a StreamAppend,
        version: i64,
        event: &'a NewEvent,
    ) {
        let head = &mut self.written.head;
        head.position = head.position.next();
        let link = Link {
            partition: self.partition.get(),
            position: head.position.get(),
            org_id,
            stream_type: &append.stream.stream_type,
            stream_id: append.stream.id,
            version,
            event_id: event.event_id,
            event_type: &event.event_type,
            schema_version: event.schema_version,
            data: &event.data,
            metadata: &event.metadata,
            occurred_at: in_microseconds(event.occurred_at),
            recorded_at: self.written.recorded_at,
        };
        head.chain = link.hash(&head.chain);
        self.events.add(&link, head.chain);
    }

    fn add_result(&mut self, org_id: Uuid, result: &'a CommandResult) {
        self.results.org_ids.push(org_id);
        self.results.keys.push(result.key.as_str());
        self.results.hashes.push(&result.request_hash);
        self.results.answers.push(&result.answer);
        self.results
            .positions
            .push(self.written.head.position.get());
    }

    /// Writes the plan in one call. `None` when the database found the head, a stream or a key not as planned.
    pub(super) async fn write(self, connection: &Connection) -> Result<Option<Written>, Failure> {
        let hashes: Vec<&[u8]> = self.events.hashes.iter().map(Hash::as_slice).collect();
        let (events, streams, results) = (&self.events, &self.streams, &self.results);
        let (known, new) = (&self.known, &self.written.head);
        let (partition, known_position, new_position) = (
            self.partition.get(),
            known.position.get(),
            new.position.get(),
        );
        let (known_chain, new_chain) = (known.chain.as_slice(), new.chain.as_slice());
        let values: [&(dyn ToSql + Sync); 26] = [
            &partition,
            &known_position,
            &known_chain,
            &new_position,
            &new_chain,
            &self.written.recorded_at,
            &events.org_ids,
            &events.stream_types,
            &events.stream_ids,
            &events.versions,
            &events.ids,
            &events.types,
            &events.schema_versions,
            &events.data,
            &events.metadata,
            &events.occurred_at,
            &hashes,
            &streams.org_ids,
            &streams.types,
            &streams.ids,
            &streams.expected,
            &results.org_ids,
            &results.keys,
            &results.hashes,
            &results.answers,
            &results.positions,
        ];
        let answer = connection.client().query_one(&connection.append, &values);
        let rows: i64 = connection.trip(async { answer.await?.try_get(0) }).await?;
        Ok((rows > 0).then_some(self.written))
    }
}

impl<'a> EventColumns<'a> {
    fn add(&mut self, link: &Link<'a>, hash: Hash) {
        self.org_ids.push(link.org_id);
        self.stream_types.push(link.stream_type);
        self.stream_ids.push(link.stream_id);
        self.versions.push(link.version);
        self.ids.push(link.event_id);
        self.types.push(link.event_type);
        self.schema_versions.push(link.schema_version);
        self.data.push(link.data);
        self.metadata.push(link.metadata);
        self.occurred_at.push(link.occurred_at);
        self.hashes.push(hash);
    }
}

fn now() -> DateTime<Utc> {
    in_microseconds(Utc::now())
}

/// The database keeps microseconds: what is hashed must be what comes back.
fn in_microseconds(time: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(time.timestamp_micros()).unwrap_or(time)
}
