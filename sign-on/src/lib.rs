//! Signing on through another site: OpenID Connect by discovery (Google, Entra, any issuer) and GitHub's OAuth 2.
//!
//! [`SignOn::authorization_url`] says where to send a person, [`SignOn::assertion`] what their provider says of them once
//! they are back.
//!
//! Invariants:
//! - A flow is bound by `state`, `nonce` and PKCE; the ID token is checked for signature (asymmetric algorithms alone),
//!   `iss`, `aud`, `azp`, `exp` and `nonce`.
//! - Requests go to public addresses by TLS alone, follow no redirect, and have bounds of time and size: who sets a provider
//!   up cannot make this server speak to its neighbours. Exceptions are origins that the operator names.
//! - No message of an error holds a code, a token or a secret.
//!
//! Never in here: accounts, sessions, the database. What an assertion is good for is decided by who asked for it.

mod error;
mod github;
mod network;
mod oidc;
mod outside;
mod provider;

pub use error::{Refusal, SignOnError};
pub use provider::{
    Assertion, ClientSecret, EmailClaim, Flow, Issuer, IssuerError, Kind, Provider, Returned,
    Standing,
};

use std::collections::BTreeSet;

use oidc::Discovered;
use outside::Outside;
use url::Url;

/// Speaks with providers. Clones share everything.
#[derive(Clone)]
pub struct SignOn {
    outside: Outside,
    discovered: Discovered,
}

impl SignOn {
    /// Speaks with providers at public addresses, and with those at `private` origins, written as browsers do
    /// (`https://sso.internal.example`).
    #[must_use]
    pub fn new(private: BTreeSet<String>) -> Self {
        Self {
            outside: Outside::new(private),
            discovered: Discovered::default(),
        }
    }

    /// Whether requests may go to a provider: `https` at a public address, or an origin that the operator named. A host's
    /// name is looked up later, at each request.
    #[must_use]
    pub fn permits(&self, issuer: &Issuer) -> bool {
        self.outside.permits(issuer.url())
    }

    /// Where a person signs on.
    ///
    /// # Errors
    /// [`SignOnError::Unreachable`] when the provider does not tell.
    pub async fn authorization_url(
        &self,
        provider: &Provider,
        flow: &Flow,
    ) -> Result<Url, SignOnError> {
        match provider.kind {
            Kind::Oidc => oidc::authorization_url(self, provider, flow).await,
            Kind::Github => github::authorization_url(provider, flow),
        }
    }

    /// What a provider says of the person who came back from it.
    ///
    /// # Errors
    /// [`SignOnError::Refused`] when anything about it is not in order, [`SignOnError::Unreachable`] when the provider does
    /// not answer: the same may be tried again.
    pub async fn assertion(
        &self,
        provider: &Provider,
        flow: &Flow,
        returned: &Returned<'_>,
    ) -> Result<Assertion, SignOnError> {
        match provider.kind {
            Kind::Oidc => oidc::assertion(self, provider, flow, returned).await,
            Kind::Github => github::assertion(self, provider, flow, returned).await,
        }
    }
}
