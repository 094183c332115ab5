//! A company as its events tell it.

use crate::ids::CompanyId;
use crate::text::{MailDomain, Name};
use std::collections::BTreeSet;

/// The state of a company's stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Company {
    /// No event yet.
    #[default]
    Absent,
    /// It exists.
    Present(PresentCompany),
}

/// A company that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentCompany {
    /// What people read.
    pub name: Name,
    /// New customers with an address of one of these belong to it, at most [`PresentCompany::MAX_DOMAINS`].
    pub domains: BTreeSet<MailDomain>,
}

impl PresentCompany {
    /// The most mail domains of a company.
    pub const MAX_DOMAINS: usize = 50;
}

/// The state of the stream that reserves a mail domain: which company has it, if one does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DomainClaim {
    /// The company.
    pub held_by: Option<CompanyId>,
}
