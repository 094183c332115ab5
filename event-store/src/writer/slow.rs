//! The slow path: takes the lock of the head, looks, decides in memory which requests stand, and writes those.
//! It answers whatever the other paths cannot: a conflict, a repeated key, a statement whose answer was lost.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connection::{Connection, Failure};
use super::pending::{Answer, Pending};
use super::plan::{Head, Plan, Written};
use crate::append::{AppendError, AppendRequest, Appended, CommandResult, InvalidAppend};
use crate::ids::{OrgId, Partition, Position, StreamId, Version};

/// A failure, and whether something was on its way that could have been written.
pub(super) struct Failed {
    pub(super) failure: Failure,
    /// The head behind which the rows would stand, when the connection may have been lost with them on it.
    pub(super) in_flight: Option<Position>,
}

/// The answers in the order of the requests, and the head before and after them.
pub(super) struct Decided {
    pub(super) answers: Vec<Answer>,
    /// None when the partition does not exist.
    pub(super) heads: Option<Heads>,
}

/// The head of a partition around a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    /// As it was when the lock was given.
    pub(super) found: Position,
    /// As the batch left it.
    pub(super) left: Head,
}

/// What the log holds of the streams, keys and events of a batch, read under the head's lock.
pub(super) struct Look {
    streams: HashMap<Uuid, StreamEnd>,
    results: HashMap<(Uuid, String), StoredAnswer>,
    landed: HashMap<Uuid, Appended>,
}

struct StreamEnd {
    version: Version,
    org_id: OrgId,
    stream_type: String,
}

struct StoredAnswer {
    request_hash: Vec<u8>,
    answer: String,
    position: Position,
}

/// Appends what stands. `in_flight` is the head known before a statement of this batch whose answer was lost: its
/// events are looked for first. Whether they are there is certain, because the lock keeps everyone else out, and a
/// delayed copy of the lost statement fails its compare-and-set once the head has moved, or meets the used key.
pub(super) async fn append(
    connection: &Connection,
    partition: Partition,
    requests: &[Pending],
    in_flight: Option<Position>,
) -> Result<Decided, Failed> {
    let nothing_sent = |failure| Failed {
        failure,
        in_flight: None,
    };
    let (head, look) = match lock_and_look(connection, partition, requests, in_flight).await {
        Ok(seen) => seen,
        Err(failure) => return Err(nothing_sent(roll_back(connection, failure).await)),
    };
    let verdict = |pending: &Pending| match head {
        Some(_) => look.verdict(&pending.request),
        None => Some(Err(AppendError::Invalid(InvalidAppend::NoSuchPartition(
            partition,
        )))),
    };
    let verdicts: Vec<Option<Answer>> = requests.iter().map(verdict).collect();
    let Some(head) = head.filter(|_| verdicts.iter().any(Option::is_none)) else {
        end(connection, "ROLLBACK").await.map_err(nothing_sent)?;
        return Ok(Decided {
            answers: verdicts.into_iter().flatten().collect(),
            heads: head.map(|head| Heads {
                found: head.position,
                left: head,
            }),
        });
    };
    let requests = requests.iter().zip(&verdicts);
    let standing = requests.filter(|(_, verdict)| verdict.is_none());
    let standing = standing.map(|(pending, _)| &pending.request);
    let plan = Plan::new(partition, head, standing.clone());
    let written = write_and_commit(connection, plan, standing)
        .await
        .map_err(|failure| Failed {
            failure,
            in_flight: Some(head.position),
        })?;
    Ok(decided(verdicts, head.position, &written))
}

/// The verdicts, and for each request without one its place in what was written: the plan has one position for each of
/// them, in the same order.
fn decided(verdicts: Vec<Option<Answer>>, found: Position, written: &Written) -> Decided {
    let mut positions = written.positions.iter().copied();
    let mut stood = || {
        Ok(Appended {
            position: positions.next().unwrap_or(written.head.position),
            recorded_at: written.recorded_at,
        })
    };
    let answers = verdicts
        .into_iter()
        .map(|verdict| verdict.unwrap_or_else(&mut stood));
    Decided {
        answers: answers.collect(),
        heads: Some(Heads {
            found,
            left: written.head,
        }),
    }
}

