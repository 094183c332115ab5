//! Every operation of the API with what it needs.

use super::Permission::{
    AssignTickets, ChangeTickets, EditOwnMessages, EraseUsers, ExportUsers, ManageApiKeys,
    ManageCompanies, ManageOrganization, ManageRoles, ManageServiceLevels, ManageSessions,
    ManageSignOn, ManageTeams, ManageUsers, MoveTickets, OpenTickets, OwnProfile, ReadAudit,
    ReadCompanies, ReadOrganization, ReadServiceLevels, ReadTeams, ReadTickets, ReadUsers,
    RedactMessages, ReplyToTickets, TagTickets, WorkOnTickets,
};
use super::{Permission, PermissionSet, of_role};
use domain::actor::Role;

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, also without an access token.
    Public,
    /// Every person with a valid access token, also one that is good for setting up a second factor alone.
    Enrolling,
    /// Every person with a valid access token, and no API key: it is about their own account.
    SignedIn,
    /// Everybody who has this permission, by their role or by the scopes of their key.
    Needs(Permission),
}

/// An operation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Its id in the OpenAPI description.
    pub operation: &'static str,
    /// Who may call it.
    pub access: Access,
    /// What is decided only when the thing itself is known; empty when nothing is.
    pub within: &'static str,
}

impl Row {
    /// Whether somebody with these permissions may call it.
    #[must_use]
    pub const fn allows(&self, permissions: PermissionSet) -> bool {
        match self.access {
            Access::Public | Access::Enrolling | Access::SignedIn => true,
            Access::Needs(permission) => permissions.has(permission),
        }
    }

    /// Whether a role may call it.
    #[must_use]
    pub const fn allows_role(&self, role: Role) -> bool {
        self.allows(of_role(role))
    }
}

const fn needs(permission: Permission, operation: &'static str, within: &'static str) -> Row {
    Row {
        operation,
        access: Access::Needs(permission),
        within,
    }
}

const fn open_to(access: Access, operation: &'static str, within: &'static str) -> Row {
    Row {
        operation,
        access,
        within,
    }
}

const OWN_TICKETS: &str = "customers: their own tickets and those of colleagues, where the organization lets them, and what is public of them";

