//! What happened to people's ways in: sign-ins and their failures, credentials, invitations, API keys, exports.
//!
//! A fact that was noticed, not a decision: each stream holds one event, and its id is that of the occurrence. Recording an
//! occurrence a second time conflicts with the first, so that it is in the log once.

pub mod event;
pub mod evolve;
pub mod state;
pub mod words;

use crate::ids::{OrganizationId, UserId};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// The type of an occurrence's stream.
pub const STREAM_TYPE: &str = "security";

/// The occurrence of an export: one an hour for the same reader and subject, so that the parts of an export are one, and no
/// part of one can be had without it.
#[must_use]
pub fn export_id(
    organization: OrganizationId,
    reader: UserId,
    subject: UserId,
    at: DateTime<Utc>,
) -> Uuid {
    let hour = at.timestamp().div_euclid(3_600);
    Uuid::new_v5(
        &organization.0,
        format!("export:{reader}:{subject}:{hour}").as_bytes(),
    )
}
