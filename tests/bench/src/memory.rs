//! `bench memory`: what the server takes, idle and under load.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::sleep;

use crate::cli::Cli;
use crate::commands::replies;
use crate::history::Desk;
use crate::machine;
use crate::product::{Installation, Memory};
use crate::report::{Fact, Report};
use crate::servers::BenchServers;

const CONNECTIONS: usize = 256;
const IDLE_FOR: Duration = Duration::from_secs(5);
/// Rounds are added up here: memory is looked for where it grows.
const IDLE_LIMIT_MIB: f64 = 40.0;
const LOAD_LIMIT_MIB: f64 = 200.0;

/// Measures.
///
/// # Errors
/// When a server does not come up or a command fails.
pub async fn run(cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let product = Installation::new(&servers)?;
    let server = product.serve("api,projector,saga").await?;
    sleep(IDLE_FOR).await;
    let idle = memory(&server)?;
    let desk = Desk::open(&servers, &product, &server).await?;
    let replies = replies(&servers, &desk, &server).await?;
    for _ in 0..cli.rounds {
        replies.run(CONNECTIONS, cli.duration()).await?;
    }
    let loaded = memory(&server)?;
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "resident memory of API, projector and saga in one process: {} s after its start, and the most while \
             {CONNECTIONS} connections reply for {} s",
            IDLE_FOR.as_secs(),
            cli.rounds * cli.seconds
        ),
    ];
    let mut report = Report::new("memory", conditions);
    report.facts = vec![
        Fact::new("idle", idle.resident_mib, "MiB", IDLE_LIMIT_MIB),
        Fact::new(
            "under load, the most",
            loaded.highest_mib,
            "MiB",
            LOAD_LIMIT_MIB,
        ),
    ];
    drop(server);
    servers.stop().await?;
    Ok(report)
}

fn memory(server: &crate::product::Server) -> Result<Memory> {
    Memory::of(server.process_id()).context("the server has ended")
}
