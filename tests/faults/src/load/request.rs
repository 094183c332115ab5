//! How an intent is said over HTTP. The same intent always makes the same request, so that a repetition is one.

use hyper::Method;
use serde_json::{Value, json};

use crate::ledger::Intent;

/// Who sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    Customer,
    Agent,
}

/// Method, path and body of an intent.
pub(super) fn of(intent: &Intent) -> (Sender, Method, String, Option<Value>) {
    let ticket = |ticket: &uuid::Uuid, rest: &str| format!("/api/v1/tickets/{ticket}{rest}");
    match intent {
        Intent::Open => {
            let body = json!({"subject": "Printer on fire", "body": "It burns. Please help."});
            (
                Sender::Customer,
                Method::POST,
                "/api/v1/tickets".to_owned(),
                Some(body),
            )
        }
        Intent::Reply {
            ticket: id,
            by_customer,
        } => {
            let sender = if *by_customer {
                Sender::Customer
            } else {
                Sender::Agent
            };
            let body = json!({"body": "Is it still burning?"});
            (sender, Method::POST, ticket(id, "/messages"), Some(body))
        }
        Intent::Note { ticket: id } => {
            let body = json!({"body": "Third one this week.", "visibility": "internal"});
            (
                Sender::Agent,
                Method::POST,
                ticket(id, "/messages"),
                Some(body),
            )
        }
        Intent::Tag { ticket: id, tag } => {
            let path = ticket(id, &format!("/tags/{tag}"));
            (Sender::Agent, Method::PUT, path, None)
        }
        Intent::Untag { ticket: id, tag } => {
            let path = ticket(id, &format!("/tags/{tag}"));
            (Sender::Agent, Method::DELETE, path, None)
        }
        Intent::Assign { ticket: id, agent } => {
            let body = json!({"agent_id": agent});
            (
                Sender::Agent,
                Method::POST,
                ticket(id, "/assign"),
                Some(body),
            )
        }
        Intent::SetStatus { ticket: id, to } => {
            let body = json!({"status": to.as_str()});
            (
                Sender::Agent,
                Method::POST,
                ticket(id, "/status"),
                Some(body),
            )
        }
        Intent::SetPriority { ticket: id, to } => {
            let body = json!({"priority": to});
            (Sender::Agent, Method::PATCH, ticket(id, ""), Some(body))
        }
        Intent::Resolve { ticket: id } => {
            (Sender::Agent, Method::POST, ticket(id, "/resolve"), None)
        }
        Intent::Reopen { ticket: id } => (Sender::Agent, Method::POST, ticket(id, "/reopen"), None),
    }
}
