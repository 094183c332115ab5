//! `bench growth`: the same work on logs of very different sizes, beside each other.

use std::sync::Arc;

use anyhow::Result;
use domain::ids::TicketId;
use event_store::{Position, Version};

use crate::cli::Cli;
use crate::history::{Desk, EVENTS_A_TICKET};
use crate::machine;
use crate::measure::{Operation, Sample, measure};
use crate::product::Installation;
use crate::reference;
use crate::report::{Line, Report};
use crate::servers::BenchServers;

/// Events of the logs, as far as `--thousand-events` goes.
const SIZES: [u32; 3] = [10_000, 1_000_000, 10_000_000];
const CLIENTS: usize = 64;
const PAGE_EVENTS: u32 = 500;
/// Any place of the log is as likely as any other: steps of a large prime, which no size divides.
const STEP: usize = 2_147_483_647;

/// Measures.
///
/// # Errors
/// When a server does not come up or a command fails.
pub async fn run(cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let product = Installation::new(&servers)?;
    let server = product.serve("api").await?;
    let desk = Arc::new(Desk::open(&servers, &product, &server).await?);
    drop(server);
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "all events in one partition; appends of one event; streams of about {EVENTS_A_TICKET} events and pages of \
             {PAGE_EVENTS} at random places, one reader; medians of {} rounds of {} s; rebuilds once, whole runs of the program",
            cli.rounds, cli.seconds
        ),
    ];
    let mut growing = Growing {
        servers,
        product,
        desk,
        tickets: Vec::new(),
        cli,
    };
    let mut report = Report::new("growth", conditions);
    for size in SIZES {
        if size <= cli.thousand_events.saturating_mul(1_000) {
            report.lines.extend(growing.lines(size).await?);
        }
    }
    growing.servers.stop().await?;
    Ok(report)
}

/// A log that grows.
struct Growing<'a> {
    servers: BenchServers,
    product: Installation,
    desk: Arc<Desk>,
    tickets: Vec<TicketId>,
    cli: &'a Cli,
}

impl Growing<'_> {
    async fn lines(&mut self, size: u32) -> Result<Vec<Line>> {
        eprintln!("writing {size} events");
        self.grow(size).await?;
        let (mut inserts, mut appends) = (Vec::new(), Vec::new());
        let (mut streams, mut pages) = (Vec::new(), Vec::new());
        let head = self.head().await?;
        for _ in 0..self.cli.rounds {
            let inserting = reference::single_inserts(&self.servers, CLIENTS).await?;
            inserts.push(measure(inserting, self.cli.duration()).await?);
            let appending = (0..CLIENTS).map(|number| self.appends(number)).collect();
            appends.push(measure(appending, self.cli.duration()).await?);
            let reading = measure(vec![self.stream_reads()], self.cli.duration()).await?;
            streams.push(reading.times(EVENTS_A_TICKET));
            let reading = measure(vec![self.page_reads(head)], self.cli.duration()).await?;
            pages.push(reading.times(f64::from(PAGE_EVENTS)));
        }
        let events = self.head().await?;
        let (taken, _) = self.product.time(&["rebuild"]).await?;
        let rebuilt = Sample::of_rate(events as f64 / taken.as_secs_f64());
        let at = |what: &str| format!("{size} events: {what}");
        Ok(vec![
            Line::new(at("append, 64 clients"), appends)
                .beside("single-row INSERT, 64 clients", inserts),
            Line::new(at("events read by stream"), streams),
            Line::new(at("events read by page"), pages),
            Line::new(at("events rebuilt"), vec![rebuilt]),
        ])
    }

    /// Until the partition has `size` events.
    async fn grow(&mut self, size: u32) -> Result<()> {
        let missing = f64::from(size) - self.head().await? as f64;
        let tickets = (missing / EVENTS_A_TICKET) as usize;
        let lived = self.desk.live_a_year(&self.servers.store, tickets).await?;
        self.tickets.extend(lived);
        Ok(())
    }

    async fn head(&self) -> Result<i64> {
        let partition = self.desk.placement.partition;
        Ok(self.servers.store.head(partition).await?.get())
    }

    fn appends(&self, client: usize) -> Operation {
        let (desk, store) = (Arc::clone(&self.desk), self.servers.store.clone());
        Box::new(move || {
            let (request, store) = (desk.opening(client), store.clone());
            Box::pin(async move {
                store.append(request?).await?;
                Ok(())
            })
        })
    }

    fn stream_reads(&self) -> Operation {
        let (tickets, placement) = (self.tickets.clone(), self.desk.placement);
        let (store, mut at) = (self.servers.store.clone(), 0);
        Box::new(move || {
            at = (at + STEP) % tickets.len();
            let (ticket, store) = (tickets[at], store.clone());
            Box::pin(async move {
                let (partition, org_id) = (placement.partition, placement.org_id);
                let read =
                    store.read_stream(partition, org_id, ticket.0, Version::NONE, PAGE_EVENTS);
                read.await?;
                Ok(())
            })
        })
    }

    fn page_reads(&self, head: i64) -> Operation {
        let (partition, store) = (self.desk.placement.partition, self.servers.store.clone());
        let (last, mut at) = (head.unsigned_abs() as usize - PAGE_EVENTS as usize, 0);
        Box::new(move || {
            at = (at + STEP) % last;
            let (after, store) = (Position::new(at as i64), store.clone());
            Box::pin(async move {
                store.read_partition(partition, after?, PAGE_EVENTS).await?;
                Ok(())
            })
        })
    }
}
