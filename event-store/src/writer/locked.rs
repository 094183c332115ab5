//! The path of a partition whose head is not known, or that several servers write to: the lock of the head first, then
//! the call of the fast path behind the head that the lock shows.
//!
//! The lock is waited for with few requests in hand; those that came meanwhile go along once it is given. The call compares
//! streams and keys itself, so nothing is looked up twice under the lock, where all servers wait for each other.

use tokio_postgres::types::ToSql;

use super::batch::Batch;
use super::connection::{Connection, Failure};
use super::plan::{Head, Plan, Written};
use super::slow::{end, read_head, roll_back};
use crate::ids::Partition;

/// Begins a transaction and takes the lock. `None`, with the transaction ended, when the partition does not exist.
pub(super) async fn lock(
    connection: &Connection,
    partition: Partition,
) -> Result<Option<Head>, Failure> {
    let client = connection.client();
    let partition = partition.get();
    let of_head: [&(dyn ToSql + Sync); 1] = [&partition];
    let locked = connection
        .trip(async {
            let (begun, head) = futures::join!(
                client.batch_execute("BEGIN"),
                client.query_opt(&connection.lock_head, &of_head),
            );
            begun?;
            head?.map(|row| read_head(&row)).transpose()
        })
        .await;
    match locked {
        Ok(Some(head)) => Ok(Some(head)),
        Ok(None) => end(connection, "ROLLBACK").await.map(|()| None),
        Err(failure) => Err(roll_back(connection, failure).await),
    }
}

/// Writes the batch behind the locked head and ends the transaction. `None` when a stream or a key is not as expected:
/// then nothing was written, and nothing is locked any more.
pub(super) async fn write(
    connection: &Connection,
    head: Head,
    batch: &Batch,
) -> Result<Option<Written>, Failure> {
    let requests = || batch.requests.iter().map(|pending| &pending.request);
    let plan = Plan::new(batch.partition, head, requests());
    // When the write fails, the COMMIT behind it ends the failed transaction as a rollback.
    let (written, committed) = futures::join!(
        plan.write(connection, requests()),
        end(connection, "COMMIT")
    );
    let written = written?;
    committed?;
    Ok(written)
}
