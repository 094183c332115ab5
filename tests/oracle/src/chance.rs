//! What is left to chance: a seeded source, and the moments at which something is likely to go wrong.

use chrono::{DateTime, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

/// The zones of calendars, with the instants at which their clocks are set. The last has none.
pub const ZONES: [(&str, &[&str]); 5] = [
    (
        "Europe/Berlin",
        &["2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"],
    ),
    (
        "America/New_York",
        &["2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z"],
    ),
    // Half an hour, and at other dates than the north.
    (
        "Australia/Lord_Howe",
        &["2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"],
    ),
    // At midnight, which is skipped once and comes twice once.
    (
        "America/Havana",
        &["2026-03-08T05:00:00Z", "2026-11-01T05:00:00Z"],
    ),
    ("Asia/Kolkata", &[]),
];

/// A seeded source of chance.
pub struct Chance(StdRng);

impl Chance {
    /// The source of one organization of a run.
    #[must_use]
    pub fn of(seed: u64, organization: u64) -> Self {
        Self(StdRng::seed_from_u64(
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .wrapping_add(organization),
        ))
    }

    /// A number from `low` to `high`, both among them.
    pub fn number(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, percent: u32) -> bool {
        self.0.random_ratio(percent, 100)
    }

    /// One of a list that is not empty.
    pub fn one_of<T: Clone>(&mut self, list: &[T]) -> T {
        list.choose(&mut self.0).cloned().unwrap_or_else(|| {
            // The callers' lists are constants, or were looked at.
            unreachable!("the list is not empty")
        })
    }

    /// Some of a list, in its order, at least one.
    pub fn some_of<T: Clone>(&mut self, list: &[T]) -> Vec<T> {
        let some: Vec<T> = list.iter().filter(|_| self.percent(40)).cloned().collect();
        if some.is_empty() {
            vec![self.one_of(list)]
        } else {
            some
        }
    }

    /// An id that nothing else has.
    pub fn id(&mut self) -> Uuid {
        Uuid::from_u128(self.0.random())
    }

    /// A length of time from a second to some days, as likely to be of seconds as of hours; often a round one.
    pub fn gap(&mut self) -> TimeDelta {
        let longest_s = self.one_of(&[60, 900, 3_600, 4 * 3_600, 20 * 3_600, 4 * 86_400]);
        let gap_s = self.number(1, longest_s);
        if self.percent(30) {
            return TimeDelta::minutes(gap_s / 60 + 1);
        }
        TimeDelta::milliseconds(gap_s * 1_000 + self.number(0, 999))
    }

    /// A moment within some hours of one at which a clock is set.
    pub fn near(&mut self, moment: DateTime<Utc>) -> DateTime<Utc> {
        let distance_s = self.number(-4 * 3_600, 4 * 3_600);
        moment + TimeDelta::milliseconds(distance_s * 1_000 + self.number(0, 999))
    }
}

/// An instant from this file's own tables.
///
/// # Panics
/// When the text names none.
#[must_use]
pub fn instant(text: &str) -> DateTime<Utc> {
    text.parse()
        .unwrap_or_else(|_| unreachable!("{text} is an instant"))
}
