//! `bench commands`: agents' replies over HTTP: authenticated, validated, decided, appended, answered.

use anyhow::Result;

use crate::cli::Cli;
use crate::history::Desk;
use crate::load::Requests;
use crate::machine;
use crate::measure::measure;
use crate::product::{Installation, Server};
use crate::reference;
use crate::report::{Line, Report};
use crate::servers::BenchServers;

/// Connections of the load.
pub const CONNECTIONS: usize = 64;
const TICKETS: usize = 1_024;
const BODY_BYTES: usize = 256;

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
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "a reply with a body of {BODY_BYTES} bytes is one append of two events to two streams, over {TICKETS} tickets; \
             API, projector and saga in one process; medians of {} rounds of {} s by turns",
            cli.rounds, cli.seconds
        ),
    ];
    let mut report = Report::new("commands", conditions);
    let (mut ours, mut inserts) = (Vec::new(), Vec::new());
    for _ in 0..cli.rounds {
        let inserting = reference::single_inserts(&servers, CONNECTIONS).await?;
        inserts.push(measure(inserting, cli.duration()).await?);
        ours.push(replies.run(CONNECTIONS, cli.duration()).await?);
    }
    report.lines.push(
        Line::new(format!("reply over HTTP, {CONNECTIONS} connections"), ours)
            .beside(format!("single-row INSERT, {CONNECTIONS} clients"), inserts)
            .reaching(0.8),
    );
    drop(server);
    servers.stop().await?;
    Ok(report)
}

/// Replies to tickets of a desk, one after the other.
///
/// # Errors
/// When the tickets cannot be made.
pub async fn replies(servers: &BenchServers, desk: &Desk, server: &Server) -> Result<Requests> {
    Ok(Requests {
        url: server.url(),
        method: "POST",
        path: "/api/v1/tickets/{id}/messages".to_owned(),
        ids: desk
            .live_a_year(&servers.store, TICKETS * 4)
            .await?
            .into_iter()
            // Those that were left open.
            .skip(1)
            .step_by(2)
            .take(TICKETS)
            .map(|id| id.0)
            .collect(),
        token: desk.agent_token.clone(),
        body: format!(
            r#"{{"body":"{}"}}"#,
            "x".repeat(BODY_BYTES - r#"{"body":""}"#.len())
        ),
    })
}
