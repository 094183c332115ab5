//! The use cases: which aggregates a request touches, in which order, and what the caller learns.
//!
//! One file a verb. Whether a command is allowed is decided by the aggregates of `domain`; here is only what spans several
//! of them.

mod answers;
mod assign_ticket;
mod calendars;
mod change_message;
mod change_ticket;
mod companies;
mod custom_fields;
mod import_ticket;
mod machines;
mod open_ticket;
mod organizations;
mod policies;
mod post_message;
mod record_security;
mod roles;
mod teams;
mod update_ticket;
mod users;
mod views;

pub use answers::{
    CompanyAnswer, MessageAnswer, OrganizationAnswer, TeamAnswer, TicketAnswer, UserAnswer,
};
pub use assign_ticket::AssignTicket;
pub use calendars::{CalendarAnswer, ChangeCalendar, CreateCalendar, HolidaysOf, RetireCalendar};
pub use change_message::ChangeMessage;
pub use change_ticket::ChangeTicket;
pub use companies::{ChangeCompany, CreateCompany, GroupUser};
pub use custom_fields::RawFieldValue;
pub use import_ticket::{ImportTicket, ImportedCommand};
pub use machines::{ChangeMachine, CreateMachine, RetireMachine};
pub use open_ticket::{FirstMessage, OpenTicket};
pub use organizations::{ChangeOrganization, CreateOrganization, ShutOrganization};
pub use policies::{
    ChangePolicy, CreatePolicy, DeletePolicy, PoliciesAnswer, PolicyAnswer, ReorderPolicies,
};
pub use post_message::{PostMessage, PostedMessage};
pub use record_security::{RecordSecurity, RecordedAnswer};
pub use roles::{ChangeRole, CreateRole, DeleteRole, RoleAnswer, RoleGone, permissions_of};
pub use teams::{ChangeTeam, CreateTeam};
pub use update_ticket::UpdateTicket;
pub use users::{ChangeUser, CreateUser, EraseUser, InviteUser, NewRole};
pub use views::{ChangeView, CreateView, DeleteView, ViewAnswer};
