//! Several limiters on one Valkey, as processes of one installation.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::private::{Durability, PrivateServers, test_dir, test_servers};
use crate::valkey::ValkeyError;
use std::future::Future;

const DEADLINE: Duration = Duration::from_secs(30);
/// Slow enough that nothing flows in during a test.
const BUDGET: &str = "1/h burst 100";
const LEASE: u64 = 5;

fn budgets(name: BudgetName, budget: &str) -> Budgets {
    Budgets::default().with(name, budget.parse().unwrap())
}

fn limiter(valkey: &Valkey, name: BudgetName, budget: &str) -> Arc<RateLimiter> {
    RateLimiter::start(budgets(name, budget), valkey.clone(), Shutdown::new())
}

async fn connect(servers: &PrivateServers) -> Valkey {
    let valkey = Valkey::connect(servers.valkey_url(), None).unwrap();
    within(valkey.connected()).await;
    valkey
}

async fn within<T>(wait: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, wait).await.unwrap()
}

fn somebody() -> Subject {
    Subject::Person(UserId(Uuid::new_v4()))
}

const ATTEMPTS_MAX: usize = 10;

/// What an attempt found, as soon as it is as it should be: while an answer of Valkey comes late, as on a machine that stands
/// still, each process limits alone, which is no fault. Each attempt is of fresh processes and subjects.
async fn once<T>(mut attempt: impl AsyncFnMut() -> T, is_right: impl Fn(&T) -> bool) -> T {
    for _ in 1..ATTEMPTS_MAX {
        let found = attempt().await;
        if is_right(&found) {
            return found;
        }
    }
    attempt().await
}

