//! The clocks of a ticket, folded from its events.
//!
//! Folding needs no calendar: where only working time counts, a clock keeps the times in which it ran, and whoever asks how
//! much that is brings the calendars. Time used is kept over pauses, reopenings and changes of what is promised.
//!
//! What happens exactly at a deadline is in time: a clock that is met at its deadline is met. Where a breach and an answer
//! carry the same instant, the order of the log decides which of them the other one finds.

use super::Metric;
use super::clock::{Clock, Phase};
use super::course::Course;
use super::rule::Rule;
use super::terms::CalendarBook;
use super::warning::{AppliedWarning, DueWarning, Warned};
use crate::calendar::definition::CalendarRef;
use crate::ticket::event::{SlaBreached, TicketEvent, TicketSlaApplied, UsedTime};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// All clocks of a ticket. An imported ticket has none: nothing is promised for what is over.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clocks {
    /// What of the ticket starts, pauses and ends clocks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    course: Option<Course>,
    /// What is promised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rule: Option<Rule>,
    /// In the order of their metrics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    clocks: Vec<Clock>,
}

impl Clocks {
    /// The most times that a clock keeps. Then the command that adds one has the time used told by an event.
    pub const MAX_SPANS: usize = 32;

    /// The clock of a metric, if it was ever promised.
    #[must_use]
    pub fn of(&self, metric: Metric) -> Option<&Clock> {
        self.clocks.iter().find(|clock| clock.metric == metric)
    }

    /// Every clock, in the order of the metrics.
    pub fn iter(&self) -> impl Iterator<Item = &Clock> {
        self.clocks.iter()
    }

    /// What is promised. None: nothing ever was.
    #[must_use]
    pub fn rule(&self) -> Option<&Rule> {
        self.rule.as_ref()
    }

