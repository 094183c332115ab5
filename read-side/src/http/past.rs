//! Tickets as they were: `GET /tickets/{id}?as_of=` and `GET /tickets/{id}/diff`.

use domain::ids::TicketId;
use platform::http::auth::Bearer;
use platform::http::problem::{Problem, QueryProblem};
use platform::rows::TicketRow;
use poem_openapi::param::{Header, Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::diff::{Moments, changes};
use super::history::ChangeView;
use super::session::{Session, bad, refuse_future, refused};
use super::{Tag, views};
use crate::models::ReadModels;
use crate::past::{AsOf, Past, TicketPast};

/// What is different between two moments of a ticket.
#[derive(Debug, Object)]
#[oai(rename = "TicketDiff")]
pub(super) struct TicketDiffView {
    /// The version that it had at the former moment.
    from_version: i64,
    /// The version that it had at the later one.
    to_version: i64,
    /// The fields that differ, by the names of a ticket's own view; `sla.first_reply` and `custom_fields.model` one by one.
    changes: Vec<ChangeView>,
}

/// The answer with a difference.
#[derive(ApiResponse)]
enum DiffAnswer {
    /// The difference.
    #[oai(status = 200)]
    Diff(
        Json<TicketDiffView>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

impl Past {
    /// The ticket as it was.
    pub(super) async fn row(
        &self,
        session: &Session,
        id: TicketId,
        as_of: &str,
    ) -> Result<TicketRow, QueryProblem> {
        let as_of = moment(self.models(), session, "as_of", as_of).await?;
        let past = self.look(session, id).await?;
        self.row_at(&past, as_of).await
    }

    async fn look(&self, session: &Session, id: TicketId) -> Result<TicketPast, QueryProblem> {
        let past = self.of_ticket(&session.viewer, id, session.at_least).await;
        Ok(past
            .map_err(refused)?
            .ok_or_else(|| Problem::not_found("the ticket"))?)
    }

    async fn row_at(&self, past: &TicketPast, as_of: AsOf) -> Result<TicketRow, QueryProblem> {
        let row = self.ticket_at(past, as_of).await.map_err(refused)?;
        Ok(row.ok_or_else(|| Problem::not_found("the ticket at that moment"))?)
    }
}

pub(super) struct PastQueries(pub(super) Past);

#[OpenApi(tag = "Tag::Tickets")]
impl PastQueries {
    /// Compare two moments of a ticket
    ///
    /// Which fields differ between the ticket as it was at two moments, as the caller may see it today.
    #[oai(
        path = "/tickets/:ticket_id/diff",
        method = "get",
        operation_id = "diff_ticket"
    )]
    async fn diff(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The ticket.
        ticket_id: Path<Uuid>,
        /// The former moment: a time, by when things were recorded, or a version. Its opening when absent.
        #[oai(validator(max_length = 40))]
        from: Query<Option<String>>,
        /// The later moment; now when absent.
        #[oai(validator(max_length = 40))]
        to: Query<Option<String>>,
    ) -> Result<DiffAnswer, QueryProblem> {
        let session = Session::begin(self.0.models(), &auth.0, token.0.as_deref()).await?;
        let moments = Moments::parse(self.0.models(), &session, from.0, to.0).await?;
        let past = self.0.look(&session, TicketId(ticket_id.0)).await?;
        let before = self.0.row_at(&past, moments.begin_or_first()).await?;
        let after = match moments.to {
            Some(to) => self.0.row_at(&past, to).await?,
            None => past.now().clone(),
        };
        let view = TicketDiffView {
            from_version: before.version,
            to_version: after.version,
            changes: changes(
                &views::ticket(before, &session.viewer),
                &views::ticket(after, &session.viewer),
            ),
        };
        Ok(DiffAnswer::Diff(Json(view), session.token))
    }
}

/// The moment that a parameter says, once the read models show what the log held then.
///
/// # Errors
/// 400 with what is no moment, or is of the future; 503 when the read models are behind.
pub(super) async fn moment(
    models: &ReadModels,
    session: &Session,
    parameter: &str,
    text: &str,
) -> Result<AsOf, QueryProblem> {
    let as_of: AsOf = text.parse().map_err(|error| bad(parameter, error))?;
    if let AsOf::Time(time) = as_of {
        refuse_future(parameter, time)?;
        session.wait_for_moment(models, Some(time)).await?;
    }
    Ok(as_of)
}
