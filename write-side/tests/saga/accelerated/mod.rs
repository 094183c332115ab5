//! Sixty days in seconds: clients write at once to the tickets of several organizations, whose offices are in three zones and
//! set their clocks meanwhile; two sagas at once, the leading one of which dies again and again; a day without any saga. What
//! the log holds at the end is held against a computation that shares nothing with the product: it looks at every minute of
//! the local time.

mod load;
mod log;
mod office;
mod plan;
mod sagas;
mod walk;

use crate::desk::Desk;
use crate::random::Random;
use crate::server::Server;
use chrono::{DateTime, TimeDelta, Utc};
use domain::sla::Metric;
use load::Load;
use log::told;
use office::{OFFICES, Office, office};
use sagas::Sagas;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use walk::{Fact, walk};

const SEED: u64 = 0xf16_c10c;
const DAY_S: i64 = 86_400;
const DAYS: i64 = 60;
/// After the last command, so that what still runs comes due.
const QUIET_DAYS: i64 = 30;
const END_S: i64 = (DAYS + QUIET_DAYS) * DAY_S;
/// The saga's day off.
const DAY_OFF: i64 = 20;

fn begin() -> DateTime<Utc> {
    "2026-02-16T00:00:00Z".parse().unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    begin() + TimeDelta::seconds(second)
}

/// The second of an instant, which has no fraction: commands are issued at whole seconds, and targets are whole ones.
fn seconds(instant: DateTime<Utc>) -> i64 {
    let second = (instant - begin()).num_seconds();
    assert_eq!(at(second), instant, "not a whole second");
    second
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_days_under_load_yield_each_deadline_once_and_none_early() {
    let desk = Desk::open().await;
    desk.clock.set(begin());
    let servers = [
        desk.server.clone(),
        Server::start(&desk.url, &desk.clock).await,
    ];
    let mut offices = Vec::new();
    for hours in OFFICES {
        offices.push(office(&desk.server.dispatcher, hours).await);
    }
    let load = Load::new(&desk, &servers, &offices, plan::plan(&mut Random(SEED)));

    let mut sagas = Sagas::start(&desk, &servers).await;
    let days = (4..DAY_OFF).step_by(4);
    tokio::join!(load.run_until(DAY_OFF * DAY_S), sagas.die_on(days));
    let mut kills = sagas.kills;
    drop(sagas);
    load.run_until((DAY_OFF + 1) * DAY_S).await;
    let mut sagas = Sagas::start(&desk, &servers).await;
    let days = (DAY_OFF + 4..DAYS).step_by(4);
    tokio::join!(load.run_until(DAYS * DAY_S), sagas.die_on(days));
    kills += sagas.kills;
    desk.clock.set(at(END_S));
    sagas.settle().await;

    assert!(kills > 8, "{kills} kills");
    compare(&desk, &offices, &load).await;
}

/// Every deadline, and what every clock has used by the end: also of those that missed none.
async fn compare(desk: &Desk, offices: &[Office], load: &Load<'_>) {
    let told = told(desk).await;
    assert_eq!(told.len(), load.tickets.len());
    let mut missed_by_metric: BTreeMap<Metric, usize> = BTreeMap::new();
    for ticket in &load.tickets {
        let (told, office) = (&told[&ticket.id], &offices[ticket.opening.office]);
        let watches = walk(&told.history, ticket.opening.priority, &office.minutes);
        for watch in watches {
            let used_ms = told.used_ms(watch.metric, END_S, office);
            assert_eq!(
                used_ms,
                watch.used_s * 1_000,
                "{watch:?} of {:?}",
                told.history
            );
        }
        for (_, fact) in &told.history.facts {
            if let Fact::Missed(metric) = fact {
                *missed_by_metric.entry(*metric).or_default() += 1;
            }
        }
    }
    let by_commands: usize = told.values().map(|told| told.told_by_commands).sum();
    let count = |it: &AtomicUsize| it.load(Ordering::Relaxed);
    println!(
        "{} tickets, {} commands accepted and {} refused; missed: {missed_by_metric:?}, of which commands told {by_commands}",
        told.len(),
        count(&load.accepted),
        count(&load.refused),
    );
    let is_worth_something = |metric| missed_by_metric.get(metric) > Some(&(told.len() / 10));
    assert!(
        Metric::ALL.iter().all(is_worth_something),
        "the histories must be worth something: {missed_by_metric:?}"
    );
}
