//! Requests whose answers are held against the description.

use std::collections::BTreeMap;
use std::sync::Mutex;

use hyper::Method;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::examples::Examples;
use super::spec::{Operation, Spec};
use crate::harness::{Answer, Person, Request};

/// Names an operation and its parameters: those of the path, and any of the query string.
pub type Target<'a> = (&'a str, &'a [(&'a str, &'a str)]);

/// The description, and what was answered so far.
pub struct Contract {
    pub spec: Spec,
    /// The schemas, as JSON Schema.
    components: Value,
    /// The statuses that each operation has answered with.
    answered: Mutex<BTreeMap<String, Vec<u16>>>,
    /// A request and an answer of each operation that succeeded.
    pub examples: Examples,
}

impl Contract {
    pub fn new() -> Self {
        let spec = Spec::committed();
        let components = json!({"schemas": json_schema(&spec.0["components"]["schemas"])});
        Self {
            spec,
            components,
            answered: Mutex::default(),
            examples: Examples::default(),
        }
    }

    /// A request of a person, to be completed.
    #[track_caller]
    pub fn request(&self, by: &Person, (id, parameters): Target<'_>) -> Request {
        let operation = self.spec.operation(id);
        by.request(method(&operation), &operation.address(parameters))
    }

    /// Sends it; the answer must be one that the description tells of.
    pub async fn answer(&self, id: &str, request: Request) -> Answer {
        let sent = request.sent();
        let answer = request.await;
        self.check(&self.spec.operation(id), &answer);
        self.examples.note(id, sent, &answer);
        let mut answered = self.answered.lock().unwrap();
        let statuses = answered.entry(id.to_owned()).or_default();
        statuses.push(answer.status.as_u16());
        answer
    }

    /// A request without a body.
    pub async fn get(&self, by: &Person, target: Target<'_>) -> Answer {
        self.answer(target.0, self.request(by, target)).await
    }

    /// A request with a body.
    pub async fn send(&self, by: &Person, target: Target<'_>, body: Value) -> Answer {
        let request = self.request(by, target).json(&body);
        self.answer(target.0, request).await
    }

    /// The operations that have not succeeded yet.
    pub fn never_succeeded(&self) -> Vec<String> {
        let answered = self.answered.lock().unwrap();
        let succeeded = |id: &str| {
            let statuses = answered.get(id).into_iter().flatten();
            statuses
                .into_iter()
                .any(|status| (200..300).contains(status))
        };
        let ids = self.spec.operations().map(|operation| operation.id());
        ids.filter(|id| !succeeded(id)).map(str::to_owned).collect()
    }

    fn check(&self, operation: &Operation<'_>, answer: &Answer) {
        let status = answer.status.as_u16();
        let shown = || format!("{} answered {status}: {}", operation.id(), answer.body);
        let response = operation.response(status);
        let response = response.unwrap_or_else(|| panic!("not described: {}", shown()));
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            if header["required"] == true {
                assert!(answer.header(name).is_some(), "no {name}: {}", shown());
            }
        }
        if matches!(status, 202 | 204) {
            return;
        }
        let content_type = answer.header("content-type").unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap();
        let schema = &response["content"][media_type]["schema"];
        assert!(schema.is_object(), "as {content_type}: {}", shown());
        let validator = self.validator(schema);
        let errors: Vec<String> = validator
            .iter_errors(&answer.body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{}\n{}", errors.join("\n"), shown());
    }

    pub fn validator(&self, schema: &Value) -> Validator {
        let document = json!({"components": self.components, "allOf": [json_schema(schema)]});
        jsonschema::options()
            .should_validate_formats(true)
            .build(&document)
            .unwrap()
    }
}

/// The method of an operation.
pub fn method(operation: &Operation<'_>) -> Method {
    operation.method.to_uppercase().parse().unwrap()
}

/// A schema of OpenAPI 3.0 as JSON Schema: `nullable` is spelled out, and objects have no fields but the described ones.
fn json_schema(schema: &Value) -> Value {
    match schema {
        Value::Object(fields) => object_schema(fields),
        Value::Array(items) => items.iter().map(json_schema).collect(),
        other => other.clone(),
    }
}

fn object_schema(fields: &Map<String, Value>) -> Value {
    let mut fields: Map<String, Value> = fields
        .iter()
        .map(|(name, value)| (name.clone(), json_schema(value)))
        .collect();
    let is_nullable = fields.get("nullable") == Some(&Value::Bool(true));
    let is_object = fields.get("type").is_some_and(|ty| ty == "object");
    if is_object && fields.contains_key("properties") {
        fields
            .entry("additionalProperties")
            .or_insert(Value::Bool(false));
    }
    if is_nullable {
        fields.remove("nullable");
        return json!({"anyOf": [fields, {"type": "null"}]});
    }
    Value::Object(fields)
}

#[test]
fn a_field_that_is_not_described_is_noticed() {
    let contract = Contract::new();
    let schema = json!({"$ref": "#/components/schemas/TeamReference"});
    let team = json!({"id": uuid::Uuid::nil(), "name": "Support", "secret": 1});
    let error = contract.validator(&schema).validate(&team).unwrap_err();
    assert!(error.to_string().contains("secret"), "{error}");
}

#[test]
fn a_value_of_another_type_form_or_none_at_all_is_noticed() {
    let contract = Contract::new();
    let schema = json!({"$ref": "#/components/schemas/TeamReference"});
    let validator = contract.validator(&schema);
    let id = uuid::Uuid::nil();
    assert!(validator.is_valid(&json!({"id": id, "name": "Support"})));
    for wrong in [
        json!({"id": id}),
        json!({"id": id, "name": null}),
        json!({"id": id, "name": 1}),
        json!({"id": "7", "name": "Support"}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
}
