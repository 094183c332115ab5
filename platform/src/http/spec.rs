//! The API's description (OpenAPI 3.0), completed where the framework leaves something out.

pub mod amendment;
mod examples;
mod links;
mod parameters;
mod responses;

use std::collections::BTreeSet;

use amendment::Amendment;
use serde_json::{Map, Value};

use crate::http::routes::RouteConflict;

/// Why there is no description.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The framework's document is not JSON.
    #[error("the framework's description is not JSON")]
    NotJson(#[from] serde_json::Error),
    /// The examples are not what they should be.
    #[error("the examples are not a JSON object of requests and answers by operation")]
    Examples(#[source] serde_json::Error),
    /// An amendment is out of date.
    #[error("there is no {0} in the description: correct the amendment")]
    NoSuchPlace(&'static str),
    /// Two paths cannot be told apart.
    #[error("the described paths cannot be served together")]
    Routes(#[from] RouteConflict),
}

/// The document of a service, as it is served and committed. Objects that are sent to us refuse unknown fields; the
/// framework enforces that but does not say it. `amendments` say what else it leaves out, `examples` are a JSON object by
/// operation of a `request` and an `answer`.
///
/// # Errors
/// When the framework's document or the examples are not JSON, or an amendment has no place in it.
pub fn document(
    generated: &str,
    amendments: &[Amendment],
    examples: &str,
) -> Result<Value, SpecError> {
    let mut spec: Value = serde_json::from_str(generated)?;
    for name in request_schemas(&spec) {
        if let Some(schema) = spec["components"]["schemas"]
            .get_mut(&name)
            .and_then(Value::as_object_mut)
        {
            close(schema);
            allow_null(schema);
        }
    }
    for amendment in amendments {
        if !amendment.apply(&mut spec) {
            return Err(SpecError::NoSuchPlace(amendment.pointer));
        }
    }
    simplify(&mut spec);
    for operation in objects(&mut spec["paths"]).flat_map(|path| path.values_mut()) {
        complete(operation);
    }
    links::add(&mut spec);
    examples::show(
        &mut spec,
        &serde_json::from_str(examples).map_err(SpecError::Examples)?,
    )
    .map_err(SpecError::Examples)?;
    Ok(spec)
}

fn objects(map: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let values = map.as_object_mut().into_iter().flat_map(Map::values_mut);
    values.filter_map(Value::as_object_mut)
}

/// Takes out of every schema what generators of clients stumble over.
fn simplify(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            untype_union(fields);
            unwrap_description(fields);
            fields.values_mut().for_each(simplify);
        }
        Value::Array(items) => items.iter_mut().for_each(simplify),
        _ => {}
    }
}

/// The framework calls every union an object, also one of texts and numbers, which then nothing can satisfy.
fn untype_union(schema: &mut Map<String, Value>) {
    if schema.contains_key("anyOf") || schema.contains_key("oneOf") {
        schema.remove("type");
    }
}

/// The framework says the description of a reference twice, once as a schema of its own.
fn unwrap_description(schema: &mut Map<String, Value>) {
    let says_more = |part: &Value| {
        let mut names = part.as_object().into_iter().flat_map(Map::keys);
        names.any(|name| name != "description")
    };
    if let Some(Value::Array(parts)) = schema.get_mut("allOf") {
        parts.retain(says_more);
    }
}

fn complete(operation: &mut Value) {
    let parameters = operation.get_mut("parameters");
    let parameters = parameters
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten();
    for parameter in parameters.filter_map(Value::as_object_mut) {
        parameters::complete(parameter);
    }
    responses::complete(operation);
    say_that_nothing_is_shown(operation);
}

/// Tools take an operation without a word about security for one where it was forgotten.
fn say_that_nothing_is_shown(operation: &mut Value) {
    if let Some(operation) = operation.as_object_mut() {
        let security = operation.entry("security");
        security.or_insert_with(|| Value::Array(Vec::new()));
    }
}

fn close(schema: &mut Map<String, Value>) {
    let is_object = schema.get("type").is_some_and(|ty| ty == "object");
    if is_object
        && schema.contains_key("properties")
        && !schema.contains_key("additionalProperties")
    {
        schema.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
}

/// An optional field that is null counts as left out, or says "nobody" where its description says so.
fn allow_null(schema: &mut Map<String, Value>) {
    let required: Vec<Value> = schema
        .get("required")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, property) in properties.into_iter().flatten() {
        if !required.iter().any(|needed| needed == name) {
            property["nullable"] = Value::Bool(true);
        }
    }
}

/// The names of all schemas that request bodies reach.
fn request_schemas(spec: &Value) -> BTreeSet<String> {
    let paths = spec["paths"].as_object().into_iter().flat_map(Map::values);
    let operations = paths.filter_map(Value::as_object).flat_map(Map::values);
    let mut open: Vec<String> = operations
        .flat_map(|operation| references(&operation["requestBody"]))
        .collect();
    let mut reached = BTreeSet::new();
    while let Some(name) = open.pop() {
        open.extend(
            references(&spec["components"]["schemas"][&name])
                .filter(|next| !reached.contains(next)),
        );
        reached.insert(name);
    }
    reached
}

/// The names of the schemas that a part of the document refers to.
fn references(value: &Value) -> Box<dyn Iterator<Item = String> + '_> {
    match value {
        Value::Object(fields) => {
            let own = fields
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| path.rsplit('/').next());
            Box::new(
                own.map(str::to_owned)
                    .into_iter()
                    .chain(fields.values().flat_map(references)),
            )
        }
        Value::Array(items) => Box::new(items.iter().flat_map(references)),
        _ => Box::new(std::iter::empty()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn references_and_unions_say_no_more_than_what_they_are() {
        let spec = document(
            r##"{"paths": {}, "components": {"schemas": {"Out": {"type": "object", "properties": {
                "x": {"allOf": [{"$ref": "#/components/schemas/In"}, {"description": "It"}], "description": "It"},
                "y": {"type": "object", "anyOf": [{"type": "string"}, {"type": "boolean"}]}}}}}}"##,
            &[],
            "{}",
        )
        .unwrap();
        let properties = &spec["components"]["schemas"]["Out"]["properties"];
        assert_eq!(properties["x"]["allOf"].as_array().unwrap().len(), 1);
        assert_eq!(properties["x"]["description"], "It");
        assert!(properties["y"].get("type").is_none());
    }

    #[test]
    fn an_operation_without_parameters_has_no_word_of_them_and_an_open_one_says_that_it_is_open() {
        let spec = document(
            r#"{"paths": {"/a": {
                "get": {"responses": {}},
                "put": {"responses": {}, "security": [{"Bearer": []}]}}}}"#,
            &[],
            "{}",
        )
        .unwrap();
        let [open, closed] = ["get", "put"].map(|method| &spec["paths"]["/a"][method]);
        assert!(open.get("parameters").is_none());
        assert_eq!(open["security"], serde_json::json!([]));
        assert_eq!(closed["security"], serde_json::json!([{"Bearer": []}]));
    }

    #[test]
    fn an_amendment_without_a_place_is_refused() {
        let keyword = amendment::Keyword::MaxLength(1);
        let pointer = "/Gone";
        let outcome = document("{}", &[Amendment { pointer, keyword }], "{}");
        assert!(matches!(outcome, Err(SpecError::NoSuchPlace("/Gone"))));
    }

    #[test]
    fn objects_of_requests_are_closed_with_optional_fields_and_those_of_answers_stay_as_they_are() {
        let spec = document(
            r##"{"paths": {"/a": {"post": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/In"}}}},
                    "responses": {"200": {"$ref": "#/components/schemas/Out"}}}}},
                "components": {"schemas": {
                    "In": {"type": "object", "properties": {"x": {"$ref": "#/components/schemas/Inner"}}},
                    "Inner": {"type": "object", "properties": {"y": {"$ref": "#/components/schemas/In"}}},
                    "Out": {"type": "object", "properties": {"z": {}}}}}}"##,
            &[],
            "{}",
        )
        .unwrap();
        let schemas = &spec["components"]["schemas"];
        assert_eq!(schemas["In"]["additionalProperties"], false);
        assert_eq!(schemas["Inner"]["additionalProperties"], false);
        assert_eq!(schemas["In"]["properties"]["x"]["nullable"], true);
        assert!(schemas["Out"].get("additionalProperties").is_none());
        assert!(schemas["Out"]["properties"]["z"].get("nullable").is_none());
    }
}
