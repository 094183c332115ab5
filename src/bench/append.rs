//! `bench append`: single events appended to the log by many clients.

use std::borrow::Cow;
use std::time::Duration;

use anyhow::Result;
use chrono::Utc;
use const_format::formatcp;
use event_store::{
    AppendRequest, EventStore, NewEvent, OrgId, Partition, Position, StreamAppend, StreamId,
    Version,
};
use schema::table::EVENTS;
use uuid::Uuid;

use super::measure::{Operation, measure};
use super::report::{Commits, Line, print_header, print_line};
use super::servers::BenchServers;
use super::{machine, reference};
use crate::cli::BenchOptions;

const CLIENT_COUNTS: [usize; 4] = [1, 8, 64, 256];
const PAYLOAD_BYTES: usize = 256;

/// All events of a commit carry the same `recorded_at`, and no two commits of one partition do.
const COUNT_COMMITS: &str = formatcp!(
    "SELECT count(*), count(DISTINCT recorded_at) FROM {EVENTS} WHERE partition = $1 AND position > $2"
);

/// Measures and prints.
///
/// # Errors
/// When the private server does not come up or an append fails.
pub async fn run(options: BenchOptions) -> Result<()> {
    let servers = BenchServers::start().await?;
    println!("{}; {}", machine::describe(), servers.describe().await?);
    println!(
        "one event of {PAYLOAD_BYTES} bytes an append, all in one partition; medians of {} rounds of {} s by turns",
        options.rounds, options.seconds
    );
    print_header("append to the log");
    for clients in CLIENT_COUNTS {
        let line = measure_line(&servers, clients, options).await?;
        print_line(line);
    }
    servers.stop().await
}

async fn measure_line(
    servers: &BenchServers,
    clients: usize,
    options: BenchOptions,
) -> Result<Line> {
    let duration = Duration::from_secs(options.seconds.into());
    let mut line = Line {
        clients,
        ..Line::default()
    };
    let before = servers.store.head(servers.partition).await?;
    for _ in 0..options.rounds {
        let plain = reference::clients(servers, clients, event).await?;
        line.reference.push(measure(plain, duration).await?);
        let appending =
            (0..clients).map(|_| client(&servers.store, servers.partition, servers.org_id));
        line.ours
            .push(measure(appending.collect(), duration).await?);
    }
    line.commits = count_commits(servers, servers.partition, before).await?;
    Ok(line)
}

/// What the log wrote in a partition after a position.
///
/// # Errors
/// When the database does not answer.
pub async fn count_commits(
    servers: &BenchServers,
    partition: Partition,
    after: Position,
) -> Result<Commits> {
    let client = servers.connect().await?;
    let row = client
        .query_one(COUNT_COMMITS, &[&partition.get(), &after.get()])
        .await?;
    Ok(Commits {
        rows: row.get(0),
        count: row.get(1),
    })
}

fn client(store: &EventStore, partition: Partition, org_id: OrgId) -> Operation {
    let (store, stream_id) = (store.clone(), Uuid::now_v7());
    let mut expected = Version::NONE;
    Box::new(move || {
        let stream = StreamId {
            stream_type: Cow::Borrowed("bench"),
            id: stream_id,
        };
        let append = StreamAppend {
            stream,
            expected,
            events: vec![event()],
        };
        expected = expected.next();
        let request = AppendRequest {
            partition,
            org_id,
            streams: vec![append],
            result: None,
        };
        let store = store.clone();
        Box::pin(async move {
            store.append(request).await?;
            Ok(())
        })
    })
}

/// An event of a usual size with the metadata of a usual command.
#[must_use]
pub fn event() -> NewEvent {
    let text = "x".repeat(PAYLOAD_BYTES - r#"{"text":""}"#.len());
    NewEvent {
        event_id: Uuid::now_v7(),
        event_type: Cow::Borrowed("bench.appended"),
        schema_version: 1,
        data: format!(r#"{{"text":"{text}"}}"#),
        metadata: format!(
            r#"{{"actor":{{"kind":"user","id":"{0}","role":"agent"}},"correlation_id":"{0}"}}"#,
            Uuid::now_v7()
        ),
        occurred_at: Utc::now(),
    }
}
