//! Shapes of events that are not written any more, and how they are read as today's.
//!
//! One file a retired version: the struct as it was, and a `From` that lifts it. The table of its aggregate names it
//! beside the version that took its place. Nothing here is ever changed: the log holds these shapes for ever.

mod sla_breached_v1;
mod ticket_follow_up_opened_v1;

pub(crate) use sla_breached_v1::SlaBreachedV1;
pub(crate) use ticket_follow_up_opened_v1::TicketFollowUpOpenedV1;
