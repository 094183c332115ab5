//! The list of tickets, with filters.

use askama::Template;
use chrono::{DateTime, Utc};
use domain::calendar::zone::Zone;
use futures::future::{try_join, try_join5};
use platform::http::problem::Problem;
use platform::http::within::Within;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};

use super::answers;
use super::filters::{self, Chip, Offered, offered};
use super::form::{Form, address};
use super::sidebar::{self, Chosen, LIST, Sidebar};
use super::visit::{Visit, is_mistake};
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
const TAKEN: [&str; 13] = [
    "view",
    "query",
    "status",
    "priority",
    "assignee",
    "tag",
    "sort",
    "team",
    "requester",
    "created_from",
    "created_to",
    "updated_from",
    "updated_to",
];
/// Those that can be taken away by a chip. The others have fields that show them.
const WITH_CHIP: [&str; 8] = [
    "assignee",
    "tag",
    "team",
    "requester",
    "created_from",
    "created_to",
    "updated_from",
    "updated_to",
];
/// Those that have no field, and stay when another one is changed.
const KEPT: [&str; 6] = [
    "team",
    "requester",
    "created_from",
    "created_to",
    "updated_from",
    "updated_to",
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

    /// What was chosen and has no field of its own.
    fn kept(&self) -> Vec<(&'static str, String)> {
        let of = |name: &'static str| self.form.all(name).map(move |it| (name, it.to_owned()));
        let further_tags = of("tag").skip(1);
        KEPT.into_iter().flat_map(of).chain(further_tags).collect()
    }

    /// Who the tickets are given to, where that is neither oneself nor nobody.
    fn other_assignee(&self, me: &str) -> Option<&str> {
        let assignee = self.form.get("assignee");
        assignee.filter(|assignee| *assignee != me && *assignee != "none")
    }
}

#[derive(Template)]
#[template(path = "tickets.html")]
struct TicketsPage {
    name: String,
    is_staff: bool,
    section: &'static str,
    sidebar: Sidebar,
    /// Where the sidebar comes from with its numbers, for who has scripts.
    counts: String,
    title: String,
    columns: Columns,
    statuses: Vec<Offered>,
    priorities: Vec<Offered>,
    sorts: Vec<Offered>,
    assignees: Vec<Offered>,
    kept: Vec<(&'static str, String)>,
    chips: Vec<Chip>,
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
    let own = filter.pairs();
    let mut pairs = own.clone();
    pairs.extend([("limit", PAGE_ITEMS), ("include_total", "true")]);
    pairs.extend(filter.form.get("cursor").map(|cursor| ("cursor", cursor)));
    let told = try_join5(
        found(visit, address("/tickets", pairs)),
        try_join(visit.name(), visit.zone()),
        sidebar::saved(visit),
        filters::chips(visit, LIST, &own, &WITH_CHIP),
        assignees(visit, &filter),
    );
    let ((page, refusal), (name, zone), saved, chips, assignees) = told.await?;
    let chosen = filter.chosen();
    let is_chosen = |view: &&SavedView| Some(view.id.to_string().as_str()) == chosen.view;
    let view = saved.iter().find(is_chosen);
    let next = page.next_cursor.as_deref();
    let next = next.map(|cursor| address(LIST, own.iter().copied().chain([("cursor", cursor)])));
    let is_staff = visit.person.is_staff();
    let now = Utc::now();
    let has = |field: &'static str| {
        let filter = &filter;
        move |value: &str| filter.has(field, value)
    };
    let status = refusal.as_ref().map_or(StatusCode::OK, Problem::status);
    let shown = TicketsPage {
        name,
        is_staff,
        section: "tickets",
        sidebar: Sidebar::new(&visit.person, &saved, chosen),
        counts: sidebar::counts_address(chosen),
        title: view.map_or_else(|| "Tickets".to_owned(), |view| view.name.clone()),
        columns: Columns::of(view, is_staff),
        statuses: offered(&STATUSES, has("status")),
        priorities: offered(&PRIORITIES, has("priority")),
        sorts: sorts(&filter, is_staff),
        assignees,
        kept: filter.kept(),
        chips,
        tag: filter.text("tag"),
        query: filter.text("query"),
        view: filter.text("view"),
        total: page.total,
        refusal: refusal.map(|problem| problem.to_string()),
        rows: page
            .items
            .into_iter()
            .map(|ticket| Row::new(ticket, now, zone))
            .collect(),
        next,
    };
    Ok(answers::with_status(status, &shown))
}

/// The orders to choose from.
fn sorts(filter: &Filter, is_staff: bool) -> Vec<Offered> {
    let by_view = filter.chosen().view.map(|_| BY_VIEW).into_iter();
    let sorts = by_view.chain(SORTS).chain(is_staff.then_some(BY_DEADLINE));
    let sort = |(value, name): (&str, &str)| Offered {
        is_chosen: filter.has("sort", value),
        value: value.to_owned(),
        name: name.to_owned(),
    };
    sorts.map(sort).collect()
}

/// Whom the tickets may be given to that are looked for: what is there to choose, and what was chosen.
async fn assignees(visit: &Visit<'_>, filter: &Filter) -> Result<Vec<Offered>, Problem> {
    let me = visit.person.id.to_string();
    let other = match filter.other_assignee(&me) {
        None => None,
        Some(other) => Some((other, filters::told(visit, "assignee", other).await?)),
    };
    let offered = |(value, name): (&str, String)| Offered {
        is_chosen: filter.has("assignee", value),
        value: value.to_owned(),
        name,
    };
    let known = [
        (me.as_str(), "Me".to_owned()),
        ("none", "Nobody".to_owned()),
    ];
    Ok(known.into_iter().chain(other).map(offered).collect())
}

impl Row {
    fn new(ticket: Ticket, now: DateTime<Utc>, zone: Zone) -> Self {
        Self {
            created: words::at(&ticket.created_at, zone),
            updated: words::from_now(&ticket.updated_at, now),
            status: words::plain(&ticket.status),
            channel: words::plain(&ticket.channel),
            deadline: deadline(&ticket, now),
            ticket,
        }
    }
}

/// The tickets that fit the filters; none where a filter has a mistake, which comes beside them.
async fn found(
    visit: &Visit<'_>,
    path: String,
) -> Result<(Page<Ticket>, Option<Problem>), Problem> {
    match visit.get(path).await {
        Ok(page) => Ok((page, None)),
        Err(problem) if is_mistake(&problem) => Ok((Page::empty(), Some(problem))),
        Err(problem) => Err(problem),
    }
}

fn deadline(ticket: &Ticket, now: DateTime<Utc>) -> Option<Deadline> {
    let due_at = ticket.sla.as_ref()?.next_deadline_at?;
    Some(Deadline {
        text: words::from_now(&due_at, now),
        is_missed: due_at < now,
    })
}
