//! Links of the description: where what an operation answers leads to (OpenAPI 3.0.3, section 4.7.20). Tools that test a
//! server in several steps follow them.

use serde_json::{Map, Value, json};

/// What takes the cursor of the page before: lists, and the feed.
const CURSORS: [&str; 2] = ["cursor", "after"];

/// An operation that can be followed to with one id.
struct Target {
    id: String,
    /// The path before its only parameter: `/tickets/`.
    before: String,
    parameter: String,
}

/// Links whatever makes or tells of something to the operations on it, and each page of a list to the next.
pub(super) fn add(spec: &mut Value) {
    let targets = targets(spec);
    let with_id = schemas_with(spec, "id");
    let with_cursor = schemas_with(spec, "next_cursor");
    let Some(paths) = spec["paths"].as_object_mut() else {
        return;
    };
    for (path, operations) in paths {
        for operation in operations
            .as_object_mut()
            .into_iter()
            .flat_map(Map::values_mut)
        {
            let made = targets.iter().filter(|target| leads_to(path, target));
            let mut links: Map<String, Value> = Map::new();
            if let Some(schema) = success_schema(operation) {
                if with_id.contains(&schema) {
                    links.extend(made.map(|target| (target.id.clone(), by_id(target))));
                }
                if with_cursor.contains(&schema) {
                    links.extend(next_page(operation));
                }
            }
            attach(operation, links);
        }
    }
}

/// Whether what is made at `path` is what the target is about: `POST /tickets` makes what `/tickets/{ticket_id}/close` closes,
/// and `POST /tickets/{ticket_id}/messages` what `/messages/{message_id}/redact` redacts.
fn leads_to(path: &str, target: &Target) -> bool {
    let collection = path.rsplit('/').next().unwrap_or_default();
    let is_collection = !collection.is_empty() && !collection.contains('{');
    is_collection && target.before.trim_end_matches('/').rsplit('/').next() == Some(collection)
}

fn targets(spec: &Value) -> Vec<Target> {
    let paths = spec["paths"].as_object().into_iter().flatten();
    let operations = paths.flat_map(|(path, operations)| {
        let operations = operations.as_object().into_iter().flat_map(Map::values);
        operations.filter_map(move |operation| target(path, operation))
    });
    operations.collect()
}

fn target(path: &str, operation: &Value) -> Option<Target> {
    let (before, rest) = path.split_once('{')?;
    let (parameter, after) = rest.split_once('}')?;
    (!after.contains('{')).then_some(Target {
        id: operation["operationId"].as_str()?.to_owned(),
        before: before.to_owned(),
        parameter: parameter.to_owned(),
    })
}

/// The names of the schemas that always or sometimes have a field.
fn schemas_with(spec: &Value, field: &str) -> Vec<String> {
    let schemas = spec["components"]["schemas"].as_object();
    let has = |schema: &Value| schema["properties"][field].is_object();
    let named = schemas
        .into_iter()
        .flatten()
        .filter(|(_, schema)| has(schema));
    named.map(|(name, _)| name.clone()).collect()
}

/// The name of the schema that an operation answers success with.
fn success_schema(operation: &Value) -> Option<String> {
    let response = operation["responses"]
        .get("201")
        .or_else(|| operation["responses"].get("200"))?;
    let reference = response["content"]["application/json"]["schema"]["$ref"].as_str()?;
    reference.rsplit('/').next().map(str::to_owned)
}

fn by_id(target: &Target) -> Value {
    json!({
        "operationId": target.id,
        "parameters": {&target.parameter: "$response.body#/id"},
    })
}

/// The same list, from where the page ends. What the client filtered by it sends again.
fn next_page(operation: &Value) -> Option<(String, Value)> {
    let id = operation["operationId"].as_str()?;
    let parameters = operation["parameters"].as_array()?;
    let goes_on_by = |name: &&str| {
        let mut queries = parameters.iter().filter(|it| it["in"] == "query");
        queries.any(|parameter| parameter["name"] == *name)
    };
    let cursor = CURSORS.into_iter().find(goes_on_by)?;
    let mut sent = Map::new();
    for parameter in parameters
        .iter()
        .filter(|parameter| parameter["in"] == "path")
    {
        let name = parameter["name"].as_str()?;
        sent.insert(name.to_owned(), format!("$request.path.{name}").into());
    }
    sent.insert(cursor.to_owned(), "$response.body#/next_cursor".into());
    Some((
        "next_page".to_owned(),
        json!({"operationId": id, "parameters": sent}),
    ))
}

fn attach(operation: &mut Value, links: Map<String, Value>) {
    if links.is_empty() {
        return;
    }
    let responses = &mut operation["responses"];
    let status = if responses["201"].is_object() {
        "201"
    } else {
        "200"
    };
    if let Some(response) = responses[status].as_object_mut() {
        response.insert("links".to_owned(), Value::Object(links));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> Value {
        let ticket = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Ticket"}}}});
        let page = json!({"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Page"}}}});
        let goes_on_by = |name: &str| json!({"in": "query", "name": name});
        let mut spec = json!({
            "paths": {
                "/tickets": {
                    "get": {"operationId": "list_tickets", "parameters": [goes_on_by("cursor")], "responses": {"200": page}},
                    "post": {"operationId": "open_ticket", "responses": {"201": ticket}},
                },
                "/events": {
                    "get": {"operationId": "list_events", "parameters": [goes_on_by("after")], "responses": {"200": page}},
                },
                "/tickets/{ticket_id}": {
                    "get": {"operationId": "get_ticket", "responses": {"200": ticket}},
                },
                "/tickets/{ticket_id}/tags/{tag}": {
                    "put": {"operationId": "tag_ticket", "responses": {"200": ticket}},
                },
                "/teams/{team_id}": {"get": {"operationId": "get_team", "responses": {"200": ticket}}},
            },
            "components": {"schemas": {
                "Ticket": {"properties": {"id": {}}},
                "Page": {"properties": {"next_cursor": {}}},
            }},
        });
        add(&mut spec);
        spec
    }

    #[test]
    fn what_is_made_leads_to_the_operations_on_it_alone() {
        let spec = spec();
        let links = &spec["paths"]["/tickets"]["post"]["responses"]["201"]["links"];
        assert_eq!(
            *links,
            json!({"get_ticket": {
                "operationId": "get_ticket",
                "parameters": {"ticket_id": "$response.body#/id"},
            }})
        );
        let one = &spec["paths"]["/tickets/{ticket_id}"]["get"]["responses"]["200"];
        assert!(one.get("links").is_none());
    }

    #[test]
    fn a_page_leads_to_the_next() {
        let spec = spec();
        for (path, id, cursor) in [
            ("/tickets", "list_tickets", "cursor"),
            ("/events", "list_events", "after"),
        ] {
            let links = &spec["paths"][path]["get"]["responses"]["200"]["links"];
            assert_eq!(
                *links,
                json!({"next_page": {
                    "operationId": id,
                    "parameters": {cursor: "$response.body#/next_cursor"},
                }})
            );
        }
    }
}
