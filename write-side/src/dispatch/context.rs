//! What surrounds a command: whose it is, when it was issued, and what it may assume.

use chrono::{DateTime, Utc};
use domain::actor::Actor;
use domain::ids::OrganizationId;
use event_store::{IdempotencyKey, Version};
use platform::permission::{PermissionSet, of_role};
use std::time::Duration;
use uuid::Uuid;

/// The circumstances of one command.
#[derive(Debug, Clone)]
pub struct CommandContext {
    /// The organization in which it acts.
    pub organization_id: OrganizationId,
    /// Who issued it.
    pub actor: Actor,
    /// What they may do: what they give to others is within it.
    pub rights: PermissionSet,
    /// Its business time; the dispatcher's clock when absent. Imports give the time of the original act.
    pub occurred_at: Option<DateTime<Utc>>,
    /// The same for everything that follows from one first command; a new one when absent.
    pub correlation_id: Option<Uuid>,
    /// The event that made this command happen, if one did.
    pub causation_id: Option<Uuid>,
    /// The HTTP request.
    pub request_id: Option<String>,
    /// The address of the person's machine.
    pub source_address: Option<String>,
    /// The client's key, so that sending the command again has no second effect.
    pub idempotency: Option<Idempotency>,
    /// The version that the caller saw of the addressed resource. Another one is refused, never retried.
    pub if_match: Option<IfMatch>,
}

impl CommandContext {
    /// A command of `actor` in an organization, with the rights of their role, without a key or a condition.
    #[must_use]
    pub fn new(organization_id: OrganizationId, actor: Actor) -> Self {
        let rights = match &actor {
            Actor::User { role, .. } => of_role(*role),
            Actor::Timer | Actor::Import { .. } | Actor::Operator | Actor::Identity => {
                PermissionSet::ALL
            }
        };
        Self {
            organization_id,
            actor,
            rights,
            occurred_at: None,
            correlation_id: None,
            causation_id: None,
            request_id: None,
            source_address: None,
            idempotency: None,
            if_match: None,
        }
    }
}

/// A client's key with the fingerprint of the request that it was sent with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key, unique in its organization.
    pub key: IdempotencyKey,
    /// BLAKE3 of the request: who, which route, which content.
    pub request_hash: [u8; 32],
}

/// A condition on the addressed resource (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: it exists.
    Any,
    /// It has this version.
    Version(Version),
}

/// The limits of a dispatcher.
#[derive(Debug, Clone)]
pub struct Options {
    /// How often a command is decided anew when others changed its streams at the same moment.
    pub attempts_max: u32,
    /// How long a command that lost against another may wait for its turn to be decided anew.
    pub retry_wait_max: Duration,
    /// About how many bytes the kept states of one kind of aggregate may take.
    pub states_max_bytes: u64,
    /// How old a kept state of a referenced aggregate (settings, an assignee, a team) may be.
    pub reference_max_age_ms: u64,
    /// Events read in one page when an aggregate is loaded.
    pub page_limit: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            attempts_max: 20,
            retry_wait_max: Duration::from_secs(5),
            states_max_bytes: 64 << 20,
            reference_max_age_ms: 1_000,
            page_limit: 500,
        }
    }
}
