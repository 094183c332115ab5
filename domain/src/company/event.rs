//! Events of a company's stream, and of the stream that reserves a mail domain.

use crate::event::events;
use crate::ids::CompanyId;
use crate::text::{MailDomain, Name};
use serde::{Deserialize, Serialize};

events! {
    /// What happened to a company.
    CompanyEvent {
        /// It was made.
        Created(CompanyCreated) = "company.created" v 1,
        /// It got another name.
        Renamed(CompanyRenamed) = "company.renamed" v 1,
        /// New customers of a mail domain belong to it.
        DomainAdded(CompanyDomainAdded) = "company.domain_added" v 1,
        /// New customers of a mail domain no longer belong to it. Those who do, stay.
        DomainRemoved(CompanyDomainRemoved) = "company.domain_removed" v 1,
    }
}

events! {
    /// What happened to a mail domain in an organization.
    DomainClaimEvent {
        /// A company took it.
        Claimed(MailDomainClaimed) = "mail_domain.claimed" v 1,
        /// It is free again.
        Released(MailDomainReleased) = "mail_domain.released" v 1,
    }
}

/// A company was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyCreated {
    /// What people read.
    pub name: Name,
}

/// A company got another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyRenamed {
    /// The old name.
    pub from: Name,
    /// The new name.
    pub to: Name,
}

/// New customers of a mail domain belong to the company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyDomainAdded {
    /// The domain.
    pub domain: MailDomain,
}

/// New customers of a mail domain no longer belong to the company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompanyDomainRemoved {
    /// The domain.
    pub domain: MailDomain,
}

/// A mail domain was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailDomainClaimed {
    /// By which company.
    pub company_id: CompanyId,
}

/// A mail domain is free again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailDomainReleased {
    /// Which company had it.
    pub company_id: CompanyId,
}
