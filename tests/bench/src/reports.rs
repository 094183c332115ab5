//! `bench reports`: reports of a year of tickets over HTTP, each asked again and again by one client.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use chrono::{NaiveDate, TimeDelta, Utc};

use crate::cli::Cli;
use crate::history::{Desk, Size};
use crate::http::Api;
use crate::machine;
use crate::measure::{Sample, microseconds};
use crate::plans;
use crate::product::Installation;
use crate::report::{Fact, Report};
use crate::servers::BenchServers;

/// As many as the desk has that the year is modelled on.
const SIZE: Size = Size {
    agents: 220,
    teams: 70,
};
/// How often each report is asked for.
const TIMES: usize = 100;
/// How long one that is slow is asked for.
const ASKED_FOR: Duration = Duration::from_secs(15);
const LIMIT_MS: f64 = 100.0;

/// Measures.
///
/// # Errors
/// When a server does not come up or a request fails.
pub async fn run(cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let product = Installation::new(&servers)?;
    let server = product.serve("api").await?;
    let desk = Desk::of_size(&servers, &product, &server, SIZE).await?;
    let count = cli.thousand_tickets as usize * 1_000;
    eprintln!("writing {count} tickets");
    desk.live_as_modelled(&servers.store, count, cli.seed)
        .await?;
    let (rebuilt, _) = product.time(&["rebuild"]).await?;
    drop(server);
    let server = product.serve("api,projector,saga").await?;
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "a year of {count} tickets of one organization with {} agents in {} teams, seed {}; each report {TIMES} times, slow ones fewer, by \
             one client",
            SIZE.agents, SIZE.teams, cli.seed
        ),
    ];
    let mut report = Report::new("reports", conditions);
    report.facts.push(Fact::new(
        "the rebuild before it",
        rebuilt.as_secs_f64(),
        "s",
        None,
    ));
    let api = Api::new(&server.url(), &desk.admin_token);
    for (what, path) in questions(&api).await? {
        report.facts.extend(times(&api, &what, &path).await?);
    }
    let asked = questions(&api).await?;
    drop(server);
    let asked: Vec<_> = asked
        .into_iter()
        .map(|(what, path)| (what, dated(&path, 0)))
        .collect();
    let planned = plans::write(&servers, &product, &desk.admin_token, "reports", &asked).await;
    plans::tell(planned);
    servers.stop().await?;
    Ok(report)
}

/// Stands for the days of a question.
const YEAR: &str = "{year}";
/// Stands for the same as instants.
const INSTANTS: &str = "{instants}";

/// A year and a few days, others each time: the server keeps the answers that it gave.
fn days(index: usize) -> String {
    let (from, to) = range(index);
    format!("from={from}&to={to}")
}

fn instants(index: usize) -> String {
    let (from, to) = range(index);
    format!("from={from}T00:00:00Z&to={to}T00:00:00Z")
}

fn range(index: usize) -> (NaiveDate, NaiveDate) {
    let shift = |part: usize| TimeDelta::days(i64::try_from(part % 10).unwrap_or_default());
    let to = Utc::now().date_naive() - shift(index);
    let from = to - TimeDelta::days(365) - shift(index / 10);
    (from, to)
}

/// A path with the days of a question.
fn dated(path: &str, index: usize) -> String {
    path.replace(YEAR, &days(index))
        .replace(INSTANTS, &instants(index))
}

