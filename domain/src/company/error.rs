//! Why a command to a company was refused.

use super::state::PresentCompany;
use crate::error::Kind;
use crate::text::MailDomain;
use thiserror::Error;

/// A refusal. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CompanyError {
    /// It was never made.
    #[error("there is no such company")]
    NotFound,
    /// It was made before.
    #[error("this company exists already")]
    AlreadyExists,
    /// Only leads and admins set companies.
    #[error("only a lead or an admin may set companies")]
    NotAllowed,
    /// Too many domains.
    #[error("a company has at most {max} domains", max = PresentCompany::MAX_DOMAINS)]
    TooManyDomains,
    /// Anybody can get an address there.
    #[error("{0} is a public mail provider: its people have nothing in common")]
    PublicProvider(MailDomain),
    /// Another company of the organization has it.
    #[error("the domain {0} belongs to another company")]
    DomainTaken(MailDomain),
}

impl CompanyError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::NotFound => Kind::NotFound,
            Self::AlreadyExists | Self::DomainTaken(_) => Kind::Conflict,
            Self::NotAllowed => Kind::Forbidden,
            Self::TooManyDomains | Self::PublicProvider(_) => Kind::invalid("domains"),
        }
    }
}
