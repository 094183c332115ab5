//! The one binary of InsightDesk.

use std::process::ExitCode;

use clap::Parser;
use insightdesk::cli::Cli;
use mimalloc::MiMalloc;

/// A request makes hundreds of small, short-lived allocations: with the allocator of glibc they were a quarter of the
/// server's work.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match insightdesk::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The alternate form tells the causes too, each after a colon.
            eprintln!("insightdesk: {error:#}");
            ExitCode::FAILURE
        }
    }
}
