//! Whether each event carries the version after the one before it in its stream, in bounded memory.
//!
//! The versions of recent streams are kept; for an event of a stream that was forgotten, the log is asked for its
//! predecessor, a page at a time. That no version is there twice is kept by the table's unique index.

use std::collections::HashMap;

use const_format::formatcp;
use schema::table::EVENTS;
use uuid::Uuid;

use super::fault::{Fault, FaultKind};
use crate::error::ReadError;
use crate::event::RecordedEvent;
use crate::ids::{Partition, Position, Version};
use crate::read::{Reader, column};

/// Most streams of one generation; two are kept, of about 50 bytes a stream: 10 MB.
pub(super) const STREAMS_KEPT_MAX: usize = 100_000;

/// The LIMIT 1 keeps the look-up one index probe per row, whatever the statistics say.
const WITHOUT_PREDECESSOR: &str = formatcp!(
    "SELECT s.position FROM unnest($2::uuid[], $3::bigint[], $4::bigint[]) AS s(stream_id, version, position) \
       LEFT JOIN LATERAL (SELECT e.version FROM {EVENTS} e \
                           WHERE e.partition = $1 AND e.stream_id = s.stream_id AND e.version = s.version - 1 \
                             AND e.position < s.position LIMIT 1) before ON true \
      WHERE before.version IS NULL ORDER BY s.position LIMIT 1"
);

const LAST_BEFORE: &str = formatcp!(
    "SELECT coalesce(max(e.version), 0) FROM {EVENTS} e \
      WHERE e.partition = $1 AND e.stream_id = $2 AND e.position < $3"
);

/// The versions that the walk has seen last.
#[derive(Debug)]
pub(super) struct Versions {
    generation_limit: usize,
    recent: HashMap<Uuid, Version>,
    older: HashMap<Uuid, Version>,
    /// Of the present page: events whose predecessor must be looked up.
    unknown: Vec<Unknown>,
}

#[derive(Debug, Clone, Copy)]
struct Unknown {
    position: Position,
    stream_id: Uuid,
    version: Version,
}

impl Versions {
    pub(super) fn new(generation_limit: usize) -> Self {
        Self {
            generation_limit,
            recent: HashMap::new(),
            older: HashMap::new(),
            unknown: Vec::new(),
        }
    }

    /// Takes the next event; the version that should have come instead of its own, as far as memory tells.
    pub(super) fn step(&mut self, event: &RecordedEvent) -> Option<Version> {
        let (stream_id, version) = (event.stream_id, event.version);
        let known = self.recent.get(&stream_id).or(self.older.get(&stream_id));
        match known.map(|last| last.next()) {
            Some(expected) if expected != version => return Some(expected),
            Some(_) => {}
            // The unique index lets no other row be the stream's first.
            None if version == Version::NONE.next() => {}
            None => self.unknown.push(Unknown {
                position: event.position,
                stream_id,
                version,
            }),
        }
        self.remember(stream_id, version);
        None
    }

    fn remember(&mut self, stream_id: Uuid, version: Version) {
        if self.recent.len() >= self.generation_limit {
            self.older = std::mem::take(&mut self.recent);
        }
        self.recent.insert(stream_id, version);
    }

    /// Looks up what memory could not tell of the events since the last call: the first fault among them.
    pub(super) async fn look_up(
        &mut self,
        reader: &Reader,
        partition: Partition,
    ) -> Result<Option<Fault>, ReadError> {
        let unknown = std::mem::take(&mut self.unknown);
        if unknown.is_empty() {
            return Ok(None);
        }
        let ids: Vec<Uuid> = unknown.iter().map(|event| event.stream_id).collect();
        let versions: Vec<i64> = unknown.iter().map(|event| event.version.get()).collect();
        let positions: Vec<i64> = unknown.iter().map(|event| event.position.get()).collect();
        let rows = reader
            .query(
                WITHOUT_PREDECESSOR,
                &[&partition.get(), &ids, &versions, &positions],
            )
            .await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let position = Position::from_row(column(row, 0)?);
        let event = unknown.iter().find(|event| event.position == position);
        match event {
            Some(event) => Ok(Some(fault_of(reader, partition, *event).await?)),
            None => Ok(None),
        }
    }
}

async fn fault_of(
    reader: &Reader,
    partition: Partition,
    event: Unknown,
) -> Result<Fault, ReadError> {
    let values: &[&(dyn tokio_postgres::types::ToSql + Sync)] =
        &[&partition.get(), &event.stream_id, &event.position.get()];
    let rows = reader.query(LAST_BEFORE, values).await?;
    let last = match rows.first() {
        Some(row) => Version::from_row(column(row, 0)?),
        None => Version::NONE,
    };
    Ok(Fault {
        partition,
        position: event.position,
        kind: FaultKind::StreamVersion {
            stream_id: event.stream_id,
            expected: last.next(),
            found: event.version,
        },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chrono::DateTime;

    use super::*;
    use crate::ids::OrgId;

    fn event(stream: u128, version: i64) -> RecordedEvent {
        RecordedEvent {
            partition: Partition::new(1).unwrap(),
            position: Position::new(1).unwrap(),
            org_id: OrgId(Uuid::nil()),
            stream_type: "thing".to_owned(),
            stream_id: Uuid::from_u128(stream),
            version: Version::new(version).unwrap(),
            event_id: Uuid::nil(),
            event_type: "thing.happened".to_owned(),
            schema_version: 1,
            data: "{}".to_owned(),
            metadata: "{}".to_owned(),
            occurred_at: DateTime::UNIX_EPOCH,
            recorded_at: DateTime::UNIX_EPOCH,
            hash: [0; 32],
        }
    }

    #[test]
    fn a_version_that_does_not_follow_the_last_is_told_with_the_right_one() {
        let mut versions = Versions::new(10);
        assert_eq!(versions.step(&event(1, 1)), None);
        assert_eq!(versions.step(&event(1, 2)), None);
        for wrong in [1, 2, 4] {
            assert_eq!(versions.step(&event(1, wrong)), Version::new(3).ok());
        }
        assert!(versions.unknown.is_empty());
    }

    #[test]
    fn a_stream_that_was_forgotten_is_looked_up_and_memory_stays_bounded() {
        let mut versions = Versions::new(10);
        for stream in 0..1_000 {
            versions.step(&event(stream, 1));
            assert!(versions.recent.len() <= 10 && versions.older.len() <= 10);
        }
        assert!(
            versions.unknown.is_empty(),
            "a first event needs no look-up"
        );
        assert_eq!(versions.step(&event(999, 2)), None);
        assert!(
            versions.unknown.is_empty(),
            "a recent stream needs no look-up"
        );
        assert_eq!(versions.step(&event(3, 2)), None);
        assert_eq!(versions.unknown.len(), 1);
        assert_eq!(versions.unknown[0].stream_id, Uuid::from_u128(3));
    }
}
