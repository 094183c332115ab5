//! A ticket: its thread, its clocks, and its past.

use askama::Template;
use domain::calendar::zone::Zone;
use futures::future::{try_join, try_join3};
use platform::http::problem::Problem;
use platform::http::within::Within;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use uuid::Uuid;

use super::answers;
use super::form::Form;
use super::lists::{Listed, follow};
use super::reply::ReplyForm;
use super::ticket_desk::{Desk, Holders, ShownClock};
use super::ticket_past::{Asked, PastPanel};
use super::visit::Visit;
use crate::shown::{Message, Ticket};
use crate::words;

/// Pages that are followed of a thread, of a hundred entries each.
const PAGES_MAX: usize = 5;

#[derive(Template)]
#[template(path = "ticket.html")]
pub(super) struct TicketPage {
    name: String,
    is_staff: bool,
    section: &'static str,
    ticket: Ticket,
    opened: String,
    /// Whose times these are.
    zone: &'static str,
    is_closed: bool,
    is_solved: bool,
    are_messages_left_out: bool,
    messages: Vec<Shown>,
    clocks: Option<Vec<ShownClock>>,
    status: String,
    channel: String,
    holders: Option<Holders>,
    /// One for each form: each is carried out once.
    keys: [Uuid; 2],
    reply: ReplyForm,
    /// Why another form than that of the reply was refused.
    refusal: Option<String>,
    past: PastPanel,
}

struct Shown {
    message: Message,
    at: String,
    machine: String,
}

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
    let asked = Asked::of(request);
    let outcome = TicketPage::load(&visit, ticket_id, &asked).await;
    visit.end(outcome.map(|page| answers::page(&page)))
}

impl TicketPage {
    /// The ticket as it is now.
    pub(super) async fn load(
        visit: &Visit<'_>,
        ticket_id: Uuid,
        asked: &Asked,
    ) -> Result<Self, Problem> {
        let told = try_join3(
            visit.get::<Ticket>(format!("/tickets/{ticket_id}")),
            messages(visit, ticket_id),
            asked.history(visit, ticket_id),
        );
        let ((ticket, messages, history), name, zone) =
            try_join3(told, visit.name(), visit.zone()).await?;
        let past = PastPanel::of(visit, &ticket, &history, asked, &messages.items);
        let (past, desk) = try_join(past, Desk::of(visit, &ticket)).await?;
        let shown = |message| Shown::new(message, zone);
        let is_staff = visit.person.is_staff();
        let is_closed = ticket.status == "closed";
        Ok(Self {
            name,
            is_staff,
            section: "tickets",
            opened: words::at(&ticket.created_at, zone),
            zone: zone.as_str(),
            is_closed,
            is_solved: is_closed || ticket.status == "resolved",
            past,
            are_messages_left_out: messages.next.is_some(),
            messages: messages.items.into_iter().map(shown).collect(),
            clocks: desk.clocks,
            holders: desk.holders,
            status: words::plain(&ticket.status),
            channel: words::plain(&ticket.channel),
            keys: [(); 2].map(|()| Uuid::new_v4()),
            reply: ReplyForm::empty(ticket_id, is_staff, is_closed),
            refusal: None,
            ticket,
        })
    }

    /// With what was written in the reply, and why it was not taken.
    pub(super) fn with_unsent(mut self, form: &Form, problem: &Problem) -> Self {
        self.reply = self.reply.refused(form, problem);
        self
    }

    /// With why another form was refused.
    pub(super) fn with_refusal(self, refusal: String) -> Self {
        Self {
            refusal: Some(refusal),
            ..self
        }
    }
}

/// The newest messages, in the order in which they were written.
pub(super) async fn messages(
    visit: &Visit<'_>,
    ticket_id: Uuid,
) -> Result<Listed<Message>, Problem> {
    let path = format!("/tickets/{ticket_id}/messages");
    let mut messages: Listed<Message> =
        follow(visit, &path, &[("order", "desc")], PAGES_MAX).await?;
    messages.items.reverse();
    Ok(messages)
}

impl Shown {
    fn new(message: Message, zone: Zone) -> Self {
        Self {
            at: words::at(&message.created_at, zone),
            machine: words::machine(&message.created_at),
            message,
        }
    }
}
