//! `faults [NAME]...`: tries faults and prints what came of them.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use faults::faults::{Fault, find};
use faults::report::{Report, print_table, write_json};
use faults::stage::{Budget, Options};

/// What must hold after every fault.
const RECOVERY_LIMIT: Duration = Duration::from_secs(10);

/// Breaks what InsightDesk runs on and checks that nothing acknowledged is lost or doubled.
#[derive(Debug, Parser)]
#[command(name = "faults")]
struct Cli {
    /// Names or numbers of faults, such as server-kill or F01; `all` for all of them.
    #[arg(default_value = "all")]
    names: Vec<String>,
    /// Chooses the commands and the moments; a new one unless given.
    #[arg(long)]
    seed: Option<u64>,
    /// How long all faults together are tried, without setting up and checking.
    #[arg(long, default_value_t = 3.0)]
    minutes: f64,
    /// How often F01 kills, whatever the time.
    #[arg(long)]
    kills: Option<u32>,
    /// Where ledgers, logs and reports go.
    #[arg(long, default_value = "target/faults")]
    output: PathBuf,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("faults: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli) -> Result<bool> {
    let faults = find(&cli.names)?;
    let minutes = cli.minutes / faults.len() as f64;
    let options = Options {
        seed: cli.seed.unwrap_or_else(|| rand::random::<u32>().into()),
        budget: Budget {
            time: Duration::try_from_secs_f64(minutes * 60.0).context("--minutes is no time")?,
            kills: cli.kills,
        },
        recovery_limit: RECOVERY_LIMIT,
        output: cli.output,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let reports = runtime.block_on(run_all(&faults, &options));
    print_table(&reports);
    let path = write_json(&reports, &options)?;
    println!("written to {}", path.display());
    Ok(reports.iter().all(Report::is_right))
}

/// One that could not be tried does not keep the others from it.
async fn run_all(faults: &[&'static Fault], options: &Options) -> Vec<Report> {
    let mut reports = Vec::new();
    for fault in faults {
        eprintln!("==> {} {}: {}", fault.id, fault.name, fault.what);
        let report = match fault.run(options).await {
            Ok(report) => report,
            Err(error) => Report::failed(fault.id, fault.name, options.seed, &error),
        };
        for line in report.lines() {
            eprintln!("    {line}");
        }
        reports.push(report);
    }
    reports
}
