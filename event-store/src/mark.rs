//! A place of the log, pinned by the hash that it had.

use const_format::formatcp;
use schema::table::{EVENTS, LOG_HEADS};

use crate::chain::{GENESIS, Hash};
use crate::error::ReadError;
use crate::ids::{Partition, Position};
use crate::read::{Reader, column, hash_column};

const AT: &str = formatcp!(
    "SELECT e.position, e.hash FROM {EVENTS} e WHERE e.partition = $1 AND e.position = $2"
);

const HEAD: &str =
    formatcp!("SELECT h.position, h.chain FROM {LOG_HEADS} h WHERE h.partition = $1");

/// A position of a partition with the hash of its event, which stands for everything up to there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Where.
    pub position: Position,
    /// The hash of the event there.
    pub hash: Hash,
}

impl Mark {
    /// Before the first event.
    pub const START: Self = Self {
        position: Position::START,
        hash: GENESIS,
    };
}

impl Reader {
    /// The mark of an event.
    pub(crate) async fn mark(
        &self,
        partition: Partition,
        position: Position,
    ) -> Result<Option<Mark>, ReadError> {
        let rows = self.query(AT, &[&partition.get(), &position.get()]).await?;
        rows.first().map(mark_of).transpose()
    }

    /// The mark of the last event, by the head.
    pub(crate) async fn head_mark(&self, partition: Partition) -> Result<Mark, ReadError> {
        let rows = self.query(HEAD, &[&partition.get()]).await?;
        mark_of(rows.first().ok_or(ReadError::NoSuchPartition(partition))?)
    }
}

fn mark_of(row: &tokio_postgres::Row) -> Result<Mark, ReadError> {
    Ok(Mark {
        position: Position::from_row(column(row, 0)?),
        hash: hash_column(row, 1)?,
    })
}
