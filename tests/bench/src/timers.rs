//! `bench timers`: from a deadline to its event, with very many timers pending.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use const_format::formatcp;
use domain::ids::TicketId;
use domain::sla::targets::Targets;
use event_store::Position;
use schema::table::{EVENTS, TIMERS};
use tokio::time::sleep;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::cli::Cli;
use crate::history::{Desk, Opening};
use crate::machine;
use crate::measure::{Sample, microseconds};
use crate::product::Installation;
use crate::report::{Fact, Report};
use crate::servers::BenchServers;

/// Timers that become due one after the other.
const SPREAD: usize = 2_000;
const SPREAD_OVER: TimeDelta = TimeDelta::seconds(20);
/// Timers that become due at one instant.
const AT_ONCE: usize = 10_000;
/// Long enough to write the tickets and to set their timers.
const AHEAD: TimeDelta = TimeDelta::seconds(30);
const DEADLINE: Duration = Duration::from_secs(600);
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

const FAR: Targets = Targets {
    first_response_minutes: Targets::MAX_MINUTES,
    resolution_minutes: Targets::MAX_MINUTES,
};
const SOON: Targets = Targets {
    first_response_minutes: 1,
    resolution_minutes: Targets::MAX_MINUTES,
};

const PENDING: &str = formatcp!("SELECT count(*) FROM {TIMERS} WHERE partition = $1");
const BREACHES: &str = formatcp!(
    "SELECT recorded_at, occurred_at FROM {EVENTS}
      WHERE partition = $1 AND position > $2 AND type = 'sla.breached' ORDER BY position"
);

/// Measures.
///
/// # Errors
/// When a server does not come up, or a deadline has no event in time.
pub async fn run(cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let product = Installation::new(&servers)?;
    let server = product.serve("api,projector,saga").await?;
    let desk = Desk::open(&servers, &product, &server).await?;
    let timers = Timers {
        client: servers.connect().await?,
        desk: &desk,
        servers: &servers,
    };
    let pending = cli.thousand_timers as usize * 1_000;
    eprintln!("setting {pending} timers");
    // Two clocks a ticket: first response and resolution.
    timers
        .open(pending / 2, Utc::now(), TimeDelta::zero(), FAR)
        .await?;
    let set = timers.set(pending as i64).await?;
    let spread = timers.breaches(SPREAD, SPREAD_OVER).await?;
    let at_once = timers.breaches(AT_ONCE, TimeDelta::zero()).await?;
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "{pending} timers pending; {SPREAD} due within {} s, then {AT_ONCE} due at one instant",
            SPREAD_OVER.num_seconds()
        ),
    ];
    let mut report = Report::new("timers", conditions);
    report.facts = vec![
        Fact::new(
            "timers set a second, while they pile up",
            pending as f64 / set.as_secs_f64(),
            "a second",
            None,
        ),
        Fact::new("due to event, spread, p50", spread.p50_ms, "ms", None),
        Fact::new("due to event, spread, p99", spread.p99_ms, "ms", 1_000.0),
        Fact::new(
            "due to event, all at once, the last",
            at_once.p999_ms,
            "ms",
            3_000.0,
        ),
    ];
    drop(server);
    servers.stop().await?;
    Ok(report)
}

struct Timers<'a> {
    client: Client,
    desk: &'a Desk,
    servers: &'a BenchServers,
}

impl Timers<'_> {
    /// Opens tickets, the first at `first`, the last `over` later.
    async fn open(
        &self,
        count: usize,
        first: DateTime<Utc>,
        over: TimeDelta,
        targets: Targets,
    ) -> Result<()> {
        let apart = over / i32::try_from(count.max(1))?;
        let openings: Vec<Opening> = (0..i32::try_from(count)?)
            .map(|number| (TicketId(Uuid::now_v7()), first + apart * number))
            .collect();
        self.desk
            .open_tickets(&self.servers.store, openings, targets)
            .await
    }

    /// Waits until so many timers are set.
    async fn set(&self, count: i64) -> Result<Duration> {
        let begun = Instant::now();
        while begun.elapsed() < DEADLINE {
            let partition = self.desk.placement.partition.get();
            let row = self.client.query_one(PENDING, &[&partition]).await?;
            if row.try_get::<_, i64>(0)? >= count {
                return Ok(begun.elapsed());
            }
            sleep(LOOK_INTERVAL).await;
        }
        anyhow::bail!("the timers were not set within {DEADLINE:?}")
    }

    /// Lets `count` first responses become due, `over` apart, and waits for their events: how late they were.
    async fn breaches(&self, count: usize, over: TimeDelta) -> Result<Sample> {
        let partition = self.desk.placement.partition;
        let before: Position = self.servers.store.head(partition).await?;
        // They are due one minute after they were opened.
        let opened = Utc::now() + AHEAD - TimeDelta::minutes(1);
        self.open(count, opened, over, SOON).await?;
        let begun = Instant::now();
        while begun.elapsed() < DEADLINE {
            sleep(LOOK_INTERVAL).await;
            let rows = self
                .client
                .query(BREACHES, &[&partition.get(), &before.get()])
                .await?;
            if rows.len() < count {
                continue;
            }
            ensure!(rows.len() == count, "a deadline has two events");
            let mut late_us = Vec::new();
            for row in rows {
                let (recorded, due): (DateTime<Utc>, DateTime<Utc>) =
                    (row.try_get(0)?, row.try_get(1)?);
                late_us.push(microseconds((recorded - due).to_std()?));
            }
            return Ok(Sample::of(late_us, Duration::from_secs(1)));
        }
        anyhow::bail!("not every deadline had its event within {DEADLINE:?}")
    }
}
