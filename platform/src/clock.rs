//! The time, as a dependency: services use [`SystemClock`], tests move a [`ManualClock`].

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use tokio::sync::watch;

/// PostgreSQL's `timestamptz` keeps microseconds; a finer time would differ after storing it.
const SUBSECOND_DIGITS: u16 = 6;

/// The longest single sleep. The wall clock may be set while we sleep, so it is read again
/// at least this often.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);

/// A source of the current time, and a way to wait for a time.
#[async_trait]
pub trait Clock: Send + Sync + Debug {
    /// The current time, cut to whole microseconds.
    fn now(&self) -> DateTime<Utc>;

    /// Returns once `now() >= at`, never before.
    async fn sleep_until(&self, at: DateTime<Utc>);
}

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(SUBSECOND_DIGITS)
    }

    async fn sleep_until(&self, at: DateTime<Utc>) {
        // A negative difference is a time that has passed: `to_std` refuses it.
        while let Ok(left) = (at - self.now()).to_std() {
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }
}

/// A clock that stands still until it is moved. Clones share the same time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    now: watch::Sender<DateTime<Utc>>,
}

impl ManualClock {
    /// A clock that stands at `now`.
    #[must_use]
    pub fn at(now: DateTime<Utc>) -> Self {
        let (now, _) = watch::channel(now.trunc_subsecs(SUBSECOND_DIGITS));
        Self { now }
    }

    /// Sets the time and wakes the sleepers whose time has come.
    pub fn set(&self, now: DateTime<Utc>) {
        self.now.send_replace(now.trunc_subsecs(SUBSECOND_DIGITS));
    }

    /// Moves the time by `by` and wakes the sleepers whose time has come.
    pub fn advance(&self, by: TimeDelta) {
        self.now
            .send_modify(|now| *now = (*now + by).trunc_subsecs(SUBSECOND_DIGITS));
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.now.borrow()
    }

    async fn sleep_until(&self, at: DateTime<Utc>) {
        let mut moved = self.now.subscribe();
        // An error would mean that the sender is gone, which `self` rules out.
        let _ = moved.wait_for(|now| *now >= at).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_system_clock_is_cut_to_microseconds() {
        assert_eq!(SystemClock.now().timestamp_subsec_nanos() % 1_000, 0);
    }

    #[test]
    fn a_manual_clock_cuts_to_microseconds_when_set_and_advanced() {
        let clock = ManualClock::at(noon());
        clock.advance(TimeDelta::nanoseconds(1_999));
        assert_eq!(clock.now(), noon() + TimeDelta::microseconds(1));
        clock.set(noon() + TimeDelta::nanoseconds(999));
        assert_eq!(clock.now(), noon());
    }

    #[tokio::test]
    async fn the_system_clock_never_wakes_before_the_time() {
        let at = SystemClock.now() + TimeDelta::milliseconds(20);
        SystemClock.sleep_until(at).await;
        assert!(SystemClock.now() >= at);
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_manual_clock_reaches_its_time_and_not_before() {
        let clock = ManualClock::at(noon());
        let sleeper = clock.clone();
        let at = noon() + TimeDelta::hours(1);
        let mut slept = Box::pin(sleeper.sleep_until(at));

        clock.advance(TimeDelta::minutes(59));
        assert!(futures::poll!(slept.as_mut()).is_pending());
        clock.advance(TimeDelta::minutes(1));
        slept.await;
        assert_eq!(clock.now(), at);
    }

    #[tokio::test]
    async fn a_time_that_has_passed_needs_no_wait() {
        ManualClock::at(noon()).sleep_until(noon()).await;
        SystemClock.sleep_until(noon() - TimeDelta::days(400)).await;
    }
}
