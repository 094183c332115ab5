//! A ticket as its events say.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::clocks::Clocks;

/// What commands and queries speak of, after an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Snapshot {
    pub(super) status: String,
    pub(super) priority: String,
    pub(super) agent: Option<Uuid>,
    pub(super) team: Option<Uuid>,
    pub(super) tags: BTreeSet<String>,
}

/// A ticket.
#[derive(Debug, Clone, Default)]
pub(super) struct Ticket {
    pub(super) organization: Uuid,
    pub(super) number: i64,
    /// After each event of its stream; the last is what holds.
    pub(super) snapshots: Vec<Snapshot>,
    pub(super) clocks: Clocks,
    pub(super) auto_close_at: Option<DateTime<Utc>>,
    pub(super) reopenings: i32,
}

impl Ticket {
    /// What holds now.
    pub(super) fn now(&self) -> Snapshot {
        self.snapshots.last().cloned().unwrap_or_default()
    }

    /// What held at a version.
    pub(super) fn at(&self, version: i64) -> Option<&Snapshot> {
        self.snapshots.get(usize::try_from(version - 1).ok()?)
    }

    pub(super) fn version(&self) -> i64 {
        self.snapshots.len() as i64
    }

    /// Takes an event of its stream in, but for what it says of deadlines.
    pub(super) fn take(&mut self, event_type: &str, data: &Value, at: DateTime<Utc>) {
        let mut now = self.now();
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        match event_type {
            "ticket.opened" => {
                now.status = "new".to_owned();
                now.priority = text("priority");
                self.clocks.opened(data, at);
            }
            "ticket.assigned" => {
                now.agent = id(&data["to"]["agent_id"]);
                now.team = id(&data["to"]["team_id"]);
            }
            "ticket.priority_changed" => {
                now.priority = text("to");
                self.clocks.priority_changed(data, at);
            }
            "ticket.tagged" => {
                now.tags.insert(text("tag"));
            }
            "ticket.untagged" => {
                now.tags.remove(&text("tag"));
            }
            "ticket.agent_replied" => self.clocks.agent_replied(at),
            "ticket.customer_replied" => self.clocks.customer_replied(at),
            "ticket.status_changed" => self.move_to(&mut now, &text("to"), at),
            "ticket.reopened" => {
                self.reopenings += 1;
                self.move_to(&mut now, &text("to"), at);
            }
            "ticket.closed" => self.move_to(&mut now, "closed", at),
            "ticket.resolved" => {
                self.move_to(&mut now, "resolved", at);
                self.auto_close_at = data["auto_close_at"]
                    .as_str()
                    .and_then(|time| time.parse().ok());
            }
            _ => {}
        }
        self.snapshots.push(now);
    }

    fn move_to(&mut self, now: &mut Snapshot, status: &str, at: DateTime<Utc>) {
        now.status = status.to_owned();
        self.auto_close_at = None;
        self.clocks.moved(status, at);
    }
}

/// The id in a value.
pub(super) fn id(value: &Value) -> Option<Uuid> {
    value.as_str()?.parse().ok()
}
