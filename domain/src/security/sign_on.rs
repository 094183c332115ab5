//! Who may sign on by a provider: what an organization decides about each.

use super::words::{Newcomers, SecondFactorRule};
use crate::text::{Email, MailDomain, Name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The most domains that a list of a provider holds.
pub const DOMAINS_MAX: usize = 50;

/// What an organization decides about a provider, and may decide otherwise later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOnSettings {
    /// What people read.
    pub name: Name,
    /// The domains whose addresses may come. None: all.
    pub allowed_domains: BTreeSet<MailDomain>,
    /// The domains whose addresses are believed although the provider does not say that it has verified them: those that
    /// belong to whom runs the provider.
    pub trusted_domains: BTreeSet<MailDomain>,
    /// What becomes of people whom the organization does not know.
    pub newcomers: Newcomers,
    /// Whether a person's second factor is asked for here as well.
    pub second_factor: SecondFactorRule,
}

/// What a provider says of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailStanding {
    /// It has verified that it is the person's.
    Verified,
    /// It says that it has not.
    Unverified,
    /// It says nothing.
    Unsaid,
}

/// Why an address opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAdmitted {
    /// Nobody vouches that it is the person's.
    NotVerified,
    /// Its domain may not come.
    Domain,
}

impl SignOnSettings {
    /// Whether a person may be recognized by an address, from what the provider says of it.
    ///
    /// # Errors
    /// When it is not shown to be theirs, or its domain may not come.
    pub fn admit(&self, email: &Email, standing: EmailStanding) -> Result<(), NotAdmitted> {
        let domain = email.domain();
        let is_theirs = match standing {
            EmailStanding::Verified => true,
            EmailStanding::Unverified => false,
            EmailStanding::Unsaid => domain
                .as_ref()
                .is_some_and(|domain| self.trusted_domains.contains(domain)),
        };
        if !is_theirs {
            return Err(NotAdmitted::NotVerified);
        }
        if self.allows(email) {
            Ok(())
        } else {
            Err(NotAdmitted::Domain)
        }
    }

    /// Whether addresses of this domain may come.
    #[must_use]
    pub fn allows(&self, email: &Email) -> bool {
        let domain = email.domain();
        self.allowed_domains.is_empty()
            || domain.is_some_and(|domain| self.allowed_domains.contains(&domain))
    }
}
