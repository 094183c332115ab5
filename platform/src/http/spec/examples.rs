//! Examples of requests and answers, shown by the description at the operation that they are of.

use serde_json::{Map, Value};

/// One request that an operation takes, and what it answered, as recorded.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Example {
    request: Option<Value>,
    answer: Option<Value>,
}

/// Shows an example of each operation that there is one of.
pub(super) fn show(
    spec: &mut Value,
    examples: &Map<String, Value>,
) -> Result<(), serde_json::Error> {
    let paths = spec["paths"].as_object_mut().into_iter();
    let operations = paths
        .flat_map(Map::values_mut)
        .filter_map(Value::as_object_mut)
        .flat_map(Map::values_mut);
    for operation in operations {
        let id = operation["operationId"].as_str().unwrap_or_default();
        let Some(example) = examples.get(id) else {
            continue;
        };
        let example: Example = serde_json::from_value(example.clone())?;
        if let Some(request) = example.request {
            put(operation.pointer_mut("/requestBody/content"), request);
        }
        let responses = operation["responses"].as_object_mut();
        let mut successes = responses
            .into_iter()
            .flatten()
            .filter(|(status, _)| status.starts_with('2'));
        if let (Some(answer), Some((_, response))) = (example.answer, successes.next()) {
            put(response.get_mut("content"), answer);
        }
    }
    Ok(())
}

fn put(content: Option<&mut Value>, example: Value) {
    let json = content.and_then(|content| content.get_mut("application/json"));
    if let Some(media_type) = json.and_then(Value::as_object_mut) {
        media_type.insert("example".to_owned(), example);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn an_example_stands_at_its_operation_where_there_is_json() {
        let content = json!({"application/json": {"schema": {}}});
        let mut spec = json!({"paths": {"/a": {
            "post": {
                "operationId": "make_a",
                "requestBody": {"content": content},
                "responses": {"201": {"content": content}, "400": {"content": content}},
            },
            "delete": {"operationId": "drop_a", "responses": {"204": {}}},
        }}});
        let examples = json!({
            "make_a": {"request": {"name": "A"}, "answer": {"id": 1}},
            "drop_a": {"answer": {"id": 1}},
        });
        show(&mut spec, examples.as_object().unwrap()).unwrap();
        let made = &spec["paths"]["/a"]["post"];
        let example = |place: &Value| place["content"]["application/json"]["example"].clone();
        assert_eq!(example(&made["requestBody"]), json!({"name": "A"}));
        assert_eq!(example(&made["responses"]["201"]), json!({"id": 1}));
        assert!(example(&made["responses"]["400"]).is_null());
        assert!(
            spec["paths"]["/a"]["delete"]["responses"]["204"]
                .get("content")
                .is_none()
        );
    }
}
