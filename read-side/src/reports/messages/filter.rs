//! Which messages a report counts.

use domain::ids::{TeamId, UserId};
use platform::cursor::Moment;
use platform::rows::MessageKind;
use serde::Serialize;

use crate::reports::TicketsNow;
use crate::reports::figures::DayRange;
use crate::tickets::{Holder, Terms};

/// Conditions that a message fulfils all of. An empty list is no condition.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MessageFilter {
    /// Written on one of these days.
    pub days: DayRange,
    /// What the log knew at this moment; what it knows now when absent.
    pub as_of: Option<Moment>,
    /// One of these kinds.
    pub kinds: Vec<MessageKind>,
    /// Written by this one of the staff.
    pub agent: Option<UserId>,
    /// Written while this team had the ticket, or none.
    pub team: Option<Holder<TeamId>>,
    /// On a ticket that is so now.
    pub tickets: TicketsNow,
}

impl MessageFilter {
    /// The same conditions in one spelling, so that a cursor fits however the client ordered them.
    pub(super) fn normalized(mut self) -> Self {
        self.kinds.sort_unstable();
        self.kinds.dedup();
        self.tickets = self.tickets.normalized();
        self
    }

    /// With the terms of a query as conditions of the ticket, in one spelling.
    #[must_use]
    pub fn narrowed(mut self, terms: Option<&Terms>) -> Self {
        self.tickets = self.tickets.narrowed(terms);
        self.normalized()
    }
}

/// What the numbers of a report of messages are split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum MessageSplit {
    /// The team that had the ticket then.
    Team,
    /// Who of the staff wrote them; what customers wrote is in a group of its own.
    Agent,
}
