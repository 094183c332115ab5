//! One clock: what it may use, what it has used, and what it does now.

use super::Metric;
use super::rule::AppliedTarget;
use super::terms::CalendarBook;
use super::warning::{Threshold, Warned};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A clock of a ticket. Metrics that come again (the next reply, the updates) use one clock, begun anew each time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What it measures.
    pub metric: Metric,
    /// Which of several waits it measures, counted whatever is promised.
    #[serde(default, skip_serializing_if = "is_first")]
    pub round: u32,
    /// What it may use. None while the rule that holds promises nothing of this metric: then it stands still, and keeps
    /// what it has used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<AppliedTarget>,
    /// What was used before the spans, in milliseconds. Never negative.
    pub used_ms: i64,
    /// The times in which it ran since then, where only working time counts. Without a calendar they are in `used_ms`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans: Vec<Span>,
    /// What it does now.
    #[serde(flatten)]
    pub phase: Phase,
    /// The deadline that was missed, if one was. A clock breaches at most once each time that it is begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub breached_at: Option<DateTime<Utc>>,
    /// The thresholds that it came to since it was begun, at most [`Clock::MAX_WARNED`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned: Vec<Warned>,
}

/// A time in which a clock ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// Its first instant.
    pub from: DateTime<Utc>,
    /// The instant after its last.
    pub until: DateTime<Utc>,
}

/// What a clock does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum Phase {
    /// Nothing has begun that it could measure, or nothing is promised.
    Idle,
    /// It runs.
    Running {
        /// The instant from which the time is not yet in what was used.
        since: DateTime<Utc>,
    },
    /// It waits for the requester or a third party.
    Paused,
    /// It was reached.
    Met {
        /// When.
        at: DateTime<Utc>,
    },
    /// It ended without being reached: resolved without a reply.
    Cancelled {
        /// When.
        at: DateTime<Utc>,
    },
}

impl Phase {
    /// Whether what was measured is over.
    pub(super) fn is_end(self) -> bool {
        matches!(self, Self::Met { .. } | Self::Cancelled { .. })
    }
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_first(round: &u32) -> bool {
    *round == 0
}

impl Clock {
    /// The most warnings of a clock each time that it is begun, by whichever rules held meanwhile.
    pub const MAX_WARNED: usize = 32;

    pub(super) fn idle(metric: Metric, round: u32) -> Self {
        Self {
            metric,
            round,
            target: None,
            used_ms: 0,
            spans: Vec::new(),
            phase: Phase::Idle,
            breached_at: None,
            warned: Vec::new(),
        }
    }

    /// Whether time is being used.
    #[must_use]
    pub fn runs(&self) -> bool {
        matches!(self.phase, Phase::Running { .. })
    }

    /// The deadline; none unless the clock runs. One that is overrun keeps showing the deadline that it missed; one that
    /// breached, and was given more time since, shows its new one. `book` holds the calendar that it names.
    ///
    /// Never before the present phase: where a changed target was overrun already, the deadline is the instant of the
    /// change, so that a breach is never back-dated.
    #[must_use]
    pub fn due_at(&self, book: &CalendarBook) -> Option<DateTime<Utc>> {
        let target_ms = self.target?.target_ms;
        let due_at = self.reaches_at(target_ms, book)?;
        let is_overrun = self.settled_ms(book) >= target_ms;
        Some(self.breached_at.filter(|_| is_overrun).unwrap_or(due_at))
    }

    /// When so much is used; none unless the clock runs. Never before the present phase.
    fn reaches_at(&self, used_ms: i64, book: &CalendarBook) -> Option<DateTime<Utc>> {
        let (Phase::Running { since }, Some(target)) = (self.phase, self.target) else {
            return None;
        };
        let left_ms = (used_ms - self.settled_ms(book)).max(0);
        let calendar = target.calendar.and_then(|reference| book.get(reference));
        Some(match calendar {
            Some(calendar) => calendar.after(since, left_ms),
            // Past the end of the calendar there is nothing left to miss.
            None => since
                .checked_add_signed(TimeDelta::milliseconds(left_ms))
                .unwrap_or(DateTime::<Utc>::MAX_UTC),
        })
    }

    /// The deadline that may still be missed: none unless the clock runs and has not breached.
    #[must_use]
    pub fn open_deadline(&self, book: &CalendarBook) -> Option<DateTime<Utc>> {
        if self.breached_at.is_some() {
            return None;
        }
        self.due_at(book)
    }

