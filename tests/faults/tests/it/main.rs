//! A short selection of the faults, and the proof that the judge sees what it should.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod mutants;
mod selection;
mod tampering;

use std::path::PathBuf;
use std::time::Duration;

use faults::stage::{Budget, Options};
use tokio::sync::Mutex;

/// Each fault has the machine for itself: recovery has a limit of time.
static MACHINE: Mutex<()> = Mutex::const_new(());

/// So much of each fault.
fn options(time: Duration) -> Options {
    Options {
        seed: 1,
        budget: Budget { time, kills: None },
        output: PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("faults"),
    }
}
