//! The views beside the list: those that everybody has, and the saved ones; and how many tickets each has.

use askama::Template;
use futures::future::{try_join, try_join_all};
use platform::http::problem::Problem;
use platform::http::within::Within;
use poem::web::Data;
use poem::{Request, Response, handler};
use uuid::Uuid;

use super::answers;
use super::form::address;
use super::visit::{Person, Visit, if_allowed};
use crate::shown::{Page, SavedView, Ticket, ViewCount, ViewCounts};

/// The list, which the views are parts of.
pub(super) const LIST: &str = "/console/tickets";
const SAVED_VIEWS: &str = "/views?limit=100";
/// What is still to be done.
const ONGOING: &str = "status:new,open,pending,on_hold";
/// For everybody, in the language of queries.
const FIXED: [(&str, &str); 5] = [
    ("Unsolved", ONGOING),
    ("New", "status:new"),
    ("Pending", "status:pending"),
    ("Urgent", "status:new,open,pending,on_hold priority:urgent"),
    ("Resolved", "status:resolved"),
];
/// For staff besides.
const OF_STAFF: [(&str, &str); 2] = [
    ("Mine", "status:new,open,pending,on_hold assignee:me"),
    (
        "Unassigned",
        "status:new,open,pending,on_hold assignee:none",
    ),
];

/// The views with a name, and what the API is asked for.
fn fixed(person: &Person) -> Vec<(&'static str, &'static str)> {
    let [unsolved, others @ ..] = FIXED;
    let of_staff = OF_STAFF.into_iter().filter(|_| person.is_staff());
    [unsolved]
        .into_iter()
        .chain(of_staff)
        .chain(others)
        .collect()
}

/// A line of the sidebar.
pub(super) struct Line {
    name: String,
    address: String,
    is_chosen: bool,
    count: Option<String>,
}

impl Line {
    fn new(name: &str, (parameter, value): (&str, &str), chosen: Chosen<'_>) -> Self {
        Self {
            name: name.to_owned(),
            address: address(LIST, [(parameter, value)]),
            is_chosen: chosen.is(parameter, value),
            count: None,
        }
    }

    fn counted(mut self, count: &ViewCount) -> Self {
        let more = if count.or_more { "+" } else { "" };
        self.count = count.tickets.map(|tickets| format!("{tickets}{more}"));
        self
    }
}

/// What the list shows, if that is a view.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Chosen<'a> {
    pub(super) query: Option<&'a str>,
    pub(super) view: Option<&'a str>,
}

impl Chosen<'_> {
    fn is(self, parameter: &str, value: &str) -> bool {
        match parameter {
            "view" => self.view == Some(value),
            _ => self.view.is_none() && self.query == Some(value),
        }
    }
}

/// Where the sidebar comes from with its numbers.
pub(super) fn counts_address(chosen: Chosen<'_>) -> String {
    let query = chosen.query.map(|query| ("query", query));
    let view = chosen.view.map(|view| ("view", view));
    address("/console/tickets/counts", query.into_iter().chain(view))
}

/// What stands beside the list.
#[derive(Template)]
#[template(path = "sidebar.html")]
pub(super) struct Sidebar {
    fixed: Vec<Line>,
    saved: Vec<Line>,
}

impl Sidebar {
    pub(super) fn new(person: &Person, saved: &[SavedView], chosen: Chosen<'_>) -> Self {
        let fixed = fixed(person).into_iter();
        let of_view =
            |view: &SavedView| Line::new(&view.name, ("view", &view.id.to_string()), chosen);
        Self {
            fixed: fixed
                .map(|(name, query)| Line::new(name, ("query", query), chosen))
                .collect(),
            saved: saved.iter().map(of_view).collect(),
        }
    }

    /// With the numbers beside the names; a view that came between the two requests has none.
    fn counted(mut self, saved: &[SavedView], counts: &ViewCounts) -> Self {
        let fixed = self.fixed.into_iter().zip(&counts.queries);
        self.fixed = fixed.map(|(line, count)| line.counted(count)).collect();
        let of = |id: Uuid| counts.counts.iter().find(|count| count.view_id == Some(id));
        let lines = self.saved.into_iter().zip(saved);
        self.saved = lines
            .map(|(line, view)| match of(view.id) {
                Some(count) => line.counted(count),
                None => line,
            })
            .collect();
        self
    }
}

/// The saved views that are for whoever looks. Customers have none, and neither has who may not work on tickets.
pub(super) async fn saved(visit: &Visit<'_>) -> Result<Vec<SavedView>, Problem> {
    if !visit.person.is_staff() {
        return Ok(Vec::new());
    }
    let page = if_allowed(visit.get::<Page<SavedView>>(SAVED_VIEWS).await)?;
    Ok(page.map(|page| page.items).unwrap_or_default())
}

/// The sidebar with its numbers. They come after the page: counting must not hold the list.
#[handler]
pub(super) async fn show_counts(request: &Request, within: Data<&Within>) -> Response {
    let visit = match Visit::begin(request, &within).await {
        Ok(visit) => visit,
        Err(away) => return away.answer(),
    };
    let counted = try_join(saved(&visit), counts(&visit)).await;
    let form = super::form::Form::of_query(request);
    let chosen = Chosen {
        query: form.get("query"),
        view: form.get("view"),
    };
    visit.end(counted.map(|(saved, counts)| {
        let sidebar = Sidebar::new(&visit.person, &saved, chosen);
        answers::page(&sidebar.counted(&saved, &counts))
    }))
}

/// The numbers of all views by one request. The API counts views for staff alone: customers, who see few tickets, ask for the
/// total of each list.
async fn counts(visit: &Visit<'_>) -> Result<ViewCounts, Problem> {
    let queries = fixed(&visit.person).into_iter().map(|(_, query)| query);
    if visit.person.is_staff() {
        let queries = queries.collect::<Vec<_>>().join("\n");
        return visit
            .get(address("/view-counts", [("queries", queries.as_str())]))
            .await;
    }
    let counts = queries.map(async |query| {
        let pairs = [("query", query), ("limit", "1"), ("include_total", "true")];
        let page: Page<Ticket> = visit.get(address("/tickets", pairs)).await?;
        Ok(ViewCount::of_query(page.total))
    });
    Ok(ViewCounts {
        counts: Vec::new(),
        queries: try_join_all(counts).await?,
    })
}
