//! What is sent and answered about signing on by another site.

use chrono::{DateTime, Utc};
use domain::security::words::{Newcomers, SecondFactorRule, SignOnKind};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use crate::identity::{Begun, SignOnChoice, SignOnProvider};

/// How a provider is spoken with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "SignOnKind", rename_all = "snake_case")]
pub(super) enum KindView {
    /// By OpenID Connect; everything else is discovered.
    Oidc,
    /// As GitHub and GitHub Enterprise do.
    Github,
}

/// What becomes of people whom the organization does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Newcomers", rename_all = "snake_case")]
pub(super) enum NewcomersView {
    /// They are not let in.
    Refused,
    /// They become customers.
    Customer,
}

/// Whether a person's second factor is asked for after a sign-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "SecondFactorRule", rename_all = "snake_case")]
pub(super) enum SecondFactorView {
    /// It is, where they have one.
    Asked,
    /// It is not: the provider has seen to it.
    Trusted,
}

/// A provider of sign-on to be set up.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct CreateProviderBody {
    /// How it is spoken with.
    pub kind: KindView,
    /// What people read.
    #[oai(validator(min_length = 1, max_length = 120))]
    pub name: String,
    /// The issuer's identifier to the letter, such as `https://accounts.google.com`; for `github` its base,
    /// `https://github.com` when left out.
    #[oai(validator(min_length = 1, max_length = 500))]
    pub issuer: Option<String>,
    /// The client id that the provider gave out.
    #[oai(validator(min_length = 1, max_length = 255))]
    pub client_id: String,
    /// The client secret that the provider gave out. Kept sealed, never shown.
    #[oai(validator(min_length = 1, max_length = 1024))]
    pub client_secret: String,
    /// The domains whose addresses may come; all when empty or left out.
    #[oai(validator(max_items = 50))]
    pub allowed_domains: Option<Vec<String>>,
    /// The domains whose addresses are believed although the provider does not say that it has verified them: those that
    /// belong to whom runs the provider. None when left out.
    #[oai(validator(max_items = 50))]
    pub trusted_domains: Option<Vec<String>>,
    /// What becomes of people whom the organization does not know; `refused` when left out.
    pub newcomers: Option<NewcomersView>,
    /// Whether a person's second factor is asked for after a sign-on; `asked` when left out.
    pub second_factor: Option<SecondFactorView>,
}

/// Changes what is given of a provider. Kind, issuer and client stay: who somebody is there depends on them.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct UpdateProviderBody {
    /// The new name.
    #[oai(validator(min_length = 1, max_length = 120))]
    pub name: Option<String>,
    /// The new client secret.
    #[oai(validator(min_length = 1, max_length = 1024))]
    pub client_secret: Option<String>,
    /// All domains whose addresses may come from now on; all of the world when empty.
    #[oai(validator(max_items = 50))]
    pub allowed_domains: Option<Vec<String>>,
    /// All domains from now on whose addresses are believed although the provider does not say that it has verified them.
    #[oai(validator(max_items = 50))]
    pub trusted_domains: Option<Vec<String>>,
    /// What becomes of people whom the organization does not know.
    pub newcomers: Option<NewcomersView>,
    /// Whether a person's second factor is asked for after a sign-on.
    pub second_factor: Option<SecondFactorView>,
}

/// A provider of sign-on. Its client secret is never shown.
#[derive(Debug, Object)]
#[oai(rename = "SignOnProvider")]
pub(super) struct ProviderView {
    /// Its id.
    id: Uuid,
    /// How it is spoken with.
    kind: KindView,
    /// What people read.
    name: String,
    /// Its issuer, or the base of a GitHub.
    issuer: String,
    /// The client id.
    client_id: String,
    /// To be registered at the provider: where it sends people back to.
    redirect_uri: String,
    /// The domains whose addresses may come; all when empty.
    allowed_domains: Vec<String>,
    /// The domains whose addresses are believed without the provider's word.
    trusted_domains: Vec<String>,
    /// What becomes of people whom the organization does not know.
    newcomers: NewcomersView,
    /// Whether a person's second factor is asked for after a sign-on.
    second_factor: SecondFactorView,
    /// Since when it is there.
    created_at: DateTime<Utc>,
}

/// The providers of an organization, the first set up first.
#[derive(Debug, Object)]
#[oai(rename = "SignOnProviders")]
pub(super) struct ProvidersView {
    /// At most 20.
    pub items: Vec<ProviderView>,
}

