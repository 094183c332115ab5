//! When the deadlines of a ticket fall, and what its clocks use, by a walk over the open time of its office.

use super::END_S;
use super::office::{OpenMinutes, counts_all_time, target_s};
use domain::sla::Metric;
use domain::ticket::state::{Priority, Status};

/// What happened to a ticket, as far as clocks care.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fact {
    AgentReplied,
    CustomerReplied,
    Moved(Status),
    Prioritised(Priority),
    /// A deadline was missed, at its second.
    Missed(Metric),
}

/// What happened to a ticket at which second, in the order of the log.
#[derive(Debug, Default)]
pub struct History {
    pub opened_s: i64,
    pub facts: Vec<(i64, Fact)>,
}

/// A stopwatch of one metric.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    pub metric: Metric,
    /// Somebody waits for what it measures.
    is_awaited: bool,
    is_paused: bool,
    pub used_s: i64,
    target_s: i64,
    is_missed: bool,
}

impl Stopwatch {
    /// As it is when its ticket is opened.
    fn new(metric: Metric, priority: Priority) -> Self {
        use Metric::{NextReply, PausableUpdate, PeriodicUpdate};
        Self {
            metric,
            is_awaited: !matches!(metric, NextReply | PeriodicUpdate | PausableUpdate),
            is_paused: false,
            used_s: 0,
            target_s: target_s(metric, priority),
            is_missed: false,
        }
    }

    fn begin(&mut self) {
        (self.is_awaited, self.used_s, self.is_missed) = (true, 0, false);
    }

    /// Runs from one second to another, and tells at which one before the end the target was reached, if it was not before.
    /// What is reached at the very end is in time, unless the watch goes on.
    fn run(&mut self, mut from: i64, until: i64, minutes: &OpenMinutes) -> Option<i64> {
        let mut missed_s = None;
        while self.is_awaited && !self.is_paused && from < until {
            let (is_open, ends) = minutes.stretch(from);
            let is_counted = is_open || counts_all_time(self.metric);
            let next = until.min(ends);
            let left_s = (self.target_s - self.used_s).max(0);
            let counted_s = if is_counted { next - from } else { 0 };
            if left_s <= counted_s && from + left_s < until && !self.is_missed {
                self.is_missed = true;
                missed_s = Some(from + left_s);
            }
            self.used_s += counted_s;
            from = next;
        }
        missed_s
    }

    fn take(&mut self, fact: Fact, status: Status, is_first_reply_over: bool) {
        use Metric::{
            AgentWork, FirstReply, NextReply, PausableUpdate, PeriodicUpdate, RequesterWait,
            Resolution,
        };
        let is_done = status.is_done();
        match (self.metric, fact) {
            (FirstReply, Fact::Prioritised(_)) if is_first_reply_over => {}
            (metric, Fact::Prioritised(priority)) => self.target_s = target_s(metric, priority),
            (FirstReply | NextReply, Fact::AgentReplied) => self.is_awaited = false,
            (PeriodicUpdate | PausableUpdate, Fact::AgentReplied) if !is_done => self.begin(),
            (NextReply, Fact::CustomerReplied) if is_first_reply_over && !self.is_awaited => {
                self.begin();
            }
            (RequesterWait | AgentWork | Resolution, Fact::Moved(_)) => self.is_awaited = !is_done,
            (_, Fact::Moved(_)) if is_done => self.is_awaited = false,
            _ => {}
        }
        self.is_paused = match self.metric {
            PausableUpdate | RequesterWait => status == Status::Pending,
            AgentWork => matches!(status, Status::Pending | Status::OnHold),
            FirstReply | NextReply | PeriodicUpdate | Resolution => false,
        };
    }
}

/// From fact to fact, until the end: the watches as they are then. Fails where the log tells that a deadline was missed which
/// was not, by what it held until then, or does not tell of one before it goes on.
///
/// The log decides who came first: a command that was on its way while the clock passed a deadline may have an earlier time than
/// the breach that stands before it.
pub fn walk(history: &History, priority: Priority, minutes: &OpenMinutes) -> [Stopwatch; 7] {
    let mut watches = Metric::ALL.map(|metric| Stopwatch::new(metric, priority));
    let mut status = Status::New;
    let mut from = history.opened_s;
    let facts = history.facts.iter().map(|(at, fact)| (*at, Some(*fact)));
    for (at, fact) in facts.chain([(END_S, None)]) {
        if let Some(Fact::Missed(metric)) = fact {
            let mut watches = watches.iter_mut();
            let watch = watches.find(|watch| watch.metric == metric).unwrap();
            let missed_s = watch.clone().run(from, at + 1, minutes);
            assert_eq!(
                missed_s,
                Some(at),
                "wrong or twice: {watch:?} of {history:?}"
            );
            watch.is_missed = true;
            continue;
        }
        for watch in &mut watches {
            let missed_s = watch.run(from, at, minutes);
            assert_eq!(missed_s, None, "not told: {watch:?} at {at} of {history:?}");
        }
        from = at;
        let Some(fact) = fact else { break };
        if let Fact::Moved(to) = fact {
            status = to;
        }
        let is_first_reply_over = !watches[0].is_awaited;
        for watch in &mut watches {
            watch.take(fact, status, is_first_reply_over);
        }
    }
    watches
}
