//! When the deadlines of a ticket fall, by a walk over every minute.

use super::office::{METRICS, OpenMinutes, target_s};
use super::{DAY_S, DAYS, QUIET_DAYS};
use domain::ids::TicketId;
use domain::sla::Metric;
use domain::ticket::state::{Priority, Status};
use std::collections::{BTreeMap, BTreeSet};

/// What was missed: by ticket and metric, at which second.
pub type Missed = BTreeSet<(TicketId, Metric, i64)>;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    AgentReplies,
    CustomerReplies,
    Set(Status),
    Prioritise(Priority),
    Resolve,
    Reopen,
}

/// A ticket, and what was done to it at which second.
pub struct History {
    pub office: usize,
    pub ticket_id: TicketId,
    pub opened_s: i64,
    pub priority: Priority,
    pub steps: BTreeMap<i64, Step>,
}

/// A stopwatch of working time.
#[derive(Clone, Copy)]
struct Stopwatch {
    metric: Metric,
    runs: bool,
    used_s: i64,
    target_s: i64,
    missed: bool,
}

impl Stopwatch {
    /// Runs over seconds that are all open or all shut, and tells at which one the target was reached.
    fn run(&mut self, from: i64, until: i64, is_open: bool) -> Option<i64> {
        let left_s = (self.target_s - self.used_s).max(0);
        let open_s = if is_open { until - from } else { 0 };
        if !self.runs {
            return None;
        }
        self.used_s += open_s;
        let is_reached = left_s <= open_s && !self.missed;
        self.missed |= is_reached;
        is_reached.then_some(from + left_s)
    }
}

/// Minute by minute, and anew at each step.
pub fn walk(history: &History, minutes: &OpenMinutes, missed: &mut Missed) {
    let mut watches = METRICS.map(|metric| Stopwatch {
        metric,
        runs: true,
        used_s: 0,
        target_s: target_s(metric, history.priority),
        missed: false,
    });
    let mut status = Status::New;
    let end = (DAYS + QUIET_DAYS) * DAY_S;
    let steps = history
        .steps
        .iter()
        .map(|(second, step)| (*second, Some(*step)));
    let mut from = history.opened_s;
    for (until, step) in steps.chain([(end, None)]) {
        while from < until {
            let next = until.min((from / 60 + 1) * 60);
            for watch in &mut watches {
                let reached = watch.run(from, next, minutes.is_open(from));
                missed.extend(reached.map(|second| (history.ticket_id, watch.metric, second)));
            }
            from = next;
        }
        if let Some(step) = step {
            take(step, &mut status, &mut watches);
        }
    }
}

fn take(step: Step, status: &mut Status, watches: &mut [Stopwatch; 3]) {
    let is_done = *status == Status::Resolved;
    match step {
        Step::AgentReplies | Step::Prioritise(_) => {}
        Step::CustomerReplies | Step::Reopen => {
            if *status != Status::New {
                *status = Status::Open;
            }
        }
        Step::Set(set) if !is_done => *status = set,
        Step::Resolve => *status = Status::Resolved,
        Step::Set(_) => {}
    }
    for watch in watches {
        if let Step::Prioritise(priority) = step
            && (watch.runs || watch.metric != Metric::FirstReply)
        {
            watch.target_s = target_s(watch.metric, priority);
        }
        watch.runs = match watch.metric {
            Metric::FirstReply => {
                watch.runs && step != Step::AgentReplies && *status != Status::Resolved
            }
            Metric::RequesterWait => !matches!(status, Status::Pending | Status::Resolved),
            _ => matches!(status, Status::New | Status::Open),
        };
    }
}
