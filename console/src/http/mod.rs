//! The pages over HTTP.

mod analytics;
mod answers;
mod assets;
mod cookies;
mod filters;
mod form;
mod lists;
mod reply;
mod same_origin;
mod sidebar;
mod sign_in;
mod tables;
mod ticket;
mod ticket_acts;
mod ticket_desk;
mod ticket_past;
mod tickets;
mod visit;

use platform::http::within::Within;
use poem::endpoint::BoxEndpoint;
use poem::{EndpointExt, Response, Route, get, post};

/// The console, to be nested under [`platform::http::serve::CONSOLE_PATH`]. It stands on `api`.
#[must_use]
pub fn endpoint(api: Within) -> BoxEndpoint<'static, Response> {
    Route::new()
        .at("/", get(tickets::home))
        .at("/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .at("/sign-in/code", post(sign_in::complete))
        .at("/sign-out", post(sign_in::sign_out))
        .at("/tickets", get(tickets::list))
        .at("/tickets/counts", get(sidebar::show_counts))
        .at("/tickets/:ticket_id", get(ticket::show))
        .at("/tickets/:ticket_id/past", get(ticket_past::show))
        .at("/tickets/:ticket_id/:act", post(ticket_acts::send))
        .at("/analytics", get(analytics::show))
        .at("/analytics/tickets", get(analytics::show_tickets))
        .at("/analytics/waits", get(analytics::show_waits))
        .at("/analytics/messages", get(analytics::show_messages))
        .at("/assets/:name", get(assets::asset))
        .data(api)
        .around(same_origin::check)
        .catch_all_error(answers::unexpected)
        .boxed()
}
