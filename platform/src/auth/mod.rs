//! Who sends a request: signed access tokens (JWT, RFC 7519 and RFC 9068), the principal that they name, and whether the
//! session behind them still stands.

mod ended;
mod keys;
mod token;

pub use ended::{EndedSessions, NotKnown, SET_STANDING};
pub use keys::{TokenKeyError, TokenKeys};
pub use token::{Grant, TokenError, TokenSigner, TokenVerifier};

use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, SessionId, UserId};
use uuid::Uuid;

/// The person behind a request, as their token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The organization in which they act.
    pub organization_id: OrganizationId,
    /// Who they are.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
    /// The session that the token belongs to.
    pub session_id: SessionId,
    /// The token.
    pub token_id: Uuid,
    /// Whether they may set up a second factor and nothing else: their organization demands one of them.
    pub must_enrol: bool,
}

impl Principal {
    /// The principal as the originator of a command.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User {
            id: self.user_id,
            role: self.role,
        }
    }
}
