//! The log leaves the database as files, and comes back into an empty one.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{Binary, DEADLINE, Database, Person, TestApp, eventually};

const EVERY_EVENT: &str = "SELECT coalesce(string_agg(e::text || e.data::text || e.metadata::text, E'\\n' \
    ORDER BY partition, position), '') FROM events e";
const HEADS: &str = "SELECT string_agg(h::text, ' ' ORDER BY partition) FROM log_heads h";
const PLACES: &str = "SELECT string_agg(p::text || s.slug, ' ' ORDER BY s.slug) FROM organization_placements p \
    JOIN organization_slugs s ON s.org_id = p.org_id";

async fn text(database: &Database, query: &str) -> String {
    let row = database
        .superuser()
        .await
        .query_one(query, &[])
        .await
        .unwrap();
    row.get(0)
}

async fn events(database: &Database) -> i64 {
    let count = "SELECT count(*) FROM events";
    database
        .superuser()
        .await
        .query_one(count, &[])
        .await
        .unwrap()
        .get(0)
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// A desk with some events in two organizations, and the program beside it.
async fn desk(dir: &TempDir) -> (TestApp, Binary) {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().replies(ticket, "Which one?").await.expect(201);
    let binary = Binary::new(&app.config, dir.path());
    (app, binary)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exported_log_is_restored_with_the_same_rows_and_heads() {
    let dir = TempDir::new().unwrap();
    let (app, binary) = desk(&dir).await;
    binary.succeed(&["export", "--output", "log"]).await;
    let empty = Database::create().await;
    let other = Binary::new(&empty.config(), dir.path());
    let said = other.succeed(&["restore", "log"]).await;
    assert!(said.contains("events restored"), "{said}");
    for query in [EVERY_EVENT, HEADS, PLACES] {
        assert_eq!(text(&empty, query).await, text(&app.database, query).await);
    }
    assert!(
        other
            .succeed(&["verify"])
            .await
            .contains("the log is whole")
    );
    other.succeed(&["rebuild"]).await;
    // The keys are no part of the log: without them the words cannot be read, and the counts are there.
    let count = "SELECT count(*)::text FROM core.tickets WHERE subject = '(erased)'";
    assert_eq!(text(&empty, count).await, "1");

    let refused = other.fail(&["restore", "log"]).await;
    assert!(
        refused.contains("the database has a log already"),
        "{refused}"
    );
    let refused = binary.fail(&["export", "--output", "log"]).await;
    assert!(refused.contains("log is there already"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_named_by_line_and_nothing_is_restored() {
    let dir = TempDir::new().unwrap();
    let (_app, binary) = desk(&dir).await;
    binary.succeed(&["export", "--output", "log.ndjson"]).await;
    binary.succeed(&["export", "--output", "log"]).await;
    let whole = std::fs::read_to_string(dir.path().join("log.ndjson")).unwrap();
    let without_second: String = whole
        .split_inclusive('\n')
        .enumerate()
        .filter(|(number, _)| *number != 1)
        .map(|(_, line)| line)
        .collect();
    let cases = [
        (
            whole.replacen("\"version\":1", "\"version\":2", 1),
            "line 1: the event at position 1",
        ),
        (whole[..whole.len() - 9].to_owned(), "the line has no end"),
        (without_second, "line 2: partition"),
        ("{}\n".to_owned(), "line 1: this is not an exported event"),
    ];
    let empty = Database::create().await;
    let other = Binary::new(&empty.config(), dir.path());
    for (damaged, named) in cases {
        std::fs::write(dir.path().join("damaged.ndjson"), damaged).unwrap();
        let refused = other.fail(&["restore", "damaged.ndjson"]).await;
        assert!(
            refused.contains("damaged.ndjson") && refused.contains(named),
            "{named}: {refused}"
        );
        assert_eq!(events(&empty).await, 0);
    }

    // Cut at the end of a line: only the manifest knows.
    let file = std::fs::read_dir(dir.path().join("log"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "ndjson"))
        .unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    let last = text.trim_end().rfind('\n').unwrap();
    std::fs::write(&file, &text[..=last]).unwrap();
    let refused = other.fail(&["restore", "log"]).await;
    assert!(
        refused.contains("do not reach the heads of their manifest"),
        "{refused}"
    );
    assert_eq!(events(&empty).await, 0);

    let refused = other.fail(&["restore", "log.parquet"]).await;
    assert!(
        refused.contains("restore an export of the format ndjson"),
        "{refused}"
    );

    std::fs::write(dir.path().join("whole.ndjson"), whole).unwrap();
    other.succeed(&["restore", "whole.ndjson"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_chosen_by_organization_type_and_time_and_is_not_a_log() {
    let dir = TempDir::new().unwrap();
    let (app, binary) = desk(&dir).await;
    let export = async |options: &[&str], file: &str| {
        binary
            .succeed(&[&["export", "--output", file], options].concat())
            .await;
        let mut events = lines(&dir.path().join(file));
        // Each export is recorded before it begins.
        events.retain(|event| event["type"] != "log.exported");
        events
    };
    let types = export(&["--types", "ticket.opened,message.posted"], "types.ndjson").await;
    let names: Vec<_> = types
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["ticket.opened", "message.posted", "message.posted"]);
    let data: Value = serde_json::from_str(types[0]["data"].as_str().unwrap()).unwrap();
    assert!(data["priority"].is_string());

    let acme = export(&["--organization", "acme"], "acme.ndjson").await;
    let id = app.acme.id.to_string();
    assert!(!acme.is_empty() && acme.iter().all(|event| event["org_id"] == id.as_str()));
    let everything = export(&[], "everything.ndjson").await;
    assert!(everything.len() > acme.len());

    let cut = everything[everything.len() / 2]["recorded_at"]
        .as_str()
        .unwrap();
    let before = export(&["--to", cut], "before.ndjson").await;
    let after = export(&["--from", cut], "after.ndjson").await;
    assert_eq!(before.len() + after.len(), everything.len());
    assert!(!after.is_empty());

    binary
        .succeed(&["export", "--organization", "acme", "--output", "part"])
        .await;
    let empty = Database::create().await;
    let other = Binary::new(&empty.config(), dir.path());
    let refused = other.fail(&["restore", "part"]).await;
    assert!(refused.contains("is a part of a log"), "{refused}");
}

/// What the audit of somebody's organization says of exports, the newest first, once it says this many.
async fn told(by: &Person, count: usize) -> Vec<Value> {
    let look = async || {
        let told = by.get("/audit?type=log.exported").await.expect(200);
        match told.items().len() == count {
            true => Ok(told.items().to_vec()),
            false => Err(told.body.clone()),
        }
    };
    eventually(look, DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_told_to_each_organization_that_it_holds() {
    let dir = TempDir::new().unwrap();
    let (app, binary) = desk(&dir).await;
    binary.succeed(&["export", "--output", "log"]).await;
    let acme = told(app.admin(), 1).await;
    let globex = told(&app.globex.admin, 1).await;
    assert_eq!(acme[0]["actor"]["kind"], "operator");
    assert_eq!(acme[0]["resource"], globex[0]["resource"]);
    let changes = json!([{"field": "form", "to": "ndjson"}]);
    assert_eq!(acme[0]["changes"], changes);

    let part = ["export", "--organization", "acme", "--output", "acme"];
    let types = ["--types", "ticket.opened", "--to", "2026-03-01T00:00:00Z"];
    binary.succeed(&[&part[..], &types[..]].concat()).await;
    let acme = told(app.admin(), 2).await;
    let changes = json!([
        {"field": "form", "to": "ndjson"},
        {"field": "conditions.to", "to": "2026-03-01T00:00:00.000000Z"},
        {"field": "conditions.types", "to": ["ticket.opened"]},
    ]);
    assert_eq!(acme[0]["changes"], changes);
    app.at_rest().await;
    told(&app.globex.admin, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_is_told_to_each_organization_that_it_holds() {
    let dir = TempDir::new().unwrap();
    let (app, binary) = desk(&dir).await;
    let replay = ["replay", "--as-of", "2026-03-01T00:00:00Z"];
    binary.succeed(&replay).await;
    for admin in [app.admin(), &app.globex.admin] {
        let told = told(admin, 1).await;
        let changes = json!([
            {"field": "form", "to": "read_models"},
            {"field": "conditions.as_of", "to": "2026-03-01T00:00:00.000000Z"},
        ]);
        assert_eq!(told[0]["changes"], changes);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_or_a_replay_that_is_refused_is_told_to_nobody() {
    let dir = TempDir::new().unwrap();
    let (app, binary) = desk(&dir).await;
    let replay = ["replay", "--as-of", "2026-03-01T00:00:00Z"];
    std::fs::write(dir.path().join("log.ndjson"), "").unwrap();
    let existing = ["export", "--output", "log.ndjson"];
    binary.fail(&existing).await;
    let nobodys = ["export", "--organization", "nobody", "--output", "log"];
    binary.fail(&nobodys).await;
    binary.succeed(&replay).await;
    binary.fail(&replay).await;
    let log = app.log().await;
    let exports = log
        .iter()
        .filter(|event| event.event_type == "log.exported");
    assert_eq!(exports.count(), 1, "the one replay");
}
