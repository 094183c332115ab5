//! The fold of one ticket's events into its row.

use std::collections::{BTreeSet, HashMap};

use domain::event::DomainEvent;
use domain::ids::{MessageId, TicketId};
use domain::message::event::MessageEvent;
use domain::ticket::event::TicketEvent;
use platform::rows::{MessageRow, TicketRow, Writer};
use uuid::Uuid;

use super::Told;

/// A ticket as far as it was followed, and its messages without their words. Names are set, and clocks shown, once it is at its
/// moment.
pub(super) struct Fold<'a> {
    pub(super) row: Option<TicketRow>,
    number: i64,
    messages: HashMap<Uuid, MessageRow>,
    unreadable: &'a BTreeSet<Uuid>,
}

impl<'a> Fold<'a> {
    pub(super) fn new(number: i64, unreadable: &'a BTreeSet<Uuid>) -> Self {
        Self {
            row: None,
            number,
            messages: HashMap::new(),
            unreadable,
        }
    }

    pub(super) fn follow(&mut self, told: &Told) {
        match &told.body {
            DomainEvent::Ticket(change) => self.follow_ticket(told, change),
            DomainEvent::Message(change) => self.follow_message(told, change),
            _ => {}
        }
    }

    fn follow_ticket(&mut self, told: &Told, change: &TicketEvent) {
        if let TicketEvent::Opened(opened) = change {
            let id = TicketId(told.recorded.stream_id);
            let mut row =
                TicketRow::opened(&told.moment(), id, self.number, opened, Writer::default());
            // One append may post the message before it opens the ticket.
            let first = opened.message_id.and_then(|id| self.messages.get(&id.0));
            if let Some(message) = first {
                row.count(message);
            }
            self.row = Some(row);
        } else if let Some(row) = &mut self.row {
            row.evolve(&told.moment(), change);
        }
    }

    fn follow_message(&mut self, told: &Told, change: &MessageEvent) {
        let id = told.recorded.stream_id;
        let at = told.moment();
        if let MessageEvent::Posted(posted) = change {
            let row = MessageRow::posted(&at, MessageId(id), posted, Writer::default());
            self.messages.insert(id, row);
        }
        let Some(message) = self.messages.get_mut(&id) else {
            return;
        };
        message.evolve(&at, change);
        if self.unreadable.contains(&id) {
            message.body = None;
        }
        if let Some(row) = &mut self.row {
            row.hear(&at, message, change);
            // The ticket shows a few words of it at most, and has taken them.
            message.body = None;
        }
    }
}
