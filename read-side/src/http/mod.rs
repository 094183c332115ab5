//! Query endpoints. Handlers parse, ask the read models, and shape the answer for the viewer; they decide nothing else.

mod asked;
mod asked_waits;
mod audit;
mod calendars;
mod companies;
mod conditions;
mod diff;
mod diffs;
mod dry_run;
mod export;
mod feed;
mod figure_details;
mod figure_views;
mod figures;
mod histories;
mod history;
mod message_reports;
mod message_views;
mod messages;
mod organization;
mod page;
mod past;
mod policies;
mod recompute;
mod renderings;
mod report_views;
mod reports;
mod saved_views;
mod search;
mod session;
mod sheet;
mod sla;
mod sla_views;
mod teams;
mod ticket_views;
mod tickets;
mod users;
mod views;
mod workload;
mod zone;

use domain::ticket::query::Query;
use platform::http::exports::ExportRecords;
use poem_openapi::{OpenApi, Tags};
use std::sync::Arc;

use crate::feed::{Feed, Log};
use crate::models::ReadModels;
use crate::past::Past;

/// The groups of operations in the API's description.
#[derive(Tags)]
enum Tag {
    /// Tickets, their messages and their history.
    Tickets,
    /// Saved views of tickets.
    Views,
    /// People.
    Users,
    /// Teams of agents.
    Teams,
    /// Companies of customers.
    Companies,
    /// Calendars of working time, and the policies that promise by them.
    ServiceLevels,
    /// How many tickets come, wait and are done, and how long that takes.
    Reports,
    /// The organization and its settings.
    Organization,
    /// Everything that happens, in order.
    Events,
}

/// The queries that show nothing but read models: the same until these move. Not here: what depends on the time of asking,
/// as a running wait does, or on rows that others keep.
pub const OF_READ_MODELS: [&str; 26] = [
    "list_tickets",
    "get_ticket",
    "list_messages",
    "list_history",
    "list_user_history",
    "list_team_history",
    "list_calendar_history",
    "list_policy_history",
    "list_users",
    "get_user",
    "list_teams",
    "get_team",
    "list_companies",
    "get_company",
    "list_calendars",
    "get_calendar",
    "list_policies",
    "get_organization",
    "list_views",
    "get_view",
    "report_tickets",
    "report_ticket_hours",
    "list_counted_tickets",
    "report_messages",
    "list_counted_messages",
    "report_workload",
];

/// Whether a parameter makes such a query depend on the time of asking after all: what is two days old is so for a moment. What
/// a saved view says is not known here, so it may.
#[must_use]
pub fn is_of_the_moment(parameter: &str, value: &str) -> bool {
    match parameter {
        "view" => true,
        "query" => Query::parse(value).is_ok_and(|query| query.is_of_the_moment()),
        _ => false,
    }
}

/// What records what is given out.
type Exports = Arc<dyn ExportRecords>;

/// All query endpoints, to be served under the API's base path. What is held about a person, and a report as a file, is given
/// out once `exports` has recorded it.
pub fn api(models: ReadModels, log: Log, feed: Feed, exports: Exports) -> impl OpenApi + 'static {
    let past = Past::new(models.clone(), log);
    (
        (
            tickets::TicketQueries::new(models.clone(), past.clone()),
            past::PastQueries(past.clone()),
            histories::HistoriesQueries(past.clone()),
            diffs::DiffQueries(past.clone()),
            saved_views::ViewQueries(models.clone()),
            search::SearchQueries(models.clone()),
            messages::MessageQueries(models.clone()),
            history::HistoryQueries(models.clone()),
            sla::SlaQueries(models.clone()),
        ),
        users::UserQueries(models.clone(), past.clone()),
        export::ExportQueries {
            models: models.clone(),
            exports: exports.clone(),
        },
        audit::AuditQueries(models.clone()),
        teams::TeamQueries(models.clone(), past.clone()),
        companies::CompanyQueries(models.clone()),
        calendars::CalendarQueries(models.clone()),
        policies::PolicyQueries(models.clone(), past),
        of_reports(&models, &exports),
        recompute::RecomputeQueries(models.clone()),
        dry_run::DryRunQueries(models.clone()),
        organization::OrganizationQueries(models),
        feed::FeedQueries(feed),
    )
}

/// Reports, apart: a tuple of endpoints has an end.
fn of_reports(models: &ReadModels, exports: &Exports) -> impl OpenApi + use<> {
    let figures = || figures::FigureQueries(models.clone());
    (
        reports::ReportQueries(models.clone(), exports.clone()),
        figures(),
        figure_details::FigureDetailQueries(figures(), exports.clone()),
        message_reports::MessageReportQueries(models.clone(), exports.clone()),
        workload::WorkloadQueries(models.clone(), exports.clone()),
    )
}
