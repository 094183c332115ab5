//! `ticket.follow_up_opened` version 1 called the follow-up `ticket_id`. Everywhere else that field names the ticket which
//! the event is about, so whoever joined exported events by it counted the act for the wrong ticket.

use serde::Deserialize;

use crate::ids::TicketId;
use crate::ticket::event::TicketFollowUpOpened;

#[derive(Deserialize)]
pub(crate) struct TicketFollowUpOpenedV1 {
    ticket_id: TicketId,
}

impl From<TicketFollowUpOpenedV1> for TicketFollowUpOpened {
    fn from(old: TicketFollowUpOpenedV1) -> Self {
        Self {
            follow_up_id: old.ticket_id,
        }
    }
}
