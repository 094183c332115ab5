//! What may be asked of a team.

use crate::ids::UserId;
use crate::text::Name;
use std::collections::BTreeSet;

/// A command to a team. Only a lead, an admin, the operator or an import may issue one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeamCommand {
    /// Make it.
    Create {
        /// What people read.
        name: Name,
        /// Whether only its members see it and its tickets.
        private: bool,
        /// Who is in it. The dispatcher has checked that they are active agents.
        members: BTreeSet<UserId>,
    },
    /// Change what is given, leave the rest.
    Update {
        /// The new name.
        name: Option<Name>,
        /// Whether only its members see it and its tickets, from now on.
        private: Option<bool>,
        /// Who is in it from now on. The dispatcher has checked that they are active agents.
        members: Option<BTreeSet<UserId>>,
    },
}