/// One round trip: the lock comes first, so the looks see everything committed before it was given.
async fn lock_and_look(
    connection: &Connection,
    partition: Partition,
    requests: &[Pending],
    in_flight: Option<Position>,
) -> Result<(Option<Head>, Look), Failure> {
    let client = connection.client();
    let partition = partition.get();
    let asked = Asked::new(requests, in_flight);
    // Behind every position when nothing is looked for: a scan of the whole partition would find nothing either.
    let after = in_flight.map_or(i64::MAX, Position::get);
    let of_head: [&(dyn ToSql + Sync); 1] = [&partition];
    let of_streams: [&(dyn ToSql + Sync); 2] = [&partition, &asked.stream_ids];
    let of_results: [&(dyn ToSql + Sync); 3] = [&partition, &asked.key_org_ids, &asked.keys];
    let of_events: [&(dyn ToSql + Sync); 3] = [&partition, &after, &asked.event_ids];
    connection
        .trip(async {
            let (begun, head, streams, results, landed) = futures::join!(
                client.batch_execute("BEGIN"),
                client.query_opt(&connection.lock_head, &of_head),
                client.query(&connection.last_of_streams, &of_streams),
                client.query(&connection.known_results, &of_results),
                client.query(&connection.landed_events, &of_events),
            );
            begun?;
            let head = head?.map(|row| read_head(&row)).transpose()?;
            Ok((head, Look::read(&streams?, &results?, &landed?)?))
        })
        .await
}

/// What the looks ask for.
struct Asked<'a> {
    stream_ids: Vec<Uuid>,
    key_org_ids: Vec<Uuid>,
    keys: Vec<&'a str>,
    /// Empty unless a lost statement has to be found.
    event_ids: Vec<Uuid>,
}

impl<'a> Asked<'a> {
    fn new(requests: &'a [Pending], in_flight: Option<Position>) -> Self {
        let requests = || requests.iter().map(|pending| &pending.request);
        let streams = || requests().flat_map(|request| &request.streams);
        let keyed =
            || requests().filter_map(|request| Some((request.org_id.0, request.result.as_ref()?)));
        let events = streams()
            .flat_map(|append| &append.events)
            .filter(|_| in_flight.is_some());
        Self {
            stream_ids: streams().map(|append| append.stream.id).collect(),
            key_org_ids: keyed().map(|(org_id, _)| org_id).collect(),
            keys: keyed().map(|(_, result)| result.key.as_str()).collect(),
            event_ids: events.map(|event| event.event_id).collect(),
        }
    }
}

pub(super) fn read_head(row: &Row) -> Result<Head, tokio_postgres::Error> {
    let chain: &[u8] = row.try_get(1)?;
    let mut hash = crate::chain::GENESIS;
    // The table's CHECK keeps the length at 32.
    hash.copy_from_slice(chain);
    Ok(Head {
        position: Position::from_row(row.try_get(0)?),
        chain: hash,
    })
}

