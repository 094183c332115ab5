//! S25, broken function level authorization: every operation is called by every role and by nobody, over HTTP, and each
//! gets what the written expectation in `permissions.txt` says.

use std::collections::{BTreeMap, BTreeSet};

use hyper::Method;
use platform::http::serve::BASE_PATH;
use platform::permission::TABLE;
use serde_json::{Value, json};

use crate::contract::openapi::refusals::{least_body, unknown};
use crate::contract::openapi::spec::{Operation, Spec};
use crate::harness::{Answer, Person, Request, TestApp};

const EXPECTED: &str = include_str!("permissions.txt");
const ROLES: [&str; 5] = ["nobody", "customer", "agent", "lead", "admin"];
/// Headers by which some frameworks take another method than the request's.
const OVERRIDES: [&str; 3] = [
    "X-HTTP-Method-Override",
    "X-HTTP-Method",
    "X-Method-Override",
];

/// What every role expects of each operation.
fn expected() -> BTreeMap<&'static str, Vec<&'static str>> {
    let lines = EXPECTED
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let operation = words.next().unwrap();
            let verdicts: Vec<_> = words.collect();
            assert_eq!(verdicts.len(), ROLES.len(), "{line}");
            (operation, verdicts)
        })
        .collect()
}

/// Somebody of each role; nobody has no token.
fn people(app: &TestApp) -> [(&'static str, Option<Person>); ROLES.len()] {
    [
        ("nobody", None),
        ("customer", Some(app.customer().clone())),
        ("agent", Some(app.agent().clone())),
        ("lead", Some(app.lead().clone())),
        ("admin", Some(app.admin().clone())),
    ]
}

/// The operation on things that are not there; what concerns a person is asked about oneself, where a role may do that.
fn address(operation: &Operation<'_>, person: Option<&Person>) -> String {
    let mut parameters = unknown(operation);
    if let (Some(person), "get_user" | "update_user") = (person, operation.id()) {
        parameters = vec![("user_id", person.id.to_string())];
    }
    let parameters: Vec<(&str, &str)> = parameters
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    format!("{BASE_PATH}{}", operation.address(&parameters))
}

fn body(operation: &Operation<'_>, role: &str) -> Value {
    match (operation.id(), role) {
        ("open_ticket", "customer") => json!({"subject": "Printer"}),
        (id, _) => least_body(id),
    }
}

fn request(
    app: &TestApp,
    operation: &Operation<'_>,
    role: &str,
    person: Option<&Person>,
) -> Request {
    let method: Method = operation.method.to_uppercase().parse().unwrap();
    let mut request = app.client.request(method, &address(operation, person));
    if let Some(person) = person {
        request = request.token(person.token());
    }
    if operation.has_body() {
        request = request.json(&body(operation, role));
    }
    request
}

/// What an answer says about who asked. A public operation may refuse what was sent with 401; the gate says that a token is
/// needed.
fn verdict(answer: &Answer) -> &'static str {
    let wants_token = answer["type"] == "urn:insightdesk:problem:unauthorized";
    match answer.status.as_u16() {
        401 if wants_token => "401",
        403 => "403",
        429 => panic!("a rate limit stands before the gate: {answer:?}"),
        _ => "yes",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_every_role_gets_from_every_operation_what_is_written_down_and_no_more() {
    let app = TestApp::start().await;
    let (spec, expected) = (Spec::committed(), expected());
    let mut wrong = Vec::new();
    for (place, (role, person)) in people(&app).into_iter().enumerate() {
        for operation in spec.operations() {
            let wanted = expected[operation.id()][place];
            if wanted != "yes" {
                // What was let in before may have consequences that are on their way to the log.
                app.at_rest().await;
            }
            let events = app.log().await.len();
            let answer = request(&app, &operation, role, person.as_ref()).await;
            if verdict(&answer) != wanted {
                wrong.push(format!(
                    "{} {role}: {wanted}, but {answer:?}",
                    operation.id()
                ));
            }
            if wanted != "yes" && app.log().await.len() != events {
                wrong.push(format!("{} {role}: refused, and recorded", operation.id()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s25_a_header_that_names_another_method_changes_nothing() {
    let app = TestApp::start().await;
    let (spec, expected) = (Spec::committed(), expected());
    let mut wrong = Vec::new();
    for (place, (role, person)) in people(&app).into_iter().enumerate() {
        // What may be read may not be changed by a header, and what may not be changed may not be read by one.
        for operation in spec.operations() {
            let others = if operation.is_query() {
                ["POST", "PATCH"]
            } else {
                ["GET", "HEAD"]
            };
            let wanted = expected[operation.id()][place];
            for other in others {
                let mut request = request(&app, &operation, role, person.as_ref());
                for name in OVERRIDES {
                    request = request.header(name, other);
                }
                let answer = request.await;
                let is_another = answer.status.as_u16() == 405;
                if is_another || verdict(&answer) != wanted {
                    wrong.push(format!("{} {role} as {other}: {answer:?}", operation.id()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A refusal by role says the same of a thing that is there and of one that is not, whatever else the request holds.
#[tokio::test(flavor = "multi_thread")]
async fn s25_a_refused_role_learns_nothing_from_the_refusal() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    for path in ["assign", "status", "resolve", "close", "reopen"] {
        let there = format!("/tickets/{ticket}/{path}");
        let invented = format!("/tickets/{}/{path}", uuid::Uuid::now_v7());
        for body in [json!({}), json!({"no_such_field": 1}), json!([])] {
            for path in [&there, &invented, &"/tickets/7/assign".to_owned()] {
                let answer = app.stranger().post(path, body.clone()).await.expect(403);
                assert_eq!(answer["detail"], "the role customer may not do this");
            }
        }
    }
}

#[test]
fn the_table_and_the_expectation_have_every_operation_and_no_other() {
    let spec = Spec::committed();
    let described: BTreeSet<&str> = spec.operations().map(|operation| operation.id()).collect();
    let in_table: BTreeSet<&str> = TABLE.iter().map(|row| row.operation).collect();
    let written: BTreeSet<&str> = expected().into_keys().collect();
    assert_eq!(described, in_table, "platform/src/permission/table.rs");
    assert_eq!(described, written, "tests/it/security/permissions.txt");
}

#[test]
fn the_document_shows_the_tables() {
    let tables = [
        insightdesk::permissions::table().unwrap(),
        insightdesk::permissions::scopes(),
        insightdesk::permissions::permissions(),
    ];
    for table in tables {
        assert!(
            include_str!("../../../docs/SECURITY.md").contains(&table),
            "docs/SECURITY.md does not show the table as it is now; put there what `cargo run -- permissions` prints:\n{table}"
        );
    }
}
