//! One saga a partition, whatever happens to its holder.

use crate::desk::{Desk, eventually, minutes, quick, start};
use crate::server::Server;
use async_trait::async_trait;
use domain::sla::Metric;
use domain::ticket::state::Priority;
use platform::shutdown::Shutdown;
use schema::table;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use write_side::dispatch::Dispatcher;
use write_side::saga::{Options, Outcome, Reapplied, Timer, TimerCommands, TouchedTicket};

#[tokio::test]
async fn two_instances_on_one_log_breach_each_deadline_once() {
    const TICKETS: usize = 200;
    let desk = Desk::open().await;
    let other = Server::start(&desk.url, &desk.clock).await;
    let (one, two) = (Shutdown::new(), Shutdown::new());
    let sagas = [
        desk.server.saga(&desk.clock, quick(), &one).await,
        other.saga(&desk.clock, quick(), &two).await,
    ];
    for _ in 0..TICKETS {
        desk.open_ticket(Priority::Urgent).await;
    }
    desk.clock.advance(minutes(480));
    eventually("every deadline is breached", async || {
        desk.breaches().await.len() >= 2 * TICKETS
    })
    .await;
    eventually("every timer is gone", async || {
        desk.count(table::TIMERS).await == 0
    })
    .await;

    let leading = |saga: &write_side::saga::Saga| {
        saga.statuses()
            .all()
            .iter()
            .filter(|status| status.is_leading)
            .count()
    };
    // Who stood still is not told at once that the other has taken over.
    eventually("one of them leads, the other stands by", async || {
        sagas.iter().map(leading).sum::<usize>() == 1
    })
    .await;
    assert_eq!(desk.breaches().await.len(), 2 * TICKETS);
}

#[tokio::test]
async fn a_saga_that_shuts_down_gives_its_lease_back_at_once() {
    let desk = Desk::open().await;
    let shutdown = Shutdown::new();
    // A lease that would not end by itself within this test.
    let options = Options {
        lease_duration: Duration::from_secs(3_600),
        ..quick()
    };
    let first = desk
        .server
        .saga(&desk.clock, options.clone(), &shutdown)
        .await;
    let fence = desk.settle(&first).await.fence;
    shutdown.request();
    first.stopped().await;

    let second = desk
        .server
        .saga(&desk.clock, options, &Shutdown::new())
        .await;
    assert_eq!(desk.settle(&second).await.fence, fence + 1);
}

#[tokio::test]
async fn the_lease_of_a_dead_holder_ends_and_another_takes_over() {
    let desk = Desk::open().await;
    let options = Options {
        lease_duration: Duration::from_millis(300),
        ..quick()
    };
    let first = desk
        .server
        .saga(&desk.clock, options.clone(), &Shutdown::new())
        .await;
    let ticket_id = desk.open_ticket(Priority::Urgent).await;
    let fence = desk.settle(&first).await.fence;
    let second = desk
        .server
        .saga(&desk.clock, options, &Shutdown::new())
        .await;
    drop(first);

    // A machine that is busy for longer than a lease lets its holder lose it, and take it again.
    assert!(desk.settle(&second).await.fence > fence);
    desk.advance(&second, minutes(60)).await;
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::FirstReply, start() + minutes(60))]
    );
}

#[tokio::test]
async fn a_lease_from_before_the_databases_clock_was_set_back_does_not_bar_the_partition() {
    let desk = Desk::open().await;
    let first = desk.saga().await;
    desk.settle(&first).await;
    drop(first);
    let far = format!(
        "UPDATE {} SET expires_at = now() + interval '2 hours' WHERE partition = $1",
        table::SAGA_LEASES
    );
    desk.client()
        .await
        .execute(&far, &[&desk.partition.get()])
        .await
        .unwrap();

    let second = desk.saga().await;
    desk.settle(&second).await;
}

/// Stops the whole runtime that calls it, as SIGSTOP would, before the first command and until it is told to go on.
struct Freezing {
    dispatcher: Dispatcher,
    frozen: mpsc::Sender<()>,
    go_on: Mutex<Option<mpsc::Receiver<()>>>,
}

#[async_trait]
impl TimerCommands for Freezing {
    async fn fire(&self, timer: &Timer) -> Outcome {
        if let Some(go_on) = self.go_on.lock().unwrap().take() {
            self.frozen.send(()).unwrap();
            go_on.recv().unwrap();
        }
        self.dispatcher.fire(timer).await
    }

    async fn reapply(&self, ticket: &TouchedTicket) -> Reapplied {
        self.dispatcher.reapply(ticket).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_was_stopped_for_long_does_no_harm_when_it_goes_on() {
    let desk = Desk::open().await;
    let options = Options {
        lease_duration: Duration::from_millis(300),
        ..quick()
    };
    let mut tickets = Vec::new();
    for _ in 0..20 {
        tickets.push(desk.open_ticket(Priority::Urgent).await);
    }
    desk.clock.advance(minutes(60));

    let (frozen, is_frozen) = mpsc::channel();
    let (thaw, go_on) = mpsc::channel();
    let (url, clock, partition, stopped_options) = (
        desk.url.clone(),
        desk.clock.clone(),
        desk.partition,
        options.clone(),
    );
    let thawed = Arc::new(AtomicBool::new(false));
    let is_thawed = Arc::clone(&thawed);
    let stopped = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let server = Server::start(&url, &clock).await;
            let dispatcher = server.dispatcher.clone();
            let freezing = Arc::new(Freezing {
                dispatcher,
                frozen,
                go_on: Mutex::new(Some(go_on)),
            });
            let saga = server
                .saga_with(freezing, &clock, stopped_options, &Shutdown::new())
                .await;
            let mut status = saga.statuses().watch(partition).unwrap();
            // Before it was stopped it may have failed for another reason, and tried again.
            let is_refused = |failure: &String| failure.contains("taken over");
            status
                .wait_for(|status| {
                    is_thawed.load(Ordering::Relaxed)
                        && status.failure.as_ref().is_some_and(is_refused)
                })
                .await
                .unwrap()
                .clone()
        })
    });
    tokio::task::spawn_blocking(move || is_frozen.recv().unwrap())
        .await
        .unwrap();

    let successor = desk
        .server
        .saga(&desk.clock, options, &Shutdown::new())
        .await;
    let taken_over = desk.settle(&successor).await;
    assert_eq!(desk.breaches().await.len(), tickets.len());
    thawed.store(true, Ordering::Relaxed);
    thaw.send(()).unwrap();
    let stopped = tokio::task::spawn_blocking(move || stopped.join().unwrap())
        .await
        .unwrap();

    assert!(
        stopped
            .failure
            .as_deref()
            .is_some_and(|failure| failure.contains("taken over")),
        "{stopped:?}"
    );
    assert!(stopped.fence < taken_over.fence);
    assert!(stopped.position < taken_over.position);
    let status = desk.settle(&successor).await;
    assert!(
        status.fence >= taken_over.fence,
        "the successor still leads"
    );
    assert_eq!(desk.breaches().await.len(), tickets.len());
    for ticket_id in tickets {
        assert_eq!(
            desk.breaches_of(ticket_id).await,
            [(Metric::FirstReply, start() + minutes(60))]
        );
    }
}