/// Who may do what. A new operation gets its row here, and one in `tests/it/security/permissions.txt`.
#[rustfmt::skip]
pub const TABLE: &[Row] = &[
    open_to(Access::Public,   "sign_in",             ""),
    open_to(Access::Public,   "refresh_session",     "who holds the refresh token"),
    open_to(Access::Public,   "sign_up",             ""),
    open_to(Access::Public,   "verify_address",      "who holds the link"),
    open_to(Access::Public,   "forgot_password",     ""),
    open_to(Access::Public,   "reset_password",      "who holds the link"),
    open_to(Access::Public,   "ask_for_code",        "mailed to customers alone"),
    open_to(Access::Public,   "sign_in_by_code",     "customers"),
    open_to(Access::Public,   "accept_invitation",   "who holds the link"),
    needs(ManageUsers,        "invite_user",         ""),
    needs(ManageUsers,        "create_invitation",   ""),
    needs(ManageUsers,        "list_invitations",    ""),
    needs(ManageUsers,        "resend_invitation",   ""),
    needs(ManageUsers,        "revoke_invitation",   ""),
    open_to(Access::Public,   "complete_sign_in",    "who holds the ticket of a sign-in"),
    open_to(Access::Public,   "list_sign_on_choices", ""),
    open_to(Access::Public,   "start_sign_on",       ""),
    open_to(Access::Public,   "finish_sign_on",      "who began it, with the provider's answer"),
    needs(ManageSignOn,       "list_sign_on_providers", ""),
    needs(ManageSignOn,       "create_sign_on_provider", ""),
    needs(ManageSignOn,       "get_sign_on_provider", ""),
    needs(ManageSignOn,       "update_sign_on_provider", ""),
    needs(ManageSignOn,       "remove_sign_on_provider", ""),
    needs(ManageSignOn,       "unlink_sign_on",      ""),
    open_to(Access::Enrolling, "sign_out",            ""),
    open_to(Access::Enrolling, "propose_second_factor", "oneself"),
    open_to(Access::Enrolling, "confirm_second_factor", "oneself"),
    open_to(Access::SignedIn, "renew_recovery_codes", "oneself, with a code"),
    open_to(Access::SignedIn, "remove_second_factor", "oneself, with password and code"),
    open_to(Access::SignedIn, "change_password",     "who knows the present one"),
    open_to(Access::SignedIn, "list_sessions",       "one's own"),
    open_to(Access::SignedIn, "end_session",         "one's own"),
    needs(ManageSessions,     "list_user_sessions",  ""),
    needs(ManageSessions,     "end_user_sessions",   ""),
    needs(ReadTickets,        "list_tickets",        "customers: their own tickets and those of colleagues, where the organization lets them, and no filter or order by what is internal"),
    needs(ReadTickets,        "search_tickets",      "customers: as the list, and no notes, tags or people"),
    needs(ReadTickets,        "get_ticket",          OWN_TICKETS),
    needs(ReadTickets,        "diff_ticket",         OWN_TICKETS),
    needs(ReadTickets,        "list_messages",       OWN_TICKETS),
    needs(ReadTickets,        "list_history",        OWN_TICKETS),
    needs(ReadTickets,        "list_events",         "each event by the right to read what it is about, as of now; of ways in: admins"),
    needs(WorkOnTickets,      "list_views",          "one's own, those of one's teams and of the organization; no private team's that one is not in"),
    needs(WorkOnTickets,      "get_view",            "as the list"),
    needs(WorkOnTickets,      "count_view_tickets",  "as the lists of the views"),
    needs(ChangeTickets,      "create_view",         "agents: their own; leads: also those of teams; admins: also the organization's"),
    needs(ChangeTickets,      "update_view",         "as making them"),
    needs(ChangeTickets,      "delete_view",         "as making them"),
    needs(WorkOnTickets,      "explain_ticket_sla",  ""),
    needs(WorkOnTickets,      "report_attainment",   "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "list_sla_waits",      "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "report_tickets",      "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "report_ticket_hours", "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "list_counted_tickets", "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "download_ticket_report", "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "download_ticket_parquet", "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "report_messages",     "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "list_counted_messages", "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "report_workload",     "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "download_message_report", "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "download_attainment", "agents and leads: nothing of private teams that they are not in"),
    needs(WorkOnTickets,      "download_workload", "agents and leads: nothing of private teams that they are not in"),
    needs(OpenTickets,        "open_ticket",         "customers: for themselves, without tags, custom fields and assignment"),
    needs(ReplyToTickets,     "post_message",        "customers: on tickets that they see, no notes"),
    needs(ChangeTickets,      "update_ticket",       ""),
    needs(AssignTickets,      "assign_ticket",       ""),
    needs(MoveTickets,        "set_ticket_status",   ""),
    needs(MoveTickets,        "resolve_ticket",      ""),
    needs(MoveTickets,        "close_ticket",        ""),
    needs(MoveTickets,        "reopen_ticket",       ""),
    needs(TagTickets,         "tag_ticket",          ""),
    needs(TagTickets,         "untag_ticket",        ""),
    needs(EditOwnMessages,    "edit_message",        "one's own messages"),
    needs(RedactMessages,     "redact_message",      ""),
    needs(ReadUsers,          "list_users",          ""),
    needs(OwnProfile,         "get_user",            "customers: themselves"),
    needs(OwnProfile,         "diff_user",           "customers: themselves"),
    needs(ReadUsers,          "list_user_history",   "why somebody was erased: who may read the audit"),
    needs(ManageUsers,        "create_user",         ""),
    needs(OwnProfile,         "update_user",         "all but admins: their own name"),
    needs(ExportUsers,        "export_user",         ""),
    needs(EraseUsers,         "erase_user",          "not oneself"),
    needs(ManageApiKeys,      "create_api_key",      "no scope that may do more than oneself"),
    needs(ManageApiKeys,      "list_api_keys",       ""),
    needs(ManageApiKeys,      "get_api_key",         ""),
    needs(ManageApiKeys,      "update_api_key",      "no scope that may do more than oneself"),
    needs(ManageApiKeys,      "revoke_api_key",      ""),
    needs(ReadUsers,          "list_roles",          ""),
    needs(ReadUsers,          "get_role",            ""),
    needs(ManageRoles,        "create_role",         "no permission that one does not have"),
    needs(ManageRoles,        "update_role",         "no permission that one does not have"),
    needs(ManageRoles,        "delete_role",         ""),
    needs(ReadAudit,          "list_audit",          "roles made of lead: no private team that they are not in, and no redactions"),
    needs(ReadTeams,          "list_teams",          ""),
    needs(ReadTeams,          "get_team",            ""),
    needs(ReadTeams,          "diff_team",           ""),
    needs(ReadTeams,          "list_team_history",   ""),
    needs(ManageTeams,        "create_team",         ""),
    needs(ManageTeams,        "update_team",         ""),
    needs(ReadCompanies,      "list_companies",      ""),
    needs(ReadCompanies,      "get_company",         ""),
    needs(ManageCompanies,    "create_company",      ""),
    needs(ManageCompanies,    "update_company",      ""),
    needs(ManageCompanies,    "set_user_company",    ""),
    needs(ReadServiceLevels,  "list_calendars",      ""),
    needs(ReadServiceLevels,  "get_calendar",        ""),
    needs(ReadServiceLevels,  "diff_calendar",       ""),
    needs(ReadServiceLevels,  "list_calendar_history", ""),
    needs(ManageServiceLevels, "create_calendar",    ""),
    needs(ManageServiceLevels, "update_calendar",    ""),
    needs(ManageServiceLevels, "import_holidays",    ""),
    needs(ManageServiceLevels, "retire_calendar",    "not while a policy counts by it"),
    needs(ReadServiceLevels,  "list_policies",       ""),
    needs(ReadServiceLevels,  "get_policy",          ""),
    needs(ReadServiceLevels,  "diff_policy",         ""),
    needs(ReadServiceLevels,  "list_policy_versions", ""),
    needs(ReadServiceLevels,  "list_policy_history", ""),
    needs(ReadServiceLevels,  "get_recompute",       ""),
    needs(ManageServiceLevels, "dry_run_policy",     ""),
    needs(ManageServiceLevels, "create_policy",      ""),
    needs(ManageServiceLevels, "update_policy",      ""),
    needs(ManageServiceLevels, "delete_policy",      ""),
    needs(ManageServiceLevels, "reorder_policies",   ""),
    needs(ManageServiceLevels, "create_simulation",  ""),
    needs(ManageServiceLevels, "list_simulations",   ""),
    needs(ManageServiceLevels, "get_simulation",     ""),
    needs(ManageServiceLevels, "list_simulation_differences", ""),
    needs(ManageServiceLevels, "delete_simulation",  ""),
    needs(ReadOrganization,   "get_organization",    "customers: its name"),
    needs(ManageOrganization, "update_organization", ""),
];

/// The row of an operation.
#[must_use]
pub fn row(operation: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.operation == operation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::permission::ROLES;
    use std::collections::BTreeSet;

    #[test]
    fn no_operation_has_two_rows() {
        let operations: BTreeSet<_> = TABLE.iter().map(|row| row.operation).collect();
        assert_eq!(operations.len(), TABLE.len());
    }

    #[test]
    fn a_role_may_do_all_that_the_one_before_it_may() {
        for pair in ROLES.windows(2) {
            for row in TABLE {
                let is_kept = !row.allows_role(pair[0]) || row.allows_role(pair[1]);
                assert!(is_kept, "{:?} may not {}", pair[1], row.operation);
            }
        }
    }

    #[test]
    fn permissions_are_told_apart() {
        let set = PermissionSet::of(&[ReadTickets, EraseUsers]);
        assert!(set.has(ReadTickets) && set.has(EraseUsers));
        assert!(!set.has(OpenTickets) && !set.has(ManageUsers));
    }
}
