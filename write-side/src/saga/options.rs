//! The limits and timeouts of the saga.

use std::time::Duration;

/// Everything that bounds a saga. The defaults suit a server that also answers people.
#[derive(Debug, Clone)]
pub struct Options {
    /// Most events folded in one transaction.
    pub page_limit: u32,
    /// Most timers fired before the log is folded again.
    pub batch_limit: usize,
    /// Most timers in flight at once, over all partitions of the process: overdue timers share the log's writers with
    /// live commands, and this is their share.
    pub in_flight_limit: usize,
    /// Most open tickets that are told of changed rules before the log is folded again.
    pub recompute_batch_limit: usize,
    /// Most commands of changed rules in flight at once, over all partitions of the process.
    pub recompute_in_flight_limit: usize,
    /// After a batch of changed rules their walk rests so many times as long as the batch took: nobody waits for the end of
    /// the walk, but people wait for the log.
    pub recompute_rest: u32,
    /// Changed rules are carried to open tickets this long after they were seen. It has to be longer than rules that
    /// commands are decided by may be old, by the time that a command takes.
    pub rules_settling: Duration,
    /// The longest wait for one command.
    pub command_timeout: Duration,
    /// How long a lease holds after its last renewal: a dead holder's partitions are free after this.
    pub lease_duration: Duration,
    /// How often a lease is renewed, and how often a free one is looked for.
    pub lease_renewal_interval: Duration,
    /// The longest wait for one transaction of the saga.
    pub transaction_timeout: Duration,
    /// The log is looked at this often even without a wake-up.
    pub poll_interval: Duration,
    /// After a wake-up the saga waits this long for more events, to fold them together: a deadline is minutes away, and
    /// every transaction of the saga costs live commands something. A due timer does not wait for it.
    pub gathering_interval: Duration,
    /// The first wait after a failure, or before a timer whose command had no effect is tried again; it doubles.
    pub retry_min: Duration,
    /// The longest such wait.
    pub retry_max: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            page_limit: 5_000,
            batch_limit: 512,
            in_flight_limit: 48,
            recompute_batch_limit: 64,
            recompute_in_flight_limit: 4,
            recompute_rest: 1,
            rules_settling: Duration::from_secs(3),
            command_timeout: Duration::from_secs(20),
            lease_duration: Duration::from_secs(5),
            lease_renewal_interval: Duration::from_secs(1),
            transaction_timeout: Duration::from_secs(30),
            poll_interval: Duration::from_secs(1),
            gathering_interval: Duration::from_millis(100),
            retry_min: Duration::from_secs(1),
            retry_max: Duration::from_secs(30),
        }
    }
}

impl Options {
    /// The wait after `failures` failures in a row, at least one.
    pub(super) fn retry_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(16);
        self.retry_min
            .saturating_mul(1 << doublings)
            .min(self.retry_max)
    }

    /// The first count that is zero, if one is.
    pub(super) fn zero_count(&self) -> Option<&'static str> {
        let counts = [
            ("page_limit", self.page_limit == 0),
            ("batch_limit", self.batch_limit == 0),
            ("in_flight_limit", self.in_flight_limit == 0),
            ("recompute_batch_limit", self.recompute_batch_limit == 0),
            (
                "recompute_in_flight_limit",
                self.recompute_in_flight_limit == 0,
            ),
        ];
        counts
            .into_iter()
            .find(|(_, is_zero)| *is_zero)
            .map(|(name, _)| name)
    }
}
