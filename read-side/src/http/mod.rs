//! Query endpoints. Handlers parse, ask the read models, and shape the answer for the viewer; they decide nothing else.

mod export;
mod history;
mod messages;
mod organization;
mod page;
mod session;
mod teams;
mod ticket_views;
mod tickets;
mod users;
mod views;

use poem_openapi::{OpenApi, Tags};

use crate::models::ReadModels;

/// The groups of operations in the API's description.
#[derive(Tags)]
enum Tag {
    /// Tickets, their messages and their history.
    Tickets,
    /// People.
    Users,
    /// Teams of agents.
    Teams,
    /// The organization and its settings.
    Organization,
}

/// All query endpoints, to be served under the API's base path.
pub fn api(models: ReadModels) -> impl OpenApi + 'static {
    (
        tickets::TicketQueries(models.clone()),
        messages::MessageQueries(models.clone()),
        history::HistoryQueries(models.clone()),
        users::UserQueries(models.clone()),
        export::ExportQueries(models.clone()),
        teams::TeamQueries(models.clone()),
        organization::OrganizationQueries(models),
    )
}
