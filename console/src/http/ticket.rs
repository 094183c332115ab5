//! A ticket: its thread, its clocks, and its past.

use askama::Template;
use chrono::Utc;
use futures::future::{try_join, try_join3};
use platform::http::problem::Problem;
use platform::http::within::Within;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use uuid::Uuid;

use super::answers;
use super::form::{Form, address};
use super::visit::Visit;
use crate::past;
use crate::shown::{Clock, Entry, Message, Named, Page, Ticket, TicketSla};
use crate::words;

/// Pages that are followed of a thread or a history, of a hundred entries each: what is longer is shown in part.
const PAGES_MAX: usize = 5;

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage {
    name: String,
    is_staff: bool,
    section: &'static str,
    ticket: Ticket,
    opened: String,
    is_closed: bool,
    is_solved: bool,
    are_messages_left_out: bool,
    messages: Vec<Shown>,
    clocks: Vec<ShownClock>,
    status: String,
    channel: String,
    agents: Vec<Holder>,
    teams: Vec<Holder>,
    /// One for each form: each is carried out once.
    keys: [Uuid; 3],
    past: PastPanel,
}

struct Shown {
    message: Message,
    at: String,
    machine: String,
}

struct ShownClock {
    clock: Clock,
    name: String,
    used: String,
    target: Option<String>,
    due: Option<String>,
}

/// Somebody, or a team, that a ticket may be given to.
struct Holder {
    id: Uuid,
    name: String,
    is_chosen: bool,
}

/// Whoever has the ticket is among them, also when they may not be given one any more: the form would take it from them.
fn holders(mut all: Vec<Named>, chosen: Option<&Named>) -> Vec<Holder> {
    if let Some(chosen) = chosen
        && !all.iter().any(|one| one.id == chosen.id)
    {
        all.push(chosen.clone());
    }
    let holder = |one: Named| Holder {
        is_chosen: chosen.is_some_and(|chosen| chosen.id == one.id),
        id: one.id,
        name: one.name,
    };
    all.into_iter().map(holder).collect()
}

