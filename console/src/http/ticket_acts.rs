//! What is done with a ticket by its forms: one command of the API each.

use platform::http::problem::Problem;
use platform::http::within::{Ask, Within};
use poem::http::Method;
use poem::web::{Data, Path};
use poem::{Request, Response, handler};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers;
use super::form::{Form, address};
use super::visit::Visit;

/// How long to wait until the page shows what was done, in seconds.
const WAIT: &str = "wait=2";

#[handler]
pub(super) async fn send(
    request: &Request,
    within: Data<&Within>,
    Path((ticket_id, act)): Path<(Uuid, String)>,
) -> Response {
    let visit = match Visit::begin(request, &within).await {
        Ok(visit) => visit,
        Err(answer) => return answer,
    };
    let outcome = carry_out(&visit, ticket_id, &act, &Form::of_body(request)).await;
    visit.end(outcome)
}

async fn carry_out(
    visit: &Visit<'_>,
    ticket_id: Uuid,
    act: &str,
    form: &Form,
) -> Result<Response, Problem> {
    let (operation, body) = command(act, form).ok_or_else(|| Problem::not_found("the form"))?;
    let mut ask =
        Ask::new(Method::POST, format!("/tickets/{ticket_id}/{operation}")).header("prefer", WAIT);
    if let Some(body) = body {
        ask = ask.body(body);
    }
    // The form sent again does nothing twice.
    if let Some(key) = form.get("key") {
        ask = ask.header("idempotency-key", key);
    }
    let done = visit.send(ask).await?;
    // A reply to a closed ticket makes another one.
    let shown = done.body["ticket_id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or(ticket_id);
    let seen = done.token.as_deref().map(|token| ("seen", token));
    Ok(answers::elsewhere(&address(
        &format!("/tickets/{shown}"),
        seen,
    )))
}

/// The operation below the ticket, with its body.
fn command(act: &str, form: &Form) -> Option<(&'static str, Option<Value>)> {
    let text = |name| form.get(name).unwrap_or_default();
    Some(match act {
        "reply" => {
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
