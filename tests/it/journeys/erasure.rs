//! A person is forgotten: what SQL, Valkey and the API show of them before and after.

use schema::table::{COMMAND_RESULTS, DATA_KEYS, EVENTS};
use serde_json::{Value, json};
use uuid::Uuid;

use super::traces::{
    Traces, assert_nowhere, assert_nowhere_in_sql, leave_traces, marked, rows_with, valkey_entries,
};
use crate::harness::{Answer, Binary, DEADLINE, Person, TestApp, eventually};

async fn erase(by: &Person, whom: Uuid) -> Answer {
    let body = json!({"reason": "Asked for it by letter"});
    by.post(&format!("/users/{whom}/erase"), body).await
}

fn assert_counts_stay(before: &Answer, after: &Answer) {
    for count in [
        "number",
        "public_message_count",
        "note_count",
        "status",
        "version",
    ] {
        assert_eq!(after[count], before[count], "{count}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_is_nowhere_and_everything_else_stays() {
    let app = TestApp::start().await;
    let traces = leave_traces(&app).await;
    let Traces { mark, ticket, note } = &traces;
    // Seen once, so that it lies in the cache.
    let before = app.agent().ticket(*ticket).await;
    let history = app.agent().history(*ticket).await;
    for (table, rows) in rows_with(&app, mark).await {
        let is_of_the_log = [EVENTS, COMMAND_RESULTS].contains(&table.as_str());
        assert!(!is_of_the_log || rows == 0, "in clear in {table}");
    }
    assert!(
        rows_with(&app, mark)
            .await
            .iter()
            .any(|(_, rows)| *rows > 0)
    );
    app.is_as_the_log_says().await;

    let erased = erase(app.admin(), app.customer().id).await.expect(200);
    assert_eq!(
        (&erased["name"], &erased["active"]),
        (&json!("(erased)"), &json!(false))
    );
    assert!(erased.body.get("email").is_none());

    // A query that sees the event shows nothing of it.
    let after = app.agent().ticket(*ticket).await;
    assert_eq!(after["subject"], "(erased)");
    assert_eq!(after["requester"]["name"], "(erased)");
    assert_counts_stay(&before, &after);
    let told = app.agent().history(*ticket).await;
    assert_eq!(told.len(), history.len());
    let messages = app.agent().messages(*ticket).await;
    let words: Vec<&str> = messages
        .iter()
        .map(|m| m["body"].as_str().unwrap())
        .collect();
    assert_eq!(
        words,
        ["(erased)", "Which one?", "(erased)", "She was friendly."]
    );
    assert_eq!(messages[3]["id"], json!(note));
    assert_nowhere(&app, mark).await;
    app.is_as_the_log_says().await;
    let dir = tempfile::TempDir::new().unwrap();
    let binary = Binary::new(&app.config, dir.path());
    binary.succeed(&["verify"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_names_an_erased_person_is_not_kept() {
    let app = TestApp::start().await;
    let mark = Uuid::now_v7().simple().to_string();
    let path = format!("/users/{}", app.agent().id);
    let renamed = json!({"name": marked(&mark, "Ada")});
    app.admin().patch(&path, renamed).await.expect(200);
    let ticket = app.customer().opens("Printer on fire").await;
    let reply = app.agent().replies(ticket, "Which one?");
    reply.await.expect(201);
    let report = "/reports/messages?from=2026-03-01&to=2026-04-01&split=agent";
    let is_kept = async || {
        app.admin().get(report).await.expect(200);
        let mut entries = valkey_entries(&app).await;
        entries.retain(|(key, value)| key.contains(":answer:") && value.contains(&mark));
        if entries.is_empty() {
            Err("it is not in Valkey")
        } else {
            Ok(())
        }
    };
    eventually(is_kept, DEADLINE).await;
    erase(app.admin(), app.agent().id).await.expect(200);
    // A query that sees the event shows nothing of it.
    let after = app.admin().get(report).await.expect(200);
    assert!(!after.body.to_string().contains(&mark), "{}", after.body);
    assert_nowhere(&app, &mark).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_may_not_act_and_their_address_is_free() {
    let app = TestApp::start().await;
    let (admin, carla) = (app.admin(), app.customer());
    let ticket = carla.opens("Printer on fire").await;
    erase(admin, carla.id).await.expect(200);
    carla.replies(ticket, "Hello?").await.expect(403);
    let body = json!({"name": "Carla II", "email": "carla@acme.example", "role": "customer"});
    admin.post("/users", body).await.expect(201);
    let path = format!("/users/{}", carla.id);
    admin
        .patch(&path, json!({"active": true}))
        .await
        .expect(409);
    admin
        .patch(&path, json!({"name": "Carla"}))
        .await
        .expect(409);
    // Staff go on with the ticket, but write nothing more about the person.
    app.agent()
        .replies(ticket, "Closing this.")
        .await
        .expect(201);
    app.agent().resolves(ticket).await.expect(200);
    let subject = json!({"subject": "Carla's printer"});
    app.agent()
        .patch(&format!("/tickets/{ticket}"), subject)
        .await
        .expect(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn erasing_is_for_admins_needs_a_reason_and_is_done_once() {
    let app = TestApp::start().await;
    let carla = app.customer().id;
    for person in [app.agent(), app.customer(), app.stranger()] {
        erase(person, carla).await.expect(403);
    }
    erase(&app.globex.admin, carla).await.expect(404);
    erase(app.admin(), app.admin().id).await.expect(403);
    erase(app.admin(), Uuid::now_v7()).await.expect(404);
    let path = format!("/users/{carla}/erase");
    app.admin().post(&path, json!({})).await.expect(400);
    erase(app.admin(), carla).await.expect(200);
    app.at_rest().await;
    let events = app.log().await.len();
    erase(app.admin(), carla).await.expect(200);
    assert_eq!(app.log().await.len(), events);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_who_is_erased_leaves_their_work_without_their_words() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let grace = app.agent();
    let assign = |agent: Uuid| json!({"agent_id": agent, "team_id": app.acme.team_id});
    let path = format!("/tickets/{ticket}/assign");
    grace.post(&path, assign(grace.id)).await.expect(200);
    grace.replies(ticket, "gracious words").await.expect(201);
    app.colleague()
        .post(&path, assign(app.colleague().id))
        .await
        .expect(200);
    app.colleague()
        .post(&path, assign(grace.id))
        .await
        .expect(200);
    grace.resolves(ticket).await.expect(200);
    let reopen = json!({"reason": "graceful reason"});
    grace
        .post(&format!("/tickets/{ticket}/reopen"), reopen)
        .await
        .expect(200);
    erase(app.admin(), grace.id).await.expect(200);
    let told: Vec<String> = app
        .admin()
        .history(ticket)
        .await
        .iter()
        .map(Value::to_string)
        .collect();
    let told = told.join("\n");
    for gone in ["Grace", "gracious", "graceful"] {
        assert!(!told.contains(gone), "{gone} in {told}");
    }
    assert!(
        told.contains("(erased) assigned the ticket to (erased) in the team Support"),
        "{told}"
    );
    assert!(
        told.contains("Alan assigned the ticket to (erased)"),
        "{told}"
    );
    assert_eq!(app.customer().messages(ticket).await[1]["body"], "(erased)");
    app.is_as_the_log_says().await;
}

/// As after a restore of the log's backup alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_its_keys_tells_counts_and_no_words() {
    let app = TestApp::start().await;
    let traces = leave_traces(&app).await;
    let before = app.agent().ticket(traces.ticket).await;
    let client = app.database.superuser().await;
    client
        .batch_execute(&format!("DELETE FROM {DATA_KEYS}"))
        .await
        .unwrap();
    let (second, _) = app.second_as("api").await;
    let node = second.node();
    let options = projector::Options::default();
    projector::rebuild::rebuild(
        &node.log(),
        &node.keys,
        &node.pools.owner,
        &options,
        &|_| {},
    )
    .await
    .unwrap();
    assert_nowhere_in_sql(&app, &traces.mark).await;
    let after = app.agent().ticket(traces.ticket).await;
    assert_counts_stay(&before, &after);
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_projector_completes_an_erasure_that_was_interrupted_before_the_key_was_destroyed() {
    use write_side::commands::EraseUser;
    use write_side::dispatch::CommandContext;
    let app = TestApp::start().await;
    let traces = leave_traces(&app).await;
    let node = app.server.node();
    let carla = domain::ids::UserId(app.customer().id);
    let command = EraseUser {
        user_id: carla,
        reason: domain::text::Reason::parse("Asked for it").unwrap(),
    };
    // The event alone, as if the process had died right after it.
    let context = CommandContext::new(app.acme.id, domain::actor::Actor::Operator);
    node.dispatcher.dispatch(context, command).await.unwrap();
    let client = app.database.superuser().await;
    let sql = format!("SELECT wrapped IS NULL FROM {DATA_KEYS} WHERE subject_id = $1");
    let destroyed = async || match client.query_one(&sql, &[&carla.0]).await.unwrap().get(0) {
        true => Ok(()),
        false => Err("the key is still there"),
    };
    eventually(destroyed, DEADLINE).await;
    let gone = async || {
        let rows: i64 = rows_with(&app, &traces.mark)
            .await
            .iter()
            .map(|(_, rows)| rows)
            .sum();
        if rows == 0 { Ok(()) } else { Err(rows) }
    };
    eventually(gone, DEADLINE).await;
    app.is_as_the_log_says().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_server_forgets_too() {
    let app = TestApp::start().await;
    let (second, client) = app.second_as("api").await;
    let there = app.acme.at(&client);
    let ticket = there.customer.opens("Printer on fire").await;
    let path = format!("/tickets/{ticket}");
    // It knows the ticket and its requester from its own work.
    let high = json!({"priority": "high"});
    let known = there.agent.patch(&path, high).await.expect(200);
    assert_eq!(known["subject"], "Printer on fire");
    erase(app.admin(), app.customer().id).await.expect(200);
    let turn = std::cell::Cell::new(0);
    let forgotten = async || {
        turn.set(turn.get() + 1);
        let priority = ["low", "high"][turn.get() % 2];
        let answer = there
            .agent
            .patch(&path, json!({"priority": priority}))
            .await;
        let subject = answer.expect(200)["subject"].clone();
        if subject == "(erased)" {
            Ok(())
        } else {
            Err(subject)
        }
    };
    eventually(forgotten, DEADLINE).await;
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_answer_is_given_again_without_an_erased_persons_words() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let reply = || {
        app.agent()
            .replies(ticket, "Which one?")
            .idempotency_key("again")
    };
    let first = reply().await.expect(201);
    assert_eq!(reply().await.expect(201).body, first.body);
    let edit = json!({"subject": "Carla's printer"});
    let path = format!("/tickets/{ticket}");
    let change = || {
        app.agent()
            .patch(&path, edit.clone())
            .idempotency_key("change")
    };
    assert_eq!(change().await.expect(200)["subject"], "Carla's printer");
    erase(app.admin(), app.customer().id).await.expect(200);
    assert_eq!(change().await.expect(200)["subject"], "(erased)");
    assert_eq!(reply().await.expect(201).body, first.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_sealed_text_stops_and_is_never_shown() {
    let app = TestApp::start().await;
    let node = app.server.node();
    let ticket = app.customer().opens("Printer on fire").await;
    let mut events = app.stream(ticket).await;
    let event = &mut events[0];
    assert!(event.data.contains(r#"{"sealed":""#) && !event.data.contains("Printer"));
    // The same sealed text under another event's id opens nowhere.
    event.event_id = Uuid::now_v7();
    let sealed = event.data.clone();
    node.keys.open_page(&mut events).await.unwrap();
    assert_eq!(events[0].data, sealed);
}

/// All parts of an export as one: tickets, messages, acts.
async fn exported(by: &Person, whom: Uuid) -> (Value, Vec<Value>, Vec<Value>, Vec<Value>) {
    let (mut tickets, mut messages, mut acts) = (Vec::new(), Vec::new(), Vec::new());
    let mut cursor = String::new();
    loop {
        let path = format!("/users/{whom}/export?limit=2{cursor}");
        let part = by.get(&path).await.expect(200);
        let mut count = 0;
        count += part["audit"].as_array().unwrap().len();
        for (field, all) in [
            ("tickets", &mut tickets),
            ("messages", &mut messages),
            ("acts", &mut acts),
        ] {
            let items = part[field].as_array().unwrap();
            count += items.len();
            all.extend(items.clone());
        }
        assert!(count <= 2);
        match part["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (part["user"].clone(), tickets, messages, acts),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_exports_all_that_is_held_about_a_person_and_nobody_else_does() {
    let app = TestApp::start().await;
    let traces = leave_traces(&app).await;
    app.stranger().opens("Not hers").await;
    let carla = app.customer().id;
    let (user, tickets, messages, acts) = exported(app.admin(), carla).await;
    assert_eq!(user["name"], marked(&traces.mark, "Carla"));
    assert_eq!(tickets.len(), 1);
    let words: Vec<&str> = messages
        .iter()
        .map(|message| message["body"].as_str().unwrap())
        .collect();
    let (first, second) = (
        marked(&traces.mark, "Help"),
        marked(&traces.mark, "The blue one"),
    );
    assert_eq!(words, [&first, &second, "Which one?", "She was friendly."]);
    assert!(
        acts.iter()
            .all(|act| act["entry"]["actor"]["id"] == json!(carla))
    );
    assert!(acts.len() >= 3, "{acts:?}");

    let path = format!("/users/{carla}/export");
    for person in [app.agent(), app.customer()] {
        person.get(&path).await.expect(403);
    }
    app.globex.admin.get(&path).await.expect(404);
    erase(app.admin(), carla).await.expect(200);
    let parts = exported(app.admin(), carla).await;
    assert!(!format!("{parts:?}").contains(&traces.mark));
    assert_eq!(parts.2.len(), messages.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_has_the_views_that_somebody_keeps_for_themselves_and_nobody_elses() {
    let app = TestApp::start().await;
    for name in ["Urgent", "Mine", "Late"] {
        let body = json!({"name": name, "query": "assignee:me"});
        app.agent().post("/views", body).await.expect(201);
    }
    let others = json!({"name": "Theirs"});
    app.colleague().post("/views", others).await.expect(201);
    let shared = json!({"name": "All", "owner": "organization"});
    app.admin().post("/views", shared).await.expect(201);
    let path = format!("/users/{}/export?limit=2", app.agent().id);
    let (mut names, mut cursor) = (Vec::new(), String::new());
    loop {
        let part = app
            .admin()
            .get(&format!("{path}{cursor}"))
            .await
            .expect(200);
        let views = part["views"].as_array().unwrap();
        names.extend(views.iter().map(|view| view["name"].clone()));
        let Some(next) = part["next_cursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, ["Late", "Mine", "Urgent"], "each once");
}
