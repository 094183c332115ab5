//! A saga that dies at any point, and the next one that begins at the checkpoint. Dropping a saga is a crash: it ends in
//! the middle of whatever it does and releases nothing.

use crate::desk::{Desk, eventually, minutes, quick, start};
use async_trait::async_trait;
use domain::sla::Metric;
use domain::ticket::state::Priority;
use platform::shutdown::Shutdown;
use schema::table;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use write_side::dispatch::Dispatcher;
use write_side::saga::{Options, Outcome, Reapplied, Saga, Timer, TimerCommands, TouchedTicket};

/// Leases of crashed sagas end soon.
fn crashing() -> Options {
    Options {
        lease_duration: Duration::from_millis(300),
        ..quick()
    }
}

async fn saga(desk: &Desk) -> Saga {
    desk.server
        .saga(&desk.clock, crashing(), &Shutdown::new())
        .await
}

#[tokio::test]
async fn a_crash_between_folding_and_committing_repeats_the_fold() {
    let desk = Desk::open().await;
    let first = saga(&desk).await;
    desk.settle(&first).await;
    let mut client = desk.client().await;
    let held = client.transaction().await.unwrap();
    let hold = format!(
        "SELECT position FROM {} WHERE partition = $1 FOR UPDATE",
        table::SAGA_CHECKPOINTS
    );
    held.query_one(&hold, &[&desk.partition.get()])
        .await
        .unwrap();
    let ticket_id = desk.open_ticket(Priority::Urgent).await;
    eventually("the fold waits for its checkpoint", async || {
        waits_for_a_lock(&desk).await
    })
    .await;

    drop(first);
    held.rollback().await.unwrap();
    drop(client);
    eventually("the crashed transaction is gone", async || {
        !waits_for_a_lock(&desk).await
    })
    .await;
    assert_eq!(
        desk.count(table::TIMERS).await,
        0,
        "nothing of the fold was written"
    );

    let second = saga(&desk).await;
    desk.settle(&second).await;
    assert_eq!(desk.count(table::TIMERS).await, 2);
    desk.advance(&second, minutes(60)).await;
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::FirstReply, start() + minutes(60))]
    );
}

async fn waits_for_a_lock(desk: &Desk) -> bool {
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    desk.superuser()
        .await
        .query_one(waiting, &[])
        .await
        .unwrap()
        .get::<_, i64>(0)
        > 0
}

/// Sends each command and never learns what became of it.
struct Deaf {
    dispatcher: Dispatcher,
    sent: watch::Sender<usize>,
}

#[async_trait]
impl TimerCommands for Deaf {
    async fn fire(&self, timer: &Timer) -> Outcome {
        let outcome = self.dispatcher.fire(timer).await;
        assert!(matches!(outcome, Outcome::Recorded), "{outcome:?}");
        self.sent.send_modify(|sent| *sent += 1);
        std::future::pending().await
    }

    async fn reapply(&self, ticket: &TouchedTicket) -> Reapplied {
        self.dispatcher.reapply(ticket).await
    }
}

#[tokio::test]
async fn a_crash_between_a_command_and_its_answer_yields_one_breach() {
    let desk = Desk::open().await;
    let ticket_id = desk.open_ticket(Priority::Urgent).await;
    let (sent, mut was_sent) = watch::channel(0);
    let deaf = Arc::new(Deaf {
        dispatcher: desk.server.dispatcher.clone(),
        sent,
    });
    let first = desk
        .server
        .saga_with(deaf, &desk.clock, crashing(), &Shutdown::new())
        .await;
    desk.settle(&first).await;
    desk.clock.advance(minutes(60));
    was_sent.wait_for(|sent| *sent == 1).await.unwrap();
    drop(first);
    assert_eq!(
        desk.count(table::TIMERS).await,
        2,
        "the timer stays until its event was folded"
    );

    let second = saga(&desk).await;
    desk.settle(&second).await;
    assert_eq!(
        desk.breaches_of(ticket_id).await,
        [(Metric::FirstReply, start() + minutes(60))]
    );
    assert_eq!(desk.count(table::TIMERS).await, 1);
}

