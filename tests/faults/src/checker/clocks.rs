//! When the deadlines of a ticket fall: the fold of its service level clocks, written anew from the documentation.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

type Time = DateTime<Utc>;

/// One clock.
#[derive(Debug, Clone, Default)]
struct Clock {
    target_minutes: i64,
    used_ms: i64,
    /// While it runs.
    since: Option<Time>,
    told: bool,
}

impl Clock {
    fn start(targets: &Value, name: &str, at: Time) -> Option<Self> {
        Some(Self {
            target_minutes: targets.get(name)?.as_i64()?,
            since: Some(at),
            ..Self::default()
        })
    }

    fn stop(&mut self, at: Time) {
        if let Some(since) = self.since.take() {
            self.used_ms += (at - since).num_milliseconds().max(0);
        }
    }

    fn run(&mut self, at: Time) {
        self.since.get_or_insert(at);
    }

    /// A running clock goes on with the new target, and never has a deadline before the change.
    fn retarget(&mut self, minutes: Option<i64>, at: Time) {
        if self.since.is_some() {
            self.stop(at);
            self.run(at);
        }
        self.target_minutes = minutes.unwrap_or(self.target_minutes);
    }

    fn deadline(&self) -> Option<Time> {
        let since = self.since.filter(|_| !self.told)?;
        let left = self.target_minutes * 60_000 - self.used_ms;
        Some(since + TimeDelta::milliseconds(left.max(0)))
    }
}

/// The clocks of a ticket; an imported one has none.
#[derive(Debug, Clone, Default)]
pub(super) struct Clocks {
    first_response: Option<Clock>,
    resolution: Option<Clock>,
}

impl Clocks {
    pub(super) fn opened(&mut self, data: &Value, at: Time) {
        let targets = &data["sla_targets"];
        self.first_response = Clock::start(targets, "first_response_minutes", at);
        self.resolution = Clock::start(targets, "resolution_minutes", at);
    }

    pub(super) fn agent_replied(&mut self, at: Time) {
        if let Some(clock) = &mut self.first_response {
            clock.stop(at);
        }
    }

    pub(super) fn priority_changed(&mut self, data: &Value, at: Time) {
        let targets = &data["sla_targets"];
        // A first response that was given, or will not be, keeps its target.
        if let Some(clock) = self.first_response.as_mut().filter(|c| c.since.is_some()) {
            clock.retarget(targets["first_response_minutes"].as_i64(), at);
        }
        if let Some(clock) = &mut self.resolution {
            clock.retarget(targets["resolution_minutes"].as_i64(), at);
        }
    }

    pub(super) fn moved(&mut self, status: &str, at: Time) {
        let is_done = matches!(status, "resolved" | "closed");
        if let Some(clock) = self.first_response.as_mut().filter(|_| is_done) {
            clock.stop(at);
        }
        if let Some(clock) = &mut self.resolution {
            match status {
                "new" | "open" => clock.run(at),
                _ => clock.stop(at),
            }
        }
    }

    /// The deadline of a metric that runs and was not told.
    pub(super) fn deadline(&self, metric: &str) -> Option<Time> {
        self.clock(metric)?.deadline()
    }

    pub(super) fn told(&mut self, metric: &str) {
        let clock = match metric {
            "first_reply" => &mut self.first_response,
            _ => &mut self.resolution,
        };
        if let Some(clock) = clock {
            clock.told = true;
        }
    }

    /// The next deadline that may be missed.
    pub(super) fn next(&self) -> Option<Time> {
        let both = [&self.first_response, &self.resolution];
        both.into_iter()
            .filter_map(|clock| clock.as_ref()?.deadline())
            .min()
    }

    fn clock(&self, metric: &str) -> Option<&Clock> {
        match metric {
            "first_reply" => self.first_response.as_ref(),
            "agent_work" => self.resolution.as_ref(),
            _ => None,
        }
    }
}
