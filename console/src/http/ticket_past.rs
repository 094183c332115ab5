//! The past of a ticket, step by step.

use askama::Template;
use futures::future::try_join;
use platform::http::problem::Problem;
use platform::http::within::Within;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use uuid::Uuid;

use super::answers;
use super::form::{Form, address};
use super::lists::{Listed, follow};
use super::ticket::{self, PAGES_MAX};
use super::visit::Visit;
use crate::past;
use crate::shown::{Entry, Message, Ticket};
use crate::words;

/// The ticket as it was after a step of its history.
#[derive(Template)]
#[template(path = "past.html")]
pub(super) struct PastPanel {
    ticket_id: Uuid,
    steps: usize,
    step: usize,
    are_steps_left_out: bool,
    at: String,
    summary: String,
    fields: Vec<(&'static str, String)>,
    messages: Vec<(String, String)>,
    entries: Vec<(usize, String, String)>,
}

/// The slider's panel alone.
#[handler]
pub(super) async fn show(
    request: &Request,
    within: Data<&Within>,
    Path(ticket_id): Path<Uuid>,
) -> Response {
    let visit = match Visit::begin(request, &within).await {
        Ok(visit) => visit,
        Err(away) => return away.answer(),
    };
    let outcome = panel(&visit, ticket_id, step_of(request)).await;
    visit.end(outcome.map(|panel| answers::page(&panel)))
}

async fn panel(
    visit: &Visit<'_>,
    ticket_id: Uuid,
    step: Option<usize>,
) -> Result<PastPanel, Problem> {
    let told = try_join(
        history(visit, ticket_id),
        ticket::messages(visit, ticket_id),
    );
    let (history, messages) = told.await?;
    let step = Step::of(&history, step);
    let then = as_of(visit, ticket_id, &step).await?;
    Ok(PastPanel::new(&then, &step, &messages.items))
}

/// The step that a request names.
pub(super) fn step_of(request: &Request) -> Option<usize> {
    Form::of_query(request).get("step")?.parse().ok()
}

/// The oldest facts of a ticket.
pub(super) async fn history(visit: &Visit<'_>, ticket_id: Uuid) -> Result<Listed<Entry>, Problem> {
    let path = format!("/tickets/{ticket_id}/history");
    follow(visit, &path, &[("order", "asc")], PAGES_MAX).await
}

/// The ticket as it was after a step: the API knows.
async fn as_of(visit: &Visit<'_>, ticket_id: Uuid, step: &Step<'_>) -> Result<Ticket, Problem> {
    let moment = step.last().map(Entry::moment);
    let pairs = moment.as_deref().map(|moment| ("as_of", moment));
    let path = format!("/tickets/{ticket_id}");
    visit.get(address(&path, pairs)).await
}

/// A step of a history, counted from 1.
struct Step<'a> {
    entries: &'a [Entry],
    /// Whether the history goes on behind the entries.
    are_more: bool,
    number: usize,
}

impl<'a> Step<'a> {
    /// The last one that is known when none is named.
    fn of(history: &'a Listed<Entry>, number: Option<usize>) -> Self {
        let steps = history.items.len();
        Self {
            entries: &history.items,
            are_more: history.are_more,
            number: number.unwrap_or(steps).clamp(1, steps.max(1)),
        }
    }

    fn until(&self) -> &'a [Entry] {
        &self.entries[..self.number.min(self.entries.len())]
    }

    fn last(&self) -> Option<&'a Entry> {
        self.until().last()
    }

    /// Whether the ticket is now as it was then.
    fn is_now(&self) -> bool {
        !self.are_more && self.number >= self.entries.len()
    }
}

impl PastPanel {
    /// For a ticket that is known as it is now.
    pub(super) async fn of(
        visit: &Visit<'_>,
        now: &Ticket,
        history: &Listed<Entry>,
        step: Option<usize>,
        messages: &[Message],
    ) -> Result<Self, Problem> {
        let step = Step::of(history, step);
        if step.is_now() {
            return Ok(Self::new(now, &step, messages));
        }
        let then = as_of(visit, now.id, &step).await?;
        Ok(Self::new(&then, &step, messages))
    }

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
            are_steps_left_out: step.are_more,
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
