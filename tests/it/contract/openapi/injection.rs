//! S30: whatever stands in a parameter of a query is a value and never a part of a statement.

use hyper::StatusCode;
use serde_json::Value;

use super::refusals::unknown;
use super::spec::{Operation, Spec};
use crate::harness::{TestApp, encoded};

/// Stands in the subject of a ticket of another organization.
const ELSEWHERE: &str = "Zanzibar";
/// What breaks out of texts and statements where it can.
const TEXTS: [&str; 5] = [
    "' OR '1'='1",
    "'; SELECT pg_sleep(60) --",
    "\") OR true --",
    "$1::text \\",
    "9223372036854775808",
];
/// What is no text: a null, half of a pair of surrogates, and bytes that are no UTF-8.
const BYTES: [&str; 3] = ["%00", "%ED%A0%80", "%FF%FE"];

/// The address of an operation with this raw value of a parameter, the others being what it cannot do without.
fn address(operation: &Operation<'_>, parameter: &str, raw: &str) -> String {
    let others = unknown(operation);
    let others = others.iter().filter(|(name, _)| *name != parameter);
    let mut parameters: Vec<_> = others
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    parameters.push((parameter, raw));
    operation.address(&parameters)
}

#[tokio::test(flavor = "multi_thread")]
async fn s30_no_parameter_of_a_query_reaches_the_database_as_a_statement() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    app.globex.customer.opens(ELSEWHERE).await;
    let spec = Spec::committed();
    let texts = TEXTS.iter().map(|text| encoded(text));
    let raws: Vec<String> = texts.chain(BYTES.map(str::to_owned)).collect();
    let mut asked = 0;
    for operation in spec.operations().filter(|it| it.method == "get") {
        let of_query = |it: &&Value| it["in"] == "query";
        for parameter in operation.parameters().filter(of_query) {
            let name = parameter["name"].as_str().unwrap();
            for raw in &raws {
                let path = address(&operation, name, raw);
                let answer = app.admin().get(&path).await;
                assert!(
                    answer.status < StatusCode::INTERNAL_SERVER_ERROR,
                    "{path}: {}",
                    answer.body
                );
                assert!(
                    !answer.body.to_string().contains(ELSEWHERE),
                    "{path}: {}",
                    answer.body
                );
                asked += 1;
            }
        }
    }
    assert!(asked > 1_000, "only {asked} were asked");
}