impl Look {
    fn read(
        streams: &[Row],
        results: &[Row],
        landed: &[Row],
    ) -> Result<Self, tokio_postgres::Error> {
        let stream = |row: &Row| {
            let version = Version::from_row(row.try_get(1)?);
            Ok((
                row.try_get(0)?,
                StreamEnd {
                    version,
                    org_id: OrgId(row.try_get(2)?),
                    stream_type: row.try_get(3)?,
                },
            ))
        };
        let result = |row: &Row| {
            let position = Position::from_row(row.try_get(4)?);
            let stored = StoredAnswer {
                request_hash: row.try_get(2)?,
                answer: row.try_get(3)?,
                position,
            };
            Ok(((row.try_get(0)?, row.try_get(1)?), stored))
        };
        let event = |row: &Row| {
            let recorded_at: DateTime<Utc> = row.try_get(2)?;
            Ok((
                row.try_get(0)?,
                Appended {
                    position: Position::from_row(row.try_get(1)?),
                    recorded_at,
                },
            ))
        };
        Ok(Self {
            streams: streams
                .iter()
                .map(stream)
                .collect::<Result<_, tokio_postgres::Error>>()?,
            results: results
                .iter()
                .map(result)
                .collect::<Result<_, tokio_postgres::Error>>()?,
            landed: landed
                .iter()
                .map(event)
                .collect::<Result<_, tokio_postgres::Error>>()?,
        })
    }

    /// None when the request stands and is to be written.
    fn verdict(&self, request: &AppendRequest) -> Option<Answer> {
        if let Some(appended) = self.already_there(request) {
            return Some(Ok(appended));
        }
        if let Some(result) = &request.result
            && let Some(error) = self.used_key(request.org_id, result)
        {
            return Some(Err(error));
        }
        let streams = request.streams.iter();
        streams
            .filter_map(|append| self.broken(request.org_id, &append.stream, append.expected))
            .next()
            .map(Err)
    }

    /// The lost statement had written the request: events go in all or none, so the last one speaks for all.
    fn already_there(&self, request: &AppendRequest) -> Option<Appended> {
        let last = request
            .streams
            .iter()
            .flat_map(|append| &append.events)
            .next_back()?;
        self.landed.get(&last.event_id).copied()
    }

    fn used_key(&self, org_id: OrgId, result: &CommandResult) -> Option<AppendError> {
        let stored = self
            .results
            .get(&(org_id.0, result.key.as_str().to_owned()))?;
        if stored.request_hash != result.request_hash {
            return Some(AppendError::KeyReused);
        }
        Some(AppendError::Repeated {
            answer: stored.answer.clone(),
            position: stored.position,
        })
    }

    fn broken(&self, org_id: OrgId, stream: &StreamId, expected: Version) -> Option<AppendError> {
        let end = self.streams.get(&stream.id);
        if end.is_some_and(|end| end.org_id != org_id || end.stream_type != stream.stream_type) {
            return Some(AppendError::Invalid(InvalidAppend::StreamOfAnother(
                stream.id,
            )));
        }
        let actual = end.map_or(Version::NONE, |end| end.version);
        (actual != expected).then_some(AppendError::Conflict {
            stream_id: stream.id,
            expected,
            actual,
        })
    }
}

/// One round trip. When the write fails, the COMMIT behind it ends the failed transaction as a rollback.
async fn write_and_commit<'a>(
    connection: &Connection,
    plan: Plan,
    requests: impl Iterator<Item = &'a AppendRequest>,
) -> Result<Written, Failure> {
    let (written, committed) =
        futures::join!(plan.write(connection, requests), end(connection, "COMMIT"));
    let written = written?;
    committed?;
    written.ok_or_else(|| Failure::Transient(Arc::new(NotAsLocked)))
}

pub(super) async fn end(connection: &Connection, statement: &str) -> Result<(), Failure> {
    connection
        .trip(connection.client().batch_execute(statement))
        .await
}

/// Leaves the failed transaction, so that the connection can be used again; if that fails too, it is lost.
pub(super) async fn roll_back(connection: &Connection, failure: Failure) -> Failure {
    if matches!(failure, Failure::Lost(_)) {
        return failure;
    }
    match end(connection, "ROLLBACK").await {
        Ok(()) => failure,
        Err(Failure::Lost(cause) | Failure::Transient(cause) | Failure::Row(cause)) => {
            Failure::Lost(cause)
        }
    }
}

/// The head was locked and looked at, yet the write found it different: the tables were changed behind the log's back.
#[derive(Debug, thiserror::Error)]
#[error("the log changed under the lock of its head")]
struct NotAsLocked;