/// Where to sign on.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct StartSignOnBody {
    /// The short name of the organization.
    #[oai(validator(min_length = 1, max_length = 63))]
    pub organization: String,
}

/// What came back from a provider, and what was kept meanwhile.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct FinishSignOnBody {
    /// What `start` gave to keep.
    #[oai(validator(min_length = 1, max_length = 256))]
    pub flow: String,
    /// `state` of the address that the provider sent the person back to.
    #[oai(validator(min_length = 1, max_length = 256))]
    pub state: String,
    /// `code` of it.
    #[oai(validator(min_length = 1, max_length = 4096))]
    pub code: String,
    /// `iss` of it, where there is one (RFC 9207).
    #[oai(validator(min_length = 1, max_length = 500))]
    pub iss: Option<String>,
}

/// A sign-on that began.
#[derive(Debug, Object)]
#[oai(rename = "SignOnBegun")]
pub(super) struct SignOnBegunView {
    /// Where the person goes.
    authorization_url: String,
    /// To be kept by the program that began, and sent back with what the provider sends along.
    flow: String,
    /// Until when it may be.
    expires_at: DateTime<Utc>,
}

/// A site to sign on by.
#[derive(Debug, Object)]
#[oai(rename = "SignOnChoice")]
pub(super) struct SignOnChoiceView {
    /// Its id.
    id: Uuid,
    /// How it is spoken with.
    kind: KindView,
    /// Its name.
    name: String,
}

/// The sites that people of an organization may sign on by, the first set up first.
#[derive(Debug, Object)]
#[oai(rename = "SignOnChoices")]
pub(super) struct SignOnChoicesView {
    /// At most 20.
    items: Vec<SignOnChoiceView>,
}

impl From<KindView> for SignOnKind {
    fn from(kind: KindView) -> Self {
        match kind {
            KindView::Oidc => Self::Oidc,
            KindView::Github => Self::Github,
        }
    }
}

impl From<SignOnKind> for KindView {
    fn from(kind: SignOnKind) -> Self {
        match kind {
            SignOnKind::Oidc => Self::Oidc,
            SignOnKind::Github => Self::Github,
        }
    }
}

impl From<NewcomersView> for Newcomers {
    fn from(newcomers: NewcomersView) -> Self {
        match newcomers {
            NewcomersView::Refused => Self::Refused,
            NewcomersView::Customer => Self::Customer,
        }
    }
}

impl From<Newcomers> for NewcomersView {
    fn from(newcomers: Newcomers) -> Self {
        match newcomers {
            Newcomers::Refused => Self::Refused,
            Newcomers::Customer => Self::Customer,
        }
    }
}

impl From<SecondFactorView> for SecondFactorRule {
    fn from(rule: SecondFactorView) -> Self {
        match rule {
            SecondFactorView::Asked => Self::Asked,
            SecondFactorView::Trusted => Self::Trusted,
        }
    }
}

impl From<SecondFactorRule> for SecondFactorView {
    fn from(rule: SecondFactorRule) -> Self {
        match rule {
            SecondFactorRule::Asked => Self::Asked,
            SecondFactorRule::Trusted => Self::Trusted,
        }
    }
}

impl ProviderView {
    pub(super) fn of(provider: SignOnProvider, redirect_uri: String) -> Self {
        let settings = provider.settings;
        let texts = |domains: std::collections::BTreeSet<_>| {
            domains.into_iter().map(String::from).collect()
        };
        Self {
            id: provider.id.0,
            kind: provider.kind.into(),
            name: settings.name.to_string(),
            issuer: provider.issuer.as_str().to_owned(),
            client_id: provider.client_id,
            redirect_uri,
            allowed_domains: texts(settings.allowed_domains),
            trusted_domains: texts(settings.trusted_domains),
            newcomers: settings.newcomers.into(),
            second_factor: settings.second_factor.into(),
            created_at: provider.created_at,
        }
    }
}

impl From<Begun> for SignOnBegunView {
    fn from(begun: Begun) -> Self {
        Self {
            authorization_url: begun.authorization_url.into(),
            flow: begun.flow,
            expires_at: begun.expires_at,
        }
    }
}

impl From<Vec<SignOnChoice>> for SignOnChoicesView {
    fn from(choices: Vec<SignOnChoice>) -> Self {
        let view = |choice: SignOnChoice| SignOnChoiceView {
            id: choice.id.0,
            kind: choice.kind.into(),
            name: choice.name.to_string(),
        };
        Self {
            items: choices.into_iter().map(view).collect(),
        }
    }
}
