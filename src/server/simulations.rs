//! Runs the simulations that admins ask for, one at a time in this process, behind everything else.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use deadpool_postgres::PoolError;
use platform::shutdown::Shutdown;
use write_side::simulations::{Claimed, KeptDifference, Queue, Reached, SimulatedRow};

use crate::node::Node;
use crate::simulation::{Finished, Progress, Simulation, Watch, run};

/// How often this process looks whether one waits.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// How often old ones are forgotten.
const FORGET_INTERVAL: Duration = Duration::from_secs(3_600);
/// The longest that one may take.
const TIME_MAX: Duration = Duration::from_secs(30 * 60);
/// How often a walk along the partition tells how far it is.
const SIGN_INTERVAL: Duration = Duration::from_secs(1);

/// Looks again and again, until shutdown.
pub(super) async fn follow(node: Node, shutdown: Shutdown) {
    let queue = Queue::new(node.pools.identity.clone());
    let mut forgotten_at: Option<Instant> = None;
    while tokio::time::timeout(LOOK_INTERVAL, shutdown.requested())
        .await
        .is_err()
    {
        let forgets = forgotten_at.is_none_or(|at| at.elapsed() >= FORGET_INTERVAL);
        if let Err(error) = look(&node, &queue, forgets, &shutdown).await {
            tracing::warn!(
                error = &*error as &dyn std::error::Error,
                "simulations cannot be looked after; trying again"
            );
        } else if forgets {
            forgotten_at = Some(Instant::now());
        }
    }
}

async fn look(node: &Node, queue: &Queue, forgets: bool, shutdown: &Shutdown) -> Result<()> {
    for partition in node.store.partitions().await? {
        if forgets {
            queue
                .forget(partition, node.dispatcher.clock().now())
                .await?;
        }
        if let Some(claimed) = queue.claim(partition).await? {
            carry_out(node, queue, &claimed, shutdown).await?;
        }
        if shutdown.is_requested() {
            return Ok(());
        }
    }
    Ok(())
}

async fn carry_out(
    node: &Node,
    queue: &Queue,
    claimed: &Claimed,
    shutdown: &Shutdown,
) -> Result<()> {
    let simulation = Simulation {
        place: claimed.place,
        draft: claimed.request.draft(),
        range: claimed.request.range,
        imported: claimed.request.imported,
    };
    let mut steps = Steps {
        queue,
        claimed,
        is_wanted: true,
        found: 0,
        signed_at: Instant::now(),
    };
    let outcome = tokio::select! {
        outcome = tokio::time::timeout(TIME_MAX, run(node, &simulation, &mut steps)) => outcome,
        () = shutdown.requested() => return Ok(queue.put_back(claimed).await?),
    };
    let now = node.dispatcher.clock().now();
    match outcome {
        _ if !steps.is_wanted => {}
        Ok(Ok(finished)) => {
            let as_of = finished.as_of;
            queue.complete(claimed, now, as_of, &rows(finished)).await?;
        }
        Ok(Err(error)) => {
            tracing::warn!(
                error = &*error as &dyn std::error::Error,
                simulation = %claimed.id,
                "a simulation failed"
            );
            if may_pass(&error) {
                // As when its server dies: it is tried once more when nothing was heard of it for a while.
                return Ok(());
            }
            queue.fail(claimed, now, &error.to_string()).await?;
        }
        Err(_) => {
            let minutes = TIME_MAX.as_secs() / 60;
            let why = format!("it took longer than {minutes} minutes: simulate a shorter time");
            queue.fail(claimed, now, &why).await?;
        }
    }
    Ok(())
}

/// Whether the database was at fault, and not the request or the log.
fn may_pass(error: &anyhow::Error) -> bool {
    let mut causes = error.chain();
    causes.any(|cause| cause.is::<tokio_postgres::Error>() || cause.is::<PoolError>())
}

fn rows(finished: Finished) -> Vec<SimulatedRow> {
    let rows = finished.rows.into_iter();
    rows.map(|(metric, priority, before, after)| SimulatedRow {
        metric,
        priority,
        before,
        after,
    })
    .collect()
}

/// Writes how far a simulation is, and what differs.
struct Steps<'a> {
    queue: &'a Queue,
    claimed: &'a Claimed,
    is_wanted: bool,
    found: i64,
    signed_at: Instant,
}

impl Watch for Steps<'_> {
    async fn step(&mut self, progress: Progress) -> Result<()> {
        let (reached, found) = match progress {
            Progress::Walked(done, total)
                if done < total && self.signed_at.elapsed() < SIGN_INTERVAL =>
            {
                return Ok(());
            }
            Progress::Walked(done, total) => {
                let reached = Reached::Walked(done.cast_signed(), total.cast_signed());
                (reached, Vec::new())
            }
            Progress::Replayed(done, total, found) => {
                let reached = Reached::Replayed(done.cast_signed(), total.cast_signed());
                (reached, found)
            }
        };
        let differences: Vec<KeptDifference> = found
            .into_iter()
            .zip(self.found + 1..)
            .map(|(found, place)| KeptDifference {
                place,
                ticket_id: found.ticket_id,
                number: found.number.cast_signed(),
                metric: found.difference.metric,
                round: found.difference.round.cast_signed(),
                before: found.difference.before,
                after: found.difference.after,
            })
            .collect();
        let step = self
            .queue
            .step(self.claimed, reached, self.found, &differences);
        self.is_wanted = step.await?;
        self.signed_at = Instant::now();
        self.found += i64::try_from(differences.len())?;
        if !self.is_wanted {
            bail!("nobody waits for it any more");
        }
        Ok(())
    }
}