    /// When it comes to a threshold that it may still warn of: none unless it runs, has not breached, and has not come to it
    /// before. A threshold that a changed target has passed already is due at the change.
    #[must_use]
    pub fn open_threshold(
        &self,
        threshold: Threshold,
        book: &CalendarBook,
    ) -> Option<DateTime<Utc>> {
        let is_open = self.breached_at.is_none()
            && self.warned.len() < Self::MAX_WARNED
            && self.warned_of(threshold).is_none();
        let target_ms = self.target.filter(|_| is_open)?.target_ms;
        self.reaches_at(threshold.used_ms(target_ms), book)
    }

    /// The warning of a threshold, if it was given.
    #[must_use]
    pub fn warned_of(&self, threshold: Threshold) -> Option<&Warned> {
        let mut warned = self.warned.iter();
        warned.find(|warned| warned.threshold == threshold)
    }

    /// The time used up to `now`, in milliseconds.
    #[must_use]
    pub fn used_at_ms(&self, now: DateTime<Utc>, book: &CalendarBook) -> i64 {
        let running_ms = match self.phase {
            Phase::Running { since } => self.counted_ms(since, now, book),
            Phase::Idle | Phase::Paused | Phase::Met { .. } | Phase::Cancelled { .. } => 0,
        };
        self.settled_ms(book) + running_ms
    }

    /// What may still be used at `now`, in milliseconds; negative once it is overrun. None where nothing is promised.
    #[must_use]
    pub fn left_at_ms(&self, now: DateTime<Utc>, book: &CalendarBook) -> Option<i64> {
        Some(self.target?.target_ms - self.used_at_ms(now, book))
    }

    /// The time used before the present phase.
    fn settled_ms(&self, book: &CalendarBook) -> i64 {
        let spans = self.spans.iter();
        let in_spans_ms: i64 = spans
            .map(|span| self.counted_ms(span.from, span.until, book))
            .sum();
        self.used_ms + in_spans_ms
    }

    /// How much of a time counts. Clocks of two servers may differ a little; time used never shrinks by that.
    fn counted_ms(&self, from: DateTime<Utc>, until: DateTime<Utc>, book: &CalendarBook) -> i64 {
        let reference = self.target.and_then(|target| target.calendar);
        match reference.and_then(|reference| book.get(reference)) {
            Some(calendar) => calendar.working_ms(from, until),
            None => (until - from).num_milliseconds().max(0),
        }
    }

    /// Moves to a phase. Running on is no move, and what never ran does not end.
    pub(super) fn enter(&mut self, phase: Phase, at: DateTime<Utc>) {
        match (self.phase, phase) {
            (Phase::Running { .. }, Phase::Running { .. })
            | (Phase::Idle, Phase::Met { .. } | Phase::Cancelled { .. }) => return,
            (Phase::Running { since }, _) => self.settle(since, at),
            _ => {}
        }
        self.phase = phase;
    }

    fn settle(&mut self, since: DateTime<Utc>, at: DateTime<Utc>) {
        if at <= since {
            return;
        }
        if self.target.is_some_and(|target| target.calendar.is_some()) {
            self.spans.push(Span {
                from: since,
                until: at,
            });
        } else {
            self.used_ms += (at - since).num_milliseconds();
        }
    }

    /// Begins again with another wait: nothing used, nothing missed.
    pub(super) fn begin_anew(&mut self, round: u32) {
        self.round = round;
        self.used_ms = 0;
        self.spans.clear();
        self.breached_at = None;
        self.warned.clear();
        self.phase = Phase::Idle;
    }

    /// Takes another target. What was used up to `at` by the old one stays used: `used_ms` as the event tells it; without
    /// its word, as all time.
    pub(super) fn retarget(
        &mut self,
        target: Option<AppliedTarget>,
        used_ms: Option<i64>,
        at: DateTime<Utc>,
    ) {
        if let Phase::Running { since } = self.phase {
            self.settle(since, at);
            // The clock of another server may be a little behind: what is settled is not counted again.
            let since = since.max(at);
            self.phase = Phase::Running { since };
        }
        if let Some(used_ms) = used_ms {
            self.used_ms = used_ms;
            self.spans.clear();
        } else {
            let spans = std::mem::take(&mut self.spans);
            let all_ms = |span: &Span| (span.until - span.from).num_milliseconds();
            self.used_ms += spans.iter().map(all_ms).sum::<i64>();
        }
        self.target = target;
    }
}
