//! `bench projection`: whether the projector keeps up with commands over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use const_format::formatcp;
use event_store::Partition;
use schema::projection::CORE;
use schema::table::core::CHECKPOINTS;
use schema::table::{EVENTS, LOG_HEADS};
use tokio::time::sleep;
use tokio_postgres::Client;

use crate::cli::Cli;
use crate::commands::{CONNECTIONS, replies};
use crate::history::Desk;
use crate::machine;
use crate::measure::{Sample, microseconds};
use crate::product::Installation;
use crate::report::{Fact, Line, Report};
use crate::servers::BenchServers;

/// How often the projector is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// It must be back at zero lag after this long.
const CATCH_UP_LIMIT_S: f64 = 1.0;
const LAG_LIMIT_MS: f64 = 100.0;

/// Head, checkpoint, and when the oldest event was recorded that is not projected yet.
const PROGRESS: &str = formatcp!(
    "SELECT h.position, c.position, e.recorded_at, clock_timestamp()
       FROM {LOG_HEADS} h
       JOIN {CORE}.{CHECKPOINTS} c ON c.partition = $1
       LEFT JOIN {EVENTS} e ON e.partition = $1 AND e.position = c.position + 1
      WHERE h.partition = $1"
);

/// Measures.
///
/// # Errors
/// When a server does not come up or a command fails.
pub async fn run(cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let product = Installation::new(&servers)?;
    let server = product.serve("api,projector,saga").await?;
    let desk = Desk::open(&servers, &product, &server).await?;
    let replies = replies(&servers, &desk, &server).await?;
    let watch = Watch::of(&servers, &desk).await?;
    watch.caught_up().await?;
    let (mut appended, mut projected) = (Vec::new(), Vec::new());
    let (mut lags_us, mut catch_ups_s) = (Vec::new(), Vec::new());
    for _ in 0..cli.rounds {
        let before = watch.look().await?;
        let is_over = Arc::new(AtomicBool::new(false));
        let begun = Instant::now();
        let load = async {
            let sample = replies.run(CONNECTIONS, cli.duration()).await;
            is_over.store(true, Ordering::Relaxed);
            sample
        };
        let (load, lags) = tokio::join!(load, watch.lags(&is_over));
        let (load, after, seconds) = (load?, watch.look().await?, begun.elapsed().as_secs_f64());
        lags_us.extend(lags?);
        let rate = |from, to| Sample::of_rate((to - from) as f64 / seconds);
        appended.push(Sample {
            rate: rate(before.head, after.head).rate,
            ..load
        });
        projected.push(rate(before.checkpoint, after.checkpoint));
        catch_ups_s.push(watch.caught_up().await?.as_secs_f64());
    }
    let lag = Sample::of(lags_us, cli.duration());
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "replies over HTTP by {CONNECTIONS} connections, {} rounds of {} s; lag is the age of the oldest event that is \
             not projected, looked at every {} ms",
            cli.rounds,
            cli.seconds,
            LOOK_INTERVAL.as_millis()
        ),
    ];
    let mut report = Report::new("projection", conditions);
    report.lines.push(
        Line::new("events projected while commands go on", projected)
            .beside("events appended by them", appended)
            .reaching(1.0),
    );
    let catch_up_s = catch_ups_s.into_iter().fold(0.0, f64::max);
    report.facts = vec![
        Fact::new("lag under load, p50", lag.p50_ms, "ms", None),
        Fact::new("lag under load, p99", lag.p99_ms, "ms", LAG_LIMIT_MS),
        Fact::new(
            "back to zero after the load, the longest",
            catch_up_s,
            "s",
            CATCH_UP_LIMIT_S,
        ),
    ];
    drop(server);
    servers.stop().await?;
    Ok(report)
}

/// Looks at a partition's projection.
pub struct Watch {
    client: Client,
    partition: Partition,
}

struct Progress {
    head: i64,
    checkpoint: i64,
    lag: Duration,
}

impl Watch {
    /// Of a desk's partition.
    ///
    /// # Errors
    /// When the database refuses a connection.
    pub async fn of(servers: &BenchServers, desk: &Desk) -> Result<Self> {
        Ok(Self {
            client: servers.connect().await?,
            partition: desk.placement.partition,
        })
    }

    async fn look(&self) -> Result<Progress> {
        let row = self
            .client
            .query_opt(PROGRESS, &[&self.partition.get()])
            .await?
            .context("the partition has no checkpoint")?;
        let (head, checkpoint) = (row.try_get(0)?, row.try_get(1)?);
        let oldest: Option<chrono::DateTime<chrono::Utc>> = row.try_get(2)?;
        let now: chrono::DateTime<chrono::Utc> = row.try_get(3)?;
        let lag = oldest.map_or(Duration::ZERO, |oldest| {
            (now - oldest).to_std().unwrap_or_default()
        });
        Ok(Progress {
            head,
            checkpoint,
            lag,
        })
    }

    async fn lags(&self, is_over: &AtomicBool) -> Result<Vec<u64>> {
        let mut lags_us = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            lags_us.push(microseconds(self.look().await?.lag));
            sleep(LOOK_INTERVAL).await;
        }
        Ok(lags_us)
    }

    /// Waits until everything is projected; how long that took.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn caught_up(&self) -> Result<Duration> {
        let begun = Instant::now();
        loop {
            let progress = self.look().await?;
            if progress.checkpoint >= progress.head {
                return Ok(begun.elapsed());
            }
            sleep(LOOK_INTERVAL).await;
        }
    }
}
