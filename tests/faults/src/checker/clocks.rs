//! When the deadlines of a ticket fall: the fold of its service level clocks, written anew from the documentation. The desks
//! of the faults count all time; working time has an oracle of its own.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

type Time = DateTime<Utc>;

const FIRST_REPLY: &str = "first_reply";
const NEXT_REPLY: &str = "next_reply";
const UPDATES: [&str; 2] = ["periodic_update", "pausable_update"];

/// One clock.
#[derive(Debug, Clone, Default)]
struct Clock {
    /// While something is promised.
    target_ms: Option<i64>,
    used_ms: i64,
    /// While it runs.
    since: Option<Time>,
    told: bool,
}

impl Clock {
    fn stop(&mut self, at: Time) {
        if let Some(since) = self.since.take() {
            self.used_ms += (at - since).num_milliseconds().max(0);
        }
    }

    fn run(&mut self, at: Time) {
        self.since.get_or_insert(at);
    }

    /// A running clock goes on with the new target, and never has a deadline before the change.
    fn retarget(&mut self, target_ms: Option<i64>, at: Time) {
        self.stop(at);
        self.target_ms = target_ms;
    }

    fn begin_anew(&mut self) {
        let target_ms = self.target_ms;
        *self = Self {
            target_ms,
            ..Self::default()
        };
    }

    fn deadline(&self) -> Option<Time> {
        let since = self.since.filter(|_| !self.told)?;
        let left = self.target_ms? - self.used_ms;
        Some(since + TimeDelta::milliseconds(left.max(0)))
    }
}

/// Where a ticket stands, as far as clocks care.
#[derive(Debug, Clone, Default)]
struct Course {
    status: String,
    awaits_first_reply: bool,
    awaits_next_reply: bool,
    owes_update: bool,
}

impl Course {
    fn is_done(&self) -> bool {
        matches!(self.status.as_str(), "resolved" | "closed")
    }

    /// Whether a clock of the metric runs.
    fn runs(&self, metric: &str) -> bool {
        match metric {
            FIRST_REPLY => self.awaits_first_reply,
            NEXT_REPLY => self.awaits_next_reply,
            "periodic_update" => self.owes_update,
            "pausable_update" => self.owes_update && self.status != "pending",
            "requester_wait" => !self.is_done() && self.status != "pending",
            "agent_work" => matches!(self.status.as_str(), "new" | "open"),
            _ => !self.is_done(),
        }
    }
}

/// The clocks of a ticket that are promised something, or were; an imported one has none.
#[derive(Debug, Clone, Default)]
pub(super) struct Clocks {
    course: Course,
    by_metric: BTreeMap<String, Clock>,
}

impl Clocks {
    pub(super) fn opened(&mut self, data: &Value, at: Time) {
        self.course = Course {
            status: "new".to_owned(),
            awaits_first_reply: true,
            ..Course::default()
        };
        self.promise_settings(&data["sla_targets"], at);
    }

    pub(super) fn priority_changed(&mut self, data: &Value, at: Time) {
        self.promise_settings(&data["sla_targets"], at);
    }

    /// What a policy promises. The time used that the event tells has to be what these clocks counted; what it got wrong.
    pub(super) fn applied(&mut self, data: &Value, at: Time) -> Option<String> {
        let list = |name: &str| data[name].as_array().cloned().unwrap_or_default();
        let wrong = list("used").iter().find_map(|used| {
            let metric = used["metric"].as_str().unwrap_or_default();
            let counted = self.by_metric.get(metric).map(|clock| {
                let mut clock = clock.clone();
                clock.stop(at);
                clock.used_ms
            });
            let told = used["used_ms"].as_i64();
            (told != counted).then(|| format!("{metric} used {counted:?} ms, it tells {told:?}"))
        });
        let targets = list("targets");
        let target = |target: &Value| {
            let metric = target["metric"].as_str()?.to_owned();
            Some((metric, target["target_ms"].as_i64()?))
        };
        self.promise(targets.iter().filter_map(target).collect(), at);
        wrong
    }

    pub(super) fn agent_replied(&mut self, at: Time) {
        self.course.awaits_first_reply = false;
        self.course.awaits_next_reply = false;
        if !self.course.is_done() {
            self.course.owes_update = true;
            for metric in UPDATES {
                self.begin_anew(metric);
            }
        }
        self.follow(at);
    }

    /// Of several words that wait for an answer the oldest counts.
    pub(super) fn customer_replied(&mut self, at: Time) {
        if !self.course.awaits_first_reply && !self.course.awaits_next_reply {
            self.course.awaits_next_reply = true;
            self.begin_anew(NEXT_REPLY);
        }
        self.follow(at);
    }

    pub(super) fn moved(&mut self, status: &str, at: Time) {
        status.clone_into(&mut self.course.status);
        if self.course.is_done() {
            self.course.awaits_first_reply = false;
            self.course.awaits_next_reply = false;
            self.course.owes_update = false;
        }
        self.follow(at);
    }

    /// The deadline of a metric that runs and was not told.
    pub(super) fn deadline(&self, metric: &str) -> Option<Time> {
        self.by_metric.get(metric)?.deadline()
    }

    pub(super) fn told(&mut self, metric: &str) {
        if let Some(clock) = self.by_metric.get_mut(metric) {
            clock.told = true;
        }
    }

    /// The next deadline that may be missed.
    pub(super) fn next(&self) -> Option<Time> {
        self.by_metric.values().filter_map(Clock::deadline).min()
    }

    /// What the organization's settings promise; nothing where the event does not say.
    fn promise_settings(&mut self, targets: &Value, at: Time) {
        let names = [
            (FIRST_REPLY, "first_response_minutes"),
            ("agent_work", "resolution_minutes"),
        ];
        let promised: BTreeMap<String, i64> = names
            .into_iter()
            .filter_map(|(metric, name)| {
                Some((metric.to_owned(), targets.get(name)?.as_i64()? * 60_000))
            })
            .collect();
        if !promised.is_empty() {
            self.promise(promised, at);
        }
    }

    fn promise(&mut self, targets: BTreeMap<String, i64>, at: Time) {
        // A first reply that was given, or will not be, keeps its target.
        let is_over =
            |metric: &str, course: &Course| metric == FIRST_REPLY && !course.awaits_first_reply;
        for metric in targets.keys() {
            if !is_over(metric, &self.course) {
                self.by_metric.entry(metric.clone()).or_default();
            }
        }
        for (metric, clock) in &mut self.by_metric {
            if !is_over(metric, &self.course) {
                clock.retarget(targets.get(metric).copied(), at);
            }
        }
        self.follow(at);
    }

    fn begin_anew(&mut self, metric: &str) {
        if let Some(clock) = self.by_metric.get_mut(metric) {
            clock.begin_anew();
        }
    }

    /// Starts and stops what the course says.
    fn follow(&mut self, at: Time) {
        for (metric, clock) in &mut self.by_metric {
            if clock.target_ms.is_some() && self.course.runs(metric) {
                clock.run(at);
            } else {
                clock.stop(at);
            }
        }
    }
}
