//! What the faults of the saga have in common: timers that come due when they are wanted.

use std::time::Duration;

use anyhow::{Context, Result};
use chrono::{TimeDelta, Utc};
use schema::table::{EVENTS, TIMERS};
use tokio::time::Instant;
use tokio_postgres::Client;

use crate::scene::progress::Progress;
use crate::scene::wait::{PATIENCE, eventually};
use crate::stage::Stage;

/// Makes `count` moments, evenly spread over `spread` from now, at each of which three timers come due: both deadlines of a
/// ticket and the closing of another.
pub(super) async fn set(stage: &Stage, count: i32, spread: TimeDelta) -> Result<()> {
    let node = stage.scene.node().await?;
    let start = Utc::now();
    let due = (1..=count).map(|nth| start + spread * nth / count);
    let set = stage.scene.desk.set_timers(&node, due.collect()).await;
    node.stop().await;
    set
}

/// Timers that are due.
pub(super) async fn due(client: &Client) -> Result<u64> {
    Ok(Progress::look(client).await?.due.unsigned_abs())
}

/// Waits until some are due; how many.
pub(super) async fn some_are_due(client: &Client) -> Result<u64> {
    let look = async || {
        let due = due(client).await?;
        (due > 0).then_some(due).context("no timer is due")
    };
    eventually("timers are due", PATIENCE, look).await
}

/// Timers whose command is in the log, and which are still set.
pub(super) async fn told_and_set(client: &Client) -> Result<u64> {
    let statement = format!(
        "SELECT count(*) FROM {TIMERS} t WHERE EXISTS (SELECT FROM {EVENTS} e \
          WHERE e.partition = t.partition AND e.stream_id = t.ticket_id \
            AND (e.type = 'sla.breached' AND e.data ->> 'metric' = t.kind AND e.occurred_at = t.due_at \
              OR e.type = 'ticket.closed' AND t.kind = 'auto_close'))"
    );
    let count: i64 = client.query_one(&statement, &[]).await?.try_get(0)?;
    Ok(count.unsigned_abs())
}

/// Waits until no timer is due, and notes how long after `end` that was, and if it was longer than `limit`.
pub(super) async fn are_told(
    stage: &mut Stage,
    client: &Client,
    end: Instant,
    limit: Duration,
) -> Result<()> {
    let look = async || match due(client).await? {
        0 => Ok(()),
        due => Err(anyhow::anyhow!("{due} timers are due")),
    };
    eventually("all due timers are told", PATIENCE, look).await?;
    stage.note_recovery(end.elapsed(), limit);
    Ok(())
}

/// Waits until the saga has folded all that the log held when this was called, so that every timer is set.
pub(super) async fn are_folded(client: &Client) -> Result<()> {
    let goal = Progress::look(client).await?;
    let look = async || {
        let now = Progress::look(client).await?;
        let is_there = goal.places.iter().all(|(partition, then)| {
            now.places
                .get(partition)
                .is_some_and(|now| now.folded >= then.head)
        });
        is_there.then_some(()).context("the saga is behind")
    };
    eventually("the saga has folded", PATIENCE, look).await
}
