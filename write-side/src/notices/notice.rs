//! What is to be written because of an event.

use chrono::{DateTime, Utc};
use domain::sla::Metric;
use domain::sla::warning::{Recipients, Threshold};
use domain::ticket::event::TicketEvent;
use serde::{Deserialize, Serialize};

/// A notice: to whom, and of what. Addresses of people and words of customers are looked up when it is written out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub(crate) enum Notice {
    /// A clock came to a threshold.
    SlaWarning {
        /// Which clock.
        metric: Metric,
        /// The threshold.
        threshold: Threshold,
        /// The deadline that it warns of.
        deadline_at: DateTime<Utc>,
        /// To whom.
        to: Recipients,
    },
    /// The requester is reminded of a ticket that waits for them.
    Reminder,
}

impl Notice {
    /// The notice of an event, if somebody is to be written to because of it.
    pub(crate) fn of(event: &TicketEvent) -> Option<Self> {
        match event {
            TicketEvent::SlaWarned(warned) if !warned.notify.is_empty() => Some(Self::SlaWarning {
                metric: warned.metric,
                threshold: warned.threshold,
                deadline_at: warned.deadline_at,
                to: warned.notify.clone(),
            }),
            TicketEvent::Reminded(_) => Some(Self::Reminder),
            _ => None,
        }
    }
}
