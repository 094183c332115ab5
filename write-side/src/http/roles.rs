//! Who may send which command: the whole table. Finer rules (one's own ticket, one's own message, one's own name) are the
//! aggregates'.

use domain::actor::Role;
use platform::auth::Principal;
use platform::http::problem::Problem;

/// The commands of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    OpenTicket,
    PostMessage,
    EditMessage,
    UpdateUser,
    UpdateTicket,
    AssignTicket,
    SetStatus,
    ResolveTicket,
    CloseTicket,
    ReopenTicket,
    TagTicket,
    UntagTicket,
    RedactMessage,
    CreateUser,
    EraseUser,
    CreateTeam,
    UpdateTeam,
    UpdateOrganization,
}

impl Operation {
    fn allows(self, role: Role) -> bool {
        match self {
            Self::OpenTicket | Self::PostMessage | Self::EditMessage | Self::UpdateUser => true,
            Self::UpdateTicket
            | Self::AssignTicket
            | Self::SetStatus
            | Self::ResolveTicket
            | Self::CloseTicket
            | Self::ReopenTicket
            | Self::TagTicket
            | Self::UntagTicket
            | Self::RedactMessage => role.is_staff(),
            Self::CreateUser
            | Self::EraseUser
            | Self::CreateTeam
            | Self::UpdateTeam
            | Self::UpdateOrganization => role == Role::Admin,
        }
    }

    /// Refuses whom the table does not allow, before anything is looked up.
    pub(super) fn check(self, principal: &Principal) -> Result<(), Problem> {
        if self.allows(principal.role) {
            return Ok(());
        }
        let role = principal.role.as_str();
        Err(Problem::forbidden(format!(
            "the role {role} may not do this"
        )))
    }
}
