//! `bench rebuild`: rebuilding the read models and verifying the log, beside reading the log alone.

use std::time::Instant;

use anyhow::Result;
use event_store::{Partition, Position};

use crate::cli::Cli;
use crate::history::{Desk, EVENTS_A_TICKET};
use crate::machine;
use crate::measure::Sample;
use crate::product::Installation;
use crate::report::{Fact, Line, Report};
use crate::servers::BenchServers;

const PAGE_EVENTS: u32 = 5_000;

/// Measures.
///
/// # Errors
/// When a server does not come up or a command fails.
pub async fn run(cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let product = Installation::new(&servers)?;
    let server = product.serve("api").await?;
    let desk = Desk::open(&servers, &product, &server).await?;
    drop(server);
    let partition = desk.placement.partition;
    let events = f64::from(cli.thousand_events) * 1_000.0;
    eprintln!("writing {events} events");
    desk.live_a_year(&servers.store, (events / EVENTS_A_TICKET) as usize)
        .await?;
    let events = servers.store.head(partition).await?.get() as f64;
    // The first rebuild makes the read models; the others replace them, as an operator's do.
    product.time(&["rebuild"]).await?;
    let (mut reads, mut rebuilds, mut verifications) = (Vec::new(), Vec::new(), Vec::new());
    let (mut rebuild_mib, mut verify_mib) = (0.0_f64, 0.0_f64);
    for _ in 0..cli.rounds {
        reads.push(read_all(&servers, partition).await?);
        let (taken, memory) = product.time(&["rebuild"]).await?;
        rebuilds.push(Sample::of_rate(events / taken.as_secs_f64()));
        rebuild_mib = rebuild_mib.max(memory.highest_mib);
        let (taken, memory) = product.time(&["verify"]).await?;
        verifications.push(Sample::of_rate(events / taken.as_secs_f64()));
        verify_mib = verify_mib.max(memory.highest_mib);
    }
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "{events} events of one organization; whole runs of the program, its start included; medians of {} rounds by turns",
            cli.rounds
        ),
    ];
    let mut report = Report::new("rebuild", conditions);
    let beside = "reading the log, one reader";
    report.lines = vec![
        Line::new("events rebuilt", rebuilds)
            .beside(beside, reads.clone())
            .reaching(0.25),
        Line::new("events verified", verifications)
            .beside(beside, reads)
            .reaching(0.5),
    ];
    report.facts = vec![
        Fact::new("most memory of a rebuild", rebuild_mib, "MiB", None),
        Fact::new("most memory of a verification", verify_mib, "MiB", None),
    ];
    servers.stop().await?;
    Ok(report)
}

async fn read_all(servers: &BenchServers, partition: Partition) -> Result<Sample> {
    let begun = Instant::now();
    let (mut events, mut after) = (0, Position::START);
    loop {
        let page = servers
            .store
            .read_partition(partition, after, PAGE_EVENTS)
            .await?;
        let Some(last) = page.last() else {
            break;
        };
        after = last.position;
        events += page.len();
    }
    Ok(Sample::of_rate(
        events as f64 / begun.elapsed().as_secs_f64(),
    ))
}