/// What is asked of the year, in words and as a path.
async fn questions(api: &Api) -> Result<Vec<(String, String)>> {
    let year = YEAR;
    let first = async |path: &str| {
        let found = api.get(path).await?;
        Ok::<_, anyhow::Error>(
            found["items"][0]["id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let team = first("/teams?limit=1").await?;
    let agent = first("/users?limit=1&role=agent").await?;
    let mut asked = Vec::new();
    for figure in [
        "opened",
        "first_response",
        "first_resolution",
        "resolution",
        "closed",
        "reopened",
        "reassigned",
        "backlog",
        "assigned",
    ] {
        for period in ["day", "week", "month"] {
            asked.push((
                format!("{figure} by {period}"),
                format!("figure={figure}&group={period}"),
            ));
        }
    }
    for split in ["team", "agent", "tag", "channel", "priority"] {
        let query = format!("figure=resolution&group=month&split={split}");
        asked.push((format!("resolution by month and {split}"), query));
    }
    for (what, condition) in [
        ("a team", format!("team={team}")),
        ("an agent", format!("agent={agent}")),
        ("a tag", "tag=tag-7".to_owned()),
        ("normal priority", "priority=normal".to_owned()),
        (
            "a team and an agent of it",
            format!("team={team}&agent={agent}"),
        ),
        ("a team and a tag", format!("team={team}&tag=tag-7")),
        (
            "normal priority by phone",
            "priority=normal&channel=phone".to_owned(),
        ),
    ] {
        let query = format!("figure=resolution&group=day&{condition}");
        asked.push((format!("resolution by day of {what}"), query));
    }
    let mut paths: Vec<_> = asked
        .into_iter()
        .map(|(what, query)| (what, format!("/reports/tickets?{query}&{year}")))
        .collect();
    let hours = format!("/reports/tickets/hours?figure=opened&{year}");
    paths.push(("the hours of the week".to_owned(), hours));
    for figure in ["opened", "resolution", "backlog"] {
        let list = format!("/reports/tickets/counted?figure={figure}&{year}");
        paths.push((format!("the first page behind {figure}"), list));
    }
    let as_of = (Utc::now() - TimeDelta::seconds(1)).format("%Y-%m-%dT%H:%M:%SZ");
    let past = format!("/reports/tickets?figure=resolution&group=month&{year}&as_of={as_of}");
    paths.push(("resolution by month as of a moment".to_owned(), past));
    let messages = format!("/reports/messages?group=week&split=agent&{year}");
    paths.push(("messages by week and agent".to_owned(), messages));
    let work = format!("/reports/workload?by=agent&{year}");
    paths.push(("the work of agents".to_owned(), work));
    for groups in [
        "metric",
        "day",
        "week",
        "month",
        "policy&group_by=priority&group_by=metric",
        "team",
        "agent",
        "channel",
        "tag",
    ] {
        let what = format!("attainment by {}", groups.replace("&group_by=", ", "));
        let path = format!("/reports/sla?group_by={groups}&{INSTANTS}");
        paths.push((what, path));
    }
    let again = format!("/reports/tickets?figure=resolution&group=day&{}", days(0));
    paths.push(("resolution by day, asked again".to_owned(), again));
    Ok(paths)
}

/// How long one report takes, asked for again and again: [`TIMES`], or as often as [`ASKED_FOR`] allows.
async fn times(api: &Api, what: &str, path: &str) -> Result<[Fact; 2]> {
    let mut times_us = Vec::new();
    let all = Instant::now();
    for index in 0..TIMES {
        if all.elapsed() > ASKED_FOR {
            break;
        }
        let path = dated(path, index);
        let begun = Instant::now();
        match api.get_for_status(&path).await? {
            // 503 is a report that took longer than a statement may, and counts as long as it took.
            200 | 503 => times_us.push(microseconds(begun.elapsed())),
            status => bail!("{path}: {status}"),
        }
    }
    let sample = Sample::of(times_us, Duration::from_secs(1));
    let (p50_ms, p99_ms) = (sample.p50_ms, sample.p99_ms);
    // What was measured is told at once: a bench of hours may still fail.
    eprintln!("{what}: {p50_ms:.1} {p99_ms:.1} ms");
    Ok([
        Fact::new(format!("{what}: p50"), p50_ms, "ms", None),
        Fact::new(format!("{what}: p99"), p99_ms, "ms", LIMIT_MS),
    ])
}
