//! The numbers of a simulation.

use super::replay::Waits;
use crate::sla::Metric;
use crate::sla::measure::{Measure, Outcome};
use crate::ticket::state::Priority;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A time in which waits are counted; it includes its beginning and not its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end.
    pub to: DateTime<Utc>,
}

impl Range {
    fn has(&self, wait: &Measure) -> bool {
        (self.from..self.to).contains(&wait.counted_at)
    }
}

/// The waits of one metric and priority on one side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Side {
    counts: BTreeMap<Outcome, u64>,
    used_ms: Vec<i64>,
}

/// How many waits there were of each outcome, and what those that were reached had used, by the nearest rank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Numbers {
    /// They went on.
    pub running: u64,
    /// Reached in time.
    pub met: u64,
    /// Missed.
    pub breached: u64,
    /// Ended otherwise.
    pub cancelled: u64,
    /// Half used this or less, in milliseconds.
    pub p50_ms: Option<i64>,
    /// Nine of ten.
    pub p90_ms: Option<i64>,
    /// Ninety-nine of a hundred.
    pub p99_ms: Option<i64>,
}

/// A wait that is counted otherwise under the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// What was measured.
    pub metric: Metric,
    /// Which of several waits.
    pub round: u32,
    /// How it was counted really; none where it was not, in this time.
    pub before: Option<Outcome>,
    /// How the draft counts it.
    pub after: Option<Outcome>,
}

/// The numbers of all tickets, as they went and as they would have gone.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    really: BTreeMap<(Metric, Priority), Side>,
    draft: BTreeMap<(Metric, Priority), Side>,
    /// How many times are kept for the percentiles.
    kept: usize,
}

impl Tally {
    /// Counts the waits of a ticket, and says which are counted otherwise under the draft.
    pub fn add(&mut self, range: &Range, really: &Waits, draft: &Waits) -> Vec<Difference> {
        for (waits, sides) in [(really, &mut self.really), (draft, &mut self.draft)] {
            for wait in waits.values().filter(|wait| range.has(wait)) {
                let side = sides
                    .entry((wait.metric, wait.holder.priority))
                    .or_default();
                *side.counts.entry(wait.outcome).or_default() += 1;
                side.used_ms.extend(wait.used_ms);
                self.kept += usize::from(wait.used_ms.is_some());
            }
        }
        let keys: BTreeSet<_> = really.keys().chain(draft.keys()).copied().collect();
        let outcome = |waits: &Waits, key| {
            let wait = waits.get(&key).filter(|wait| range.has(wait));
            wait.map(|wait| wait.outcome)
        };
        let differences = keys.into_iter().map(|key| Difference {
            metric: key.0,
            round: key.1,
            before: outcome(really, key),
            after: outcome(draft, key),
        });
        differences
            .filter(|difference| difference.before != difference.after)
            .collect()
    }

    /// How many times are kept for the percentiles: what the tally takes of memory.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.kept
    }

    /// The numbers of each metric and priority: as they went, and as they would have gone.
    #[must_use]
    pub fn rows(mut self) -> Vec<(Metric, Priority, Numbers, Numbers)> {
        let keys: BTreeSet<_> = self
            .really
            .keys()
            .chain(self.draft.keys())
            .copied()
            .collect();
        let mut rows = Vec::with_capacity(keys.len());
        for (metric, priority) in keys {
            let key = (metric, priority);
            let really = self.really.remove(&key).unwrap_or_default();
            let draft = self.draft.remove(&key).unwrap_or_default();
            rows.push((metric, priority, really.numbers(), draft.numbers()));
        }
        rows
    }
}

impl Side {
    fn numbers(mut self) -> Numbers {
        self.used_ms.sort_unstable();
        let count = |outcome| self.counts.get(&outcome).copied().unwrap_or_default();
        let used_ms = |hundredths| nearest_rank(&self.used_ms, hundredths);
        Numbers {
            running: count(Outcome::Running),
            met: count(Outcome::Met),
            breached: count(Outcome::Breached),
            cancelled: count(Outcome::Cancelled),
            p50_ms: used_ms(50),
            p90_ms: used_ms(90),
            p99_ms: used_ms(99),
        }
    }
}

/// The least of sorted times that so many of a hundred do not exceed.
fn nearest_rank(sorted_ms: &[i64], hundredths: usize) -> Option<i64> {
    let rank = (sorted_ms.len() * hundredths).div_ceil(100);
    sorted_ms.get(rank.checked_sub(1)?).copied()
}
