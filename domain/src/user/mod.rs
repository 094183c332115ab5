//! The people of an organization: name, e-mail address, role. Credentials are not kept here.

pub mod command;
pub mod decide;
pub mod error;
pub mod event;
pub mod evolve;
pub mod state;

use crate::ids::OrganizationId;
use crate::text::Email;
use uuid::Uuid;

/// The type of a user's stream.
pub const STREAM_TYPE: &str = "user";

/// The type of the stream that reserves an e-mail address in an organization.
pub const EMAIL_CLAIM_STREAM_TYPE: &str = "email_claim";

/// The stream that reserves an address: the same for the same organization and address, so that the log's expected
/// version makes addresses unique within an organization (the reservation pattern).
#[must_use]
pub fn email_claim_id(organization: OrganizationId, email: &Email) -> Uuid {
    Uuid::new_v5(&organization.0, format!("email:{email}").as_bytes())
}
