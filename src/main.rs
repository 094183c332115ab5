//! The one binary of InsightDesk.

use std::process::ExitCode;

use clap::Parser;
use insightdesk::cli::Cli;

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
