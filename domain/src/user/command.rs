//! What may be asked of a user.

use crate::actor::Role;
use crate::ids::{CompanyId, RoleId};
use crate::text::{Email, Name, Reason};

/// The role that somebody is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GivenRole {
    /// A built-in one.
    pub role: Role,
    /// The role of the organization's own within it, whose base it is.
    pub role_id: Option<RoleId>,
}

impl From<Role> for GivenRole {
    fn from(role: Role) -> Self {
        Self {
            role,
            role_id: None,
        }
    }
}

/// A command to a user. Only an admin, the operator or an import may issue one, but for one's own name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCommand {
    /// Join.
    Create {
        /// What people read.
        name: Name,
        /// Where mail reaches them.
        email: Option<Email>,
        /// What they may do.
        role: Role,
    },
    /// A machine joins with its API key. Only an admin or the operator may.
    CreateMachine {
        /// What people read: the name of the key.
        name: Name,
        /// What rules see that know no scopes.
        role: Role,
    },
    /// What is said of a machine's API key changed. Only an admin or the operator may.
    ChangeMachine {
        /// What people read: the name of the key.
        name: Name,
        /// What rules see that know no scopes.
        role: Role,
    },
    /// A machine leaves with its API key. Only an admin or the operator may. A second time is no error and no event.
    RetireMachine,
    /// Change what is given, leave the rest.
    Update {
        /// The new name.
        name: Option<Name>,
        /// The new address; `Some(None)` takes it away.
        email: Option<Option<Email>>,
        /// The new role.
        role: Option<GivenRole>,
        /// Whether they may act.
        active: Option<bool>,
    },
    /// Group them with the customers of a company, or with none. Only leads, admins and the operator may, and only customers
    /// belong to companies. That the company exists was checked.
    SetCompany {
        /// The company.
        company_id: Option<CompanyId>,
    },
    /// Forget everything that identifies them, for ever. Only an admin or the operator may. A second time is no error and
    /// no event.
    Erase {
        /// Why.
        reason: Reason,
    },
}
