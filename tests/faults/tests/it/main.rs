//! A short selection of the faults, and the proof that the judge sees what it should.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod mutants;
mod selection;
mod tampering;

use std::path::PathBuf;
use std::time::Duration;

use faults::stage::{Budget, Options};
use tokio::sync::Mutex;

/// A machine that does much else is slow: how soon the product recovers is measured by `./dev faults`.
const RECOVERY_LIMIT: Duration = Duration::from_secs(60);
/// Each fault has the machine for itself: recovery has a limit of time.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// So much of each fault.
fn options(time: Duration) -> Options {
    Options {
        seed: 1,
        budget: Budget { time, kills: None },
        recovery_limit: RECOVERY_LIMIT,
        output: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults"),
    }
}
