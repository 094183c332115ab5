//! Another service desk's history, taken over by the program as an operator runs it.

use schema::table::EVENTS;
use tempfile::TempDir;

use crate::harness::{Binary, Database, Person, TestApp};

const LOG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/incidents.csv");
const IMPORT: [&str; 5] = ["import", "servicenow-log", LOG, "--organization", "acme"];

/// The figure of a line of the summary.
fn figure(summary: &str, name: &str) -> u64 {
    let line = summary
        .lines()
        .find(|line| line.starts_with(name))
        .unwrap_or_else(|| panic!("{name}: {summary}"));
    line[name.len()..].trim().replace(',', "").parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_log_is_served_and_a_second_run_imports_nothing() {
    let app = TestApp::start().await;
    let dir = TempDir::new().unwrap();
    let binary = Binary::new(&app.config, dir.path());
    let first = binary.succeed(&IMPORT).await;
    assert_eq!(
        (
            figure(&first, "rows "),
            figure(&first, "tickets imported"),
            figure(&first, "rows rejected")
        ),
        (14, 3, 4)
    );
    let (_, rejects) = first
        .split_once("rejected rows, with line and reason: ")
        .unwrap();
    let rejects = std::fs::read_to_string(dir.path().join(rejects.trim())).unwrap();
    assert_eq!(rejects.lines().count(), 1 + 4, "{rejects}");
    let events = app.log().await.len();

    let second = binary.succeed(&IMPORT).await;
    assert!(second.contains("Nothing to import"), "{second}");
    assert_eq!(
        (
            figure(&second, "tickets already there"),
            figure(&second, "events appended")
        ),
        (3, 0)
    );
    assert_eq!(app.log().await.len(), events);

    imported_tickets_are_served(&app, app.agent()).await;
    assert!(
        binary
            .succeed(&["verify"])
            .await
            .contains("the log is whole")
    );
    let check = binary.succeed(&["rebuild", "--check"]).await;
    assert!(
        check.contains("the read models are what the log says"),
        "{check}"
    );
}

async fn imported_tickets_are_served(app: &TestApp, agent: &Person) {
    let head = app.log().await.last().unwrap().position;
    let token = format!("{}-{head}", app.partition().await);
    let listed = agent
        .get("/tickets?sort=created_at&include_total=true")
        .header("consistency-token", token)
        .await
        .expect(200);
    assert_eq!(listed["total"], 3);
    let ticket = &listed.items()[0];
    assert_eq!(
        (
            &ticket["external"]["id"],
            &ticket["status"],
            &ticket["reopen_count"]
        ),
        (&"INC01".into(), &"closed".into(), &1.into())
    );
    assert_eq!(ticket["sla"].get("next_deadline_at"), None);
    let id = crate::harness::uuid_of(&ticket["id"]);
    let history = agent.history(id).await;
    assert!(
        history
            .iter()
            .all(|entry| entry["actor"]["kind"] == "import"),
        "{history:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_names_a_row_that_was_changed_behind_the_logs_back() {
    let app = TestApp::start().await;
    let dir = TempDir::new().unwrap();
    let binary = Binary::new(&app.config, dir.path());
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().replies(ticket, "Which one?").await.expect(201);
    let changed = app.stream(ticket).await[0].position;
    tamper(&app.database, app.partition().await.get(), changed.get()).await;

    let output = binary.run(&["verify"]).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{told}");
    assert!(
        told.contains(&format!("{changed}")) && told.contains(&app.partition().await.to_string()),
        "{told}"
    );
}

/// Changes an event as somebody with all rights over the database could.
async fn tamper(database: &Database, partition: i16, position: i64) {
    let client = database.superuser().await;
    let statements = format!("ALTER TABLE {EVENTS} DISABLE TRIGGER ALL");
    client.batch_execute(&statements).await.unwrap();
    let update = format!(
        "UPDATE {EVENTS} SET data = replace(data::text, '\"channel\":\"api\"', '\"channel\":\"web\"')::json WHERE partition = $1 AND position = $2"
    );
    assert_eq!(
        client
            .execute(&update, &[&partition, &position])
            .await
            .unwrap(),
        1
    );
}
