//! The faults that fit into a test run.

use std::time::Duration;

use faults::faults::find;

use crate::{MACHINE, options};

async fn holds(name: &str, time: Duration) {
    let _machine = MACHINE.lock().await;
    let faults = find(&[name.to_owned()]).unwrap();
    let report = faults[0].run(&options(time)).await.unwrap();
    assert!(report.is_right(), "{}", report.lines().join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_loses_and_doubles_nothing() {
    holds("server-kill", Duration::from_secs(5)).await;
}
