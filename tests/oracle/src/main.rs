//! `oracle [--tickets N] [--seed S]`: writes histories, one organization a line.

use std::io::{self, BufWriter, Write};

use anyhow::Result;
use clap::Parser;
use oracle::organization_line;

/// Writes random histories of tickets with the clocks that the product makes of them.
#[derive(Debug, Parser)]
#[command(name = "oracle")]
struct Cli {
    /// How many tickets at least.
    #[arg(long, default_value_t = 10_000)]
    tickets: u64,
    /// Chooses everything; the same histories each time unless given.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> Result<()> {
    let cli = Cli::parse();
    let mut output = BufWriter::new(io::stdout().lock());
    for number in 0..cli.tickets.div_ceil(oracle::TICKETS_OF_ORGANIZATION) {
        writeln!(output, "{}", organization_line(cli.seed, number)?)?;
    }
    output.flush()?;
    Ok(())
}
