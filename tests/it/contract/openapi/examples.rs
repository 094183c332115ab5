//! The examples of the description: recorded from the calls of the contract, and held against the schemas.
//!
//! `INSIGHTDESK_WRITE_EXAMPLES=yes cargo test --test it every_operation_answers_as_described` records them anew. Ids, times
//! and secrets are replaced, so that the same calls give the same file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::Contract;
use super::spec::Spec;
use crate::harness::Answer;

const FILE: &str = "schema/examples.json";
const ASKED_BY: &str = "INSIGHTDESK_WRITE_EXAMPLES";
/// The entries that an example shows of a list.
const ENTRIES_MAX: usize = 2;
const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const ACCESS_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl";

/// The first success of each operation.
#[derive(Default)]
pub struct Examples(Mutex<BTreeMap<String, Value>>);

impl Examples {
    pub fn note(&self, id: &str, sent: Option<Value>, answer: &Answer) {
        if !answer.status.is_success() {
            return;
        }
        let mut known = self.0.lock().unwrap();
        known.entry(id.to_owned()).or_insert_with(|| {
            let mut example = json!({});
            if let Some(sent) = sent {
                example["request"] = sent;
            }
            if answer.body.is_object() {
                example["answer"] = answer.body.clone();
            }
            plain(example)
        });
    }

    pub fn write_if_asked(&self) {
        if std::env::var_os(ASKED_BY).is_none() {
            return;
        }
        let known = self.0.lock().unwrap();
        let mut text = serde_json::to_string_pretty(&*known).unwrap();
        text.push('\n');
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE), text).unwrap();
    }
}

/// The example without what differs from one recording to the next.
fn plain(mut example: Value) -> Value {
    shorten(&mut example);
    settle("", &mut example);
    let mut found = Found::default();
    found.look(&example);
    let mut text = example.to_string();
    for (index, id) in found.ids.iter().enumerate() {
        let plain = Uuid::from_u128(0x0192_f0c1_2e00_7000_8000_0000_0000_0001 + index as u128);
        text = text.replace(&id.to_string(), &plain.to_string());
    }
    let first: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
    for (index, (_, time)) in found.times.iter().enumerate() {
        let plain = first + TimeDelta::minutes(index as i64);
        text = text.replace(time, &plain.format("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    for secret in &found.secrets {
        let plain = match secret.split_once('_') {
            // The signature of an access token may have such a sign as well.
            Some((kind, rest)) if !secret.contains('.') => {
                format!("{kind}_{}", "x".repeat(rest.len()))
            }
            _ => ACCESS_TOKEN.to_owned(),
        };
        text = text.replace(secret, &plain);
    }
    serde_json::from_str(&text).unwrap()
}

fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) => {
            if items.iter().all(Value::is_object) {
                items.truncate(ENTRIES_MAX);
            }
            items.iter_mut().for_each(shorten);
        }
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}

/// Puts a fixed text where another one stands each time, told by the name of the field.
fn settle(name: &str, value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| settle(name, item)),
        Value::Object(fields) => fields
            .iter_mut()
            .for_each(|(name, field)| settle(name, field)),
        Value::String(text) => {
            if let Some(fixed) = fixed(name, text) {
                *text = fixed;
            }
        }
        _ => {}
    }
}

fn fixed(name: &str, text: &str) -> Option<String> {
    let is_mailed_code = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let fixed = match name {
        "code" if is_mailed_code => "123456",
        "codes" => "7H2K-M4QT-9XPA-3WVD",
        "secret" => SECRET,
        "uri" => "otpauth://totp/InsightDesk:ada%40acme.example?issuer=InsightDesk",
        "qr_svg" => r#"<svg xmlns="http://www.w3.org/2000/svg"/>"#,
        "state" if text.len() > 20 => "a-state-that-comes-back-from-the-provider",
        "authorization_url" => "https://login.example/authorize?response_type=code",
        _ if text.starts_with("http://127.0.0.1:") => "https://login.example",
        _ => return None,
    };
    Some(fixed.to_owned())
}

