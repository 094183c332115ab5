//! What an imported log would have attained under a policy, by the product and from the file alone.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use oracle::imported::{PolicyFile, tickets, under};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use uuid::Uuid;

/// Over Easter, with a pause, another priority and a reopening.
const LOG: &str = "\
number,incident_state,sys_mod_count,opened_at,sys_updated_at,priority
1,New,0,24/3/2016 15:00,24/3/2016 15:10,3 - Moderate
1,Awaiting User Info,1,24/3/2016 15:00,24/3/2016 16:00,3 - Moderate
1,Active,2,24/3/2016 15:00,29/3/2016 07:30,1 - Critical
1,Resolved,3,24/3/2016 15:00,29/3/2016 08:30,1 - Critical
1,Active,4,24/3/2016 15:00,29/3/2016 10:00,1 - Critical
1,Closed,5,24/3/2016 15:00,30/3/2016 10:00,1 - Critical
";

fn event(name: &str, at: &str, data: &Value) -> String {
    json!({
        "stream_type": "ticket",
        "stream_id": Uuid::from_u128(1),
        "type": name,
        "schema_version": 1,
        "data": data.to_string(),
        "occurred_at": at,
    })
    .to_string()
}

/// What the import makes of the log, and `export` of that; the last move is left to the caller.
fn events(closed_at: &str) -> Vec<String> {
    let cause = json!({"kind": "import"});
    let moved = |from: &str, to: &str| json!({"from": from, "to": to, "cause": cause});
    let opened = json!({
        "subject": {"sealed": "AQ", "subject": Uuid::from_u128(2)},
        "requester_id": Uuid::from_u128(2),
        "priority": "normal",
        "channel": "phone",
        "external": {"source": "servicenow-log", "id": "1"},
    });
    let urgent = json!({"from": "normal", "to": "urgent"});
    let done = |from: &str| json!({"from": from, "cause": cause});
    vec![
        event("ticket.opened", "2016-03-24T15:00:00Z", &opened),
        event(
            "ticket.status_changed",
            "2016-03-24T16:00:00Z",
            &moved("new", "pending"),
        ),
        event("ticket.priority_changed", "2016-03-29T07:30:00Z", &urgent),
        event(
            "ticket.status_changed",
            "2016-03-29T07:30:00Z",
            &moved("pending", "open"),
        ),
        event("ticket.resolved", "2016-03-29T08:30:00Z", &done("open")),
        event(
            "ticket.reopened",
            "2016-03-29T10:00:00Z",
            &moved("resolved", "open"),
        ),
        event("ticket.closed", closed_at, &done("open")),
    ]
}

fn policy_path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("log_policy.json")
}

/// The product's clocks of the events, judged by the file.
fn judged(name: &str, events: Vec<String>) -> (Option<i32>, String) {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    let (log, product) = (folder.join("log.csv"), folder.join("clocks.ndjson"));
    fs::write(&log, LOG).unwrap();
    let policy = fs::read_to_string(policy_path()).unwrap();
    let policy: PolicyFile = serde_json::from_str(&policy).unwrap();
    let terms = Arc::new(policy.terms().unwrap());
    let tickets = tickets(events.into_iter().map(Ok)).unwrap();
    let lines: Vec<String> = tickets
        .iter()
        .map(|(id, events)| serde_json::to_string(&under(*id, events, &terms).unwrap()).unwrap())
        .collect();
    fs::write(&product, lines.join("\n")).unwrap();
    let output = Command::new("python3")
        .args(["-B", concat!(env!("CARGO_MANIFEST_DIR"), "/attainment.py")])
        .arg(&log)
        .arg("--product")
        .arg(&product)
        .output()
        .expect("python3 is there: ./dev test installs it");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), said)
}

#[test]
fn the_attainment_of_an_imported_log_is_the_same_by_the_product_and_from_the_file() {
    let (status, said) = judged("same", events("2016-03-30T10:00:00Z"));
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("the attainment is the same"), "{said}");
}

#[test]
fn a_figure_that_differs_is_told() {
    let (status, said) = judged("other", events("2016-03-30T10:00:01Z"));
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("incident 1: expected"), "{said}");
}
