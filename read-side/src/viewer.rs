//! Who asks, and which rows they may see at all.

use domain::actor::Role;
use domain::ids::UserId;
use event_store::{OrgId, Partition};
use uuid::Uuid;

/// The organization whose rows a statement may touch. Every statement names both parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tenant {
    /// Where the organization lives.
    pub partition: Partition,
    /// The organization.
    pub org_id: OrgId,
}

/// An authenticated person whose organization was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Viewer {
    /// Their organization.
    pub tenant: Tenant,
    /// Who they are.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
}

impl Viewer {
    /// True for agents, leads and admins, who see the tickets of every customer and all that is internal.
    #[must_use]
    pub fn is_staff(&self) -> bool {
        self.role.is_staff()
    }

    /// The requester whose tickets alone may be seen: the viewer, if they are a customer.
    #[must_use]
    pub fn only_requester(&self) -> Option<Uuid> {
        (!self.is_staff()).then_some(self.user_id.0)
    }

    /// Who has to be a member of a private team to see it and its tickets: the viewer, if they are an agent or a lead.
    /// Customers see no teams, and their own tickets whoever works on them.
    #[must_use]
    pub fn only_member(&self) -> Option<Uuid> {
        match self.role {
            Role::Agent | Role::Lead => Some(self.user_id.0),
            Role::Customer | Role::Admin => None,
        }
    }
}
