//! What progenitor takes of an OpenAPI document: operations with an id, JSON bodies, and one form of success.

use std::collections::BTreeSet;

use serde_json::Value;

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";
const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Takes out the operations that the generator refuses, and gives each with the reason. The problem documents of errors
/// become plain JSON, which is what they are read as.
pub fn prepare(spec: &mut Value) -> Vec<String> {
    let mut left_out = Vec::new();
    for (path, operations) in spec["paths"].as_object_mut().into_iter().flatten() {
        let Some(operations) = operations.as_object_mut() else {
            continue;
        };
        for method in METHODS {
            let Some(operation) = operations.get_mut(method) else {
                continue;
            };
            match refusal(operation) {
                Some(reason) => {
                    operations.remove(method);
                    left_out.push(format!("{} {path}: {reason}", method.to_uppercase()));
                }
                None => read_problems_as_json(operation),
            }
        }
    }
    left_out
}

fn refusal(operation: &Value) -> Option<String> {
    if operation["operationId"].as_str().is_none() {
        return Some("it has no operationId".to_owned());
    }
    let body = operation["requestBody"]["content"].as_object();
    if let Some(content) = body
        && !content.contains_key(JSON)
    {
        let media_types: Vec<&str> = content.keys().map(String::as_str).collect();
        return Some(format!("it takes {}, not JSON", media_types.join(", ")));
    }
    let responses = operation["responses"].as_object();
    let successes = responses
        .into_iter()
        .flatten()
        .filter(|(status, _)| status.starts_with('2'));
    let forms: BTreeSet<String> = successes.map(|(_, response)| form(response)).collect();
    (forms.len() > 1).then(|| "it succeeds in several forms".to_owned())
}

/// What tells one form of answer from another for the generator: the schema of its JSON, or of whatever comes first.
fn form(response: &Value) -> String {
    let content = response["content"].as_object();
    let media_type =
        content.and_then(|content| content.get(JSON).or_else(|| content.values().next()));
    media_type.map_or_else(String::new, |media_type| media_type["schema"].to_string())
}

fn read_problems_as_json(operation: &mut Value) {
    for (_, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if let Some(content) = response.get_mut("content").and_then(Value::as_object_mut)
            && let Some(problem) = content.remove(PROBLEM)
        {
            content.insert(JSON.to_owned(), problem);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_generator_refuses_is_left_out_and_named_and_the_rest_stays() {
        let answer = json!({"200": {"content": {JSON: {"schema": {"type": "string"}}}}});
        let upload = json!({"multipart/form-data": {"schema": {}}});
        let mut spec = json!({"paths": {
            "/a": {
                "get": {"operationId": "list_a", "responses": answer},
                "post": {"operationId": "upload_a", "requestBody": {"content": upload}, "responses": answer},
            },
            "/b": {
                "get": {"responses": answer},
                "put": {"operationId": "put_b", "responses": {
                    "200": answer["200"], "202": {"description": "Later"},
                }},
            },
        }});
        let left_out = prepare(&mut spec);
        assert_eq!(
            left_out,
            [
                "POST /a: it takes multipart/form-data, not JSON",
                "GET /b: it has no operationId",
                "PUT /b: it succeeds in several forms",
            ]
        );
        assert_eq!(
            spec["paths"]["/a"]
                .as_object()
                .map(|operations| operations.len()),
            Some(1)
        );
        assert_eq!(
            spec["paths"]["/b"]
                .as_object()
                .map(|operations| operations.len()),
            Some(0)
        );
    }

    #[test]
    fn problems_are_read_as_json() {
        let problem = json!({"schema": {"$ref": "#/components/schemas/Problem"}});
        let responses = json!({"404": {"content": {PROBLEM: problem}}});
        let mut spec =
            json!({"paths": {"/a": {"get": {"operationId": "get_a", "responses": responses}}}});
        assert!(prepare(&mut spec).is_empty());
        assert_eq!(
            spec["paths"]["/a"]["get"]["responses"]["404"]["content"],
            json!({JSON: problem})
        );
    }
}
