//! What is behind a number: the tickets, waits or replies that it counts, as many as it says.

use std::collections::HashMap;

use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::zone::Zone;
use futures::FutureExt;
use futures::future::try_join4;
use platform::http::problem::Problem;
use platform::http::within::Within;
use poem::http::StatusCode;
use poem::web::Data;
use poem::{Request, Response, handler};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::super::answers;
use super::super::filters::{self, Chip};
use super::super::form::{Form, address};
use super::super::visit::{Visit, if_allowed};
use super::choice::{BACK, CONDITIONS, Span, page_of};
use super::found;
use crate::reported::{CountedMessage, CountedTicket, Wait};
use crate::shown::{Page, Ticket};
use crate::words;

/// Few enough for one condition of a query to name them all.
const PAGE_ITEMS: &str = "25";
/// What figures count, as people say it.
const FIGURES: [(&str, &str); 9] = [
    ("opened", "Opened"),
    ("first_response", "First answered"),
    ("first_resolution", "First resolved"),
    ("resolution", "Resolved"),
    ("closed", "Closed"),
    ("reopened", "Resolved, and came back since"),
    ("reassigned", "Resolved, and passed on before"),
    ("backlog", "Not resolved at the end"),
    ("assigned", "Given to the agent who has them"),
];

/// A list of the API that is behind a kind of number.
struct List {
    /// Where the console has it.
    path: &'static str,
    /// Where the API has it.
    api: &'static str,
    /// What the address has beside conditions, which stay what they are.
    own: &'static [&'static str],
    /// What the address has that can be taken away.
    removable: &'static [&'static str],
    columns: &'static [&'static str],
}

const TICKETS: List = List {
    path: "/console/analytics/tickets",
    api: "/reports/tickets/counted",
    own: &["figure", "from", "to", "weekday", "hour"],
    removable: &CONDITIONS,
    columns: &[
        "Status",
        "Priority",
        "Channel",
        "Requester",
        "Counted",
        "Took",
    ],
};
const WAITS: List = List {
    path: "/console/analytics/waits",
    api: "/reports/sla/waits",
    own: &["from", "to"],
    removable: &[
        "metric", "outcome", "team", "agent", "priority", "channel", "tag", "query",
    ],
    columns: &["Promise", "Outcome", "Priority", "Used", "Of", "Counted"],
};
const MESSAGES: List = List {
    path: "/console/analytics/messages",
    api: "/reports/messages/counted",
    own: &["kind", "from", "to"],
    removable: &["team", "agent", "query"],
    columns: &["Kind", "Written"],
};

/// An entry of such a list.
trait Counted: DeserializeOwned + Send + Sync {
    fn ticket_id(&self) -> Uuid;
    fn number(&self) -> i64;
    /// What stands in the columns; the ticket is as it is now.
    fn cells(&self, ticket: Option<&Ticket>, zone: Zone) -> Vec<String>;
}

#[derive(Template)]
#[template(path = "behind.html")]
struct BehindPage {
    name: String,
    is_staff: bool,
    section: &'static str,
    title: String,
    /// The page with the number.
    back: String,
    days: String,
    /// Whose times these are.
    zone: &'static str,
    chips: Vec<Chip>,
    refusal: Option<String>,
    total: Option<i64>,
    columns: &'static [&'static str],
    rows: Vec<Row>,
    next: Option<String>,
}

struct Row {
    ticket_id: Uuid,
    number: i64,
    subject: String,
    /// Each with the name of its column.
    cells: Vec<(&'static str, String)>,
}

#[handler]
pub(in super::super) async fn show_tickets(request: &Request, within: Data<&Within>) -> Response {
    let title = |form: &Form| {
        let asked = form.get("figure").unwrap_or_default();
        let figure = FIGURES.iter().find(|(figure, _)| *figure == asked);
        figure.map_or("Tickets", |(_, title)| title).to_owned()
    };
    show::<CountedTicket>(request, &within, &TICKETS, title).await
}

#[handler]
pub(in super::super) async fn show_waits(request: &Request, within: Data<&Within>) -> Response {
    show::<Wait>(request, &within, &WAITS, |_| "Promises".to_owned()).await
}

#[handler]
pub(in super::super) async fn show_messages(request: &Request, within: Data<&Within>) -> Response {
    show::<CountedMessage>(request, &within, &MESSAGES, |_| "Replies".to_owned()).await
}

async fn show<T: Counted>(
    request: &Request,
    within: &Within,
    list: &List,
    title: impl Fn(&Form) -> String,
) -> Response {
    let visit = match Visit::begin(request, within).await {
        Ok(visit) => visit,
        Err(away) => return away.answer(),
    };
    let form = Form::of_query(request);
    let outcome = list.page::<T>(&visit, &form, title(&form)).boxed().await;
    visit.end(outcome)
}

impl List {
    async fn page<T: Counted>(
        &self,
        visit: &Visit<'_>,
        form: &Form,
        title: String,
    ) -> Result<Response, Problem> {
        let names = self.own.iter().chain(self.removable);
        let pairs = names.flat_map(|name| form.all(name).map(move |value| (*name, value)));
        let asked: Vec<(&str, &str)> = pairs.collect();
        let mut pairs = asked.clone();
        pairs.extend(form.get(BACK).map(|back| (BACK, back)));
        let told = try_join4(
            self.entries::<T>(visit, &asked, form.get("cursor"))
                .map(found)
                .boxed(),
            filters::chips(visit, self.path, &pairs, self.removable).boxed(),
            visit.name(),
            visit.zone(),
        );
        let ((listed, refusal), chips, name, zone) = told.await?;
        let status = refusal.as_ref().map_or(StatusCode::OK, Problem::status);
        let (page, tickets) = listed.unwrap_or_else(|| (Page::empty(), HashMap::new()));
        let next = page.next_cursor.as_deref().map(|cursor| {
            let pairs = pairs.iter().copied().chain([("cursor", cursor)]);
            address(self.path, pairs)
        });
        let row = |entry: T| self.row(&entry, tickets.get(&entry.number()), zone);
        let page = BehindPage {
            name,
            is_staff: visit.person.is_staff(),
            section: "analytics",
            title,
            back: page_of(form),
            days: days(form, zone),
            zone: zone.as_str(),
            chips,
            refusal: refusal.map(|problem| problem.to_string()),
            total: page.total,
            columns: self.columns,
            rows: page.items.into_iter().map(row).collect(),
            next,
        };
        Ok(answers::with_status(status, &page))
    }

