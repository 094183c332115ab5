//! `bench verify`: proving the log beside reading the same pages without a check.

use std::borrow::Cow;
use std::time::Instant;

use anyhow::Result;
use event_store::verify::{Span, verify_spans};
use event_store::{
    AppendRequest, EventStore, OrgId, Partition, Position, StreamAppend, StreamId, Version,
};
use uuid::Uuid;

use super::append::event;
use super::machine;
use super::servers::BenchServers;
use crate::cli::VerifyBenchOptions;

/// As the walk reads.
const PAGE_EVENTS: u32 = 2_000;
/// Streams and events of a stream in one append of the filling: tickets are short streams.
const STREAMS_AN_APPEND: u32 = 100;
const EVENTS_A_STREAM: u32 = 10;

/// Fills a log, then reads and proves it by turns.
///
/// # Errors
/// When the private server does not come up, or the log is found damaged.
pub async fn run(options: VerifyBenchOptions) -> Result<()> {
    let servers = BenchServers::start().await?;
    println!("{}; {}", machine::describe(), servers.describe().await?);
    let events = fill(
        &servers.store,
        servers.partition,
        servers.org_id,
        options.events,
    )
    .await?;
    println!("{events} events in one partition; events a second, by turns");
    println!("{:>12} {:>12} {:>7}", "reading", "verify", "ratio");
    let mut ratios = Vec::new();
    for _ in 0..options.rounds {
        let reading = rate(events, read(&servers.store, servers.partition)).await?;
        let proving = rate(events, prove(&servers.store, servers.partition)).await?;
        println!(
            "{reading:>12.0} {proving:>12.0} {:>6.2}x",
            proving / reading
        );
        ratios.push(proving / reading);
    }
    ratios.sort_by(f64::total_cmp);
    println!("median ratio {:.2}x", ratios[ratios.len() / 2]);
    servers.stop().await
}

/// Appends until there are `wanted` events; how many there are.
async fn fill(store: &EventStore, partition: Partition, org_id: OrgId, wanted: u32) -> Result<u32> {
    let mut events = 0;
    while events < wanted {
        let streams = (0..STREAMS_AN_APPEND).map(|_| StreamAppend {
            stream: StreamId {
                stream_type: Cow::Borrowed("bench"),
                id: Uuid::now_v7(),
            },
            expected: Version::NONE,
            events: (0..EVENTS_A_STREAM).map(|_| event()).collect(),
        });
        let request = AppendRequest {
            partition,
            org_id,
            streams: streams.collect(),
            result: None,
        };
        store.append(request).await?;
        events += STREAMS_AN_APPEND * EVENTS_A_STREAM;
    }
    Ok(events)
}

async fn rate(events: u32, work: impl Future<Output = Result<()>>) -> Result<f64> {
    let begun = Instant::now();
    work.await?;
    Ok(f64::from(events) / begun.elapsed().as_secs_f64())
}

async fn read(store: &EventStore, partition: Partition) -> Result<()> {
    let mut after = Position::START;
    loop {
        let page = store.read_partition(partition, after, PAGE_EVENTS).await?;
        let Some(last) = page.last() else {
            return Ok(());
        };
        after = last.position;
    }
}

async fn prove(store: &EventStore, partition: Partition) -> Result<()> {
    let report = verify_spans(store, &[Span::whole(partition)], |_| ()).await?;
    let fault = report.faults().next().map(ToString::to_string);
    anyhow::ensure!(
        fault.is_none(),
        "the log is damaged: {}",
        fault.unwrap_or_default()
    );
    Ok(())
}
