//! The command line of the bench.

use std::time::Duration;

use clap::{Parser, ValueEnum};

/// Measures InsightDesk on this machine, as ratios beside references on the same servers in the same run.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub struct Cli {
    /// What to measure.
    #[arg(value_enum)]
    pub bench: Bench,
    /// How often each side is measured, by turns; the median counts.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(3..=99))]
    pub rounds: u32,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub seconds: u32,
    /// Events of the log that `rebuild` reads and `growth` ends with, in thousands.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(10..=20_000))]
    pub thousand_events: u32,
    /// Tickets that `query`, `reports` and `search` read and `recompute` touches, in thousands.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub thousand_tickets: u32,
    /// What the years of `reports` and `search` are made from; the same seed makes the same year.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Timers that `timers` keeps pending, in thousands.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub thousand_timers: u32,
}

impl Cli {
    /// How long one measurement lasts.
    pub fn duration(&self) -> Duration {
        Duration::from_secs(self.seconds.into())
    }
}

/// What can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Bench {
    /// Appends to the log by 1 to 256 clients, one and several partitions and streams, one and two servers.
    Append,
    /// Replies to tickets over HTTP.
    Commands,
    /// From the answer of a command to its effect in a query.
    Lag,
    /// Whether the projector keeps up with commands over HTTP.
    Projection,
    /// Rebuilding the read models, and verifying the log, beside reading it.
    Rebuild,
    /// Appending, reading and rebuilding on logs of 10,000, 1,000,000 and, with --thousand-events 10000, 10,000,000 events.
    Growth,
    /// Ticket detail and list over HTTP.
    Query,
    /// Reports of a year of tickets over HTTP.
    Reports,
    /// The search and lists with words over HTTP.
    Search,
    /// From a deadline to its event.
    Timers,
    /// Memory of the server, idle and under load.
    Memory,
    /// Many sign-ins at once, and what the time of an answer tells.
    Access,
    /// The arithmetic of working time.
    Calendar,
    /// One change of a policy that touches very many open tickets, and what commands feel of it.
    Recompute,
    /// Everything above.
    All,
}

impl Bench {
    /// Itself, or every other one.
    pub fn each(self) -> Vec<Self> {
        match self {
            Self::All => Self::value_variants()
                .iter()
                .copied()
                .filter(|bench| *bench != Self::All)
                .collect(),
            one => vec![one],
        }
    }
}
