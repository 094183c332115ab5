//! The service levels of an organization: its ordered list of policies, and the calendars that they may count by.
//!
//! One stream an organization, so that the order of the list, the names in it and the calendars that it needs are decided
//! on in one place. What a policy says and which one holds for a ticket is in [`crate::sla::policy`].

pub mod command;
pub mod decide;
pub mod error;
pub mod event;
pub mod evolve;
pub mod state;

use crate::ids::OrganizationId;
use uuid::Uuid;

/// The type of the stream.
pub const STREAM_TYPE: &str = "service_levels";

/// The stream of an organization's service levels: every organization has one from the start, without events.
#[must_use]
pub fn stream_id(organization: OrganizationId) -> Uuid {
    Uuid::new_v5(&organization.0, STREAM_TYPE.as_bytes())
}
