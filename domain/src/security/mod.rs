//! What happened to people's ways in: sign-ins and their failures, credentials, invitations, API keys, exports.
//!
//! A fact that was noticed, not a decision: each stream holds one event, and its id is that of the occurrence. Recording an
//! occurrence a second time conflicts with the first, so that it is in the log once.

pub mod event;
pub mod evolve;
pub mod exports;
pub mod sign_on;
pub mod simulations;
pub mod state;
pub mod words;

use crate::ids::{ApiKeyId, OrganizationId, UserId};
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

/// The occurrence of the use of an API key: one a day for the same key and address.
#[must_use]
pub fn api_key_use_id(
    organization: OrganizationId,
    key: ApiKeyId,
    address: &str,
    at: DateTime<Utc>,
) -> Uuid {
    let day = at.timestamp().div_euclid(86_400);
    Uuid::new_v5(
        &organization.0,
        format!("api_key:{key}:{address}:{day}").as_bytes(),
    )
}
