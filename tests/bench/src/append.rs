//! `bench append`: events appended to the log by many clients.

use std::borrow::Cow;
use std::iter::repeat_n;

use anyhow::Result;
use chrono::Utc;
use const_format::formatcp;
use event_store::{
    AppendRequest, EventStore, NewEvent, Partition, Placement, Position, StreamAppend, StreamId,
    Version,
};
use schema::table::EVENTS;
use uuid::Uuid;

use crate::cli::Cli;
use crate::machine;
use crate::measure::{Operation, Sample, measure};
use crate::reference;
use crate::report::{Line, Report};
use crate::sealed;
use crate::servers::BenchServers;

const PAYLOAD_BYTES: usize = 256;
const CLIENTS_OF_A_SERVER: usize = 64;
const SINGLE_INSERT: &str = "single-row INSERT";
/// One client appends events to this many of its own streams in turn, as a desk has many tickets.
const STREAMS_A_CLIENT: usize = 4;

/// All events of a commit carry the same `recorded_at`, and no two commits of one partition do.
const COUNT_COMMITS: &str = formatcp!(
    "SELECT count(*), count(DISTINCT recorded_at) FROM {EVENTS} WHERE partition = $1 AND position > $2"
);

/// Measures.
///
/// # Errors
/// When the private server does not come up or an append fails.
pub async fn run(cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "one event of {PAYLOAD_BYTES} bytes an append; medians of {} rounds of {} s by turns",
            cli.rounds, cli.seconds
        ),
    ];
    let mut report = Report::new("append", conditions);
    let bench = AppendBench {
        placements: servers.organizations(4, "append").await?,
        another: servers.another_store().await?,
        servers,
        cli,
    };
    report.lines = bench.lines().await?;
    bench.another.shutdown().await;
    bench.servers.stop().await?;
    Ok(report)
}

struct AppendBench<'a> {
    servers: BenchServers,
    /// A second server's way to the log.
    another: EventStore,
    /// In partitions of different writers.
    placements: Vec<Placement>,
    cli: &'a Cli,
}

/// Which clients append what.
struct Load {
    what: &'static str,
    clients: usize,
    partitions: usize,
    streams: usize,
    /// Clients of the single-row INSERT beside it.
    reference_clients: usize,
    reach: f64,
    p99_limit_ms: Option<f64>,
}

const LOADS: [Load; 6] = [
    load("1 client", 1, 1, 1, 1, 0.65),
    load("8 clients", 8, 1, 1, 8, 1.2),
    Load {
        p99_limit_ms: Some(5.0),
        ..load("64 clients", 64, 1, 1, 64, 2.6)
    },
    load("256 clients, one partition", 256, 1, 1, 64, 3.5),
    load("256 clients, 4 partitions", 256, 4, 1, 64, 4.5),
    load(
        "64 clients, commands of 2 events to 2 streams",
        64,
        1,
        2,
        64,
        2.0,
    ),
];

const fn load(
    what: &'static str,
    clients: usize,
    partitions: usize,
    streams: usize,
    reference_clients: usize,
    reach: f64,
) -> Load {
    Load {
        what,
        clients,
        partitions,
        streams,
        reference_clients,
        reach,
        p99_limit_ms: None,
    }
}

