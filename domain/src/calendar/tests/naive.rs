//! Working time by looking at every step of a clock: slow, and too simple to be wrong.

use super::super::definition::CalendarDefinition;
use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeZone, Utc};

/// Which steps of a range are open.
pub struct Walk {
    from_s: i64,
    step_s: i64,
    open: Vec<bool>,
}

/// Longer than any clock is set by, so that what counts lies within.
const MARGIN_S: i64 = 2 * 86_400;

impl Walk {
    /// Walks a range; everything of the definition must lie on whole steps.
    pub fn new(definition: &CalendarDefinition, from_s: i64, until_s: i64, step_s: i64) -> Self {
        let steps = |from_s: i64, until_s: i64| (from_s..until_s).step_by(step_s as usize);
        let local: Vec<i64> = steps(from_s - MARGIN_S, until_s + MARGIN_S)
            .map(|at_s| local_s(definition, at_s))
            .collect();
        // The furthest reading of the clock so far, and the earliest that is still to come.
        let mut reached = local.clone();
        for i in 1..reached.len() {
            reached[i] = reached[i].max(reached[i - 1]);
        }
        let mut to_come = local.clone();
        for i in (0..to_come.len() - 1).rev() {
            to_come[i] = to_come[i].min(to_come[i + 1]);
        }
        let windows = windows(
            definition,
            local[0] - 86_400,
            reached[local.len() - 1] + 86_400,
        );
        let open = steps(from_s, until_s)
            .enumerate()
            .map(|(i, _)| {
                let i = i + (MARGIN_S / step_s) as usize;
                // Ends and starts are in order: only the windows around the reading are worth a look.
                let first = windows.partition_point(|(_, end_s)| *end_s <= to_come[i]);
                windows[first..]
                    .first()
                    .is_some_and(|(start_s, _)| *start_s <= reached[i])
            })
            .collect();
        Self {
            from_s,
            step_s,
            open,
        }
    }

    pub fn len(&self) -> usize {
        self.open.len()
    }

    pub fn at(&self, step: usize) -> DateTime<Utc> {
        DateTime::from_timestamp(self.from_s + step as i64 * self.step_s, 0).unwrap()
    }

    pub fn working_ms(&self, from: usize, until: usize) -> i64 {
        let steps = self.open[from..until].iter().filter(|open| **open).count();
        steps as i64 * self.step_s * 1_000
    }

    /// The first step with so many open ones since `from`, if it is in the range.
    pub fn after(&self, from: usize, steps: usize) -> Option<usize> {
        if steps == 0 {
            return Some(from);
        }
        let mut open = (from..self.len()).filter(|step| self.open[*step]);
        open.nth(steps - 1).map(|last| last + 1)
    }

    pub fn next(&self, from: usize, wanted: bool) -> Option<usize> {
        (from..self.len()).find(|step| self.open[*step] == wanted)
    }
}

fn local_s(definition: &CalendarDefinition, at_s: i64) -> i64 {
    let at = DateTime::<Utc>::from_timestamp(at_s, 0)
        .unwrap()
        .naive_utc();
    let offset = definition.zone.tz().offset_from_utc_datetime(&at).fix();
    at_s + i64::from(offset.local_minus_utc())
}

/// The windows of every day that is no holiday, by the local clock, cut at midnight.
fn windows(definition: &CalendarDefinition, from_s: i64, until_s: i64) -> Vec<(i64, i64)> {
    let mut windows = Vec::new();
    for day in from_s.div_euclid(86_400)..=until_s.div_euclid(86_400) {
        let date = NaiveDate::default() + chrono::TimeDelta::days(day);
        let is_holiday = |holiday: &super::Holiday| holiday.days.covers(date);
        if definition.holidays.as_slice().iter().any(is_holiday) {
            continue;
        }
        let midnight_s = day * 86_400;
        let monday_s = midnight_s - i64::from(date.weekday().num_days_from_monday()) * 86_400;
        for interval in definition.weekly.intervals() {
            for week in [-1, 0] {
                let base_s = monday_s + week * 7 * 86_400;
                let start_s = (base_s + i64::from(interval.start_s)).max(midnight_s);
                let end_s = (base_s + i64::from(interval.end_s)).min(midnight_s + 86_400);
                if start_s < end_s {
                    windows.push((start_s, end_s));
                }
            }
        }
    }
    // What overlaps becomes one, so that ends are in the order of starts.
    windows.sort_unstable();
    let mut apart: Vec<(i64, i64)> = Vec::new();
    for (start_s, end_s) in windows {
        match apart.last_mut() {
            Some(last) if start_s <= last.1 => last.1 = last.1.max(end_s),
            _ => apart.push((start_s, end_s)),
        }
    }
    apart
}
