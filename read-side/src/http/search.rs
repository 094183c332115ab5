//! `GET /search`.

use domain::ticket::query::Query as Conditions;
use platform::http::auth::Bearer;
use platform::http::gate::demand;
use platform::http::problem::QueryProblem;
use platform::http::views::{TicketView, UserView};
use platform::permission::Permission;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::session::{Session, refused};
use super::zone::zone_or;
use super::{Tag, asked, views};
use crate::models::ReadModels;
use crate::search::{Found, Hit, Search, Segment, Wording};
use crate::tickets::TicketFilter;
use crate::viewer::Viewer;

/// What a client gets that does not ask for a number.
const HITS: usize = 20;

/// A part of a text.
#[derive(Debug, Object)]
#[oai(rename = "TextPart")]
struct SegmentView {
    /// Its characters, as they were written: they have to be escaped before they are shown as HTML.
    text: String,
    /// Whether they are what was searched for.
    matches: bool,
}

/// A ticket that was found.
#[derive(Debug, Object)]
#[oai(rename = "SearchHit", skip_serializing_if_is_none)]
struct HitView {
    /// The ticket.
    ticket: TicketView,
    /// How well it fits, comparable within one answer.
    rank: f64,
    /// Its subject in parts.
    subject: Vec<SegmentView>,
    /// The message that fits best, if one does.
    message_id: Option<Uuid>,
    /// What of that message fits, in parts.
    excerpt: Option<Vec<SegmentView>>,
}

/// What a search found.
#[derive(Debug, Object)]
#[oai(rename = "SearchResult")]
struct FoundView {
    /// The tickets, the best first.
    items: Vec<HitView>,
    /// People in whose names and addresses all words are, at most 10. None for customers.
    people: Vec<UserView>,
    /// `true` when there were too many hits to rank them all: the newest are among those that were, and more or rarer words
    /// find the others.
    partial: bool,
}

/// The answer with what was found.
#[derive(ApiResponse)]
enum SearchAnswer {
    /// What was found.
    #[oai(status = 200)]
    Found(
        Json<FoundView>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

pub(super) struct SearchQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::Tickets")]
impl SearchQueries {
    /// Search tickets
    ///
    /// Tickets with all words in their subject, requester's name, tags and messages, the best first; words in quotes as they stand
    /// one behind the other. A number finds its ticket. Conditions hold beside words. Customers search
    /// their own tickets, those of colleagues where the organization lets them, and neither notes nor tags.
    #[oai(path = "/search", method = "get", operation_id = "search_tickets")]
    async fn search(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// Words and conditions, such as `printer "out of paper" status:open -toner`.
        #[oai(validator(min_length = 1, max_length = 1000))]
        query: Query<String>,
        /// The IANA name of the zone whose days `query` means, such as `Europe/Berlin`; the organization's when absent.
        #[oai(validator(max_length = 64))]
        time_zone: Query<Option<String>>,
        /// The most tickets; 20 when absent.
        #[oai(name = "limit", validator(minimum(value = "1"), maximum(value = "50")))]
        items: Query<Option<u8>>,
    ) -> Result<SearchAnswer, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let (wording, conditions) = Wording::split(asked::parse_with_words(&query.0)?);
        let Some(words) = wording.wanted else {
            let detail = "must have a word to search for; GET /tickets takes conditions alone";
            return Err(asked::at_fault(detail).into());
        };
        if Conditions::is_for_staff(&conditions) {
            demand(&auth.0, Permission::WorkOnTickets)?;
        }
        let written = std::iter::once(&conditions);
        let meanings = asked::meanings(&self.0, &session, &auth.0, written).await?;
        let conditions = meanings.put_into(conditions).map_err(asked::of_query)?;
        let zone = zone_or(&self.0, &session, time_zone.0.as_deref()).await?;
        let terms = asked::terms(&self.0, &session, conditions, zone);
        let search = Search {
            viewer: session.viewer,
            words,
            filter: terms.narrow(TicketFilter::default()),
            unwanted: wording.unwanted,
            with_people: auth.0.may(Permission::ReadUsers),
            limit: items.0.map_or(HITS, usize::from),
            at_least: session.at_least,
        };
        let found = self.0.search(&search).await.map_err(refused)?;
        let found = view(found, &session.viewer);
        Ok(SearchAnswer::Found(Json(found), session.token))
    }
}

fn view(found: Found, viewer: &Viewer) -> FoundView {
    let items = found.hits.into_iter().map(|it| hit(it, viewer));
    let people = found.people.into_iter().map(views::user);
    FoundView {
        items: items.collect(),
        people: people.collect(),
        partial: found.is_partial,
    }
}

fn hit(hit: Hit, viewer: &Viewer) -> HitView {
    let (message_id, excerpt) = hit.message.unzip();
    HitView {
        rank: hit.rank,
        subject: parts(hit.subject),
        message_id: message_id.map(|id| id.0),
        excerpt: excerpt.map(parts),
        ticket: views::ticket(hit.ticket, viewer),
    }
}

fn parts(segments: Vec<Segment>) -> Vec<SegmentView> {
    let part = |Segment { text, matches }| SegmentView { text, matches };
    segments.into_iter().map(part).collect()
}
