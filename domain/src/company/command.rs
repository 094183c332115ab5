//! What may be asked of a company.

use crate::text::{MailDomain, Name};
use std::collections::BTreeSet;

/// A command to a company. Only leads, admins and the operator may issue one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CompanyCommand {
    /// Make it.
    Create {
        /// What people read.
        name: Name,
        /// New customers with an address of one of these domains belong to it.
        domains: BTreeSet<MailDomain>,
    },
    /// Change what is given, leave the rest.
    Update {
        /// The new name.
        name: Option<Name>,
        /// All domains from now on.
        domains: Option<BTreeSet<MailDomain>>,
    },
}
