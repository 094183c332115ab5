//! What an operator sees of the writers: how much waits, how much goes together, how long it takes, how it ends.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::pending::Answer;
use crate::append::AppendError;

/// Which way a batch went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Path {
    /// One call.
    Fast,
    /// One call under the lock of the head.
    Locked,
    /// Under the lock of the head, with looks before the call.
    Slow,
}

impl Path {
    fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Locked => "locked",
            Self::Slow => "slow",
        }
    }
}

/// Requests that wait at a writer.
pub(super) fn queue(writer: usize, waiting: usize) {
    gauge!("insightdesk_log_queue_requests", "writer" => writer.to_string()).set(waiting as f64);
}

/// A batch that the database answered.
pub(super) fn batch(path: Path, requests: usize, took: Duration) {
    histogram!("insightdesk_log_batch_requests").record(requests as f64);
    histogram!("insightdesk_log_batch_duration_seconds", "path" => path.as_str())
        .record(took.as_secs_f64());
}

/// A writer's connection that broke with a batch under way.
pub(super) fn connection_lost() {
    counter!("insightdesk_log_connections_lost_total").increment(1);
}

/// An answered request, and how long its caller waited.
pub(super) fn append(answer: &Answer, waited: Duration) {
    let outcome = match answer {
        Ok(_) => "appended",
        Err(AppendError::Conflict { .. }) => "conflict",
        Err(AppendError::Repeated { .. }) => "repeated",
        Err(AppendError::KeyReused) => "key_reused",
        Err(AppendError::Rejected(_)) => "rejected",
        Err(AppendError::Invalid(_)) => "invalid",
        Err(AppendError::Overloaded) => "overloaded",
        Err(AppendError::Unavailable(_)) => "unavailable",
        Err(AppendError::OutcomeUnknown(_)) => "outcome_unknown",
    };
    counter!("insightdesk_log_appends_total", "outcome" => outcome).increment(1);
    histogram!("insightdesk_log_append_duration_seconds").record(waited.as_secs_f64());
}
