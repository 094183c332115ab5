//! The past of a ticket, step by step. A long history is shown in parts, each of which a slider moves through.

use askama::Template;
use domain::calendar::zone::Zone;
use futures::future::try_join3;
use platform::http::problem::Problem;
use platform::http::within::Within;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use uuid::Uuid;

use super::answers;
use super::form::{Form, address};
use super::lists::{Listed, PAGE_ITEMS, follow_from};
use super::ticket;
use super::visit::Visit;
use crate::past;
use crate::shown::{Entry, Message, Ticket};
use crate::words;

/// Pages of the history that a part has.
const PART_PAGES: usize = 5;
const PART_STEPS: usize = PART_PAGES * PAGE_ITEMS;

/// The step that a request names, and where in the history it is.
#[derive(Default)]
pub(super) struct Asked {
    step: Option<usize>,
    /// Where each of the parts before ended, as the API says it: a later part begins where the last of them did.
    after: Vec<String>,
}

impl Asked {
    pub(super) fn of(request: &Request) -> Self {
        let form = Form::of_query(request);
        Self {
            step: form.get("step").and_then(|step| step.parse().ok()),
            after: form.all("after").map(str::to_owned).collect(),
        }
    }

    /// Steps before the part.
    fn before(&self) -> usize {
        self.after.len() * PART_STEPS
    }

    /// The part, the oldest fact first.
    pub(super) async fn history(
        &self,
        visit: &Visit<'_>,
        ticket_id: Uuid,
    ) -> Result<Listed<Entry>, Problem> {
        let path = format!("/tickets/{ticket_id}/history");
        let cursor = self.after.last().map(String::as_str);
        follow_from(visit, &path, &[("order", "asc")], cursor, PART_PAGES).await
    }
}

/// The ticket as it was after a step of its history.
#[derive(Template)]
#[template(path = "past.html")]
pub(super) struct PastPanel {
    ticket_id: Uuid,
    /// The first and the last step of the part.
    first: usize,
    last: usize,
    step: usize,
    after: Vec<String>,
    /// Where the slider asks for a step, and where the parts beside this one are.
    at_step: String,
    earlier: Option<String>,
    later: Option<String>,
    /// Whether it came in place of another part, with which somebody was busy.
    is_focused: bool,
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
    let outcome = panel(&visit, ticket_id, &Asked::of(request)).await;
    visit.end(outcome.map(|panel| answers::page(&panel)))
}

async fn panel(visit: &Visit<'_>, ticket_id: Uuid, asked: &Asked) -> Result<PastPanel, Problem> {
    let told = try_join3(
        asked.history(visit, ticket_id),
        ticket::messages(visit, ticket_id),
        visit.zone(),
    );
    let (history, messages, zone) = told.await?;
    let step = Step::of(&history, asked);
    let then = as_of(visit, ticket_id, &step).await?;
    let panel = PastPanel::new(&then, &step, &messages.items, zone);
    Ok(PastPanel {
        is_focused: true,
        ..panel
    })
}

/// The ticket as it was after a step: the API knows.
async fn as_of(visit: &Visit<'_>, ticket_id: Uuid, step: &Step<'_>) -> Result<Ticket, Problem> {
    let moment = step.entry().map(Entry::moment);
    let pairs = moment.as_deref().map(|moment| ("as_of", moment));
    let path = format!("/tickets/{ticket_id}");
    visit.get(address(&path, pairs)).await
}

/// A step of a part of a history.
struct Step<'a> {
    asked: &'a Asked,
    entries: &'a [Entry],
    /// Where the history goes on behind the part.
    next: Option<&'a str>,
    /// Its place in the part, from 1.
    place: usize,
}

impl<'a> Step<'a> {
    /// The last one of the part when none of it is named.
    fn of(part: &'a Listed<Entry>, asked: &'a Asked) -> Self {
        let steps = part.items.len();
        let place = asked.step.map(|step| step.saturating_sub(asked.before()));
        Self {
            asked,
            entries: &part.items,
            next: part.next.as_deref(),
            place: place.unwrap_or(steps).clamp(1, steps.max(1)),
        }
    }

    fn until(&self) -> &'a [Entry] {
        &self.entries[..self.place.min(self.entries.len())]
    }

    fn entry(&self) -> Option<&'a Entry> {
        self.until().last()
    }

    /// Whether the ticket is now as it was then.
    fn is_now(&self) -> bool {
        self.next.is_none() && self.place >= self.entries.len()
    }

    /// The step before the part, where the part before ends.
    fn earlier(&self) -> Option<String> {
        let (_, after) = self.asked.after.split_last()?;
        Some(query(Some(self.asked.before()), after))
    }

    /// The step behind the part, where the next one begins.
    fn later(&self) -> Option<String> {
        let after = [&self.asked.after, [self.next?.to_owned()].as_slice()].concat();
        Some(query(
            Some(self.asked.before() + self.entries.len() + 1),
            &after,
        ))
    }
}

/// What an address says of a step, or of the part alone.
fn query(step: Option<usize>, after: &[String]) -> String {
    let step = step.map(|step| step.to_string());
    let step = step.as_deref().map(|step| ("step", step));
    let after = after.iter().map(|cursor| ("after", cursor.as_str()));
    address("", step.into_iter().chain(after))
}

impl PastPanel {
    /// For a ticket that is known as it is now.
    pub(super) async fn of(
        visit: &Visit<'_>,
        now: &Ticket,
        history: &Listed<Entry>,
        asked: &Asked,
        messages: &[Message],
    ) -> Result<Self, Problem> {
        let step = Step::of(history, asked);
        let zone = visit.zone().await?;
        if step.is_now() {
            return Ok(Self::new(now, &step, messages, zone));
        }
        let then = as_of(visit, now.id, &step).await?;
        Ok(Self::new(&then, &step, messages, zone))
    }

    /// The ticket as it was after a step.
    fn new(then: &Ticket, step: &Step<'_>, messages: &[Message], zone: Zone) -> Self {
        let (until, entry) = (step.until(), step.entry());
        let written = messages.iter().filter(|message| {
            until
                .iter()
                .any(|entry| entry.message_id == Some(message.id))
                || entry.is_some_and(|entry| message.created_at < entry.occurred_at)
        });
        let before = step.asked.before();
        let line = |(index, entry): (usize, &Entry)| {
            let at = words::at(&entry.occurred_at, zone);
            (before + index + 1, at, entry.summary.clone())
        };
        Self {
            ticket_id: then.id,
            first: before + 1,
            last: before + step.entries.len(),
            step: before + step.place,
            after: step.asked.after.clone(),
            at_step: query(None, &step.asked.after),
            earlier: step.earlier(),
            later: step.later(),
            is_focused: false,
            at: entry
                .map(|entry| words::at(&entry.occurred_at, zone))
                .unwrap_or_default(),
            summary: entry.map(|entry| entry.summary.clone()).unwrap_or_default(),
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
