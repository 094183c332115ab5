//! `./dev bench`: how InsightDesk does on this machine, as ratios beside references on the same servers.
//!
//! The product runs as its users run it: the release binary in processes of its own, on a private PostgreSQL that syncs
//! every commit and a private Valkey. Each line is measured by turns with its reference in one run, at least three times;
//! medians count. Absolute figures say more about the machine than about the program, so compare the ratios.
//!
//! Never in here: anything that the product needs to run.

mod access;
mod append;
mod calendar;
mod cli;
mod commands;
mod growth;
mod history;
mod http;
mod lag;
mod load;
mod machine;
mod measure;
mod memory;
mod plans;
mod plot;
mod product;
mod projection;
mod query;
mod rebuild;
mod recompute;
mod reference;
mod report;
mod reports;
mod sealed;
mod search;
mod servers;
mod talk;
mod timers;
mod wall;
mod words;
mod year;

use anyhow::Result;
use clap::Parser;
use cli::{Bench, Cli};

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    for bench in cli.bench.each() {
        run(bench, &cli).await?;
    }
    Ok(())
}

async fn run(bench: Bench, cli: &Cli) -> Result<()> {
    let report = match bench {
        Bench::Append => append::run(cli).await?,
        Bench::Commands => commands::run(cli).await?,
        Bench::Lag => lag::run(cli).await?,
        Bench::Projection => projection::run(cli).await?,
        Bench::Rebuild => rebuild::run(cli).await?,
        Bench::Growth => growth::run(cli).await?,
        Bench::Query => query::run(cli).await?,
        Bench::Reports => reports::run(cli).await?,
        Bench::Search => search::run(cli).await?,
        Bench::Timers => timers::run(cli).await?,
        Bench::Memory => memory::run(cli).await?,
        Bench::Access => access::run(cli).await?,
        Bench::Calendar => calendar::run(cli).await?,
        Bench::Recompute => recompute::run(cli).await?,
        Bench::All => return Ok(()),
    };
    report.publish()
}
