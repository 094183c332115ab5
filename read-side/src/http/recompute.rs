//! `GET /service-levels/recompute`.

use chrono::{DateTime, Utc};
use platform::http::auth::Bearer;
use platform::http::problem::QueryProblem;
use poem_openapi::param::Header;
use poem_openapi::{Enum, Object, OpenApi};

use super::Tag;
use super::page::Found;
use super::session::{Session, refused};
use crate::models::ReadModels;
use crate::recompute::Recompute;

pub(super) struct RecomputeQueries(pub(super) ReadModels);

/// Whether changed service levels are on their way to open tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "RecomputeState", rename_all = "snake_case")]
enum RecomputeStateView {
    /// No change ever had to be carried.
    Idle,
    /// Some open tickets have not heard of it.
    Running,
    /// Every open ticket has.
    Done,
}

/// How far changed service levels were carried to the tickets that are open.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Recompute", skip_serializing_if_is_none)]
struct RecomputeView {
    /// Whether they are on their way.
    state: RecomputeStateView,
    /// When the oldest change was made that is told of here.
    since: Option<DateTime<Utc>>,
    /// When the last ticket was looked at.
    finished_at: Option<DateTime<Utc>>,
    /// The open tickets when the newest change was seen.
    tickets_total: i64,
    /// Those that were looked at since. Tickets that are opened or resolved meanwhile may make it differ a little.
    tickets_done: i64,
    /// Those that are promised something else since.
    tickets_changed: i64,
    /// Those that could not be measured anew: ask the operator, whose log says why.
    tickets_refused: i64,
    /// Requesters with open tickets who have another company that their tickets have not heard of.
    requesters_pending: i64,
}

#[OpenApi(tag = "Tag::ServiceLevels")]
impl RecomputeQueries {
    /// See how far changed service levels are
    ///
    /// A change of policies, calendars or the settings' targets is carried to open tickets in the background; it shows here
    /// once it is seen, usually within a second. Staff only.
    #[oai(
        path = "/service-levels/recompute",
        method = "get",
        operation_id = "get_recompute"
    )]
    async fn get(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer. Not how far the background is.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
    ) -> Result<Found<RecomputeView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let tenant = session.viewer.tenant;
        let recompute = self.0.recompute(tenant).await.map_err(refused)?;
        let requesters_pending = self.0.requesters_to_recompute(tenant).await;
        let requesters_pending = requesters_pending.map_err(refused)?;
        Ok(Found::new(
            view(recompute, requesters_pending),
            None,
            session.token,
        ))
    }
}

fn view(recompute: Option<Recompute>, requesters_pending: i64) -> RecomputeView {
    let of = |count: fn(&Recompute) -> i64| recompute.as_ref().map_or(0, count);
    let finished_at = recompute.and_then(|it| it.finished_at);
    let is_running = requesters_pending > 0 || recompute.is_some_and(|it| it.finished_at.is_none());
    RecomputeView {
        state: match recompute {
            _ if is_running => RecomputeStateView::Running,
            Some(_) => RecomputeStateView::Done,
            None => RecomputeStateView::Idle,
        },
        since: recompute.map(|it| it.since),
        finished_at,
        tickets_total: of(|it| it.tickets_total),
        tickets_done: of(|it| it.tickets_done),
        tickets_changed: of(|it| it.tickets_changed),
        tickets_refused: of(|it| it.tickets_refused),
        requesters_pending,
    }
}
