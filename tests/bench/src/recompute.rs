//! `bench recompute`: one change of a policy that touches very many open tickets, and what commands feel of it meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use const_format::formatcp;
use domain::ids::TicketId;
use domain::sla::targets::Targets;
use schema::table::SLA_CLOCKS;
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use crate::cli::Cli;
use crate::commands::replies;
use crate::history::Desk;
use crate::http::Api;
use crate::load::Requests;
use crate::machine;
use crate::measure::Sample;
use crate::product::Installation;
use crate::report::{Fact, Report};
use crate::servers::BenchServers;

/// Connections of the load: people at work, who leave the machine some room.
const CONNECTIONS: usize = 16;
const FOLD_DEADLINE: Duration = Duration::from_secs(600);
const WALK_DEADLINE: Duration = Duration::from_secs(3_600);
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

const FAR: Targets = Targets {
    first_response_minutes: Targets::MAX_MINUTES,
    resolution_minutes: Targets::MAX_MINUTES,
};

const FOLDED: &str = formatcp!("SELECT count(*) FROM {SLA_CLOCKS} WHERE partition = $1");

/// Measures.
///
/// # Errors
/// When a server does not come up, a command fails, or the tickets do not hear of the change in time.
pub async fn run(cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let product = Installation::new(&servers)?;
    let server = product.serve("api,projector,saga").await?;
    let desk = Desk::open(&servers, &product, &server).await?;
    let load = replies(&servers, &desk, &server).await?;
    let tickets = cli.thousand_tickets as usize * 1_000;
    eprintln!("opening {tickets} tickets");
    open(&servers, &desk, tickets).await?;

    let admin = Api::new(&server.url(), &desk.admin_token);
    let mut before = Vec::new();
    for _ in 0..cli.rounds {
        before.push(load.run(CONNECTIONS, cli.duration()).await?);
    }
    eprintln!("changing what is promised to all of them, beside commands");
    let (policy, busy) = change(&admin, None, Some((&load, cli.duration()))).await?;
    eprintln!("changing it again, beside nothing");
    let (_, alone) = change(&admin, Some(&policy), None).await?;

    let (before_ms, during_ms) = (median_p99_ms(&before), median_p99_ms(&busy.during));
    let rate = |samples: &[Sample]| {
        let rates = samples.iter().map(|sample| sample.rate);
        rates.sum::<f64>() / samples.len().max(1) as f64
    };
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "{tickets} open tickets touched by one change of a policy; replies over HTTP by {CONNECTIONS} connections beside it; \
             API, projector and saga in one process; {} rounds of {} s before, {} meanwhile",
            cli.rounds,
            cli.seconds,
            busy.during.len()
        ),
    ];
    let mut report = Report::new("recompute", conditions);
    report.facts = vec![
        Fact::new("p99 of replies before", before_ms, "ms", None),
        Fact::new("p99 of replies meanwhile, median", during_ms, "ms", None),
        Fact::new(
            "p99 of replies meanwhile, times that before",
            during_ms / before_ms,
            "x",
            2.0,
        ),
        Fact::new("replies before", rate(&before), "a second", None),
        Fact::new("replies meanwhile", rate(&busy.during), "a second", None),
        Fact::new(
            "the whole, beside replies",
            busy.took.as_secs_f64(),
            "s",
            None,
        ),
        Fact::new("tickets, beside replies", busy.rate(), "a second", None),
        Fact::new(
            "the whole, beside nothing",
            alone.took.as_secs_f64(),
            "s",
            None,
        ),
        Fact::new("tickets, beside nothing", alone.rate(), "a second", None),
    ];
    drop(server);
    servers.stop().await?;
    Ok(report)
}

/// Opens the tickets, and waits until the saga knows them.
async fn open(servers: &BenchServers, desk: &Desk, count: usize) -> Result<()> {
    let opened_at = Utc::now() - TimeDelta::hours(1);
    let openings = (0..count)
        .map(|_| (TicketId(Uuid::now_v7()), opened_at))
        .collect();
    desk.open_tickets(&servers.store, openings, FAR).await?;
    let client = servers.connect().await?;
    let begun = Instant::now();
    while begun.elapsed() < FOLD_DEADLINE {
        let partition = desk.placement.partition.get();
        let row = client.query_one(FOLDED, &[&partition]).await?;
        if usize::try_from(row.try_get::<_, i64>(0)?)? >= count {
            return Ok(());
        }
        sleep(LOOK_INTERVAL).await;
    }
    bail!("the tickets were not folded within {FOLD_DEADLINE:?}")
}

fn median_p99_ms(samples: &[Sample]) -> f64 {
    let mut p99_ms: Vec<f64> = samples.iter().map(|sample| sample.p99_ms).collect();
    p99_ms.sort_by(f64::total_cmp);
    p99_ms.get(p99_ms.len() / 2).copied().unwrap_or(f64::NAN)
}

/// What a change took.
struct Walk {
    /// From the change to the last ticket, with the seconds that it settles.
    took: Duration,
    tickets_changed: i64,
    /// The load meanwhile.
    during: Vec<Sample>,
}

impl Walk {
    fn rate(&self) -> f64 {
        self.tickets_changed as f64 / self.took.as_secs_f64()
    }
}

/// Makes a policy for every ticket, or promises something else by it, and waits until the last ticket has heard of it.
async fn change(
    api: &Api,
    policy: Option<&Value>,
    load: Option<(&Requests, Duration)>,
) -> Result<(Value, Walk)> {
    let seconds = if policy.is_some() { 400 } else { 300 } * 86_400;
    let targets = ["low", "normal", "high", "urgent"]
        .map(|priority| json!({"priority": priority, "metric": "agent_work", "seconds": seconds}));
    let before = api.get("/service-levels/recompute").await?;
    let changed = match policy {
        None => {
            let body = json!({"name": "Everybody", "targets": targets});
            api.post("/service-levels/policies", &body).await?
        }
        Some(policy) => {
            let id = policy["id"].as_str().unwrap_or_default();
            let path = format!("/service-levels/policies/{id}");
            api.patch(&path, &json!({"targets": targets})).await?
        }
    };
    let begun = Instant::now();
    let mut during = Vec::new();
    while begun.elapsed() < WALK_DEADLINE {
        match load {
            Some((load, duration)) => during.push(load.run(CONNECTIONS, duration).await?),
            None => sleep(LOOK_INTERVAL).await,
        }
        let seen = api.get("/service-levels/recompute").await?;
        if seen["state"] == "done" && seen["since"] != before["since"] {
            let walk = Walk {
                took: (time(&seen["finished_at"])? - time(&seen["since"])?).to_std()?,
                tickets_changed: seen["tickets_changed"].as_i64().unwrap_or_default(),
                during,
            };
            return Ok((changed, walk));
        }
    }
    bail!("the tickets did not hear of the change within {WALK_DEADLINE:?}")
}

fn time(value: &Value) -> Result<DateTime<Utc>> {
    let text = value.as_str().context("a time is missing")?;
    Ok(text.parse()?)
}
