//! Why a provider could not be asked, or was not believed.

use std::error::Error as StdError;

/// Why. The messages hold no code, token or secret.
#[derive(Debug, thiserror::Error)]
pub enum SignOnError {
    /// It does not answer, or not as a provider does.
    #[error("the provider cannot be reached or is out of order")]
    Unreachable(#[source] Box<dyn StdError + Send + Sync>),
    /// What came back is not good.
    #[error("the provider's answer was refused: {0}")]
    Refused(Refusal),
}

/// What was not good about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The provider does not take the code: it was used, is too old, or belongs to another flow.
    #[error("the provider did not take the code")]
    Code,
    /// The provider does not know us: the client's id or secret is wrong.
    #[error("the provider did not take the client id or the client secret")]
    Client,
    /// The answer came from another issuer than the one asked.
    #[error("the answer names another issuer")]
    Issuer,
    /// There is no ID token, or it is none.
    #[error("there is no readable ID token")]
    NoIdToken,
    /// Not signed by the provider, or by an algorithm that is not accepted.
    #[error("the signature of the ID token is not good")]
    Signature,
    /// For somebody else.
    #[error("the ID token is for another client")]
    Audience,
    /// Of another flow.
    #[error("the ID token belongs to another flow")]
    Nonce,
    /// Too old.
    #[error("the ID token has expired")]
    Expired,
    /// Something else is wrong with it.
    #[error("the ID token is not valid")]
    Token,
    /// It names nobody.
    #[error("the provider names no person")]
    Subject,
}

impl Refusal {
    /// A fixed word, for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Client => "client",
            Self::Issuer => "issuer",
            Self::NoIdToken => "no_id_token",
            Self::Signature => "signature",
            Self::Audience => "audience",
            Self::Nonce => "nonce",
            Self::Expired => "expired",
            Self::Token => "token",
            Self::Subject => "subject",
        }
    }
}

impl From<Refusal> for SignOnError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Only what an error says of itself: what lies below may quote an answer.
pub(crate) fn unreachable(error: impl ToString) -> SignOnError {
    SignOnError::Unreachable(error.to_string().into())
}
