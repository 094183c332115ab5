//! The command endpoints: from HTTP to a use case and back. Nothing is decided here.

mod access;
mod bodies;
mod calendars;
mod companies;
mod desk;
mod exports;
mod fields;
mod headers;
mod holidays_import;
mod limits;
mod messages;
mod organization;
mod policies;
mod problems;
mod responses;
mod simulations;
mod tags;
mod teams;
mod tickets;
mod users;
mod views;

use crate::dispatch::Dispatcher;
use crate::identity::Identity;
use calendars::Calendars;
use companies::Companies;
use desk::Desk;
pub use exports::ExportRecorder;
pub use limits::amendments;
use messages::Messages;
use organization::OrganizationApi;
use platform::http::views::TicketViews;
use poem_openapi::OpenApi;
use policies::Policies;
use simulations::SimulationsApi;
use std::sync::Arc;
use std::time::Duration;
use teams::Teams;
use tickets::Tickets;
use users::Users;
use views::Views;

/// The command endpoints. `views` serves `Prefer: wait`, which never waits longer than `wait_max`: choose it shorter than
/// the request's deadline.
pub fn api(
    dispatcher: Dispatcher,
    identity: Identity,
    views: Arc<dyn TicketViews>,
    wait_max: Duration,
) -> impl OpenApi + 'static {
    let desk = Desk {
        dispatcher,
        views,
        wait_max,
    };
    let simulations = identity.simulations();
    (
        access::api(identity),
        Tickets(desk.clone()),
        Messages(desk.clone()),
        Users(desk.clone()),
        Teams(desk.clone()),
        Companies(desk.clone()),
        Calendars(desk.clone()),
        Policies(desk.clone()),
        Views(desk.clone()),
        SimulationsApi(simulations),
        OrganizationApi(desk),
    )
}
