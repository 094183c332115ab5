//! `GET /events`: the feed as pages, as a long poll, and as Server-Sent Events.

mod stream;
mod views;

use std::time::Duration;

use domain::ids::TicketId;
use event_store::Position;
use platform::auth::Principal;
use platform::http::auth::{Bearer, Credentials};
use platform::http::gate::demand;
use platform::http::page::next_link_by;
use platform::http::problem::{Problem, QueryProblem};
use platform::permission::Permission;
use poem::Request;
use poem::http::header::ACCEPT;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::{Json, Payload as _};
use poem_openapi::{ApiResponse, OpenApi, ResponseContent};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use self::stream::EventBlocks;
use self::views::EventPageView;
use super::Tag;
use super::page::limit;
use super::session::{Session, bad, refused, viewer_of};
use crate::feed::{Caller, Feed, FeedFilter, FeedPage, NoSeat, Start};

/// When somebody without a place may try again.
const SEAT_RETRY_AFTER_S: u32 = 10;

/// Events as the client asked for them.
#[derive(ResponseContent)]
enum EventsContent {
    Page(Json<EventPageView>),
    Stream(EventBlocks),
}

/// The answer with events.
#[derive(ApiResponse)]
enum EventsAnswer {
    /// A page of events, or a stream of them where the client accepts `text/event-stream`.
    #[oai(status = 200)]
    Events(
        EventsContent,
        /// The next page (RFC 8288, `rel="next"`). Absent from streams.
        #[oai(header = "Link")]
        Option<String>,
        /// What the answer shows at least; of a stream, where it begins.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct FeedQueries(pub(super) Feed);

#[OpenApi(tag = "Tag::Events")]
impl FeedQueries {
    /// Follow events
    ///
    /// Every event that the caller may see by the rights of now, in the order of the log, each once, from any cursor on. As a
    /// page; with `wait` as a long poll; with `Accept: text/event-stream` as a stream that goes on until the client or the
    /// server ends it. Customers get what is public of their own tickets; agents and leads nothing of private teams that they
    /// are not in; admins also what happened to people's ways in.
    #[oai(path = "/events", method = "get", operation_id = "list_events")]
    #[allow(
        clippy::too_many_arguments,
        reason = "each is a parameter of the request"
    )]
    async fn list(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// Where a stream goes on: the `id` of the last event that was received. Goes before `after`.
        #[oai(name = "Last-Event-ID", validator(max_length = 2_048))]
        last_event_id: Header<Option<String>>,
        /// Where to go on: `next_cursor` of the page before, or the `cursor` of an event. From the first event when absent;
        /// `latest` begins at the end.
        #[oai(validator(max_length = 2_048))]
        after: Query<Option<String>>,
        /// Only these types: names with commas between, such as `ticket.opened,message.*`.
        #[oai(validator(max_length = 2_000))]
        types: Query<Option<String>>,
        /// Only events of this ticket and its messages.
        ticket: Query<Option<Uuid>>,
        /// The most events of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// How many seconds to wait for an event when there is none, at most as long as the server lets a request take.
        #[oai(validator(minimum(value = "0"), maximum(value = "60")))]
        wait: Query<Option<u64>>,
    ) -> Result<EventsAnswer, QueryProblem> {
        let session = Session::begin(self.models(), &auth.0, token.0.as_deref()).await?;
        let viewer = session.viewer;
        let tenant = viewer.tenant;
        let text = last_event_id.0.filter(|id| !id.is_empty()).or(after.0);
        let start =
            Start::parse(tenant.org_id, text.as_deref()).map_err(|error| bad("after", error))?;
        let filter = FeedFilter::parse(types.0.as_deref(), ticket.0.map(TicketId));
        let filter = filter.map_err(|error| bad("types", error))?;
        let limit = limit(items.0)?.items();
        let after = self.0.position(tenant, start).await;
        let caller = Caller {
            viewer,
            permissions: auth.0.permissions,
        };
        if wants_stream(request) {
            let seat = self.0.seat(&viewer).map_err(no_seat)?;
            let credentials = Credentials::of(request);
            let blocks = stream::start(self.0.clone(), credentials, caller, filter, after, seat);
            let content = EventsContent::Stream(blocks);
            return Ok(EventsAnswer::Events(content, None, session.token));
        }
        let asked = Asked {
            filter,
            after,
            limit,
            at_least: session.at_least,
        };
        let mut page = self.page(&caller, &asked).await?;
        let wait = Duration::from_secs(wait.0.unwrap_or_default()).min(self.0.wait_max);
        let is_at_end = !page.has_more || page.is_held(asked.after);
        if page.events.is_empty() && is_at_end && !wait.is_zero() {
            page = self.waited(request, caller, asked, page, wait).await?;
        }
        let view = EventPageView::of(tenant.org_id, page);
        let link = next_link_by("after", request.uri(), &view.next_cursor);
        let content = EventsContent::Page(Json(view));
        Ok(EventsAnswer::Events(content, Some(link), session.token))
    }
}

/// What somebody asked for.
struct Asked {
    filter: FeedFilter,
    after: Position,
    limit: usize,
    at_least: Position,
}

impl FeedQueries {
    fn models(&self) -> &crate::models::ReadModels {
        &self.0.models
    }

    async fn page(&self, caller: &Caller, asked: &Asked) -> Result<FeedPage, QueryProblem> {
        let page = self.0.page(
            caller,
            &asked.filter,
            asked.after,
            asked.limit,
            asked.at_least,
        );
        page.await.map_err(refused)
    }

    /// The first page with an event, or where the feed was when the time was up or the server ended. The caller's rights are
    /// looked at anew after each wait.
    async fn waited(
        &self,
        request: &Request,
        mut caller: Caller,
        mut asked: Asked,
        mut page: FeedPage,
        wait: Duration,
    ) -> Result<FeedPage, QueryProblem> {
        let _seat = self.0.seat(&caller.viewer).map_err(no_seat)?;
        let credentials = Credentials::of(request);
        let deadline = Instant::now() + wait;
        let tenant = caller.viewer.tenant;
        while page.events.is_empty() && Instant::now() < deadline {
            let is_held = page.is_held(asked.after);
            let more = self.0.may_have_more(tenant, page.reached, is_held);
            tokio::select! {
                () = self.0.shutdown.requested() => break,
                more = timeout_at(deadline, more) => if more.is_err() { break },
            }
            let principal = credentials.check().await?;
            demand_feed(&principal)?;
            let viewer = viewer_of(self.models(), &principal).await?;
            caller = Caller {
                viewer,
                permissions: principal.permissions,
            };
            asked.after = page.reached;
            page = self.page(&caller, &asked).await?;
        }
        Ok(page)
    }
}

/// Refuses who may not read the feed any more, as the gate refuses who may not at the beginning.
fn demand_feed(principal: &Principal) -> Result<(), Problem> {
    demand(principal, Permission::ReadTickets)
}

fn wants_stream(request: &Request) -> bool {
    let accepted = request.headers().get_all(ACCEPT).iter();
    let mut types = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    types.any(|accepted| {
        let media_type = accepted.split(';').next().unwrap_or_default().trim();
        media_type.eq_ignore_ascii_case(EventBlocks::CONTENT_TYPE)
    })
}

fn no_seat(full: NoSeat) -> Problem {
    let detail = full.to_string();
    match full {
        NoSeat::Server => Problem::unavailable(detail, SEAT_RETRY_AFTER_S),
        NoSeat::Organization | NoSeat::Person => {
            Problem::too_many_requests("too-many-followers", detail, SEAT_RETRY_AFTER_S.into())
        }
    }
}
