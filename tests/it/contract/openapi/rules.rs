//! What every operation and every schema has to say.

use serde_json::Value;

use super::spec::{Operation, Spec};

/// Fails with everything that is wrong.
#[track_caller]
fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The ids of the operations that do not fulfil a rule.
fn breaking(rule: impl Fn(&Spec, &Operation<'_>) -> bool) -> Vec<String> {
    let spec = Spec::committed();
    let broken = spec
        .operations()
        .filter(|operation| !rule(&spec, operation));
    broken.map(|operation| operation.id().to_owned()).collect()
}

#[test]
fn the_description_names_server_licence_and_version() {
    let spec = Spec::committed().0;
    assert_eq!(spec["servers"][0]["url"], "/api/v1");
    assert_eq!(spec["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert!(spec["info"]["license"]["name"].is_string());
}

#[test]
fn every_operation_has_an_id_of_verb_and_noun() {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase());
    none(breaking(|_, operation| {
        operation.id().contains('_') && operation.id().split('_').all(is_word)
    }));
}

#[test]
fn every_operation_has_a_summary_and_one_described_tag() {
    none(breaking(|spec, operation| {
        let summary = operation.value["summary"].as_str().unwrap_or_default();
        let tags = operation.value["tags"].as_array().unwrap();
        let described = spec.0["tags"].as_array().unwrap();
        !summary.is_empty()
            && tags.len() == 1
            && described
                .iter()
                .any(|tag| tag["name"] == tags[0] && tag["description"].is_string())
    }));
}

#[test]
fn every_operation_but_those_that_let_in_needs_a_token() {
    none(breaking(|_, operation| {
        let security = operation.value["security"].as_array();
        security.is_some_and(|any| {
            any.is_empty() == operation.is_public()
                && any.iter().all(|one| one["bearer"].is_array())
        })
    }));
}

#[test]
fn every_path_is_of_words_in_lower_case() {
    none(breaking(|_, operation| {
        let is_letter = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '-');
        let mut segments = operation.path.split('/').skip(1);
        segments.all(|segment| {
            let parameter = segment.strip_prefix('{');
            let name = parameter.and_then(|rest| rest.strip_suffix('}'));
            let name = name.unwrap_or(segment);
            !name.is_empty() && name.chars().all(is_letter)
        })
    }));
}

#[test]
fn no_operation_has_a_field_that_is_null() {
    none(breaking(|_, operation| {
        let mut fields = operation.value.as_object().unwrap().values();
        !fields.any(Value::is_null)
    }));
}

#[test]
fn every_parameter_is_described() {
    none(breaking(|_, operation| {
        operation.parameters().all(|parameter| {
            parameter["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        })
    }));
}

/// Files have no tag: they are fetched once, and kept by whoever fetched them.
fn is_file(operation: &Operation<'_>) -> bool {
    let answer = operation.response(200);
    answer.is_some_and(|answer| answer["content"].get("application/json").is_none())
}

#[test]
fn the_headers_of_commands_and_queries_are_described_where_they_work() {
    none(breaking(|_, operation| {
        let has = |name| operation.parameter("header", name).is_some();
        if has("If-None-Match") != (operation.method == "get" && !is_file(operation)) {
            return false;
        }
        if operation.is_about_access() {
            let is_kept_by_key = operation.id() == "create_simulation";
            return has("Idempotency-Key") == is_kept_by_key && !has("If-Match") && !has("Prefer");
        }
        if operation.is_query() {
            return has("Consistency-Token") && !has("Idempotency-Key") && !has("If-Match");
        }
        // What is yet to be made has no version.
        let makes = operation.method == "post" && !operation.has_path_parameter();
        let is_about_a_ticket = operation.path.starts_with("/tickets");
        has("Idempotency-Key") && has("If-Match") != makes && has("Prefer") == is_about_a_ticket
    }));
}

#[test]
fn every_operation_lists_the_errors_that_can_occur() {
    none(breaking(|_, operation| {
        let mut expected = vec![400, 401, 403, 413, 429, 500, 503];
        if operation.has_path_parameter() {
            expected.push(404);
        }
        if !operation.is_query() && !operation.is_about_access() {
            expected.extend([409, 422]);
        }
        if operation.parameter("header", "If-Match").is_some() {
            expected.push(412);
        }
        if operation.has_body() {
            expected.push(415);
        }
        expected
            .into_iter()
            .all(|status| operation.response(status).is_some())
    }));
}

#[test]
fn no_operation_lists_an_error_that_cannot_occur() {
    none(breaking(|_, operation| {
        let has = |status| operation.response(status).is_some();
        let takes_if_match = operation.parameter("header", "If-Match").is_some();
        has(412) == takes_if_match && has(415) == operation.has_body()
    }));
}

#[test]
fn every_error_is_a_problem_document() {
    none(breaking(|_, operation| {
        let responses = operation.value["responses"].as_object().unwrap();
        let errors = responses
            .iter()
            .filter(|(status, _)| status.as_str() >= "400");
        errors.into_iter().all(|(_, response)| {
            let content = response["content"].as_object().unwrap();
            let schema = &content["application/problem+json"]["schema"];
            content.len() == 1 && schema["$ref"] == "#/components/schemas/Problem"
        })
    }));
}

#[test]
fn every_answer_carries_its_headers() {
    none(breaking(|_, operation| {
        let responses = operation.value["responses"].as_object().unwrap();
        responses.iter().all(|(status, response)| {
            let has = |name: &str| response["headers"][name]["required"] == true;
            let is_access = operation.is_about_access();
            let is_success = status.starts_with('2') && !is_access;
            has("X-Request-Id")
                && (!is_success || has("Consistency-Token"))
                && (!is_success || operation.is_query() || has("ETag"))
                && (status != "200"
                    || operation.method != "get"
                    || is_file(operation)
                    || has("ETag"))
                && (!operation.may_hold_secrets() || status != "200" || has("Cache-Control"))
                && (status != "201" || has("Location"))
                && (status != "401" || has("WWW-Authenticate"))
                && (!matches!(status.as_str(), "429" | "503") || has("Retry-After"))
        })
    }));
}

#[test]
fn nothing_can_be_sent_without_limit() {
    let spec = Spec::committed();
    let mut wrong = Vec::new();
    for operation in spec.operations() {
        // What is not known in these is ignored, whatever its length.
        let is_ignored = |name: &Value| name == "Prefer" || name == "If-None-Match";
        let parameters = operation.parameters().filter(|p| !is_ignored(&p["name"]));
        for parameter in parameters {
            let at = format!("{} {}", operation.id(), parameter["name"]);
            unlimited(&spec, &parameter["schema"], &at, &mut wrong);
        }
        let body = &operation.value["requestBody"]["content"]["application/json"]["schema"];
        unlimited(&spec, body, operation.id(), &mut wrong);
    }
    none(wrong);
}

/// Notes the objects that take unknown fields, and the texts, numbers, lists and maps without a limit.
fn unlimited(spec: &Spec, schema: &Value, at: &str, wrong: &mut Vec<String>) {
    let schema = spec.resolved(schema);
    for part in ["allOf", "anyOf", "oneOf"] {
        for schema in schema[part].as_array().into_iter().flatten() {
            unlimited(spec, schema, at, wrong);
        }
    }
    let has = |keywords: &[&str]| keywords.iter().any(|keyword| !schema[keyword].is_null());
    let is_limited = match schema["type"].as_str() {
        Some("string") => has(&["maxLength", "pattern", "enum", "format"]),
        Some("integer") => has(&["maximum"]),
        Some("object") if schema["properties"].is_object() => {
            schema["additionalProperties"] == false
        }
        Some("object") => has(&["maxProperties"]),
        // Lists in the query string are bounded by the length of the address.
        Some("array") => has(&["maxItems"]) || at.contains(' '),
        _ => true,
    };
    if !is_limited {
        wrong.push(format!("{at} has no limit: {schema}"));
    }
    unlimited_within(spec, schema, at, wrong);
}

fn unlimited_within(spec: &Spec, schema: &Value, at: &str, wrong: &mut Vec<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        unlimited(spec, property, &format!("{at}/{name}"), wrong);
    }
    for part in ["items", "additionalProperties"] {
        if schema[part].is_object() {
            unlimited(spec, &schema[part], &format!("{at}/{part}"), wrong);
        }
    }
}

#[test]
fn no_schema_asks_for_an_object_and_something_else_at_once() {
    let spec = Spec::committed().0;
    let schemas = spec["components"]["schemas"].as_object().unwrap();
    let contradictory = schemas
        .iter()
        .filter(|(_, schema)| schema["anyOf"].is_array() && !schema["type"].is_null());
    none(contradictory.map(|(name, _)| name.clone()).collect());
}
