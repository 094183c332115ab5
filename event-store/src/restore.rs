//! Writes an exported log into an empty database: the same positions, versions and hashes.
//!
//! One transaction for all of it, so that what was interrupted or found damaged leaves the database as empty as it was;
//! nobody can go on from half a log. Every event is held against the chain before it is written.

use std::collections::BTreeMap;
use std::pin::Pin;

use bytes::BytesMut;
use const_format::formatcp;
use deadpool_postgres::{ClientWrapper, Object, Pool, PoolError};
use schema::table::{
    COMMAND_RESULTS, EVENTS, LOG_HEADS, ORGANIZATION_PLACEMENTS, ORGANIZATION_SLUGS,
};
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::chain::Link;
use crate::event::RecordedEvent;
use crate::ids::{OrgId, Partition, Position};
use crate::mark::Mark;

/// A restore takes as long as it takes; whoever runs it may end it at any time.
const BEGIN: &str =
    "BEGIN; SET LOCAL statement_timeout TO 0; SET LOCAL idle_in_transaction_session_timeout TO 0";

/// Whoever appends meanwhile waits, and finds other heads then.
const HOLD_HEADS: &str = formatcp!("LOCK TABLE {LOG_HEADS} IN EXCLUSIVE MODE");

/// Whether there is anything at all, over all partitions.
const IS_EMPTY: &str = formatcp!(
    "SELECT NOT EXISTS (SELECT 1 FROM {LOG_HEADS} WHERE position > 0) \
        AND NOT EXISTS (SELECT 1 FROM {EVENTS}) AND NOT EXISTS (SELECT 1 FROM {COMMAND_RESULTS}) \
        AND NOT EXISTS (SELECT 1 FROM {ORGANIZATION_PLACEMENTS})"
);

/// All partitions in one stream.
const COPY_EVENTS: &str = formatcp!(
    "COPY {EVENTS} (partition, position, org_id, stream_type, stream_id, version, event_id, type, schema_version, data, \
     metadata, occurred_at, recorded_at, hash) FROM STDIN BINARY"
);

const COLUMN_TYPES: [Type; 14] = [
    Type::INT2,
    Type::INT8,
    Type::UUID,
    Type::TEXT,
    Type::UUID,
    Type::INT8,
    Type::UUID,
    Type::TEXT,
    Type::INT2,
    Type::JSON,
    Type::JSON,
    Type::TIMESTAMPTZ,
    Type::TIMESTAMPTZ,
    Type::BYTEA,
];

const SET_HEAD: &str = formatcp!(
    "INSERT INTO {LOG_HEADS} (partition, position, chain) VALUES ($1, $2, $3) \
     ON CONFLICT (partition) DO UPDATE SET position = excluded.position, chain = excluded.chain"
);

const PLACE: &str =
    formatcp!("INSERT INTO {ORGANIZATION_PLACEMENTS} (org_id, partition) VALUES ($1, $2)");

const NAME: &str = formatcp!("INSERT INTO {ORGANIZATION_SLUGS} (slug, org_id) VALUES ($1, $2)");

/// Why a log could not be restored. Nothing of it is in the database.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// No connection.
    #[error("no connection to PostgreSQL")]
    Pool(#[from] PoolError),
    /// A statement failed.
    #[error("PostgreSQL refused it")]
    Sql(#[from] tokio_postgres::Error),
    /// There is a log already.
    #[error(
        "the database has a log already: restore into an empty one, made by `insightdesk migrate`"
    )]
    NotEmpty,
    /// An event is missing, or the events are not in order.
    #[error("partition {partition} goes on at position {found} where {expected} should come")]
    Position {
        /// The partition.
        partition: Partition,
        /// What should have come.
        expected: Position,
        /// What came.
        found: Position,
    },
    /// The event was changed, or one before it is missing.
    #[error(
        "the event at position {position} of partition {partition} was changed: its content does not give its hash"
    )]
    Hash {
        /// The partition.
        partition: Partition,
        /// The event.
        position: Position,
    },
    /// An organization lives in one partition.
    #[error("organization {org_id} is in the partitions {one} and {other}")]
    TwoPlaces {
        /// The organization.
        org_id: OrgId,
        /// Where it was first.
        one: Partition,
        /// Where it is, too.
        other: Partition,
    },
}

