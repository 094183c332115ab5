//! `insightdesk simulate`.

use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use domain::sla::simulation::{Draft, Numbers, Range};
use indicatif::ProgressBar;
use serde_json::{Value, json};

use super::{connect, progress_bar};
use crate::cli::{SimulateOptions, SimulationFormat};
use crate::directory;
use crate::http::drafts;
use crate::node::Node;
use crate::simulation::{Finished, Found, Progress, Simulation, Watch, run};

/// Differences that are told; all are counted.
const DIFFERENCES_TOLD: usize = 10_000;
/// Those of the table.
const DIFFERENCES_SHOWN: usize = 20;

/// Replays the log of an organization beside draft policies and calendars, and prints what would have become of its promises.
///
/// # Errors
/// When a file is not as the API writes it, there is no such organization, or the log cannot be read.
pub async fn simulate(options: SimulateOptions) -> Result<()> {
    ensure!(options.from < options.to, "--to has to be after --from");
    let draft = draft(&options)?;
    let node = connect().await?;
    let outcome = replay(&node, &options, draft).await;
    node.stop().await;
    let (finished, differences) = outcome?;
    let told = match options.format {
        SimulationFormat::Json => format!("{:#}\n", as_json(&options, &finished, &differences)),
        SimulationFormat::Table => as_table(&finished, &differences),
    };
    // Not `print!`, which panics when the reader has gone away.
    Ok(std::io::stdout().write_all(told.as_bytes())?)
}

/// The differences that are told, and how many there are.
struct Differences {
    told: Vec<Found>,
    total: usize,
}

async fn replay(
    node: &Node,
    options: &SimulateOptions,
    draft: Draft,
) -> Result<(Finished, Differences)> {
    let simulation = Simulation {
        place: directory::organization(&node.store, &options.organization).await?,
        draft,
        range: Range {
            from: options.from,
            to: options.to,
        },
        imported: options.imported,
    };
    let mut bars = Bars {
        bar: progress_bar("events")?,
        replays: false,
        differences: Differences {
            told: Vec::new(),
            total: 0,
        },
    };
    let finished = run(node, &simulation, &mut bars).await;
    bars.bar.finish();
    Ok((finished?, bars.differences))
}

/// Shows how far it is, on standard error, and keeps what differs.
struct Bars {
    bar: ProgressBar,
    replays: bool,
    differences: Differences,
}

impl Watch for Bars {
    async fn step(&mut self, progress: Progress) -> Result<()> {
        let (done, total) = match progress {
            Progress::Walked(events, total) => (events, total),
            Progress::Replayed(tickets, total, found) => {
                if !self.replays {
                    self.bar.finish();
                    self.bar = progress_bar("tickets")?;
                    self.replays = true;
                }
                self.differences.total += found.len();
                let room = DIFFERENCES_TOLD.saturating_sub(self.differences.told.len());
                self.differences.told.extend(found.into_iter().take(room));
                (tickets, total)
            }
        };
        self.bar.set_length(total);
        self.bar.set_position(done);
        Ok(())
    }
}

fn draft(options: &SimulateOptions) -> Result<Draft> {
    let policies = match &options.policies {
        Some(path) => {
            let read = drafts::policies(&json_of(path)?);
            Some(read.with_context(|| path.display().to_string())?)
        }
        None => None,
    };
    let calendars = match &options.calendars {
        Some(path) => {
            let read = drafts::calendars(&json_of(path)?);
            read.with_context(|| path.display().to_string())?
        }
        None => Default::default(),
    };
    Ok(Draft {
        policies,
        calendars,
    })
}

fn json_of(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path);
    let text = text.with_context(|| format!("{} cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is no JSON", path.display()))
}

fn as_json(options: &SimulateOptions, finished: &Finished, differences: &Differences) -> Value {
    let rows = finished
        .rows
        .iter()
        .map(|(metric, priority, before, after)| {
            json!({
                "metric": metric,
                "priority": priority,
                "before": numbers(before),
                "after": numbers(after),
            })
        });
    let differing = differences.told.iter().map(|found| {
        let difference = found.difference;
        json!({
            "ticket_id": found.ticket_id,
            "number": found.number,
            "metric": difference.metric,
            "round": difference.round,
            "before": difference.before,
            "after": difference.after,
        })
    });
    json!({
        "organization": options.organization.as_str(),
        "from": options.from,
        "to": options.to,
        "as_of": finished.as_of,
        "imported": options.imported,
        "tickets": finished.tickets,
        "rows": rows.collect::<Vec<_>>(),
        "difference_count": differences.total,
        "differences": differing.collect::<Vec<_>>(),
    })
}

fn numbers(numbers: &Numbers) -> Value {
    let seconds = |ms: Option<i64>| ms.map(|ms| ms.div_euclid(1_000));
    json!({
        "running": numbers.running,
        "met": numbers.met,
        "breached": numbers.breached,
        "cancelled": numbers.cancelled,
        "p50_seconds": seconds(numbers.p50_ms),
        "p90_seconds": seconds(numbers.p90_ms),
        "p99_seconds": seconds(numbers.p99_ms),
    })
}

fn as_table(finished: &Finished, differences: &Differences) -> String {
    let mut lines = vec![
        format!(
            "{} tickets replayed, as of {}",
            finished.tickets,
            finished.as_of.to_rfc3339()
        ),
        format!(
            "{:<16} {:<8} {:<6} {:>8} {:>8} {:>8} {:>9} {:>10} {:>10} {:>10}",
            "metric",
            "priority",
            "",
            "met",
            "breached",
            "running",
            "cancelled",
            "p50 s",
            "p90 s",
            "p99 s"
        ),
    ];
    for (metric, priority, before, after) in &finished.rows {
        for (side, numbers) in [("before", before), ("after", after)] {
            let seconds =
                |ms: Option<i64>| ms.map_or("-".to_owned(), |ms| (ms / 1_000).to_string());
            lines.push(format!(
                "{:<16} {:<8} {:<6} {:>8} {:>8} {:>8} {:>9} {:>10} {:>10} {:>10}",
                metric.as_str(),
                priority.as_str(),
                side,
                numbers.met,
                numbers.breached,
                numbers.running,
                numbers.cancelled,
                seconds(numbers.p50_ms),
                seconds(numbers.p90_ms),
                seconds(numbers.p99_ms),
            ));
        }
    }
    lines.push(format!("{} waits are counted otherwise", differences.total));
    for found in differences.told.iter().take(DIFFERENCES_SHOWN) {
        let word = |outcome: Option<domain::sla::measure::Outcome>| {
            outcome.map_or("not counted", |outcome| outcome.as_str())
        };
        let difference = found.difference;
        lines.push(format!(
            "  #{} {}: {} -> {}",
            found.number,
            difference.metric.as_str(),
            word(difference.before),
            word(difference.after)
        ));
    }
    if differences.total > DIFFERENCES_SHOWN {
        lines.push("  … the rest is told with --format json".to_owned());
    }
    lines.push(String::new());
    lines.join("\n")
}