/// What has to be replaced: ids in the order of their appearance, times in theirs, and secrets.
#[derive(Default)]
struct Found {
    ids: Vec<Uuid>,
    times: BTreeSet<(DateTime<Utc>, String)>,
    secrets: BTreeSet<String>,
}

impl Found {
    fn look(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.look(item)),
            Value::Object(fields) => fields.values().for_each(|field| self.look(field)),
            Value::String(text) => self.read(text),
            _ => {}
        }
    }

    fn read(&mut self, text: &str) {
        if let Ok(id) = text.parse::<Uuid>() {
            if !self.ids.contains(&id) {
                self.ids.push(id);
            }
        } else if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            self.times.insert((time.to_utc(), text.to_owned()));
        } else if is_secret(text) {
            self.secrets.insert(text.to_owned());
        }
    }
}

/// Tokens begin with their kind (`idi_`), access tokens as every JWT.
fn is_secret(text: &str) -> bool {
    let is_token = text.len() > 20
        && text.starts_with("id")
        && text.find('_').is_some_and(|at| at < 4)
        && !text.contains(' ');
    is_token || text.starts_with("eyJ")
}

/// The examples that an operation has to show, with the schemas that they have to fit.
fn shown(spec: &Spec) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    for operation in spec.operations() {
        let request = &operation.value["requestBody"]["content"]["application/json"];
        let responses = operation.value["responses"].as_object().unwrap();
        let success = responses.iter().find(|(status, _)| status.starts_with('2'));
        let answer = &success.unwrap().1["content"]["application/json"];
        for (place, content) in [("request", request), ("answer", answer)] {
            if content.is_object() {
                places.push((format!("{} {place}", operation.id()), content.clone()));
            }
        }
    }
    places
}

#[test]
fn every_example_fits_the_schema_beside_it() {
    let contract = Contract::new();
    let mut wrong = Vec::new();
    for (place, content) in shown(&contract.spec) {
        if content["example"].is_null() {
            continue;
        }
        let validator = contract.validator(&content["schema"]);
        let errors = validator.iter_errors(&content["example"]);
        wrong.extend(errors.map(|error| format!("{place}: {error}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_request_and_answer_of_the_last_release_has_an_example() {
    let released = released();
    let missing: Vec<String> = shown(&Spec::committed())
        .into_iter()
        .filter(|(place, content)| released.contains(place) && content["example"].is_null())
        .map(|(place, _)| place)
        .collect();
    assert!(
        missing.is_empty(),
        "no example of {}; record them: {ASKED_BY}=yes cargo test --test it every_operation_answers_as_described, then \
         cargo run -- openapi > schema/openapi.json",
        missing.join(", ")
    );
}

/// The requests and answers of JSON that the last release has.
fn released() -> BTreeSet<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/releases");
    let files = std::fs::read_dir(directory).unwrap();
    let newest = files
        .map(|file| file.unwrap().path())
        .max_by_key(|path| version(path));
    let text = std::fs::read_to_string(newest.unwrap()).unwrap();
    let spec = Spec(serde_json::from_str(&text).unwrap());
    shown(&spec).into_iter().map(|(place, _)| place).collect()
}

/// The numbers in the name of a release's file.
fn version(path: &Path) -> Vec<u32> {
    let name = path.file_stem().unwrap().to_str().unwrap();
    name.split('.')
        .map(|number| number.parse().unwrap())
        .collect()
}

#[test]
fn examples_are_the_same_however_often_they_are_recorded() {
    let record = |id: Uuid, at: &str| {
        plain(json!({
            "answer": {
                "id": id, "self": format!("/tickets/{id}"), "at": at, "items": [{}, {}, {}],
                "token": format!("idr_{}", id.simple()),
            },
        }))
    };
    let first = record(Uuid::now_v7(), "2026-11-22T04:07:58.068100Z");
    assert_eq!(first, record(Uuid::now_v7(), "2026-11-23T04:07:58Z"));
    assert_eq!(first["answer"]["at"], "2026-03-02T09:00:00Z");
    assert_eq!(first["answer"]["items"].as_array().unwrap().len(), 2);
}