    /// Whether the ticket is resolved or closed, as far as clocks were told of it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.course.as_ref().is_some_and(Course::is_over)
    }

    /// Whether a person is known to have answered in public. False says nothing: other systems told no clock of theirs.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.course.as_ref().is_some_and(Course::is_answered)
    }

    /// Whether a clock may begin or end with the next reply.
    #[must_use]
    pub fn hears_replies(&self) -> bool {
        self.clocks.iter().any(|clock| match clock.metric {
            Metric::FirstReply => !clock.phase.is_end(),
            Metric::NextReply | Metric::PeriodicUpdate | Metric::PausableUpdate => true,
            Metric::RequesterWait | Metric::AgentWork | Metric::Resolution => false,
        })
    }

    /// The calendars that the clocks name.
    pub fn calendars(&self) -> impl Iterator<Item = CalendarRef> {
        let targets = self.clocks.iter().filter_map(|clock| clock.target);
        targets.filter_map(|target| target.calendar)
    }

    /// The most times that one of the clocks keeps.
    #[must_use]
    pub fn span_count(&self) -> usize {
        let counts = self.clocks.iter().map(|clock| clock.spans.len());
        counts.max().unwrap_or_default()
    }

    /// The earliest deadline that may still be missed: of the clocks that run and have not breached.
    #[must_use]
    pub fn next_deadline(&self, book: &CalendarBook) -> Option<DateTime<Utc>> {
        let deadlines = self.clocks.iter();
        deadlines
            .filter_map(|clock| clock.open_deadline(book))
            .min()
    }

    /// When the clock of a metric next has something to say: the earliest threshold that it has not come to, or its deadline.
    #[must_use]
    pub fn next_due(&self, metric: Metric, book: &CalendarBook) -> Option<DateTime<Utc>> {
        let clock = self.of(metric)?;
        let thresholds = self.warnings(metric);
        let warned = thresholds.filter_map(|it| clock.open_threshold(it.warning.threshold, book));
        warned.chain(clock.open_deadline(book)).min()
    }

    /// The warnings of a metric that hold.
    pub fn warnings(&self, metric: Metric) -> impl Iterator<Item = &AppliedWarning> {
        let rule = self.rule.iter().flat_map(|rule| &rule.warnings);
        rule.filter(move |warning| warning.metric == metric)
    }

    /// The warnings that are due and were not given yet, the earliest first.
    pub fn due_warnings(
        &self,
        is_due: impl Fn(DateTime<Utc>) -> bool,
        book: &CalendarBook,
    ) -> Vec<DueWarning> {
        let Some(rule) = &self.rule else {
            return Vec::new();
        };
        let due = |applied: &AppliedWarning| {
            let clock = self.of(applied.metric)?;
            let due_at = clock.open_threshold(applied.warning.threshold, book)?;
            Some(DueWarning {
                metric: applied.metric,
                warning: applied.warning.clone(),
                due_at: is_due(due_at).then_some(due_at)?,
                deadline_at: clock.due_at(book)?,
                policy: rule.policy,
            })
        };
        let mut warnings: Vec<DueWarning> = rule.warnings.iter().filter_map(due).collect();
        warnings.sort_by_key(|warning| warning.due_at);
        warnings
    }

    /// The deadlines before `now` whose breach is not recorded yet, the earliest first.
    #[must_use]
    pub fn missed(&self, now: DateTime<Utc>, book: &CalendarBook) -> Vec<SlaBreached> {
        self.due_breaches(now, |due_at| due_at < now, book)
    }

    /// The deadlines that are due by `now` and whose breach is not recorded yet, the earliest first.
    pub fn due_breaches(
        &self,
        now: DateTime<Utc>,
        is_due: impl Fn(DateTime<Utc>) -> bool,
        book: &CalendarBook,
    ) -> Vec<SlaBreached> {
        let missed = |clock: &Clock| {
            let due_at = clock.open_deadline(book).filter(|due_at| is_due(*due_at))?;
            Some(SlaBreached {
                metric: clock.metric,
                due_at,
                lateness_ms: (now - due_at).num_milliseconds(),
            })
        };
        let mut missed: Vec<_> = self.clocks.iter().filter_map(missed).collect();
        missed.sort_by_key(|breach| breach.due_at);
        missed
    }

    /// The time that each clock has used up to `now`, of those that may go on.
    #[must_use]
    pub fn used(&self, now: DateTime<Utc>, book: &CalendarBook) -> Vec<UsedTime> {
        let course = self.course.as_ref();
        let is_over = |metric| course.is_some_and(|course| course.is_over_for_good(metric));
        let clocks = self.clocks.iter().filter(|clock| !is_over(clock.metric));
        let used = |clock: &Clock| UsedTime {
            metric: clock.metric,
            used_ms: clock.used_at_ms(now, book),
        };
        clocks.map(used).collect()
    }

    /// Takes an event in that occurred at `at`.
    pub fn evolve(&mut self, event: &TicketEvent, at: DateTime<Utc>) {
        match event {
            TicketEvent::Opened(e) => {
                *self = Self::default();
                // The history of another system is over: nothing of it is measured.
                if e.external.is_none() || e.sla_targets.is_some() {
                    self.course = Some(Course::opened());
                }
                if let Some(targets) = e.sla_targets {
                    self.promise(Rule::of_settings(targets), &[], at);
                }
            }
            TicketEvent::PriorityChanged(e) => {
                if let Some(targets) = e.sla_targets {
                    self.promise(Rule::of_settings(targets), &[], at);
                }
            }
            TicketEvent::SlaApplied(TicketSlaApplied { rule, used, .. }) => {
                self.promise(rule.clone(), used, at);
            }
            TicketEvent::SlaBreached(e) => {
                let mut clocks = self.clocks.iter_mut();
                if let Some(clock) = clocks.find(|clock| clock.metric == e.metric) {
                    clock.breached_at = Some(e.due_at);
                }
            }
            TicketEvent::SlaWarned(e) => {
                let mut clocks = self.clocks.iter_mut();
                if let Some(clock) = clocks.find(|clock| clock.metric == e.metric) {
                    clock.warned.push(Warned {
                        threshold: e.threshold,
                        due_at: e.due_at,
                        at,
                    });
                }
            }
            _ => self.follow(event, at),
        }
    }

    /// What the ticket goes through starts, pauses and ends its clocks.
    fn follow(&mut self, event: &TicketEvent, at: DateTime<Utc>) {
        let Some(course) = &mut self.course else {
            return;
        };
        let begun = course.evolve(event, at);
        for clock in &mut self.clocks {
            if begun.contains(&clock.metric) {
                clock.begin_anew(course.round(clock.metric));
            }
            let phase = course.phase(clock.metric, at);
            if clock.target.is_some() {
                clock.enter(phase, at);
            } else if !phase.is_end() {
                clock.enter(Phase::Idle, at);
            }
        }
    }

    fn promise(&mut self, rule: Rule, used: &[UsedTime], at: DateTime<Utc>) {
        // A stream that begins otherwise tells nothing of what went before.
        let course = self.course.get_or_insert_with(Course::opened);
        for target in &rule.targets {
            let index = self
                .clocks
                .partition_point(|clock| clock.metric < target.metric);
            let is_there = self.clocks.get(index).map(|clock| clock.metric) == Some(target.metric);
            if !is_there && !course.is_over_for_good(target.metric) {
                let round = course.round(target.metric);
                self.clocks.insert(index, Clock::idle(target.metric, round));
            }
        }
        for clock in &mut self.clocks {
            let metric = clock.metric;
            // What was given, or never will be, keeps the promise that held then.
            if course.is_over_for_good(metric) {
                continue;
            }
            let target = rule.target(metric);
            let told = used.iter().find(|used| used.metric == metric);
            clock.retarget(target, told.map(|used| used.used_ms), at);
            let phase = course.phase(metric, at);
            if target.is_some() {
                clock.enter(phase, at);
            } else if !clock.phase.is_end() {
                // What ended did so under the promise that held then, and keeps its end.
                clock.enter(Phase::Idle, at);
            }
        }
        self.rule = Some(rule);
    }
}
