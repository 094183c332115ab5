//! A provider, a person's way to it and back, and what it says of them.

use std::fmt;
use std::str::FromStr;

use url::Url;

const ISSUER_BYTES_MAX: usize = 500;

/// How a provider is spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By OpenID Connect; everything else is discovered.
    Oidc,
    /// As GitHub and GitHub Enterprise do: OAuth 2, and questions to their API.
    Github,
}

/// A text names no issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no base of a provider: write it as https://accounts.example, without a query or a fragment"
)]
pub struct IssuerError;

/// The identifier of an issuer, or the base of a GitHub. Compared to the letter: with a slash at its end it is another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    url: Url,
}

impl Issuer {
    /// To the letter.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }
}

impl FromStr for Issuer {
    type Err = IssuerError;

    fn from_str(text: &str) -> Result<Self, IssuerError> {
        let url = Url::parse(text).map_err(|_| IssuerError)?;
        let is_plain = text.len() <= ISSUER_BYTES_MAX
            && matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !is_plain {
            return Err(IssuerError);
        }
        let text = text.to_owned();
        Ok(Self { text, url })
    }
}

/// What proves to a provider that it is us who ask. `Debug` shows nothing.
#[derive(Clone)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// Takes it as the provider gave it out.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}

/// A provider, as an organization set it up.
#[derive(Debug, Clone)]
pub struct Provider {
    /// How it is spoken with.
    pub kind: Kind,
    /// Who it is.
    pub issuer: Issuer,
    /// As whom we ask.
    pub client_id: String,
    /// What proves it.
    pub client_secret: ClientSecret,
}

/// A person's way to a provider and back. Everything in it is random, and of this one way.
#[derive(Clone)]
pub struct Flow {
    /// Comes back with the code.
    pub state: String,
    /// Comes back in the ID token.
    pub nonce: String,
    /// Its hash goes along, it itself with the code (RFC 7636). 43 to 128 letters and digits, `-` and `_`.
    pub verifier: String,
    /// Where the provider sends the person back to.
    pub redirect_uri: Url,
}

/// What a person brings back.
pub struct Returned<'a> {
    /// The code that the provider gives an answer for.
    pub code: &'a str,
    /// Who it came from, where the provider says so (RFC 9207).
    pub issuer: Option<&'a str>,
}

/// What a provider says of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Who they are there, for ever.
    pub subject: String,
    /// Their address.
    pub email: Option<EmailClaim>,
    /// What they are called.
    pub name: Option<String>,
}

/// An address as a provider tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailClaim {
    /// It.
    pub address: String,
    /// Whether it is theirs.
    pub standing: Standing,
}

/// What a provider says of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has verified that it is theirs.
    Verified,
    /// It says that it has not.
    Unverified,
    /// It says nothing.
    Unsaid,
}
