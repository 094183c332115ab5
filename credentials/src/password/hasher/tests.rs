#![allow(clippy::unwrap_used)]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::super::policy::{OwnNames, Strength};
use super::*;

/// As cheap as Argon2 can be: these tests are about the pool and the rules, not about the cost.
const CHEAP: Argon2Settings = Argon2Settings {
    memory_kib: 8,
    iterations: 1,
    parallelism: 1,
    concurrent_max: 2,
    waiting_max: 4,
};

fn cheap() -> PasswordHasher {
    PasswordHasher::unchecked(CHEAP).unwrap()
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

async fn hashed(hasher: &PasswordHasher, text: &str) -> PhcString {
    hasher.hash(&password(text)).await.unwrap()
}

async fn verdict(hasher: &PasswordHasher, text: &str, stored: &PhcString) -> Verdict {
    hasher.verify(&password(text), stored).await.unwrap()
}

async fn settled(mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "the pool never settled");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn only_the_password_that_was_hashed_is_right() {
    let hasher = cheap();
    let stored = hashed(&hasher, "correct horse battery").await;
    let right = verdict(&hasher, "correct horse battery", &stored).await;
    assert_eq!(right, Verdict::Right);
    for other in [
        "correct horse batter",
        "Correct horse battery",
        "correct horse battery ",
    ] {
        let wrong = verdict(&hasher, other, &stored).await;
        assert_eq!(wrong, Verdict::Wrong, "{other:?}");
    }
}

#[tokio::test]
async fn every_character_of_a_long_password_counts() {
    let hasher = cheap();
    let long = "x".repeat(127);
    let stored = hashed(&hasher, &format!("{long}a")).await;
    let other = verdict(&hasher, &format!("{long}b"), &stored).await;
    assert_eq!(other, Verdict::Wrong);
}

#[tokio::test]
async fn the_same_password_is_never_hashed_alike_twice() {
    let hasher = cheap();
    let one = hashed(&hasher, "correct horse battery").await;
    let two = hashed(&hasher, "correct horse battery").await;
    assert_ne!(one.as_str(), two.as_str());
}

#[tokio::test]
async fn a_stored_hash_tells_how_it_was_made() {
    let hasher = PasswordHasher::new(Argon2Settings::default()).unwrap();
    let stored = hashed(&hasher, "correct horse battery").await;
    let made = "$argon2id$v=19$m=19456,t=2,p=1$";
    assert!(stored.as_str().starts_with(made));
}

#[tokio::test]
async fn a_hash_that_another_program_made_is_verified() {
    // From the tests of the reference implementation: version 19, t=2, m=2^16, p=1, "password", "somesalt".
    let reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$\
        CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let stored = PhcString::from_stored(reference.to_owned()).unwrap();
    let right = verdict(&cheap(), "password", &stored).await;
    assert_eq!(right, Verdict::Right);
}

#[tokio::test]
async fn a_new_password_is_hashed_only_if_the_policy_takes_it() {
    let hasher = cheap();
    let policy = PasswordPolicy::new(Strength::Alone, OwnNames::default());
    let (weak, good) = (
        password("passwordpassword"),
        password("zebra kettle moonlight"),
    );
    let refused = hasher.hash_new(&weak, policy.clone()).await.unwrap();
    assert_eq!(refused, Err(WeakPassword::EasyToGuess));
    let stored = hasher.hash_new(&good, policy).await.unwrap().unwrap();
    let right = verdict(&hasher, "zebra kettle moonlight", &stored).await;
    assert_eq!(right, Verdict::Right);
}

#[tokio::test]
async fn raised_costs_ask_for_a_new_hash_of_a_right_password_only() {
    let stored = hashed(&cheap(), "correct horse").await;
    let raised = PasswordHasher::unchecked(Argon2Settings {
        iterations: 2,
        ..CHEAP
    });
    let raised = raised.unwrap();
    let right = verdict(&raised, "correct horse", &stored).await;
    assert_eq!(right, Verdict::RightButOutdated);
    let wrong = verdict(&raised, "battery staple", &stored).await;
    assert_eq!(wrong, Verdict::Wrong);
    let fresh = hashed(&raised, "correct horse").await;
    let right = verdict(&raised, "correct horse", &fresh).await;
    assert_eq!(right, Verdict::Right);
}

#[tokio::test]
async fn lowered_costs_leave_a_stronger_hash_as_it_is() {
    let stronger = PasswordHasher::unchecked(Argon2Settings {
        iterations: 3,
        ..CHEAP
    });
    let stored = hashed(&stronger.unwrap(), "correct horse").await;
    let right = verdict(&cheap(), "correct horse", &stored).await;
    assert_eq!(right, Verdict::Right);
}

#[tokio::test]
async fn the_hash_of_nobody_costs_as_much_as_that_of_somebody() {
    let hasher = cheap();
    let somebody = hasher.hash(&password("correct horse")).await.unwrap();
    let costs = |stored: &PhcString| stored.as_str().rsplitn(3, '$').nth(2).map(str::to_owned);
    assert_eq!(costs(&hasher.nobody), costs(&somebody));
    hasher.verify_nobody(&password(NOBODYS)).await.unwrap();
}

#[tokio::test]
async fn who_finds_no_place_to_wait_is_told_so_and_the_others_are_served() {
    let hasher = cheap();
    let all = CHEAP.concurrent_max + CHEAP.waiting_max;
    let taken = hasher.turns.hold_all().await;
    let someone = password("correct horse");
    let mut waiting: Vec<_> = (0..all).map(|_| Box::pin(hasher.hash(&someone))).collect();
    let mut context = Context::from_waker(Waker::noop());
    for future in &mut waiting {
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    let refused = hasher.hash(&someone).await;
    assert!(matches!(refused, Err(HashError::Busy)));
    drop(taken);
    for future in waiting {
        assert!(future.await.is_ok());
    }
    settled(|| hasher.turns.free_places() == all).await;
}

#[tokio::test]
async fn who_leaves_while_waiting_gives_the_place_back() {
    let hasher = cheap();
    let all = CHEAP.concurrent_max + CHEAP.waiting_max;
    let taken = hasher.turns.hold_all().await;
    {
        let someone = password("correct horse");
        let mut future = pin!(hasher.hash(&someone));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(future.as_mut().poll(&mut context), Poll::Pending));
        assert_eq!(hasher.turns.free_places(), all - 1);
    }
    assert_eq!(hasher.turns.free_places(), all);
    drop(taken);
}

#[tokio::test]
async fn who_leaves_while_hashing_keeps_the_turn_until_the_work_is_done() {
    let slow = Argon2Settings {
        memory_kib: 64 * 1024,
        iterations: 20,
        concurrent_max: 1,
        ..CHEAP
    };
    let mut hasher = cheap();
    hasher.argon2 = Argon2::new(
        Algorithm::Argon2id,
        Version::V0x13,
        Params::new(slow.memory_kib, slow.iterations, 1, None).unwrap(),
    );
    hasher.turns = Turns::new(1, 0);
    {
        let someone = password("correct horse");
        let mut future = pin!(hasher.hash(&someone));
        let mut context = Context::from_waker(Waker::noop());
        // One step: it has its turn, and the work is on its thread.
        assert!(future.as_mut().poll(&mut context).is_pending());
    }
    assert_eq!(hasher.turns.free_turns(), 0);
    settled(|| hasher.turns.free_turns() == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_hashes_are_made_at_once_than_allowed() {
    let settings = Argon2Settings {
        concurrent_max: 2,
        waiting_max: 200,
        ..CHEAP
    };
    let hasher = PasswordHasher::unchecked(settings).unwrap();
    let logins = (0..200).map(|_| {
        let hasher = hasher.clone();
        tokio::spawn(async move {
            let verified = hasher.verify_nobody(&password("correct horse")).await;
            let running = settings.concurrent_max - hasher.turns.free_turns();
            (verified.is_ok(), running)
        })
    });
    for login in logins.collect::<Vec<_>>() {
        let (served, running) = login.await.unwrap();
        assert!(served);
        assert!(running <= settings.concurrent_max);
    }
}

#[test]
fn weak_settings_make_no_hasher() {
    let weak = PasswordHasher::new(CHEAP);
    assert!(matches!(
        weak,
        Err(HashError::Settings(SettingsError::TooWeak { .. }))
    ));
}
