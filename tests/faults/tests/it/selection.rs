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
async fn a_killed_server_loses_and_doubles_nothing() {
    holds("server-kill", Duration::from_secs(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_projector_killed_between_write_and_checkpoint_skips_and_repeats_nothing() {
    holds("projector-kill", Duration::from_secs(5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_saga_tells_each_deadline_once_and_never_early() {
    holds("saga-kill", Duration::from_secs(12)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_postgresql_loses_and_doubles_nothing() {
    holds("postgres-kill", Duration::from_secs(6)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_valkey_stops_nobody_and_makes_no_answer_wrong() {
    holds("valkey-kill", Duration::from_secs(4)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_answer_is_lost_is_there_once() {
    holds("lost-answers", Duration::from_secs(4)).await;
}
