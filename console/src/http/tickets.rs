//! The list of tickets, with filters.

use askama::Template;
use chrono::{DateTime, Utc};
use futures::future::try_join3;
use platform::http::problem::Problem;
use platform::http::within::Within;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};

use super::answers;
use super::form::{Form, address};
use super::sidebar::{self, Chosen, Sidebar};
use super::visit::Visit;
use crate::shown::{Page, SavedView, Ticket};
use crate::words;

const PAGE_ITEMS: &str = "25";
const STATUSES: [&str; 6] = ["new", "open", "pending", "on_hold", "resolved", "closed"];
const PRIORITIES: [&str; 4] = ["urgent", "high", "normal", "low"];
/// The orders, with what they are called.
const SORTS: [(&str, &str); 4] = [
    ("-updated_at", "Changed last"),
    ("-created_at", "Newest"),
    ("created_at", "Oldest"),
    ("-priority", "Most urgent"),
];
/// For staff alone.
const BY_DEADLINE: (&str, &str) = ("next_deadline_at", "Next deadline");
/// Where a view says the order.
const BY_VIEW: (&str, &str) = ("", "As the view has it");
/// What a list shows that no view says otherwise of. Deadlines are for staff.
const COLUMNS: [&str; 9] = [
    "number",
    "subject",
    "tags",
    "status",
    "priority",
    "requester",
    "assignee",
    "next_deadline_at",
    "updated_at",
];

/// What was chosen in the filters, as it was sent.
struct Filter {
    form: Form,
}

/// Filters that the list takes over into the request to the API.
const TAKEN: [&str; 9] = [
    "view",
    "query",
    "status",
    "priority",
    "assignee",
    "team",
    "requester",
    "tag",
    "sort",
];

impl Filter {
    fn pairs(&self) -> Vec<(&str, &str)> {
        let pairs = TAKEN
            .iter()
            .flat_map(|name| self.form.all(name).map(move |value| (*name, value)));
        pairs.collect()
    }

    fn chosen(&self) -> Chosen<'_> {
        Chosen {
            query: self.form.get("query"),
            view: self.form.get("view"),
        }
    }

    fn text(&self, name: &str) -> String {
        self.form.get(name).unwrap_or_default().to_owned()
    }

    fn has(&self, name: &str, value: &str) -> bool {
        self.form.all(name).any(|chosen| chosen == value)
    }
}

/// A choice of a filter.
struct Choice {
    value: &'static str,
    name: String,
    is_chosen: bool,
}

#[derive(Template)]
#[template(path = "tickets.html")]
struct TicketsPage {
    name: String,
    is_staff: bool,
    section: &'static str,
    sidebar: Sidebar,
    /// Where the sidebar comes from with its numbers, for who has scripts; customers have none.
    counts: Option<String>,
    title: String,
    columns: Columns,
    statuses: Vec<Choice>,
    priorities: Vec<Choice>,
    sorts: Vec<Choice>,
    assignee: String,
    me: String,
    tag: String,
    query: String,
    view: String,
    refusal: Option<String>,
    rows: Vec<Row>,
    /// None where the words are in too many to be counted.
    total: Option<i64>,
    next: Option<String>,
}

/// The names of the columns that are shown; the subject always is.
struct Columns(Vec<String>);

impl Columns {
    fn of(view: Option<&SavedView>, is_staff: bool) -> Self {
        let said = view.map(|view| view.columns.as_slice()).unwrap_or_default();
        if !said.is_empty() {
            return Self(said.to_vec());
        }
        let is_shown = |name: &&str| is_staff || *name != BY_DEADLINE.0;
        let names = COLUMNS.into_iter().filter(is_shown);
        Self(names.map(str::to_owned).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|column| column == name)
    }
}

struct Row {
    ticket: Ticket,
    created: String,
    updated: String,
    status: String,
    channel: String,
    deadline: Option<Deadline>,
}

/// The next deadline in words.
struct Deadline {
    text: String,
    is_missed: bool,
}

#[handler]
pub(super) fn home() -> Response {
    answers::elsewhere("/tickets")
}

