//! The answers of an operation, completed: their headers, and only those that can occur.

use serde_json::{Map, Value, json};

use crate::http::problem;

const PRECONDITION_FAILED: &str = "412";
const NOT_FOUND: &str = "404";
const TOO_MANY_REQUESTS: &str = "429";

/// Completes the answers of an operation.
pub(super) fn complete(operation: &mut Value) {
    let takes_if_match = has_parameter(operation, "If-Match");
    // A list of everything is always there; a view that it is to be of may not be.
    let lists_all = has_parameter(operation, "limit")
        && !has_parameter(operation, "view")
        && !has_parameter_in(operation, "path");
    let Some(responses) = operation["responses"].as_object_mut() else {
        return;
    };
    if !takes_if_match {
        responses.remove(PRECONDITION_FAILED);
    }
    if lists_all {
        responses.remove(NOT_FOUND);
    }
    responses.insert(TOO_MANY_REQUESTS.to_owned(), too_many_requests());
    for (status, response) in responses {
        if let Some(response) = response.as_object_mut() {
            name_media_types(response);
            describe_headers(status, response);
        }
    }
}

/// Every operation can be asked too often; the limits stand before all of them.
fn too_many_requests() -> Value {
    json!({
        "description": "Too many requests; `type` names the limit, `Retry-After` says when to come back.",
        "content": {problem::CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    })
}

fn has_parameter(operation: &Value, name: &str) -> bool {
    parameters(operation).any(|parameter| parameter["name"] == name)
}

fn has_parameter_in(operation: &Value, place: &str) -> bool {
    parameters(operation).any(|parameter| parameter["in"] == place)
}

fn parameters(operation: &Value) -> impl Iterator<Item = &Value> {
    operation["parameters"].as_array().into_iter().flatten()
}

/// Without the charset, which makes poor names in generated clients and says nothing: JSON is always UTF-8 (RFC 8259).
fn name_media_types(response: &mut Map<String, Value>) {
    let Some(Value::Object(content)) = response.get_mut("content") else {
        return;
    };
    *content = std::mem::take(content)
        .into_iter()
        .map(|(media_type, schema)| {
            let plain = media_type.split(';').next().unwrap_or_default().to_owned();
            (plain, schema)
        })
        .collect();
}

/// The framework writes names in capitals, and does not know the headers that every answer or refusal carries.
fn describe_headers(status: &str, response: &mut Map<String, Value>) {
    let headers = response.entry("headers").or_insert_with(|| json!({}));
    let Some(headers) = headers.as_object_mut() else {
        return;
    };
    *headers = std::mem::take(headers)
        .into_iter()
        .map(|(name, header)| (spelled(&name), header))
        .collect();
    headers.insert("X-Request-Id".to_owned(), REQUEST_ID.header());
    // Every answer has them. Told once for each way to succeed, and where they matter.
    if status.starts_with('2') || status == TOO_MANY_REQUESTS {
        headers.insert("RateLimit".to_owned(), RATE_LIMIT.optional_header());
        headers.insert(
            "RateLimit-Policy".to_owned(),
            RATE_LIMIT_POLICY.optional_header(),
        );
    }
    match status {
        "401" => headers.insert("WWW-Authenticate".to_owned(), CHALLENGE.header()),
        TOO_MANY_REQUESTS | "503" => headers.insert("Retry-After".to_owned(), RETRY_AFTER.header()),
        _ => None,
    };
}

/// `ETAG` as the standards write it.
fn spelled(name: &str) -> String {
    match name {
        "ETAG" => "ETag".to_owned(),
        _ => name
            .split('-')
            .map(capitalized)
            .collect::<Vec<_>>()
            .join("-"),
    }
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_uppercase() + &rest.to_lowercase()
}

struct Described {
    ty: &'static str,
    description: &'static str,
}

impl Described {
    fn header(&self) -> Value {
        self.described(true)
    }

    /// A header that the configuration may switch off.
    fn optional_header(&self) -> Value {
        self.described(false)
    }

    fn described(&self, required: bool) -> Value {
        let Self { ty, description } = self;
        json!({"description": description, "required": required, "schema": {"type": ty}})
    }
}

const REQUEST_ID: Described = Described {
    ty: "string",
    description: "The request's own `X-Request-Id` when it has a plain one, else a new one. It is on every line of the log.",
};
const CHALLENGE: Described = Described {
    ty: "string",
    description: "How to authenticate.",
};
const RATE_LIMIT: Described = Described {
    ty: "string",
    description: "What is left of the limit that `RateLimit-Policy` names: `r` requests, and `t` seconds until all of it is there again; after a refusal until there is something again.",
};
const RATE_LIMIT_POLICY: Described = Described {
    ty: "string",
    description: "The limit: `q` requests at once, which flow in again within `w` seconds. It is the one of the person, without a token that of the address, or the one that was hit.",
};
const RETRY_AFTER: Described = Described {
    ty: "integer",
    description: "Seconds after which to try again.",
};
