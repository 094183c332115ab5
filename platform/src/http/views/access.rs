//! What is kept of a person's ways in, without secrets and without their hashes.

use chrono::{DateTime, Utc};
use poem_openapi::Object;
use uuid::Uuid;

/// A person's ways in, and what is on its way to them.
#[derive(Debug, Default, Object)]
#[oai(rename = "PersonAccess", skip_serializing_if_is_none)]
pub struct PersonAccessView {
    /// The login that they sign in with. Absent for who has none.
    pub account: Option<PersonAccountView>,
    /// What they are asked for after they came by another site.
    pub sign_on_factor: Option<SignOnFactorView>,
    /// Who they are at other sites, the first linked first.
    pub identities: Vec<PersonIdentityView>,
    /// Their sign-ins, also those that ended within the last weeks, the newest first.
    pub sessions: Vec<PersonSessionView>,
    /// When each device was last seen that they are known to sign in from. Only a hash is kept of what it is.
    pub devices_seen_at: Vec<DateTime<Utc>>,
    /// The invitations, links and codes that were sent to them of late, the newest first.
    pub links: Vec<PersonLinkView>,
    /// The API keys that they made, and the one as which a machine acts.
    pub api_keys: Vec<PersonApiKeyView>,
    /// The mails that wait to be sent, to them or with words of theirs.
    pub mails: Vec<PersonMailView>,
}

/// A login.
#[derive(Debug, Object)]
#[oai(rename = "PersonAccount", skip_serializing_if_is_none)]
pub struct PersonAccountView {
    /// Its address.
    pub email: String,
    /// Since when there is one.
    pub created_at: DateTime<Utc>,
    /// Since when it is that of this person.
    pub joined_at: DateTime<Utc>,
    /// When its password was set. Absent where there is none.
    pub password_changed_at: Option<DateTime<Utc>>,
    /// Since when a second factor is asked for. Absent where none is.
    pub second_factor_since: Option<DateTime<Utc>>,
    /// How many recovery codes are left.
    pub recovery_codes_left: i64,
}

/// A second factor for when a person comes by another site.
#[derive(Debug, Object)]
#[oai(rename = "PersonSignOnFactor", skip_serializing_if_is_none)]
pub struct SignOnFactorView {
    /// When they began to set it up.
    pub created_at: DateTime<Utc>,
    /// Since when it is asked for. Absent where it is not.
    pub confirmed_at: Option<DateTime<Utc>>,
}

/// Who a person is at another site.
#[derive(Debug, Object)]
#[oai(rename = "PersonIdentity")]
pub struct PersonIdentityView {
    /// The provider of sign-on.
    pub provider_id: Uuid,
    /// The site.
    pub issuer: String,
    /// Who they are there.
    pub subject: String,
    /// Their address here when they were linked.
    pub email: String,
    /// When they were linked.
    pub linked_at: DateTime<Utc>,
}

/// A sign-in on one device.
#[derive(Debug, Object)]
#[oai(rename = "PersonSession", skip_serializing_if_is_none)]
pub struct PersonSessionView {
    /// Its id.
    pub id: Uuid,
    /// What was shown at its start, such as `password`.
    pub methods: Vec<String>,
    /// The provider of sign-on that vouched for them.
    pub provider_id: Option<Uuid>,
    /// The program, as it called itself.
    pub device: String,
    /// The address at its start.
    pub address: String,
    /// Its start.
    pub created_at: DateTime<Utc>,
    /// When its tokens were last made anew.
    pub last_used_at: DateTime<Utc>,
    /// Until when its refresh token is good.
    pub refresh_until: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it ended.
    pub end_reason: Option<String>,
}

/// An invitation, link or code that was sent to a person.
#[derive(Debug, Object)]
#[oai(rename = "PersonLink", skip_serializing_if_is_none)]
pub struct PersonLinkView {
    /// Its id.
    pub id: Uuid,
    /// `invitation`, `reset_password`, `email_code`, `sign_up`, `sign_in` or `sign_on`.
    pub purpose: String,
    /// Where an invitation went.
    pub email: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
    /// When it was used, or made void.
    pub used_at: Option<DateTime<Utc>>,
}

/// An API key.
#[derive(Debug, Object)]
#[oai(rename = "PersonApiKey", skip_serializing_if_is_none)]
pub struct PersonApiKeyView {
    /// Its id.
    pub id: Uuid,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is void.
    pub expires_at: DateTime<Utc>,
    /// When it was last used.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The address from which it was last used.
    pub last_used_address: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A mail that waits. What it says is not given: it may hold a link.
#[derive(Debug, Object)]
#[oai(rename = "PersonMail", skip_serializing_if_is_none)]
pub struct PersonMailView {
    /// Its id.
    pub id: Uuid,
    /// Which letter it is, such as `invitation`. Absent where it cannot be read.
    pub kind: Option<String>,
    /// Where it goes. Absent where it cannot be read.
    pub to: Option<String>,
    /// When it was written.
    pub created_at: DateTime<Utc>,
}
