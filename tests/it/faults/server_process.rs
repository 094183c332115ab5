//! A server process that is killed, or asked to end, while it works.

use std::time::Duration;

use chrono::Utc;

use super::Desk;
use super::load::{ByKey, Load};
use crate::harness::Client;

const WORKERS: usize = 8;
/// Three times what DESIGN promises, SIGTERM to exit within ten seconds: a machine that does much else is slow.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_kill_9_once_and_a_retry_tells_the_rest() {
    let desk = Desk::open().await;
    let mut sent = Vec::new();
    for round in 1..=3 {
        let mut server = desk.binary.serve().await;
        let load = Load::start(&desk.acme.at(&Client::new(server.address)), WORKERS);
        load.reaches(40 * round).await;
        server.kill();
        sent.extend(load.stop().await);
    }
    let (known, unknown): (Vec<_>, Vec<_>) =
        sent.into_iter().partition(|sent| sent.answer.is_some());
    assert!(known.len() >= 240 && !unknown.is_empty());

    let server = desk.binary.serve().await;
    let client = Client::new(server.address);
    // The killed servers recorded nothing after this.
    let retries_began = Utc::now();
    let mut retried = Vec::new();
    for sent in &unknown {
        retried.push((
            sent,
            sent.again().to(&client).when_available().await.expect(201),
        ));
    }
    let log = ByKey::of(desk.log().await);
    for sent in &known {
        sent.is_told_rightly(sent.answer.as_ref().unwrap(), &log);
    }
    for (sent, answer) in &retried {
        sent.is_told_rightly(answer, &log);
        let was_there = sent.recorded_at(&log) < retries_began;
        let told = answer.header("idempotency-replayed") == Some("true");
        assert_eq!(told, was_there, "{sent:?}: {answer:?}");
        let third = sent.again().to(&client).when_available().await.expect(201);
        assert_eq!(
            (&third.body, third.header("idempotency-replayed")),
            (&answer.body, Some("true"))
        );
    }
    // What the third time did: nothing.
    let after = ByKey::of(desk.log().await);
    assert!(known.iter().chain(&unknown).all(|sent| sent.is_in(&after)));
    let opened = known
        .iter()
        .chain(&unknown)
        .filter(|sent| sent.opens())
        .count();
    let customer = desk.acme.customer.at(&client);
    let listed = customer
        .get("/tickets?include_total=true")
        .await
        .expect(200);
    assert_eq!(listed["total"], opened);
    desk.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_asked_to_end_loses_no_answer_and_ends_in_time() {
    let desk = Desk::open().await;
    let mut server = desk.binary.serve().await;
    let load = Load::start(&desk.acme.at(&Client::new(server.address)), WORKERS);
    load.reaches(100).await;
    server.terminate();
    let status = server.ended(SHUTDOWN_LIMIT).await;
    assert!(status.success(), "{status}");
    let sent = load.stop().await;
    let log = ByKey::of(desk.log().await);
    for sent in &sent {
        match &sent.answer {
            Some(answer) => sent.is_told_rightly(answer, &log),
            // Whole or not at all: asserted within.
            None => drop(sent.is_in(&log)),
        }
    }
    assert!(
        tokio::net::TcpStream::connect(server.address)
            .await
            .is_err()
    );
    desk.is_sound().await;
}
