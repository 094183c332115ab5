//! `GET /tickets/{id}/sla`.

use domain::ids::TicketId;
use platform::http::auth::Bearer;
use platform::http::problem::{Problem, QueryProblem};
use poem_openapi::param::{Header, Path};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};
use uuid::Uuid;

use super::Tag;
use super::session::{Session, refused};
use super::sla_views::TicketSlaView;
use crate::models::ReadModels;

/// The answer with the clocks of a ticket.
#[derive(ApiResponse)]
enum SlaAnswer {
    /// The clocks.
    #[oai(status = 200)]
    Sla(
        Json<TicketSlaView>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct SlaQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::Tickets")]
impl SlaQueries {
    /// Explain the service levels of a ticket
    ///
    /// What is promised by which policy and calendar, how much of it is used and left, and every event that started, paused,
    /// resumed or ended a clock. Staff only.
    #[oai(
        path = "/tickets/:ticket_id/sla",
        method = "get",
        operation_id = "explain_ticket_sla"
    )]
    async fn explain(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The ticket.
        ticket_id: Path<Uuid>,
    ) -> Result<SlaAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let explained = self
            .0
            .explained_clocks(&session.viewer, TicketId(ticket_id.0), session.at_least)
            .await
            .map_err(refused)?;
        let explained = explained.ok_or_else(|| Problem::not_found("the ticket"))?;
        Ok(SlaAnswer::Sla(
            Json(TicketSlaView::from(&explained)),
            session.token,
        ))
    }
}
