//! `/sla/simulations`: what other policies or calendars would have made of the past.

mod request;
mod views;

use platform::cursor::{self, Fingerprint};
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::page::{bad_cursor, limit};
use platform::http::problem::{AccessProblem, BodylessAccessProblem, Problem};
use platform::http::serve::BASE_PATH;
use platform::page::Page;
use poem::Request;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use tracing::Instrument;
use uuid::Uuid;

use super::desk::{Call, Headers};
use super::headers;
use super::tags::ApiTags;
use crate::dispatch::CommandContext;
use crate::simulations::{KeptDifference, SimulationError, Simulations};
use request::CreateSimulationBody;
use views::{DifferenceView, DifferencesView, SimulationView, SimulationsView};

/// When to come back while the database cannot be reached.
const RETRY_AFTER_S: u32 = 1;

pub(super) struct SimulationsApi(pub(super) Simulations);

/// The answer with a simulation that was asked for.
#[derive(ApiResponse)]
enum Asked {
    /// It waits.
    #[oai(status = 202)]
    Queued(
        Json<SimulationView>,
        /// Where it is.
        #[oai(header = "Location")]
        String,
    ),
}

/// The answer after one was forgotten.
#[derive(ApiResponse)]
enum Forgotten {
    /// It is no longer there.
    #[oai(status = 204)]
    Gone,
}

#[OpenApi(tag = "ApiTags::ServiceLevels")]
impl SimulationsApi {
    /// Simulate other service levels
    ///
    /// Replays what happened beside draft policies or calendars, in the background: which promises would have been kept. At
    /// least one of `policies` and `calendars` is given. Nothing live is touched. Admins only.
    #[oai(
        path = "/sla/simulations",
        method = "post",
        operation_id = "create_simulation"
    )]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        /// Any key of up to 255 visible ASCII characters. The same request with the same key is answered with the
        /// simulation that it asked for.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<String>>,
        body: Body<CreateSimulationBody>,
    ) -> Result<Asked, AccessProblem> {
        let asked = body.0.parsed()?;
        let key = headers::idempotency_key(key.0.as_deref())?;
        let (context, by) = (context(&bearer, request)?, bearer.0.user_id);
        let simulations = self.0.clone();
        let make = async move { simulations.create(context, by, key.as_ref(), &asked).await };
        let made = to_the_end(make).await?;
        let location = format!("{BASE_PATH}/sla/simulations/{}", made.id);
        Ok(Asked::Queued(Json(made.into()), location))
    }

    /// List the simulations
    ///
    /// Those that are kept, the newest first: for 30 days, at most 50. Admins only.
    #[oai(
        path = "/sla/simulations",
        method = "get",
        operation_id = "list_simulations"
    )]
    async fn list(&self, bearer: Bearer) -> Result<Json<SimulationsView>, BodylessAccessProblem> {
        let kept = self.0.list(bearer.0.organization_id).await;
        let items = kept.map_err(problem)?.into_iter();
        Ok(Json(SimulationsView {
            items: items.map(SimulationView::listed).collect(),
        }))
    }

    /// Get a simulation
    ///
    /// How far it is, and what came of it. Admins only.
    #[oai(
        path = "/sla/simulations/:simulation_id",
        method = "get",
        operation_id = "get_simulation"
    )]
    async fn get(
        &self,
        bearer: Bearer,
        /// The simulation.
        simulation_id: Path<Uuid>,
    ) -> Result<Json<SimulationView>, BodylessAccessProblem> {
        let kept = self.0.get(bearer.0.organization_id, simulation_id.0).await;
        Ok(Json(kept.map_err(problem)?.into()))
    }

    /// List what a simulation counts otherwise
    ///
    /// The waits whose outcome differs, in the order of the tickets; the first 10,000 are kept. Admins only.
    #[oai(
        path = "/sla/simulations/:simulation_id/differences",
        method = "get",
        operation_id = "list_simulation_differences"
    )]
    async fn differences(
        &self,
        bearer: Bearer,
        /// The simulation.
        simulation_id: Path<Uuid>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<DifferencesView>, BodylessAccessProblem> {
        let fingerprint = Fingerprint::of("simulation_differences", &simulation_id.0);
        let after = cursor.0.as_deref();
        let after = after.map(|text| cursor::decode::<i64>(&fingerprint, text));
        let after = after.transpose().map_err(bad_cursor)?.unwrap_or_default();
        let limit = limit(items.0)?;
        let (organization, id) = (bearer.0.organization_id, simulation_id.0);
        let found = self.0.differences(organization, id, after, limit.rows());
        let found = found.await.map_err(problem)?;
        let page = Page::cut(found, limit, &fingerprint, |it: &KeptDifference| it.place);
        let page = page.map(DifferenceView::from);
        Ok(Json(DifferencesView {
            items: page.items,
            next_cursor: page.next_cursor,
        }))
    }

    /// Delete a simulation
    ///
    /// One that runs ends with its next step. Admins only.
    #[oai(
        path = "/sla/simulations/:simulation_id",
        method = "delete",
        operation_id = "delete_simulation"
    )]
    async fn delete(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The simulation.
        simulation_id: Path<Uuid>,
    ) -> Result<Forgotten, BodylessAccessProblem> {
        let (context, by) = (context(&bearer, request)?, bearer.0.user_id);
        let simulations = self.0.clone();
        let delete = async move { simulations.delete(context, by, simulation_id.0).await };
        to_the_end(delete).await?;
        Ok(Forgotten::Gone)
    }
}

/// Who asks, from where, for what is recorded of it.
fn context(bearer: &Bearer, request: &Request) -> Result<CommandContext, Problem> {
    let call = Call {
        principal: bearer.0,
        request,
        headers: Headers::default(),
    };
    call.context()
}

/// In a task of its own: a client that hangs up does not leave recorded what was not done.
async fn to_the_end<A: Send + 'static>(
    work: impl Future<Output = Result<A, SimulationError>> + Send + 'static,
) -> Result<A, Problem> {
    let done = tokio::spawn(work.in_current_span()).await;
    done.map_err(Problem::internal)?.map_err(problem)
}

fn problem(error: SimulationError) -> Problem {
    let detail = error.to_string();
    match error {
        SimulationError::TooMany => Problem::conflict(detail),
        SimulationError::KeyReused => Problem::unprocessable(detail),
        SimulationError::NotFound => Problem::not_found("the simulation"),
        SimulationError::Unavailable(source) => {
            Problem::unavailable(detail, RETRY_AFTER_S).with_source(source)
        }
    }
}
