//! A person whose every text holds a mark, and where the mark is found.

use futures::future::try_join_all;
use schema::projection::CORE;
use schema::table::{COMMAND_RESULTS, EVENTS, core};
use serde_json::json;
use uuid::Uuid;

use crate::harness::{DEADLINE, TestApp, eventually};

/// Somebody who left their mark everywhere.
pub struct Traces {
    pub mark: String,
    pub ticket: Uuid,
    pub note: Uuid,
}

pub fn marked(mark: &str, what: &str) -> String {
    format!("{what} {mark}")
}

/// Carla writes, is written about, and is renamed; every text of hers holds the mark.
pub async fn leave_traces(app: &TestApp) -> Traces {
    let mark = Uuid::now_v7().simple().to_string();
    let (admin, agent, carla) = (app.admin(), app.agent(), app.customer());
    let settings = app.admin().get("/organization").await.expect(200)["settings"].clone();
    let mut settings = settings;
    settings["custom_fields"] = json!({"serial": {"label": "Serial", "kind": "text"}});
    admin
        .patch("/organization", json!({"settings": settings}))
        .await
        .expect(200);
    let path = format!("/users/{}", carla.id);
    let renamed = json!({"name": marked(&mark, "Carla"), "email": format!("{mark}@carla.example")});
    admin
        .patch(&path, renamed)
        .idempotency_key("rename")
        .await
        .expect(200);
    let body = json!({
        "subject": marked(&mark, "Printer"),
        "body": marked(&mark, "Help"),
    });
    let open = carla.post("/tickets", body);
    let opened = open.idempotency_key("open").await;
    let ticket = opened.expect(201).id();
    agent.replies(ticket, "Which one?").await.expect(201);
    let reply = carla.replies(ticket, &marked(&mark, "The red one"));
    let reply = reply.idempotency_key("reply").await;
    let reply = reply.expect(201).id();
    let edited = json!({"body": marked(&mark, "The blue one")});
    carla
        .patch(&format!("/messages/{reply}"), edited)
        .await
        .expect(200);
    let path = format!("/tickets/{ticket}");
    let subject = json!({
        "subject": marked(&mark, "Scanner"),
        "custom_fields": {"serial": marked(&mark, "S")},
    });
    agent.patch(&path, subject).await.expect(200);
    let note = agent.notes(ticket, "She was friendly.").await.expect(201);
    Traces {
        mark,
        ticket,
        note: note.id(),
    }
}

/// How many rows of each table hold the mark.
pub async fn rows_with(app: &TestApp, mark: &str) -> Vec<(String, i64)> {
    let client = app.database.superuser().await;
    let read_models = core::DERIVED.iter().map(|table| format!("{CORE}.{table}"));
    let tables = [EVENTS, COMMAND_RESULTS].map(str::to_owned).into_iter();
    let mut counts = Vec::new();
    for table in tables.chain(read_models) {
        let sql = format!("SELECT count(*) FROM {table} t WHERE row_to_json(t)::text ILIKE $1");
        let row = client.query_one(&sql, &[&format!("%{mark}%")]).await;
        counts.push((table, row.unwrap().get(0)));
    }
    counts
}

pub async fn assert_nowhere(app: &TestApp, mark: &str) {
    assert_nowhere_in_sql(app, mark).await;
    for (key, value) in valkey_entries(app).await {
        assert!(!value.contains(mark), "{key}: {value}");
    }
}

/// Everything that Valkey holds of acme.
pub async fn valkey_entries(app: &TestApp) -> Vec<(String, String)> {
    use platform::valkey::{Valkey, ValkeyError};
    let url = app.config.valkey_url.as_ref().unwrap().expose();
    let valkey = Valkey::connect(url, None).unwrap();
    eventually(
        async || valkey.is_connected().then_some(()).ok_or("not yet"),
        DEADLINE,
    )
    .await;
    let script = fred::types::scripts::Script::from_lua("return redis.call('KEYS', ARGV[1])");
    let pattern = format!("*{}*", app.acme.id);
    // A machine that stood still for a moment loses an answer.
    let read = async || -> Result<_, ValkeyError> {
        let arguments = vec![pattern.clone()];
        let keys: Vec<String> = valkey.run_script(&script, Vec::new(), arguments).await?;
        let values = try_join_all(keys.iter().map(|key| valkey.get(key))).await?;
        Ok((keys, values))
    };
    let (keys, values) = eventually(read, DEADLINE).await;
    let text = |value: Option<bytes::Bytes>| {
        String::from_utf8_lossy(&value.unwrap_or_default()).into_owned()
    };
    keys.into_iter().zip(values.into_iter().map(text)).collect()
}

pub async fn assert_nowhere_in_sql(app: &TestApp, mark: &str) {
    for (table, rows) in rows_with(app, mark).await {
        assert_eq!(rows, 0, "{table}");
    }
}
