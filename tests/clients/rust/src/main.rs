//! The life of a ticket through the Rust client that progenitor generates.
//!
//! Needs `$API`, `$AGENT_EMAIL`, `$CUSTOMER_EMAIL`, `$PASSWORD` and `$AGENT_ID`.

#[allow(clippy::all, unused, missing_docs)]
mod client {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}
#[cfg(test)]
mod spec;

use std::env;

use anyhow::{Context, Result, bail, ensure};
use client::types::{self, Priority, Problem, SignInStatus, SlaClockMetric, TicketStatus};
use client::{Client, ClientInfo, Error};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderMap};
use uuid::Uuid;

const SUBJECT: &str = "The Rust client prints nothing";

fn variable(name: &str) -> Result<String> {
    env::var(name).with_context(|| format!("${name} is needed"))
}

async fn signed_in(email: &str) -> Result<Client> {
    let (api, password) = (variable("API")?, variable("PASSWORD")?);
    let nobody = Client::new(&api);
    let request = nobody
        .sign_in()
        .body_map(|body| body.email(email).password(password));
    let result = request.send().await?.into_inner();
    ensure!(result.status == SignInStatus::SignedIn, "{result:?}");
    let tokens = result.tokens.context("who is signed in has tokens")?;
    let mut headers = HeaderMap::new();
    headers.insert(
        AUTHORIZATION,
        format!("Bearer {}", tokens.access_token).parse()?,
    );
    let http = reqwest::Client::builder()
        .default_headers(headers)
        .build()?;
    Ok(Client::new_with_client(nobody.baseurl(), http))
}

async fn opened(customer: &Client) -> Result<Uuid> {
    let key = Uuid::new_v4().to_string();
    let words: types::OpenTicketBodyBody = "Not a line.".parse()?;
    let open = || {
        let request = customer.open_ticket().idempotency_key(key.as_str());
        request.body_map(|body| {
            body.subject(SUBJECT)
                .body(words.clone())
                .priority(Priority::Urgent)
        })
    };
    let ticket = open().send().await?;
    let again = open().send().await?;
    ensure!(again.id == ticket.id && again.headers()["idempotency-replayed"] == "true");
    Ok(ticket.id)
}

async fn worked_on(agent: &Client, ticket_id: Uuid) -> Result<String> {
    let reply = agent
        .post_message()
        .ticket_id(ticket_id)
        .body_map(|body| body.body("Is it plugged in?"));
    let posted = reply.send().await?;
    ensure!(posted.ticket_status == TicketStatus::Open, "{posted:?}");
    let agent_id: Uuid = variable("AGENT_ID")?.parse()?;
    let assign = agent
        .assign_ticket()
        .ticket_id(ticket_id)
        .body_map(|body| body.agent_id(agent_id));
    ensure!(assign.send().await?.agent_id == Some(agent_id));
    let resolved = agent
        .resolve_ticket()
        .ticket_id(ticket_id)
        .prefer("wait=10")
        .send()
        .await?;
    let view = resolved
        .ticket
        .as_ref()
        .context("the view was waited for")?;
    ensure!(view.status == TicketStatus::Resolved, "{view:?}");
    Ok(resolved.headers()["consistency-token"].to_str()?.to_owned())
}

async fn looked_at(agent: &Client, ticket_id: Uuid, token: &str) -> Result<()> {
    let list = agent
        .list_tickets()
        .status(vec![TicketStatus::Resolved])
        .priority(vec![Priority::Urgent]);
    let page = list
        .limit(5)
        .include_total(true)
        .consistency_token(token)
        .send()
        .await?;
    ensure!(
        page.items.iter().any(|ticket| ticket.id == ticket_id),
        "{page:?}"
    );
    let messages = agent
        .list_messages()
        .ticket_id(ticket_id)
        .send()
        .await?
        .into_inner();
    let bodies: Vec<_> = messages
        .items
        .into_iter()
        .filter_map(|message| message.body)
        .collect();
    ensure!(bodies == ["Not a line.", "Is it plugged in?"], "{bodies:?}");
    let history = agent.list_history().ticket_id(ticket_id).send().await?;
    ensure!(history.items[0].type_ == "ticket.opened", "{history:?}");
    let sla = agent
        .explain_ticket_sla()
        .ticket_id(ticket_id)
        .send()
        .await?
        .into_inner();
    let mut clocks = sla.clocks.into_iter();
    let first_reply = clocks.find(|clock| clock.metric == SlaClockMetric::FirstReply);
    let state = first_reply.context("a first reply is promised")?.state;
    ensure!(state == types::ExplainedSlaClockState::Met, "{state:?}");
    Ok(())
}

/// The problem document of a refusal.
fn problem<T>(outcome: Result<T, Error<Problem>>, status: StatusCode) -> Result<Problem> {
    match outcome {
        Err(Error::ErrorResponse(response)) if response.status() == status => {
            Ok(response.into_inner())
        }
        Err(error) => Err(error).context("another error was expected"),
        Ok(_) => bail!("a refusal with {status} was expected"),
    }
}

async fn refused(customer: &Client, agent: &Client, ticket_id: Uuid) -> Result<()> {
    let agent_id: Uuid = variable("AGENT_ID")?.parse()?;
    let assign = customer
        .assign_ticket()
        .ticket_id(ticket_id)
        .body_map(|body| body.agent_id(agent_id));
    let forbidden = problem(assign.send().await, StatusCode::FORBIDDEN)?;
    ensure!(forbidden.request_id.is_some(), "{forbidden:?}");
    let unknown = agent
        .explain_ticket_sla()
        .ticket_id(Uuid::new_v4())
        .send()
        .await;
    let unknown = problem(unknown, StatusCode::NOT_FOUND)?;
    ensure!(
        unknown.type_ == "urn:insightdesk:problem:not_found",
        "{unknown:?}"
    );
    // What does not fit the description never leaves this client.
    let silent = agent
        .post_message()
        .ticket_id(ticket_id)
        .body_map(|body| body.body(""));
    ensure!(matches!(silent.send().await, Err(Error::InvalidRequest(_))));
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let customer = signed_in(&variable("CUSTOMER_EMAIL")?).await?;
    let agent = signed_in(&variable("AGENT_EMAIL")?).await?;
    let ticket_id = opened(&customer).await?;
    let token = worked_on(&agent, ticket_id).await?;
    looked_at(&agent, ticket_id, &token).await?;
    refused(&customer, &agent, ticket_id).await?;
    println!("Rust: the journey came to its end");
    Ok(())
}
