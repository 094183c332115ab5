//! The hours of a week as sums, so that a question about many weeks is one division.

use super::definition::WeeklyHours;

pub(super) const DAY_S: i64 = 86_400;
const WEEK_S: i64 = 7 * DAY_S;
/// The Monday before the first day of the Unix epoch, which was a Thursday.
const MONDAY_S: i64 = -3 * DAY_S;

/// An open span of the week by the local clock, and how much was open before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    start_s: i64,
    end_s: i64,
    opened_before_s: i64,
}

/// Open spans of one week: in order, apart from each other, within the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Week {
    spans: Vec<Span>,
    opened_s: i64,
}

impl Week {
    pub(super) fn new(hours: &WeeklyHours) -> Self {
        let mut pieces: Vec<(i64, i64)> = Vec::new();
        for interval in hours.intervals() {
            let (start_s, end_s) = (i64::from(interval.start_s), i64::from(interval.end_s));
            pieces.push((start_s, end_s.min(WEEK_S)));
            if end_s > WEEK_S {
                pieces.push((0, end_s - WEEK_S));
            }
        }
        let mut spans: Vec<Span> = Vec::new();
        let mut opened_s = 0;
        for (start_s, end_s) in union(pieces) {
            spans.push(Span {
                start_s,
                end_s,
                opened_before_s: opened_s,
            });
            opened_s += end_s - start_s;
        }
        Self { spans, opened_s }
    }

    pub(super) fn bytes(&self) -> usize {
        self.spans.len() * size_of::<Span>()
    }

    /// Open time from the Monday before the epoch to a local second, negative before it.
    pub(super) fn opened_until(&self, local_s: i64) -> i64 {
        let (weeks, in_week_s) = split(local_s);
        weeks * self.opened_s + self.opened_in_week(in_week_s)
    }

    fn opened_in_week(&self, in_week_s: i64) -> i64 {
        let begun = self.spans.partition_point(|span| span.start_s <= in_week_s);
        match begun.checked_sub(1).map(|last| self.spans[last]) {
            None => 0,
            Some(span) => span.opened_before_s + in_week_s.min(span.end_s) - span.start_s,
        }
    }

    /// The earliest local second up to which this much is open, counted as in [`Week::opened_until`].
    pub(super) fn reached_at(&self, opened_s: i64) -> i64 {
        // The last second of a week's work is still in that week, however long it is closed afterwards.
        let weeks = (opened_s - 1).div_euclid(self.opened_s);
        let rest_s = opened_s - weeks * self.opened_s;
        let begun = self
            .spans
            .partition_point(|span| span.opened_before_s < rest_s);
        // At least one second of the week is open and `rest_s` is at least 1, so a span begins before it.
        let span = self.spans[begun.saturating_sub(1)];
        MONDAY_S + weeks * WEEK_S + span.start_s + rest_s - span.opened_before_s
    }

    /// Whether a local second is open, and the first second after it that is not so; none if that never ends.
    pub(super) fn stretch(&self, local_s: i64) -> (bool, Option<i64>) {
        if self.opened_s == WEEK_S {
            return (true, None);
        }
        let (weeks, in_week_s) = split(local_s);
        let monday_s = MONDAY_S + weeks * WEEK_S;
        let next = self.spans.iter().find(|span| span.end_s > in_week_s);
        match next {
            Some(span) if span.start_s <= in_week_s => (true, Some(monday_s + self.end_of(span))),
            Some(span) => (false, Some(monday_s + span.start_s)),
            None => (false, Some(monday_s + WEEK_S + self.spans[0].start_s)),
        }
    }

    /// The end of a span, which may go on in the next week.
    fn end_of(&self, span: &Span) -> i64 {
        let first = self.spans[0];
        if span.end_s == WEEK_S && first.start_s == 0 {
            return WEEK_S + first.end_s;
        }
        span.end_s
    }

    /// The open spans of a local day, in seconds of the local clock since the epoch.
    pub(super) fn spans_of_day(&self, day: i64) -> impl Iterator<Item = (i64, i64)> {
        let (weeks, from_s) = split(day * DAY_S);
        let monday_s = MONDAY_S + weeks * WEEK_S;
        let cut = move |span: &Span| {
            let start_s = span.start_s.max(from_s);
            let end_s = span.end_s.min(from_s + DAY_S);
            (start_s < end_s).then_some((monday_s + start_s, monday_s + end_s))
        };
        self.spans.iter().filter_map(cut)
    }
}

fn split(local_s: i64) -> (i64, i64) {
    let since_monday_s = local_s - MONDAY_S;
    (
        since_monday_s.div_euclid(WEEK_S),
        since_monday_s.rem_euclid(WEEK_S),
    )
}

/// The same time as few spans: in order, none touching another, none empty.
pub(super) fn union(mut spans: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    spans.retain(|(start_s, end_s)| start_s < end_s);
    spans.sort_unstable();
    let mut merged: Vec<(i64, i64)> = Vec::with_capacity(spans.len());
    for (start_s, end_s) in spans {
        match merged.last_mut() {
            Some(last) if start_s <= last.1 => last.1 = last.1.max(end_s),
            _ => merged.push((start_s, end_s)),
        }
    }
    merged
}
