//! Lays a planned batch out as the arrays of one SQL call.

use chrono::{DateTime, Utc};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connection::{Connection, Failure};
use super::plan::{Plan, in_microseconds};
use crate::append::{AppendRequest, CommandResult, StreamAppend};
use crate::event::NewEvent;
use crate::ids::{Position, Version};

/// The arguments of the call, an array a column.
#[derive(Default)]
pub(super) struct Rows<'a> {
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

impl<'a> Rows<'a> {
    /// The rows of requests, each with the last position that its plan gave to it.
    pub(super) fn new(
        requests: impl Iterator<Item = &'a AppendRequest>,
        positions: &[Position],
    ) -> Self {
        let mut rows = Self::default();
        for (request, position) in requests.zip(positions) {
            rows.add(request, *position);
        }
        rows
    }

    fn add(&mut self, request: &'a AppendRequest, position: Position) {
        let org_id = request.org_id.0;
        for append in &request.streams {
            self.streams.add(org_id, append);
            let mut version = append.expected;
            for event in &append.events {
                version = version.next();
                self.events.add(org_id, append, version, event);
            }
        }
        if let Some(result) = &request.result {
            self.results.add(org_id, result, position);
        }
    }

    /// One call, one round trip. How many rows were written: all of them or 0.
    pub(super) async fn write(self, plan: &Plan, connection: &Connection) -> Result<i64, Failure> {
        let hashes: Vec<&[u8]> = plan.hashes.iter().map(<[u8; 32]>::as_slice).collect();
        let (events, streams, results) = (&self.events, &self.streams, &self.results);
        let (known, written) = (&plan.known, &plan.written);
        let (partition, known_position, new_position) = (
            plan.partition.get(),
            known.position.get(),
            written.head.position.get(),
        );
        let (known_chain, new_chain) = (known.chain.as_slice(), written.head.chain.as_slice());
        let values: [&(dyn ToSql + Sync); 26] = [
            &partition,
            &known_position,
            &known_chain,
            &new_position,
            &new_chain,
            &written.recorded_at,
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
        connection.trip(async { answer.await?.try_get(0) }).await
    }
}

impl<'a> EventColumns<'a> {
    fn add(
        &mut self,
        org_id: Uuid,
        append: &'a StreamAppend,
        version: Version,
        event: &'a NewEvent,
    ) {
        self.org_ids.push(org_id);
        self.stream_types.push(&append.stream.stream_type);
        self.stream_ids.push(append.stream.id);
        self.versions.push(version.get());
        self.ids.push(event.event_id);
        self.types.push(&event.event_type);
        self.schema_versions.push(event.schema_version);
        self.data.push(&event.data);
        self.metadata.push(&event.metadata);
        self.occurred_at.push(in_microseconds(event.occurred_at));
    }
}

impl<'a> StreamColumns<'a> {
    fn add(&mut self, org_id: Uuid, append: &'a StreamAppend) {
        self.org_ids.push(org_id);
        self.types.push(&append.stream.stream_type);
        self.ids.push(append.stream.id);
        self.expected.push(append.expected.get());
    }
}

impl<'a> ResultColumns<'a> {
    fn add(&mut self, org_id: Uuid, result: &'a CommandResult, position: Position) {
        self.org_ids.push(org_id);
        self.keys.push(result.key.as_str());
        self.hashes.push(&result.request_hash);
        self.answers.push(&result.answer);
        self.positions.push(position.get());
    }
}
