//! `docs/EVENTS.md` names every event with all of its fields.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fields of each event type, gathered from its golden files.
fn fields() -> BTreeMap<String, BTreeSet<String>> {
    let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in fs::read_dir(root().join("schema/events")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let event_type: Vec<&str> = name.split('.').take(2).collect();
        let data: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        let keys = data.as_object().unwrap().keys().cloned();
        fields.entry(event_type.join(".")).or_default().extend(keys);
    }
    fields
}

/// The row of an event in the document's tables.
fn row<'a>(document: &'a str, event_type: &str) -> Option<&'a str> {
    let start = format!("| `{event_type}` |");
    document.lines().find(|line| line.starts_with(&start))
}

#[test]
fn every_event_has_a_row_with_every_field() {
    let document = fs::read_to_string(root().join("docs/EVENTS.md")).unwrap();
    let fields = fields();
    assert!(!fields.is_empty());
    for (event_type, fields) in fields {
        let row = row(&document, &event_type);
        let row = row.unwrap_or_else(|| panic!("docs/EVENTS.md has no row for {event_type}"));
        for field in fields {
            assert!(
                row.contains(&format!("`{field}`")),
                "{event_type}: {field} is not named in {row}"
            );
        }
    }
}
