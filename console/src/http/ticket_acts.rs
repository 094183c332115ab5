//! What is done with a ticket by its forms: one command of the API each.

use platform::http::problem::Problem;
use platform::http::serve::CONSOLE_PATH;
use platform::http::within::{Ask, Within};
use poem::http::{HeaderName, HeaderValue, Method, StatusCode};
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers;
use super::form::{Form, address};
use super::reply;
use super::ticket::TicketPage;
use super::ticket_past::Asked;
use super::visit::{Away, Visit};

/// How long to wait until the page shows what was done, in seconds.
const WAIT: &str = "wait=2";
const REPLY: &str = "reply";

/// A form that was sent.
struct Act {
    ticket_id: Uuid,
    name: String,
    form: Form,
}

#[handler]
pub(super) async fn send(
    request: &Request,
    within: Data<&Within>,
    Path((ticket_id, name)): Path<(Uuid, String)>,
) -> Response {
    let form = Form::of_body(request);
    let act = Act {
        ticket_id,
        name,
        form,
    };
    let visit = match Visit::begin(request, &within).await {
        Ok(visit) => visit,
        Err(away) => return act.turned_away(&away),
    };
    let Some(ask) = act.ask() else {
        return visit.end(Err(Problem::not_found("the form")));
    };
    let outcome = match act.carry_out(&visit, ask).await {
        Err(problem) if problem.status() != StatusCode::UNAUTHORIZED => {
            act.refused(&visit, problem).await
        }
        done => done,
    };
    visit.end(outcome)
}

impl Act {
    fn is_reply(&self) -> bool {
        self.name == REPLY
    }

    /// The command, if there is such a form.
    fn ask(&self) -> Option<Ask> {
        let (operation, body) = command(&self.name, &self.form)?;
        let path = format!("/tickets/{}/{operation}", self.ticket_id);
        let mut ask = Ask::new(Method::POST, path).header("prefer", WAIT);
        if let Some(body) = body {
            ask = ask.body(body);
        }
        // The form sent again does nothing twice.
        if let Some(key) = self.form.get("key") {
            ask = ask.header("idempotency-key", key);
        }
        // What the form shows is what is changed. A reply stands beside whatever others do meanwhile.
        if let Some(version) = self.form.get("version").filter(|_| !self.is_reply()) {
            ask = ask.header("if-match", &format!("\"{version}\""));
        }
        Some(ask)
    }

    async fn carry_out(&self, visit: &Visit<'_>, ask: Ask) -> Result<Response, Problem> {
        let done = visit.send(ask).await?;
        // A reply to a closed ticket makes another one.
        let shown = done.body["ticket_id"]
            .as_str()
            .and_then(|id| id.parse().ok())
            .unwrap_or(self.ticket_id);
        let seen = done.token.as_deref().map(|token| ("seen", token));
        let path = format!("/tickets/{shown}");
        Ok(answers::elsewhere(&address(&path, seen)))
    }

    /// The ticket as it is now, with why the form was refused, and what was written in it.
    async fn refused(&self, visit: &Visit<'_>, problem: Problem) -> Result<Response, Problem> {
        let page = TicketPage::load(visit, self.ticket_id, &Asked::default()).await;
        let response = match page {
            Ok(page) if self.is_reply() => {
                answers::refusing(&problem, &page.with_unsent(&self.form, &problem))
            }
            Ok(page) => answers::refusing(&problem, &page.with_refusal(reason(&problem))),
            Err(_) if self.is_reply() => self.unsent(visit.person.is_staff(), &problem),
            Err(_) => return Err(problem),
        };
        Ok(self.in_place(response))
    }

    /// The answer to who cannot be known at this moment, which is no reason to lose what they wrote.
    fn turned_away(&self, away: &Away) -> Response {
        match away {
            Away::Unknown(problem) if self.is_reply() => {
                // Only staff are asked whether it is a note.
                let is_staff = self.form.get("internal").is_some();
                self.in_place(self.unsent(is_staff, problem))
            }
            away => away.answer(),
        }
    }

    fn unsent(&self, is_staff: bool, problem: &Problem) -> Response {
        reply::unsent(self.ticket_id, is_staff, &self.form, problem)
    }

    /// Has htmx show the address of the ticket, which the form's own is not, and lead to what was written.
    fn in_place(&self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        let address = format!("{CONSOLE_PATH}/tickets/{}", self.ticket_id);
        if let Ok(address) = HeaderValue::from_str(&address) {
            headers.insert(HeaderName::from_static("hx-replace-url"), address);
        }
        if self.is_reply() {
            let swap = HeaderValue::from_static("innerHTML show:none");
            headers.insert(HeaderName::from_static("hx-reswap"), swap);
        }
        response
    }
}

/// Why a form was refused.
fn reason(problem: &Problem) -> String {
    match problem.status() {
        StatusCode::PRECONDITION_FAILED => {
            "somebody changed the ticket meanwhile, so nothing was done: this is how it is now"
                .to_owned()
        }
        _ => problem.to_string(),
    }
}

/// The operation below the ticket, with its body.
fn command(act: &str, form: &Form) -> Option<(&'static str, Option<Value>)> {
    let text = |name| form.get(name).unwrap_or_default();
    Some(match act {
        REPLY => {
            let visibility = if form.get("internal").is_some() {
                "internal"
            } else {
                "public"
            };
            (
                "messages",
                Some(json!({ "body": text("body"), "visibility": visibility })),
            )
        }
        "assign" => {
            let holder = |name| form.get(name).map_or(Value::Null, Value::from);
            (
                "assign",
                Some(json!({ "agent_id": holder("agent"), "team_id": holder("team") })),
            )
        }
        "status" => ("status", Some(json!({ "status": text("status") }))),
        "resolve" => ("resolve", None),
        "close" => ("close", None),
        "reopen" => ("reopen", Some(json!({}))),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures::executor::block_on;
    use platform::http::body::RawBody;

    use super::*;

    fn act(name: &str, fields: &'static str) -> Act {
        let sent = RawBody(fields.into());
        Act {
            ticket_id: Uuid::nil(),
            name: name.to_owned(),
            form: Form::of_body(&Request::builder().extension(sent).finish()),
        }
    }

    #[test]
    fn a_reply_by_whom_nobody_can_tell_at_this_moment_is_kept() {
        let away = Away::Unknown(Problem::unavailable("the database is away", 1));
        let act = act("reply", "key=k1&internal=yes&body=A+long+text");
        let response = act.turned_away(&away);
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        let page = block_on(response.into_body().into_string()).unwrap();
        assert!(page.contains("\nA long text</textarea>"), "{page}");
        assert!(page.contains("Not sent: the database is away"), "{page}");
        assert!(
            page.contains("value=\"k1\"") && page.contains("checked"),
            "{page}"
        );
    }
}
