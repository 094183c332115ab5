//! `sla.breached` version 1 knew two metrics: the first response, and a resolution that paused while pending or on hold.
//! Today that one is called agent work, and a resolution never pauses.

use crate::sla::Metric;
use crate::ticket::event::SlaBreached;
use chrono::{DateTime, Utc};
use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct SlaBreachedV1 {
    metric: MetricV1,
    due_at: DateTime<Utc>,
    lateness_ms: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum MetricV1 {
    FirstResponse,
    Resolution,
}

impl From<SlaBreachedV1> for SlaBreached {
    fn from(old: SlaBreachedV1) -> Self {
        Self {
            metric: match old.metric {
                MetricV1::FirstResponse => Metric::FirstReply,
                MetricV1::Resolution => Metric::AgentWork,
            },
            due_at: old.due_at,
            lateness_ms: old.lateness_ms,
        }
    }
}