/// A restore that goes on. Dropped before [`Restore::commit`] it leaves nothing.
pub struct Restore {
    /// Not of the pool any more: dropping it ends the session, and with it the transaction.
    client: ClientWrapper,
    rows: Pin<Box<BinaryCopyInWriter>>,
    heads: BTreeMap<Partition, Mark>,
    places: BTreeMap<OrgId, Partition>,
}

impl Restore {
    /// Begins, on a migrated database without a log.
    ///
    /// # Errors
    /// When there is a log already, or the database cannot be used.
    pub async fn begin(pool: &Pool) -> Result<Self, RestoreError> {
        let client = Object::take(pool.get().await?);
        client.batch_execute(BEGIN).await?;
        client.batch_execute(HOLD_HEADS).await?;
        if !client
            .query_one(IS_EMPTY, &[])
            .await?
            .try_get::<_, bool>(0)?
        {
            return Err(RestoreError::NotEmpty);
        }
        let sink = client.copy_in(COPY_EVENTS).await?;
        Ok(Self {
            client,
            rows: Box::pin(BinaryCopyInWriter::new(sink, &COLUMN_TYPES)),
            heads: BTreeMap::new(),
            places: BTreeMap::new(),
        })
    }

    /// Takes the next event of its partition.
    ///
    /// # Errors
    /// When it does not follow the one before it, or its content does not give its hash.
    pub async fn push(&mut self, event: &RecordedEvent) -> Result<(), RestoreError> {
        let (partition, position) = (event.partition, event.position);
        let head = self.heads.entry(partition).or_insert(Mark::START);
        let expected = head.position.next();
        if position != expected {
            return Err(RestoreError::Position {
                partition,
                expected,
                found: position,
            });
        }
        if Link::from(event).hash(&head.hash) != event.hash {
            return Err(RestoreError::Hash {
                partition,
                position,
            });
        }
        let hash = event.hash;
        *head = Mark { position, hash };
        let place = *self.places.entry(event.org_id).or_insert(partition);
        if place != partition {
            return Err(RestoreError::TwoPlaces {
                org_id: event.org_id,
                one: place,
                other: partition,
            });
        }
        self.write(event).await
    }

    async fn write(&mut self, event: &RecordedEvent) -> Result<(), RestoreError> {
        let row: [&(dyn ToSql + Sync); 14] = [
            &event.partition.get(),
            &event.position.get(),
            &event.org_id.0,
            &event.stream_type,
            &event.stream_id,
            &event.version.get(),
            &event.event_id,
            &event.event_type,
            &event.schema_version,
            &JsonText(&event.data),
            &JsonText(&event.metadata),
            &event.occurred_at,
            &event.recorded_at,
            &event.hash.as_slice(),
        ];
        Ok(self.rows.as_mut().write(&row).await?)
    }

    /// How far each partition is.
    #[must_use]
    pub fn heads(&self) -> &BTreeMap<Partition, Mark> {
        &self.heads
    }

    /// Sets the heads, places the organizations, gives them their `slugs`, and makes all of it stand.
    ///
    /// # Errors
    /// When the database refuses it: then nothing of it stands.
    pub async fn commit(
        mut self,
        slugs: &BTreeMap<String, OrgId>,
    ) -> Result<BTreeMap<Partition, Mark>, RestoreError> {
        self.rows.as_mut().finish().await?;
        for (partition, mark) in &self.heads {
            let values: [&(dyn ToSql + Sync); 3] = [
                &partition.get(),
                &mark.position.get(),
                &mark.hash.as_slice(),
            ];
            self.client.execute(SET_HEAD, &values).await?;
        }
        for (org_id, partition) in &self.places {
            let values: [&(dyn ToSql + Sync); 2] = [&org_id.0, &partition.get()];
            self.client.execute(PLACE, &values).await?;
        }
        for (slug, org_id) in slugs {
            let values: [&(dyn ToSql + Sync); 2] = [slug, &org_id.0];
            self.client.execute(NAME, &values).await?;
        }
        self.client.batch_execute("COMMIT").await?;
        Ok(self.heads)
    }
}

/// A JSON text as it is, byte for byte.
#[derive(Debug)]
struct JsonText<'a>(&'a str);

impl ToSql for JsonText<'_> {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(column: &Type) -> bool {
        *column == Type::JSON
    }

    to_sql_checked!();
}
