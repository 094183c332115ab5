//! Why somebody was not let in, or their credentials were not changed.

use std::error::Error as StdError;

use crate::dispatch::CommandError;

use super::refresh_token::NoRandomness;

/// Why. The messages are safe to show: none tells whether an account exists.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Whatever was wrong with address, password or code.
    #[error("the e-mail address or the password is not right, or the account may not sign in here")]
    InvalidCredentials,
    /// The code was wrong, used before, or too late.
    #[error("the code is not right, or was used before")]
    InvalidCode,
    /// What a provider says of somebody opens nothing here, or is not believed.
    #[error(
        "the sign-on was refused: the provider must vouch for your e-mail address, and the organization must let you in; start again, or ask an admin of the organization"
    )]
    NotSignedOn,
    /// The provider of a sign-on does not answer, or not in order.
    #[error("the provider of the sign-on cannot be reached or is out of order: retry later")]
    ProviderUnreachable(#[source] Box<dyn StdError + Send + Sync>),
    /// A link, ticket or refresh token that is not good, or not any more.
    #[error("this {0} is not valid any more: ask for a new one")]
    Spent(&'static str),
    /// A field does not fit.
    #[error("{detail}")]
    Invalid {
        /// Where it is in the body, a JSON pointer.
        pointer: &'static str,
        /// What is wrong and what would be right.
        detail: String,
    },
    /// The present state does not allow it.
    #[error("{detail}")]
    Conflict {
        /// What stands against it.
        detail: String,
        /// The field at fault, if one is.
        pointer: Option<&'static str>,
    },
    /// There is no such thing for this person.
    #[error("{0} was not found")]
    NotFound(&'static str),
    /// They may not.
    #[error("{0}")]
    Forbidden(&'static str),
    /// Their organization is shut.
    #[error(
        "the organization is suspended: nobody may act in it; ask the operator of the installation"
    )]
    OrganizationSuspended,
    /// Too many sign-ins are checked at this moment.
    #[error("too many sign-ins at this moment: retry later")]
    Busy,
    /// The database or the log cannot be reached.
    #[error("the accounts cannot be reached: retry later")]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    /// A command on the way was refused.
    #[error(transparent)]
    Command(CommandError),
    /// A fault of ours.
    #[error("a fault of the server")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl From<tokio_postgres::Error> for IdentityError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<deadpool_postgres::PoolError> for IdentityError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<CommandError> for IdentityError {
    fn from(error: CommandError) -> Self {
        Self::Command(error)
    }
}

impl From<NoRandomness> for IdentityError {
    fn from(error: NoRandomness) -> Self {
        Self::Internal(Box::new(error))
    }
}

impl From<serde_json::Error> for IdentityError {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(Box::new(error))
    }
}
