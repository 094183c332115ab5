//! The one HTTP surface: command and query endpoints under one description.

pub mod drafts;

use std::collections::HashMap;
use std::marker::PhantomData;

use anyhow::Result;
use platform::http::conditional::Conditional;
use platform::http::gate::Gated;
use platform::http::one_description::OneDescription;
use platform::http::serve::{BASE_PATH, Completion, Parts, compose, description};
use platform::http::views::TicketViews;
use poem::endpoint::BoxEndpoint;
use poem::http::Method;
use poem::{Endpoint, EndpointExt, Response};
use poem_openapi::registry::{MetaApi, Registry};
use poem_openapi::{OpenApi, OpenApiService};
use read_side::ReadModels;
use read_side::feed::{Feed, Log};
use std::sync::Arc;
use std::time::Duration;
use write_side::dispatch::Dispatcher;
use write_side::http::ExportRecorder;
use write_side::identity::Identity;

const TITLE: &str = "InsightDesk";
const DESCRIPTION: &str = "Customer support that keeps every change. docs/API.md tells what holds for every operation: \
    tokens and roles, errors, safe repetition, conditional changes, reading one's own writes, pages and limits.";
const LICENSE: &str = "MIT OR Apache-2.0";

/// What queries are answered from.
pub struct Queries {
    /// The read models.
    pub models: ReadModels,
    /// The log that their past is folded from.
    pub log: Log,
    /// The feed over both.
    pub feed: Feed,
}

/// Everything that a server with the API answers.
///
/// # Errors
/// When an operation has no row in the table of permissions, or the API's description cannot be made.
pub fn with_api(
    dispatcher: Dispatcher,
    identity: Identity,
    queries: Queries,
    wait_max: Duration,
    parts: Parts,
) -> Result<BoxEndpoint<'static, Response>> {
    boxed(compose(
        service(Gated::new(api(dispatcher, identity, queries, wait_max))?),
        &completion(),
        Some(console::http::endpoint),
        parts,
    )?)
}

/// What a server without the API answers: health and metrics.
///
/// # Errors
/// When the empty description cannot be made.
pub fn without_api(parts: Parts) -> Result<BoxEndpoint<'static, Response>> {
    boxed(compose(service(()), &Completion::nothing(), None, parts)?)
}

/// The API's description as it is served and committed, without a server.
///
/// # Errors
/// When an operation has no row in the table of permissions, or the description cannot be made.
pub fn openapi() -> Result<String> {
    Ok(description(
        &service(Gated::new(described(api))?),
        &completion(),
    )?)
}

fn completion() -> Completion {
    Completion {
        amendments: write_side::http::amendments(),
        examples: schema::OPERATION_EXAMPLES,
    }
}

fn boxed(
    endpoint: impl Endpoint<Output = Response> + 'static,
) -> Result<BoxEndpoint<'static, Response>> {
    Ok(endpoint.boxed())
}

fn api(
    dispatcher: Dispatcher,
    identity: Identity,
    Queries { models, log, feed }: Queries,
    wait_max: Duration,
) -> impl OpenApi + 'static {
    let views: Arc<dyn TicketViews> = Arc::new(models.clone());
    let exports = Arc::new(ExportRecorder {
        dispatcher: dispatcher.clone(),
        identity: identity.clone(),
    });
    let freshness = models.freshness().clone();
    let api = (
        write_side::http::api(dispatcher, identity, views, wait_max),
        read_side::http::api(models, log, feed, exports),
    );
    let is_timed = read_side::http::is_of_the_moment;
    Conditional::new(api, freshness, &read_side::http::OF_READ_MODELS, is_timed)
}

fn service<A: OpenApi>(api: A) -> OpenApiService<OneDescription<A>, ()> {
    OpenApiService::new(OneDescription(api), TITLE, env!("CARGO_PKG_VERSION"))
        .description(DESCRIPTION)
        .license(LICENSE)
        .server(BASE_PATH)
}

/// An API's description alone: its type knows it, so no log and no database are needed for it.
struct Described<A>(PhantomData<fn() -> A>);

fn described<A: OpenApi>(
    _make: impl FnOnce(Dispatcher, Identity, Queries, Duration) -> A,
) -> Described<A> {
    Described(PhantomData)
}

impl<A: OpenApi> OpenApi for Described<A> {
    fn meta() -> Vec<MetaApi> {
        A::meta()
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
    }

    fn add_routes(self, _routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {}
}
