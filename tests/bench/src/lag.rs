//! `bench lag`: from the answer of a command to its effect in a query, on a quiet system.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;

use crate::cli::Cli;
use crate::commands::replies;
use crate::history::Desk;
use crate::http::Api;
use crate::machine;
use crate::measure::{Sample, microseconds};
use crate::product::Installation;
use crate::projection::Watch;
use crate::report::{Fact, Report};
use crate::servers::BenchServers;

const COMMANDS: usize = 500;

/// Measures.
///
/// # Errors
/// When a server does not come up or a request fails.
pub async fn run(_: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let product = Installation::new(&servers)?;
    let server = product.serve("api,projector,saga").await?;
    let desk = Desk::open(&servers, &product, &server).await?;
    let tickets = replies(&servers, &desk, &server).await?.ids;
    Watch::of(&servers, &desk).await?.caught_up().await?;
    let api = Api::new(&server.url(), &desk.agent_token);
    let mut times_us = Vec::new();
    let begun = Instant::now();
    for id in tickets.iter().cycle().take(COMMANDS) {
        let path = format!("/tickets/{id}");
        times_us.push(microseconds(visible_after(&api, &path).await?));
    }
    let sample = Sample::of(times_us, begun.elapsed());
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "{COMMANDS} replies one after the other; GET of the ticket, again and again, until it shows the version that \
             the command answered"
        ),
    ];
    let mut report = Report::new("lag", conditions);
    let figure = |what: &str, value, limit| Fact::new(what, value, "ms", limit);
    report.facts = vec![
        figure(
            "answer of a command to visible in a query, p50",
            sample.p50_ms,
            10.0,
        ),
        figure(
            "answer of a command to visible in a query, p99",
            sample.p99_ms,
            50.0,
        ),
    ];
    drop(server);
    servers.stop().await?;
    Ok(report)
}

async fn visible_after(api: &Api, ticket: &str) -> Result<Duration> {
    let before = count(api, ticket).await?;
    api.post(
        &format!("{ticket}/messages"),
        &json!({"body": "One moment, please."}),
    )
    .await?;
    let answered = Instant::now();
    while count(api, ticket).await? <= before {}
    Ok(answered.elapsed())
}

async fn count(api: &Api, ticket: &str) -> Result<i64> {
    let ticket = api.get(ticket).await?;
    ticket["public_message_count"]
        .as_i64()
        .context("the ticket has no public_message_count")
}
