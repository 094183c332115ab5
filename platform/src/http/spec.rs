//! The API's description (OpenAPI 3.0), completed where the framework leaves something out.

use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// The document of a service, as it is served and committed. Objects that are sent to us refuse unknown fields; the
/// framework enforces that but does not say it.
///
/// # Errors
/// When the framework's document is not JSON.
pub fn document(generated: &str) -> Result<Value, serde_json::Error> {
    let mut spec: Value = serde_json::from_str(generated)?;
    for name in request_schemas(&spec) {
        if let Some(schema) = spec["components"]["schemas"]
            .get_mut(&name)
            .and_then(Value::as_object_mut)
        {
            close(schema);
        }
    }
    Ok(spec)
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
    fn objects_of_requests_are_closed_and_those_of_answers_stay_open() {
        let spec = document(
            r##"{"paths": {"/a": {"post": {
                    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/In"}}}},
                    "responses": {"200": {"$ref": "#/components/schemas/Out"}}}}},
                "components": {"schemas": {
                    "In": {"type": "object", "properties": {"x": {"$ref": "#/components/schemas/Inner"}}},
                    "Inner": {"type": "object", "properties": {"y": {"$ref": "#/components/schemas/In"}}},
                    "Out": {"type": "object", "properties": {}}}}}"##,
        )
        .unwrap();
        let schemas = &spec["components"]["schemas"];
        assert_eq!(schemas["In"]["additionalProperties"], false);
        assert_eq!(schemas["Inner"]["additionalProperties"], false);
        assert!(schemas["Out"].get("additionalProperties").is_none());
    }
}
