//! Query endpoints. Handlers parse, ask the read models, and shape the answer for the viewer; they decide nothing else.

mod audit;
mod calendars;
mod companies;
mod dry_run;
mod export;
mod history;
mod messages;
mod organization;
mod page;
mod policies;
mod recompute;
mod renderings;
mod report_views;
mod reports;
mod session;
mod sla;
mod sla_views;
mod teams;
mod ticket_views;
mod tickets;
mod users;
mod views;

use platform::http::exports::ExportRecords;
use poem_openapi::{OpenApi, Tags};
use std::sync::Arc;

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
    /// Companies of customers.
    Companies,
    /// Calendars of working time, and the policies that promise by them.
    ServiceLevels,
    /// The organization and its settings.
    Organization,
}

/// All query endpoints, to be served under the API's base path. What is held about a person is given out once `exports` has
/// recorded it.
pub fn api(models: ReadModels, exports: Arc<dyn ExportRecords>) -> impl OpenApi + 'static {
    (
        tickets::TicketQueries::new(models.clone()),
        messages::MessageQueries(models.clone()),
        history::HistoryQueries(models.clone()),
        sla::SlaQueries(models.clone()),
        users::UserQueries(models.clone()),
        export::ExportQueries {
            models: models.clone(),
            exports,
        },
        audit::AuditQueries(models.clone()),
        teams::TeamQueries(models.clone()),
        companies::CompanyQueries(models.clone()),
        calendars::CalendarQueries(models.clone()),
        policies::PolicyQueries(models.clone()),
        reports::ReportQueries(models.clone()),
        recompute::RecomputeQueries(models.clone()),
        dry_run::DryRunQueries(models.clone()),
        organization::OrganizationQueries(models),
    )
}