#[handler]
pub(super) async fn list(request: &Request, within: Data<&Within>) -> Response {
    let visit = match Visit::begin(request, &within).await {
        Ok(visit) => visit,
        Err(away) => return away.answer(),
    };
    let outcome = list_page(
        &visit,
        Filter {
            form: Form::of_query(request),
        },
    )
    .await;
    visit.end(outcome)
}

async fn list_page(visit: &Visit<'_>, filter: Filter) -> Result<Response, Problem> {
    let mut pairs = filter.pairs();
    let own = pairs.clone();
    pairs.extend([("limit", PAGE_ITEMS), ("include_total", "true")]);
    pairs.extend(filter.form.get("cursor").map(|cursor| ("cursor", cursor)));
    let tickets = found(visit, address("/tickets", pairs));
    let told = try_join3(tickets, visit.name(), sidebar::saved(visit));
    let ((page, refusal), name, saved) = told.await?;
    let chosen = filter.chosen();
    let is_chosen = |view: &&SavedView| Some(view.id.to_string().as_str()) == chosen.view;
    let view = saved.iter().find(is_chosen);
    let next = page.next_cursor.as_deref();
    let next = next.map(|cursor| {
        address(
            "/console/tickets",
            own.into_iter().chain([("cursor", cursor)]),
        )
    });
    let is_staff = visit.person.is_staff();
    let now = Utc::now();
    let row = |ticket: Ticket| Row {
        created: words::at(&ticket.created_at),
        updated: words::from_now(&ticket.updated_at, now),
        status: words::plain(&ticket.status),
        channel: words::plain(&ticket.channel),
        deadline: deadline(&ticket, now),
        ticket,
    };
    let choices = |field: &str, values: &[&'static str]| choices(&filter, field, values);
    let by_view = chosen.view.map(|_| BY_VIEW).into_iter();
    let sorts = by_view.chain(SORTS).chain(is_staff.then_some(BY_DEADLINE));
    let status = refusal.as_ref().map_or(StatusCode::OK, Problem::status);
    let shown = TicketsPage {
        name,
        is_staff,
        section: "tickets",
        sidebar: Sidebar::new(&visit.person, &saved, chosen),
        counts: is_staff.then(|| sidebar::counts_address(chosen)),
        title: view.map_or_else(|| "Tickets".to_owned(), |view| view.name.clone()),
        columns: Columns::of(view, is_staff),
        statuses: choices("status", &STATUSES),
        priorities: choices("priority", &PRIORITIES),
        sorts: sorts
            .map(|(value, name)| Choice {
                value,
                name: name.to_owned(),
                is_chosen: filter.has("sort", value),
            })
            .collect(),
        assignee: filter.text("assignee"),
        me: visit.person.id.to_string(),
        tag: filter.text("tag"),
        query: filter.text("query"),
        view: filter.text("view"),
        total: page.total,
        refusal: refusal.map(|problem| problem.to_string()),
        rows: page.items.into_iter().map(row).collect(),
        next,
    };
    Ok(answers::with_status(status, &shown))
}

/// The tickets that fit the filters; none where a filter has a mistake, which comes beside them.
async fn found(
    visit: &Visit<'_>,
    path: String,
) -> Result<(Page<Ticket>, Option<Problem>), Problem> {
    match visit.get(path).await {
        Ok(page) => Ok((page, None)),
        Err(problem) if is_mistake(problem.status()) => Ok((Page::empty(), Some(problem))),
        Err(problem) => Err(problem),
    }
}

fn is_mistake(status: StatusCode) -> bool {
    [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY].contains(&status)
}

fn choices(filter: &Filter, field: &str, values: &[&'static str]) -> Vec<Choice> {
    let choice = |value: &&'static str| Choice {
        value,
        name: words::plain(value),
        is_chosen: filter.has(field, value),
    };
    values.iter().map(choice).collect()
}

fn deadline(ticket: &Ticket, now: DateTime<Utc>) -> Option<Deadline> {
    let due_at = ticket.sla.as_ref()?.next_deadline_at?;
    Some(Deadline {
        text: words::from_now(&due_at, now),
        is_missed: due_at < now,
    })
}
