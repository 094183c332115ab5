//! Batches that were sent and whose answers are awaited, in the order of sending.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use futures::stream::FuturesOrdered;
use tokio::time::Instant;

use super::batch::Batch;
use super::connection::{Connection, Failure};
use super::plan::{Head, Plan, Written};
use crate::ids::Partition;

/// The batches under way, oldest first.
pub(super) type Underway = FuturesOrdered<Departing>;

/// A batch on its way to the database and back.
pub(super) type Departing = BoxFuture<'static, Arrived>;

/// What came back.
pub(super) enum Arrived {
    /// The batch with its outcome.
    Sent(Sent),
    /// A fault of the program, while a batch of this partition was laid out or read back. Its callers know already that
    /// its outcome is unknown.
    Panicked(Partition),
}

/// A batch and what became of it.
pub(super) struct Sent {
    pub(super) batch: Batch,
    /// The head behind which it was planned.
    pub(super) known: Head,
    pub(super) begun: Instant,
    /// `None` when the database found the head, a stream or a key not as planned.
    pub(super) outcome: Result<Option<Written>, Failure>,
}

/// Sends a batch when it is first polled: calls on one connection are executed in the order of their first polls.
pub(super) fn depart(connection: Arc<Connection>, plan: Plan, batch: Batch) -> Departing {
    let (partition, known, begun) = (batch.partition, plan.known, Instant::now());
    let travelling = async move {
        let requests = batch.requests.iter().map(|pending| &pending.request);
        let outcome = plan.write(&connection, requests).await;
        Sent {
            batch,
            known,
            begun,
            outcome,
        }
    };
    AssertUnwindSafe(travelling)
        .catch_unwind()
        .map(move |arrived| arrived.map_or(Arrived::Panicked(partition), Arrived::Sent))
        .boxed()
}