    /// A page of the list, and its tickets as they are now.
    async fn entries<T: Counted>(
        &self,
        visit: &Visit<'_>,
        pairs: &[(&str, &str)],
        cursor: Option<&str>,
    ) -> Result<(Page<T>, HashMap<i64, Ticket>), Problem> {
        let more = [("limit", PAGE_ITEMS), ("include_total", "true")];
        let cursor = cursor.map(|cursor| ("cursor", cursor));
        let pairs = pairs.iter().copied().chain(more).chain(cursor);
        let page: Page<T> = visit.get(address(self.api, pairs)).await?;
        let tickets = tickets_of(visit, page.items.iter().map(Counted::number)).await?;
        Ok((page, tickets))
    }

    fn row(&self, entry: &impl Counted, ticket: Option<&Ticket>, zone: Zone) -> Row {
        let cells = entry.cells(ticket, zone);
        let subject = ticket.map(|ticket| ticket.subject.clone());
        Row {
            ticket_id: entry.ticket_id(),
            number: entry.number(),
            subject: subject.unwrap_or_else(|| format!("#{}", entry.number())),
            cells: self.columns.iter().copied().zip(cells).collect(),
        }
    }
}

/// The tickets of these numbers: reports tell no subjects and names.
async fn tickets_of(
    visit: &Visit<'_>,
    numbers: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, Ticket>, Problem> {
    let numbers: Vec<String> = numbers.map(|number| number.to_string()).collect();
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    let query = format!("number:{}", numbers.join(","));
    let path = address("/tickets", [("query", query.as_str()), ("limit", "100")]);
    let page = if_allowed(visit.get::<Page<Ticket>>(path).await)?;
    let tickets = page.map(|page| page.items).unwrap_or_default().into_iter();
    Ok(tickets.map(|ticket| (ticket.number, ticket)).collect())
}

/// When it was, in days where the address says days or instants at which they begin.
fn days(form: &Form, zone: Zone) -> String {
    let [from, to] = ["from", "to"].map(|name| form.get(name).unwrap_or_default());
    let hour = match (form.get("weekday"), form.get("hour")) {
        (Some(weekday), Some(hour)) => super::hours::told(weekday, hour),
        _ => String::new(),
    };
    match (day(from, zone), day(to, zone)) {
        (Some(from), Some(to)) => format!("{}{hour}", Span { from, to }.told()),
        _ => format!("from {from} to before {to}{hour}"),
    }
}

/// The day that is said, or that begins at the instant that is said.
fn day(said: &str, zone: Zone) -> Option<NaiveDate> {
    let begun = || {
        let instant: DateTime<Utc> = said.parse().ok()?;
        let day = instant.with_timezone(&zone.tz()).date_naive();
        (zone.first_instant(day) == instant).then_some(day)
    };
    said.parse().ok().or_else(begun)
}

impl Counted for CountedTicket {
    fn ticket_id(&self) -> Uuid {
        self.ticket_id
    }

    fn number(&self) -> i64 {
        self.number
    }

    fn cells(&self, ticket: Option<&Ticket>, zone: Zone) -> Vec<String> {
        let requester = ticket.map(|ticket| ticket.requester.name.clone());
        vec![
            words::plain(&self.status),
            self.priority.clone(),
            words::plain(&self.channel),
            requester.unwrap_or_default(),
            words::at(&self.counted_at, zone),
            self.seconds.map(words::duration).unwrap_or_default(),
        ]
    }
}

impl Counted for Wait {
    fn ticket_id(&self) -> Uuid {
        self.ticket_id
    }

    fn number(&self) -> i64 {
        self.number
    }

    fn cells(&self, _ticket: Option<&Ticket>, zone: Zone) -> Vec<String> {
        vec![
            words::plain(&self.metric),
            words::outcome(&self.outcome),
            self.priority.clone(),
            self.used_seconds.map(words::duration).unwrap_or_default(),
            words::duration(self.target_seconds),
            words::at(&self.counted_at, zone),
        ]
    }
}

impl Counted for CountedMessage {
    fn ticket_id(&self) -> Uuid {
        self.ticket_id
    }

    fn number(&self) -> i64 {
        self.number
    }

    fn cells(&self, _ticket: Option<&Ticket>, zone: Zone) -> Vec<String> {
        vec![words::plain(&self.kind), words::at(&self.written_at, zone)]
    }
}
