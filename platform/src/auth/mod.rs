//! Who sends a request: signed access tokens (JWT, RFC 7519 and RFC 9068) and whether the session behind them still stands,
//! API keys, and the principal that they name.

mod api_keys;
mod ended;
mod keys;
mod token;

pub use api_keys::{ApiKeyRefusal, ApiKeys, KeyUse};
pub use ended::{EndedSessions, NotKnown, SET_STANDING};
pub use keys::{TokenKeyError, TokenKeys};
pub use token::{Grant, TokenError, TokenSigner, TokenVerifier};

use domain::actor::{Actor, Role};
use domain::ids::{ApiKeyId, OrganizationId, RoleId, SessionId, UserId};
use uuid::Uuid;

use crate::permission::PermissionSet;

/// What somebody showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// A person's access token.
    AccessToken {
        /// The session that it belongs to.
        session_id: SessionId,
        /// The token.
        token_id: Uuid,
    },
    /// A machine's key.
    ApiKey(ApiKeyId),
}

/// The person or machine behind a request, as their token or key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// The organization in which they act.
    pub organization_id: OrganizationId,
    /// Who they are: a person, or the machine of a key.
    pub user_id: UserId,
    /// What rules see that know no permissions.
    pub role: Role,
    /// The role of the organization's own within it, if they have one.
    pub role_id: Option<RoleId>,
    /// What they may do.
    pub permissions: PermissionSet,
    /// What they showed.
    pub credential: Credential,
    /// Whether they may set up a second factor and nothing else: their organization demands one of them.
    pub must_enrol: bool,
}

impl Principal {
    /// The session of a person; none for a machine.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        match self.credential {
            Credential::AccessToken { session_id, .. } => Some(session_id),
            Credential::ApiKey(_) => None,
        }
    }

    /// The principal as the originator of a command.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User {
            id: self.user_id,
            role: self.role,
        }
    }
}
