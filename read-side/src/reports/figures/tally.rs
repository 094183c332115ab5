//! From the parts that statements give to the numbers of groups.

use std::collections::BTreeMap;

use platform::rows::{Figure, Times};
use uuid::Uuid;

use super::filter::FigureQuery;
use super::periods::Frame;
use super::report::Numbers;

/// What a row of a statement says.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) count: i64,
    pub(super) total: i64,
    pub(super) population: Option<i64>,
    pub(super) times: Vec<u32>,
}

impl Part {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.total += other.total;
        if let Some(population) = other.population {
            *self.population.get_or_insert(0) += population;
        }
        self.times.extend_from_slice(&other.times);
    }

    pub(super) fn numbers(mut self) -> Numbers {
        Numbers {
            count: self.count,
            total: self.total,
            population: self.population,
            percentiles: percentiles(&mut self.times),
        }
    }
}

/// By the nearest rank: as PostgreSQL's `percentile_disc`.
pub(in crate::reports) fn percentiles(times: &mut [u32]) -> Option<[i64; 3]> {
    let last = times.len().checked_sub(1)?;
    let rank = |hundredths: usize| (times.len() * hundredths).div_ceil(100).clamp(1, last + 1) - 1;
    let ranks = [rank(50), rank(90), rank(99)];
    Some(ranks.map(|rank| i64::from(*times.select_nth_unstable(rank).1)))
}

/// A key as the statements give it.
pub(super) type RawKey = (Option<Uuid>, String);

pub(super) fn packed(times: Option<Vec<u8>>) -> Vec<u32> {
    times.map(|times| Times(times).left()).unwrap_or_default()
}

pub(super) fn plain(times: Option<Vec<i64>>) -> Vec<u32> {
    let times = times.unwrap_or_default().into_iter();
    times
        .map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX))
        .collect()
}

pub(super) type Parts = BTreeMap<(usize, RawKey), Part>;

/// Of what a figure counts some.
pub(super) fn population(figure: Figure) -> Option<Figure> {
    match figure {
        Figure::Reopened => Some(Figure::FirstResolution),
        Figure::Reassigned => Some(Figure::Resolution),
        Figure::Opened
        | Figure::FirstResponse
        | Figure::FirstResolution
        | Figure::Resolution
        | Figure::Closed
        | Figure::Backlog
        | Figure::Assigned => None,
    }
}

/// The numbers of everything and of each group: its period, its key and what it counts.
pub(super) type Tally = (Part, Vec<(usize, RawKey, Part)>);

/// What the parts come to; none where there are more groups than `max`.
pub(super) fn tally(query: &FigureQuery, frame: &Frame, parts: Parts, max: usize) -> Option<Tally> {
    match query.figure {
        Figure::Backlog => standing(parts, frame.len(), query.split.is_some(), max),
        _ => {
            let tally = flowing(parts, frame.len(), query.split.is_some());
            (tally.1.len() <= max).then_some(tally)
        }
    }
}

/// What happened in each period. Periods are numbered from 1.
fn flowing(parts: Parts, periods: usize, is_split: bool) -> Tally {
    let mut total = Part::default();
    let mut groups = BTreeMap::new();
    if !is_split {
        groups.extend((0..periods).map(|period| ((period, RawKey::default()), Part::default())));
    }
    for ((period, key), part) in parts {
        total.add(&part);
        if part.count != 0 || part.population.is_some_and(|count| count != 0) {
            groups.insert((period.saturating_sub(1), key), part);
        }
    }
    let groups = groups.into_iter();
    let groups = groups.map(|((period, key), part)| (period, key, part));
    (total, groups.collect())
}

/// What stands at the end of each period: what came and went up to then. What came once stands in every period after, so few
/// parts make many groups: it stops where they are more than `max`.
fn standing(mut parts: Parts, periods: usize, is_split: bool, max: usize) -> Option<Tally> {
    let mut standing: BTreeMap<RawKey, Part> = BTreeMap::new();
    if !is_split {
        standing.insert(RawKey::default(), Part::default());
    }
    let mut groups = Vec::new();
    for period in 0..=periods {
        let later = parts.split_off(&(period + 1, RawKey::default()));
        for ((_, key), part) in std::mem::replace(&mut parts, later) {
            standing.entry(key).or_default().add(&part);
        }
        let Some(index) = period.checked_sub(1) else {
            continue;
        };
        let shown = standing
            .iter()
            .filter(|(_, part)| !is_split || part.count != 0);
        for (key, part) in shown {
            if groups.len() == max {
                return None;
            }
            groups.push((index, key.clone(), part.clone()));
        }
    }
    let mut total = Part::default();
    for part in standing.values() {
        total.add(part);
    }
    Some((total, groups))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn part(count: i64) -> Part {
        Part {
            count,
            ..Part::default()
        }
    }

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let mut hundred: Vec<u32> = (1..=100).rev().collect();
        assert_eq!(percentiles(&mut hundred), Some([50, 90, 99]));
        assert_eq!(percentiles(&mut [7]), Some([7, 7, 7]));
        assert_eq!(percentiles(&mut [1, 2]), Some([1, 2, 2]));
        assert_eq!(percentiles(&mut []), None);
    }

    #[test]
    fn what_stands_is_what_came_before() {
        let key = RawKey::default;
        let parts = Parts::from([
            ((0, key()), part(5)),
            ((1, key()), part(-2)),
            ((3, key()), part(1)),
        ]);
        let (total, groups) = standing(parts, 3, false, 3).unwrap();
        let counts: Vec<_> = groups.iter().map(|(_, _, part)| part.count).collect();
        assert_eq!((total.count, counts), (4, vec![3, 3, 4]));
    }

    #[test]
    fn a_backlog_of_more_groups_than_the_most_is_given_up() {
        let tag = |n: usize| ((0, (None, format!("tag-{n}"))), part(1));
        let parts = || -> Parts { (0..25).map(tag).collect() };
        let (_, groups) = standing(parts(), 400, true, 10_000).unwrap();
        assert_eq!(groups.len(), 10_000);
        assert!(standing(parts(), 400, true, 9_999).is_none());
        // It is given up on the way: there is no memory for what so many periods would have.
        assert!(standing(parts(), usize::MAX - 1, true, 10_000).is_none());
    }
}