impl AppendBench<'_> {
    async fn lines(&self) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        for load in &LOADS {
            lines.push(self.line(load).await?);
        }
        lines.push(self.two_servers().await?);
        lines.push(sealed::line(&self.servers, self.placements[0], self.cli).await?);
        lines.extend(self.limits().await?);
        Ok(lines)
    }

    async fn line(&self, load: &Load) -> Result<Line> {
        let placements = &self.placements[..load.partitions];
        let before = self.heads(placements).await?;
        let (mut ours, mut reference) = (Vec::new(), Vec::new());
        for _ in 0..self.cli.rounds {
            let inserting =
                reference::single_inserts(&self.servers, load.reference_clients).await?;
            reference.push(measure(inserting, self.cli.duration()).await?);
            let clients = (0..load.clients).map(|number| {
                let placement = placements[number % placements.len()];
                client(&self.servers.store, placement, load.streams)
            });
            ours.push(measure(clients.collect(), self.cli.duration()).await?);
        }
        let beside = format!("{SINGLE_INSERT}, {} clients", load.reference_clients);
        let mut line = Line::new(format!("append, {}", load.what), ours)
            .beside(beside, reference)
            .reaching(load.reach);
        line.rows_per_commit = Some(self.rows_per_commit(&before).await?);
        line.p99_limit_ms = load.p99_limit_ms;
        Ok(line)
    }

    /// Two servers with the same partition, beside one server with all the clients.
    async fn two_servers(&self) -> Result<Line> {
        let placement = self.placements[0];
        let stores = [&self.servers.store, &self.another];
        let before = self.heads(&self.placements[..1]).await?;
        let (mut ours, mut reference) = (Vec::new(), Vec::new());
        for _ in 0..self.cli.rounds {
            let of_one = repeat_n(stores[0], CLIENTS_OF_A_SERVER * 2);
            let clients = of_one.map(|store| client(store, placement, 1));
            reference.push(measure(clients.collect(), self.cli.duration()).await?);
            let of_each = |store| {
                let clients = repeat_n(store, CLIENTS_OF_A_SERVER);
                measure(
                    clients.map(|store| client(store, placement, 1)).collect(),
                    self.cli.duration(),
                )
            };
            let (first, second) = tokio::try_join!(of_each(stores[0]), of_each(stores[1]))?;
            ours.push(together(first, second));
        }
        let mut line = Line::new("append, two servers with 64 clients each", ours)
            .beside("one server, 128 clients", reference)
            .reaching(0.8);
        line.rows_per_commit = Some(self.rows_per_commit(&before).await?);
        Ok(line)
    }

    /// What PostgreSQL can take from one connection: how far there is to go.
    async fn limits(&self) -> Result<Vec<Line>> {
        let mut lines = Vec::new();
        for rows in [64, 1_024] {
            let (mut many, mut copied) = (Vec::new(), Vec::new());
            for _ in 0..self.cli.rounds {
                let inserting = reference::many_rows(&self.servers, rows).await?;
                many.push(
                    measure(inserting, self.cli.duration())
                        .await?
                        .times(rows as f64),
                );
                let copying = reference::copies(&self.servers, rows).await?;
                copied.push(
                    measure(copying, self.cli.duration())
                        .await?
                        .times(rows as f64),
                );
            }
            lines.push(Line::new(
                format!("limit: unnest of {rows} rows, 1 client"),
                many,
            ));
            lines.push(Line::new(
                format!("limit: COPY of {rows} rows, 1 client"),
                copied,
            ));
        }
        Ok(lines)
    }

    async fn heads(&self, placements: &[Placement]) -> Result<Vec<(Partition, Position)>> {
        let mut heads = Vec::new();
        for placement in placements {
            let head = self.servers.store.head(placement.partition).await?;
            heads.push((placement.partition, head));
        }
        Ok(heads)
    }

    async fn rows_per_commit(&self, since: &[(Partition, Position)]) -> Result<f64> {
        let client = self.servers.connect().await?;
        let (mut rows, mut commits) = (0, 0);
        for (partition, position) in since {
            let row = client
                .query_one(COUNT_COMMITS, &[&partition.get(), &position.get()])
                .await?;
            rows += row.get::<_, i64>(0);
            commits += row.get::<_, i64>(1);
        }
        Ok(rows as f64 / commits.max(1) as f64)
    }
}

/// Both servers' rates added; the slower one's times, because nobody may starve.
fn together(a: Sample, b: Sample) -> Sample {
    Sample {
        rate: a.rate + b.rate,
        p50_ms: a.p50_ms.max(b.p50_ms),
        p99_ms: a.p99_ms.max(b.p99_ms),
        p999_ms: a.p999_ms.max(b.p999_ms),
    }
}

/// A client that appends one event to each of `streams` streams at a time.
fn client(store: &EventStore, placement: Placement, streams: usize) -> Operation {
    let store = store.clone();
    let mut desks: Vec<Vec<(Uuid, Version)>> = (0..STREAMS_A_CLIENT)
        .map(|_| {
            (0..streams)
                .map(|_| (Uuid::now_v7(), Version::NONE))
                .collect()
        })
        .collect();
    let mut turn = 0;
    Box::new(move || {
        turn += 1;
        let desk = &mut desks[turn % STREAMS_A_CLIENT];
        let request = AppendRequest {
            partition: placement.partition,
            org_id: placement.org_id,
            streams: desk.iter_mut().map(next_of_stream).collect(),
            result: None,
        };
        let store = store.clone();
        Box::pin(async move {
            store.append(request).await?;
            Ok(())
        })
    })
}

fn next_of_stream((id, version): &mut (Uuid, Version)) -> StreamAppend {
    let expected = *version;
    *version = expected.next();
    StreamAppend {
        stream: StreamId {
            stream_type: Cow::Borrowed("bench"),
            id: *id,
        },
        expected,
        events: vec![event()],
    }
}

/// An event of a usual size with the metadata of a usual command.
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