/// The ticket as it was after a step of its history.
#[derive(Template)]
#[template(path = "past.html")]
struct PastPanel {
    ticket_id: Uuid,
    steps: usize,
    step: usize,
    at: String,
    summary: String,
    fields: Vec<(&'static str, String)>,
    messages: Vec<(String, String)>,
    entries: Vec<(usize, String, String)>,
}

#[handler]
pub(super) async fn show(
    request: &Request,
    within: Data<&Within>,
    Path(ticket_id): Path<Uuid>,
) -> Response {
    let visit = match Visit::begin(request, &within).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let outcome = ticket_page(&visit, ticket_id, step_of(request)).await;
    visit.end(outcome)
}

/// The slider's panel alone.
#[handler]
pub(super) async fn show_past(
    request: &Request,
    within: Data<&Within>,
    Path(ticket_id): Path<Uuid>,
) -> Response {
    let visit = match Visit::begin(request, &within).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let outcome = past_panel(&visit, ticket_id, step_of(request)).await;
    visit.end(outcome)
}

async fn past_panel(
    visit: &Visit<'_>,
    ticket_id: Uuid,
    step: Option<usize>,
) -> Result<Response, Problem> {
    let told = try_join(history(visit, ticket_id), messages(visit, ticket_id));
    let (entries, messages) = told.await?;
    let step = Step::of(&entries, step);
    let then = as_of(visit, ticket_id, &step).await?;
    Ok(answers::page(&PastPanel::new(&then, &step, &messages)))
}

/// The ticket as it was after a step: the API knows.
async fn as_of(visit: &Visit<'_>, ticket_id: Uuid, step: &Step<'_>) -> Result<Ticket, Problem> {
    let moment = step.last().map(Entry::moment);
    let pairs = moment.as_deref().map(|moment| ("as_of", moment));
    let path = format!("/tickets/{ticket_id}");
    visit.get(address(&path, pairs)).await
}

fn step_of(request: &Request) -> Option<usize> {
    Form::of_query(request).get("step")?.parse().ok()
}

async fn ticket_page(
    visit: &Visit<'_>,
    ticket_id: Uuid,
    step: Option<usize>,
) -> Result<Response, Problem> {
    let told = try_join3(
        visit.get::<Ticket>(format!("/tickets/{ticket_id}")),
        messages(visit, ticket_id),
        history(visit, ticket_id),
    );
    let ((ticket, messages, entries), name) = try_join(told, visit.name()).await?;
    let step = Step::of(&entries, step);
    let then = if step.is_last() {
        ticket.clone()
    } else {
        as_of(visit, ticket_id, &step).await?
    };
    let is_staff = visit.person.is_staff();
    let (clocks, agents, teams) = if is_staff {
        desk(visit, ticket_id).await?
    } else {
        Default::default()
    };
    let now = Utc::now();
    Ok(answers::page(&TicketPage {
        name,
        is_staff,
        section: "tickets",
        opened: words::at(&ticket.created_at),
        is_closed: ticket.status == "closed",
        is_solved: matches!(ticket.status.as_str(), "resolved" | "closed"),
        past: PastPanel::new(&then, &step, &messages),
        are_messages_left_out: messages.len() == 100 * PAGES_MAX,
        messages: messages.into_iter().map(Shown::new).collect(),
        clocks: clocks
            .into_iter()
            .map(|clock| ShownClock::new(clock, now))
            .collect(),
        agents: holders(agents, ticket.assignee.as_ref()),
        teams: holders(teams, ticket.team.as_ref()),
        status: words::plain(&ticket.status),
        channel: words::plain(&ticket.channel),
        keys: [(); 3].map(|()| Uuid::new_v4()),
        ticket,
    }))
}

/// What only staff see: the clocks, and whom the ticket may be given to.
async fn desk(
    visit: &Visit<'_>,
    ticket_id: Uuid,
) -> Result<(Vec<Clock>, Vec<Named>, Vec<Named>), Problem> {
    let sla = visit.get::<TicketSla>(format!("/tickets/{ticket_id}/sla"));
    let teams = visit.get::<Page<Named>>("/teams?limit=100");
    let (sla, agents, teams) = try_join3(sla, staff(visit), teams).await?;
    Ok((sla.clocks, agents, teams.items))
}

async fn staff(visit: &Visit<'_>) -> Result<Vec<Named>, Problem> {
    let of_role =
        |role| visit.get::<Page<Named>>(format!("/users?role={role}&active=true&limit=100"));
    let (agents, leads, admins) =
        try_join3(of_role("agent"), of_role("lead"), of_role("admin")).await?;
    let mut staff = [agents.items, leads.items, admins.items].concat();
    staff.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(staff)
}

/// The newest messages, in the order in which they were written.
async fn messages(visit: &Visit<'_>, ticket_id: Uuid) -> Result<Vec<Message>, Problem> {
    let path = format!("/tickets/{ticket_id}/messages");
    let mut newest_first = all(visit, &path, "desc").await?;
    newest_first.reverse();
    Ok(newest_first)
}

async fn history(visit: &Visit<'_>, ticket_id: Uuid) -> Result<Vec<Entry>, Problem> {
    all(visit, &format!("/tickets/{ticket_id}/history"), "asc").await
}

/// The first entries of a list in an order.
async fn all<T: serde::de::DeserializeOwned>(
    visit: &Visit<'_>,
    path: &str,
    order: &str,
) -> Result<Vec<T>, Problem> {
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let more = cursor.as_deref().map(|cursor| ("cursor", cursor));
        let pairs = [("limit", "100"), ("order", order)].into_iter().chain(more);
        let page = visit.get::<Page<T>>(address(path, pairs)).await?;
        items.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(items)
}

impl Shown {
    fn new(message: Message) -> Self {
        Self {
            at: words::at(&message.created_at),
            machine: words::machine(&message.created_at),
            message,
        }
    }
}

impl ShownClock {
    fn new(clock: Clock, now: chrono::DateTime<Utc>) -> Self {
        Self {
            name: words::plain(&clock.metric),
            used: words::duration(clock.used_seconds),
            target: clock.target_seconds.map(words::duration),
            due: clock.due_at.map(|due_at| words::from_now(&due_at, now)),
            clock,
        }
    }
}

/// A step of a history, counted from 1.
struct Step<'a> {
    entries: &'a [Entry],
    number: usize,
}

impl<'a> Step<'a> {
    /// The last one when none is named.
    fn of(entries: &'a [Entry], number: Option<usize>) -> Self {
        let steps = entries.len();
        let number = number.unwrap_or(steps).clamp(1, steps.max(1));
        Self { entries, number }
    }

    fn until(&self) -> &'a [Entry] {
        &self.entries[..self.number.min(self.entries.len())]
    }

    fn last(&self) -> Option<&'a Entry> {
        self.until().last()
    }

    fn is_last(&self) -> bool {
        self.number >= self.entries.len()
    }
}

impl PastPanel {
    /// The ticket as it was after a step.
    fn new(then: &Ticket, step: &Step<'_>, messages: &[Message]) -> Self {
        let (until, last) = (step.until(), step.last());
        let written = messages.iter().filter(|message| {
            until
                .iter()
                .any(|entry| entry.message_id == Some(message.id))
                || last.is_some_and(|last| message.created_at < last.occurred_at)
        });
        let line = |(index, entry): (usize, &Entry)| {
            (
                index + 1,
                words::at(&entry.occurred_at),
                entry.summary.clone(),
            )
        };
        Self {
            ticket_id: then.id,
            steps: step.entries.len(),
            step: step.number,
            at: last
                .map(|entry| words::at(&entry.occurred_at))
                .unwrap_or_default(),
            summary: last.map(|entry| entry.summary.clone()).unwrap_or_default(),
            fields: past::fields(then),
            messages: written
                .map(|message| (message.author.name.clone(), excerpt(message)))
                .collect(),
            entries: step.entries.iter().enumerate().map(line).collect(),
        }
    }
}

/// The beginning of a message.
fn excerpt(message: &Message) -> String {
    const CHARS_MAX: usize = 120;
    let body = message.body.as_deref().unwrap_or("(not there any more)");
    let mut text: String = body.chars().take(CHARS_MAX).collect();
    if text.len() < body.len() {
        text.push('…');
    }
    text
}
