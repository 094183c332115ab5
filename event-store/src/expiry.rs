//! Removes stored answers that are too old to be asked for again. Events are never removed.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use schema::table::COMMAND_RESULTS;

use crate::error::ReadError;
use crate::ids::Partition;
use crate::read::{Reader, column};

/// The oldest first, by the index on their age; rows that another process removes meanwhile are not counted.
const EXPIRE: &str = formatcp!(
    "WITH gone AS ( \
       DELETE FROM {COMMAND_RESULTS} c \
        USING (SELECT o.org_id, o.idempotency_key FROM {COMMAND_RESULTS} o \
                WHERE o.partition = $1 AND o.created_at < $2 ORDER BY o.created_at LIMIT $3) old \
        WHERE c.partition = $1 AND c.org_id = old.org_id AND c.idempotency_key = old.idempotency_key \
       RETURNING c.position) \
     SELECT count(*) FROM gone"
);

impl Reader {
    /// Removes at most `limit` answers of a partition that were stored before a time; how many.
    pub(crate) async fn expire_results(
        &self,
        partition: Partition,
        before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, ReadError> {
        let limit = i64::from(limit);
        let rows = self
            .query(EXPIRE, &[&partition.get(), &before, &limit])
            .await?;
        let count: i64 = match rows.first() {
            Some(row) => column(row, 0)?,
            None => 0,
        };
        Ok(count.unsigned_abs())
    }
}
