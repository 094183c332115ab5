//! The groups of operations in the API's description.

use poem_openapi::Tags;

#[derive(Tags)]
pub(super) enum ApiTags {
    /// Signing in, sessions and passwords.
    Access,
    /// Tickets and what is done with them.
    Tickets,
    /// Saved views of tickets.
    Views,
    /// Replies and notes.
    Messages,
    /// People.
    Users,
    /// Teams of agents.
    Teams,
    /// Companies of customers.
    Companies,
    /// Calendars of working time, and the policies that promise by them.
    ServiceLevels,
    /// The organization and its settings.
    Organization,
}
