//! When the requester of a pending ticket is reminded.

use super::event::TicketEvent;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The reminders of the present wait for the requester. Whatever moves the status ends the wait.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Reminders {
    /// When each is due, the earliest first.
    due_at: Vec<DateTime<Utc>>,
    /// How many of them are over.
    over: usize,
}

impl Reminders {
    /// True when the ticket does not wait, or nobody is reminded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due_at.is_empty()
    }

    /// When the next one is due.
    #[must_use]
    pub fn next_due(&self) -> Option<DateTime<Utc>> {
        self.due_at.get(self.over).copied()
    }

    /// The last one that is due by `now`, counted from 1: what was missed before it lapses, so that nobody gets several at
    /// once.
    #[must_use]
    pub fn last_due(&self, now: DateTime<Utc>) -> Option<(usize, DateTime<Utc>)> {
        let numbered = self.due_at.iter().enumerate().skip(self.over);
        let mut due = numbered.take_while(|(_, due_at)| **due_at <= now);
        let (index, due_at) = due.by_ref().last()?;
        Some((index + 1, *due_at))
    }

    /// Takes an event of the ticket in.
    pub fn evolve(&mut self, event: &TicketEvent) {
        match event {
            TicketEvent::RemindersSet(e) => {
                *self = Self {
                    due_at: e.due_at.clone(),
                    over: 0,
                };
            }
            TicketEvent::Reminded(e) => self.over = e.number as usize,
            _ if event.status_move().is_some() => *self = Self::default(),
            _ => {}
        }
    }
}