/// Counts what is sent.
struct Counting {
    dispatcher: Dispatcher,
    sent: AtomicUsize,
}

#[async_trait]
impl TimerCommands for Counting {
    async fn fire(&self, timer: &Timer) -> Outcome {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.dispatcher.fire(timer).await
    }

    async fn reapply(&self, ticket: &TouchedTicket) -> Reapplied {
        self.dispatcher.reapply(ticket).await
    }
}

#[tokio::test]
async fn after_the_event_came_back_a_new_saga_sends_nothing() {
    let desk = Desk::open().await;
    let ticket_id = desk.open_ticket(Priority::Urgent).await;
    let first = saga(&desk).await;
    desk.advance(&first, minutes(60)).await;
    drop(first);

    let counting = Arc::new(Counting {
        dispatcher: desk.server.dispatcher.clone(),
        sent: AtomicUsize::new(0),
    });
    let second = desk
        .server
        .saga_with(counting.clone(), &desk.clock, crashing(), &Shutdown::new())
        .await;
    desk.settle(&second).await;
    assert_eq!(counting.sent.load(Ordering::Relaxed), 0);
    assert_eq!(desk.breaches_of(ticket_id).await.len(), 1);
}

#[tokio::test]
async fn sagas_that_crash_again_and_again_breach_each_deadline_once() {
    const TICKETS: usize = 300;
    let desk = Desk::open().await;
    for _ in 0..TICKETS {
        desk.open_ticket(Priority::Urgent).await;
    }
    desk.clock.advance(minutes(480));
    // Where each one dies differs from run to run; that it dies in mid-work shows in the counts.
    let mut in_mid_work = 0;
    for crash in 0..12 {
        let dying = saga(&desk).await;
        let before = desk.breaches().await.len();
        let reached = before.max(crash * 40) + 15;
        eventually("the saga does some work", async || {
            desk.breaches().await.len() >= reached.min(2 * TICKETS)
        })
        .await;
        drop(dying);
        in_mid_work += usize::from(desk.breaches().await.len() < 2 * TICKETS);
    }
    let last = saga(&desk).await;
    desk.settle(&last).await;

    assert!(in_mid_work > 0, "no saga died in mid-work");
    let breaches = desk.breaches().await;
    let mut deadlines: Vec<_> = breaches
        .iter()
        .map(|(id, breach)| (*id, breach.metric, breach.due_at))
        .collect();
    deadlines.sort_unstable();
    deadlines.dedup();
    assert_eq!(
        (breaches.len(), deadlines.len()),
        (2 * TICKETS, 2 * TICKETS)
    );
    assert_eq!(desk.count(table::TIMERS).await, 0);
}

/// A log that takes no commands at first.
struct Recovering {
    dispatcher: Dispatcher,
    refusals_left: AtomicUsize,
}

#[async_trait]
impl TimerCommands for Recovering {
    async fn fire(&self, timer: &Timer) -> Outcome {
        let one_less = |left: usize| left.checked_sub(1);
        let refused =
            self.refusals_left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
        match refused {
            Ok(_) => Outcome::Unavailable("the log is away".into()),
            Err(_) => self.dispatcher.fire(timer).await,
        }
    }

    async fn reapply(&self, ticket: &TouchedTicket) -> Reapplied {
        self.dispatcher.reapply(ticket).await
    }
}

#[tokio::test]
async fn timers_that_the_log_could_not_take_fire_when_it_is_back() {
    const TICKETS: usize = 40;
    let desk = Desk::open().await;
    for _ in 0..TICKETS {
        desk.open_ticket(Priority::Urgent).await;
    }
    let refusals_left = AtomicUsize::new(3 * TICKETS);
    let recovering = Arc::new(Recovering {
        dispatcher: desk.server.dispatcher.clone(),
        refusals_left,
    });
    let options = Options {
        retry_max: Duration::from_millis(50),
        ..crashing()
    };
    let saga = desk
        .server
        .saga_with(recovering, &desk.clock, options, &Shutdown::new())
        .await;
    desk.advance(&saga, minutes(480)).await;
    assert_eq!(desk.breaches().await.len(), 2 * TICKETS);
    assert_eq!(desk.count(table::TIMERS).await, 0);
}