/// How many of `requests` are let in, each at one of the processes in turn.
async fn let_in(processes: &[&RateLimiter], class: Class, who: Subject, requests: usize) -> u64 {
    let mut let_in = 0;
    for turn in 0..requests {
        let process = processes[turn % processes.len()];
        let_in += u64::from(process.charge(class, &[who]).await.is_ok());
    }
    let_in
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_together_exceed_a_budget_by_at_most_a_lease_each() {
    let valkey = connect(test_servers().await.unwrap()).await;
    let process = || limiter(&valkey, BudgetName::DefaultPerson, BUDGET);
    let attempt = async || {
        let (one, two, three) = (process(), process(), process());
        let_in(&[&one, &two, &three], Class::Default, somebody(), 600).await
    };
    let right = 100..=100 + 3 * LEASE;
    let passed = once(attempt, |passed| right.contains(passed)).await;
    assert!(right.contains(&passed), "{passed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_process_let_in_another_learns_of() {
    let valkey = connect(test_servers().await.unwrap()).await;
    let process = || limiter(&valkey, BudgetName::DefaultPerson, BUDGET);
    let attempt = async || {
        let (one, two, who) = (process(), process(), somebody());
        assert_eq!(let_in(&[&one], Class::Default, who, 150).await, 100);
        let_in(&[&two], Class::Default, who, 150).await
    };
    // One settlement at the latest after the first lease.
    let passed = once(attempt, |passed| *passed <= LEASE).await;
    assert!(passed <= LEASE, "{passed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_counted_exactly() {
    let valkey = connect(test_servers().await.unwrap()).await;
    let process = || limiter(&valkey, BudgetName::CredentialsAccount, "1/h burst 10");
    let attempt = async || {
        let (one, two) = (process(), process());
        let who = Subject::Account(AccountHash(std::array::from_fn(|_| rand::random())));
        let attempts = (0..40).map(|turn| {
            let process = if turn % 2 == 0 { &one } else { &two };
            process.charge(Class::Credentials, std::slice::from_ref(&who))
        });
        futures::future::join_all(attempts).await
    };
    let count =
        |passed: &Vec<Result<(), Refusal>>| passed.iter().filter(|outcome| outcome.is_ok()).count();
    let passed = once(attempt, |passed| count(passed) == 10).await;
    assert_eq!(count(&passed), 10);
    let refusal = passed.into_iter().find_map(Result::err).unwrap();
    assert_eq!(refusal.kind, SubjectKind::Account);
    assert!(refusal.retry_after_s() > 3_500, "{refusal:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bucket_expires() {
    let valkey = connect(test_servers().await.unwrap()).await;
    let script = fred::types::scripts::Script::from_lua("return redis.call('PTTL', KEYS[1])");
    let attempt = async || -> Result<i64, ValkeyError> {
        let limiter = limiter(&valkey, BudgetName::CredentialsAccount, "30/h burst 10");
        let account = AccountHash(std::array::from_fn(|_| rand::random()));
        limiter
            .check_account(Class::Credentials, account)
            .await
            .unwrap();
        let half: String = account.0[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let key = schema::key::rate_limit("credentials", "account", half);
        valkey.run_script(&script, vec![key], Vec::new()).await
    };
    // Of a bucket that was never written there is nothing to be read.
    let is_there = |ttl_ms: &Result<i64, _>| !matches!(ttl_ms, Err(_) | Ok(-2));
    let ttl_ms = once(attempt, is_there).await.unwrap();
    assert!((1..=120_001).contains(&ttl_ms), "{ttl_ms}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_valkey_a_process_limits_alone() {
    for class in [Class::Default, Class::Credentials] {
        let budgets = budgets(BudgetName::DefaultPerson, BUDGET)
            .with(BudgetName::CommandsPerson, BUDGET.parse().unwrap());
        let alone = RateLimiter::start(budgets, Valkey::disabled(), Shutdown::new());
        assert_eq!(let_in(&[&alone], class, somebody(), 150).await, 100);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limits_stay_on_when_valkey_is_killed_and_are_shared_again_when_it_returns() {
    let servers = PrivateServers::start(&test_dir(), Durability::Test)
        .await
        .unwrap();
    let valkey = connect(&servers).await;
    let process = || limiter(&valkey, BudgetName::DefaultPerson, BUDGET);
    let (one, two, who) = (process(), process(), somebody());
    assert_eq!(let_in(&[&one], Class::Default, who, 60).await, 60);

    servers.kill_valkey().await.unwrap();
    // What it spent before it remembers.
    assert_eq!(let_in(&[&one], Class::Default, who, 100).await, 40);
    assert_eq!(let_in(&[&two], Class::Default, somebody(), 150).await, 100);

    servers.start_valkey().await.unwrap();
    within(async {
        while !(one.is_shared.load(Ordering::Relaxed) && two.is_shared.load(Ordering::Relaxed)) {
            tokio::time::sleep(SETTLE_INTERVAL).await;
        }
    })
    .await;
    // It came back empty: what was spent before is known to those who let it in.
    assert_eq!(let_in(&[&one], Class::Default, who, 10).await, 0);
    let attempt = async || let_in(&[&one, &two], Class::Default, somebody(), 400).await;
    let right = 100..=100 + 2 * LEASE;
    let passed = once(attempt, |passed| right.contains(passed)).await;
    assert!(right.contains(&passed), "{passed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_requests_of_one_subject_do_not_slip_through() {
    let valkey = connect(test_servers().await.unwrap()).await;
    let limiter = limiter(&valkey, BudgetName::DefaultPerson, BUDGET);
    let who = somebody();
    let requests = (0..300).map(|_| {
        let limiter = limiter.clone();
        tokio::spawn(async move { limiter.charge(Class::Default, &[who]).await.is_ok() })
    });
    let passed = futures::future::join_all(requests).await;
    let passed = passed
        .into_iter()
        .filter(|passed| *passed.as_ref().unwrap());
    assert_eq!(passed.count(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn most_requests_ask_valkey_nothing() {
    let valkey = connect(test_servers().await.unwrap()).await;
    let limiter = limiter(&valkey, BudgetName::DefaultPerson, "1/h burst 10000");
    let before = *limiter.rounds.borrow();
    let began_at = Instant::now();
    assert_eq!(
        let_in(&[&limiter], Class::Default, somebody(), 9_000).await,
        9_000
    );
    let rounds = *limiter.rounds.borrow() - before;
    // About every half of a lease of 500, and by the clock.
    let by_the_clock = began_at.elapsed().as_millis() / SETTLE_INTERVAL.as_millis();
    let most = 9_000 / 50 + u64::try_from(by_the_clock).unwrap();
    assert!(rounds <= most, "{rounds} rounds, {most} expected");
}
