//! A calendar laid out on the line of universal time: long stretches of plain weeks, and between them, day by day, what
//! holidays and settings of the clock make of it.

use super::definition::{CalendarDefinition, HolidayDays, Holidays};
use super::week::{DAY_S, Week, union};
use super::zone::Transition;
use chrono::NaiveDate;
use std::collections::BTreeSet;

/// What a segment is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Closed throughout.
    Closed,
    /// Open throughout.
    Open,
    /// Plain weeks, by a clock with one offset.
    Weeks { offset_s: i64 },
}

/// A stretch of universal time up to the next segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segment {
    /// Its first second.
    pub(super) from_s: i64,
    /// Open time before it, counted from the first segment's own zero.
    pub(super) opened_before_s: i64,
    pub(super) rule: Rule,
}

/// Lays a definition out. The first segment begins at `i64::MIN`, and the last has no end.
pub(super) fn lay_out(definition: &CalendarDefinition, week: &Week) -> Vec<Segment> {
    let clock = Clock(definition.zone.transitions());
    let holidays = holidays(&definition.holidays);
    let mut special = holidays.clone();
    special.extend(clock.days_of_settings());

    let mut layout = Layout::new(week, clock.0[0].offset_s);
    let mut days = special.into_iter().peekable();
    while let Some(first) = days.next() {
        let mut last = first;
        while days.next_if_eq(&(last + 1)).is_some() {
            last += 1;
        }
        let open = (first..=last)
            .filter(|day| !holidays.contains(day))
            .flat_map(|day| week.spans_of_day(day))
            .map(|(start_s, end_s)| (clock.first_at(start_s), clock.last_before(end_s)))
            .collect();
        let region = (
            clock.first_at(first * DAY_S),
            clock.first_at((last + 1) * DAY_S),
        );
        layout.special(region, union(open));
        layout.push(
            region.1,
            Rule::Weeks {
                offset_s: clock.offset_at(region.1),
            },
        );
    }
    layout.segments
}

struct Layout<'a> {
    week: &'a Week,
    segments: Vec<Segment>,
}

impl<'a> Layout<'a> {
    fn new(week: &'a Week, offset_s: i64) -> Self {
        let first = Segment {
            from_s: i64::MIN,
            opened_before_s: 0,
            rule: Rule::Weeks { offset_s },
        };
        Self {
            week,
            segments: vec![first],
        }
    }

    /// The open spans of some days, and the closed ones between.
    fn special(&mut self, (from_s, until_s): (i64, i64), open: Vec<(i64, i64)>) {
        let mut at_s = from_s;
        for (start_s, end_s) in open {
            if at_s < start_s {
                self.push(at_s, Rule::Closed);
            }
            self.push(start_s, Rule::Open);
            at_s = end_s;
        }
        if at_s < until_s {
            self.push(at_s, Rule::Closed);
        }
    }

    fn push(&mut self, from_s: i64, rule: Rule) {
        let opened_before_s = self
            .segments
            .last()
            .map_or(0, |last| last.opened_until(from_s, self.week));
        self.segments.push(Segment {
            from_s,
            opened_before_s,
            rule,
        });
    }
}

impl Segment {
    /// Open time up to a second of this segment.
    pub(super) fn opened_until(&self, at_s: i64, week: &Week) -> i64 {
        self.opened_before_s
            + match self.rule {
                Rule::Closed => 0,
                Rule::Open => at_s - self.from_s,
                Rule::Weeks { offset_s } => {
                    week.opened_until(at_s + offset_s) - self.opened_at_start(offset_s, week)
                }
            }
    }

    /// The earliest second up to which this much is open. More than `opened_before_s`, and reached in this segment.
    pub(super) fn reached_at(&self, opened_s: i64, week: &Week) -> i64 {
        let more_s = opened_s - self.opened_before_s;
        match self.rule {
            Rule::Closed => self.from_s,
            Rule::Open => self.from_s + more_s,
            Rule::Weeks { offset_s } => {
                week.reached_at(self.opened_at_start(offset_s, week) + more_s) - offset_s
            }
        }
    }

    /// The first segment counts from the epoch of weeks.
    fn opened_at_start(&self, offset_s: i64, week: &Week) -> i64 {
        if self.from_s == i64::MIN {
            return 0;
        }
        week.opened_until(self.from_s + offset_s)
    }
}

/// A zone's clock: its settings in order, the first at `i64::MIN`.
struct Clock(&'static [Transition]);

impl Clock {
    fn offset_at(&self, at_s: i64) -> i64 {
        self.0[self.piece_of(at_s)].offset_s
    }

    fn piece_of(&self, at_s: i64) -> usize {
        self.0
            .partition_point(|setting| setting.at_s <= at_s)
            .saturating_sub(1)
    }

    /// The pieces between settings near a local time: no zone is further from universal time than [`NEAR_S`].
    fn near(&self, local_s: i64) -> std::ops::RangeInclusive<usize> {
        self.piece_of(local_s - NEAR_S)..=self.piece_of(local_s + NEAR_S)
    }

    fn bounds(&self, piece: usize) -> (i64, i64) {
        let until_s = self.0.get(piece + 1).map_or(i64::MAX, |next| next.at_s);
        (self.0[piece].at_s, until_s)
    }

    /// The first instant at which the local clock has reached a reading.
    fn first_at(&self, local_s: i64) -> i64 {
        let in_piece = |piece: usize| {
            let (from_s, until_s) = self.bounds(piece);
            let at_s = from_s.max(local_s - self.0[piece].offset_s);
            (at_s < until_s).then_some(at_s)
        };
        self.near(local_s)
            .find_map(in_piece)
            .unwrap_or(local_s - self.offset_at(local_s))
    }

    /// The end of the last instants before the local clock is past a reading for good.
    fn last_before(&self, local_s: i64) -> i64 {
        let in_piece = |piece: usize| {
            let (from_s, until_s) = self.bounds(piece);
            let at_s = until_s.min(local_s - self.0[piece].offset_s);
            (at_s > from_s).then_some(at_s)
        };
        self.near(local_s)
            .rev()
            .find_map(in_piece)
            .unwrap_or(local_s - self.offset_at(local_s))
    }

    /// The local days around each setting of the clock: beyond them midnights are plain.
    fn days_of_settings(&self) -> impl Iterator<Item = i64> {
        self.0.windows(2).flat_map(|pair| {
            let (before_s, after_s) = (
                pair[1].at_s + pair[0].offset_s,
                pair[1].at_s + pair[1].offset_s,
            );
            let first = before_s.min(after_s).div_euclid(DAY_S) - 1;
            let last = before_s.max(after_s).div_euclid(DAY_S) + 1;
            first..=last
        })
    }
}

const NEAR_S: i64 = 2 * DAY_S;

/// The closed days of all years, as days of the local clock since the epoch.
fn holidays(holidays: &Holidays) -> BTreeSet<i64> {
    let years = Holidays::FIRST_YEAR..=Holidays::LAST_YEAR;
    let mut days = BTreeSet::new();
    for holiday in holidays.as_slice() {
        match holiday.days {
            HolidayDays::Date { date } => {
                days.insert(day_of(date));
            }
            HolidayDays::Range { from, to } => days.extend(day_of(from)..=day_of(to)),
            HolidayDays::Yearly { month, day } => {
                let in_year = |year| NaiveDate::from_ymd_opt(year, month, day).map(day_of);
                days.extend(years.clone().filter_map(in_year));
            }
        }
    }
    days
}

fn day_of(date: NaiveDate) -> i64 {
    (date - NaiveDate::default()).num_days()
}
