//! `imported EVENTS POLICY`: the clocks of the tickets of an export under a policy, one JSON object a ticket and line.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Parser;
use oracle::imported::{PolicyFile, tickets, under};

/// Writes what the clocks of exported tickets would have said under a policy.
#[derive(Debug, Parser)]
#[command(name = "imported")]
struct Cli {
    /// One file of `insightdesk export`.
    events: PathBuf,
    /// The policy, such as tests/oracle/log_policy.json.
    policy: PathBuf,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let policy = fs::read_to_string(&cli.policy).context("the policy cannot be read")?;
    let policy: PolicyFile = serde_json::from_str(&policy).context("the policy is none")?;
    let terms = Arc::new(policy.terms()?);
    let events = File::open(&cli.events).context("the events cannot be read")?;
    let mut output = BufWriter::new(io::stdout().lock());
    for (id, events) in tickets(BufReader::new(events).lines())? {
        let clocks = under(id, &events, &terms).with_context(|| format!("the ticket {id}"))?;
        writeln!(output, "{}", serde_json::to_string(&clocks)?)?;
    }
    output.flush()?;
    Ok(())
}
