//! What is said, who may read it, and how it is taken back.

use chrono::TimeDelta;
use schema::projection::CORE;
use schema::table::core::DERIVED;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, TestApp, time_of};

/// Everything that a person is told about a ticket, as text.
async fn everything(person: &Person, ticket: Uuid) -> String {
    let mut told = String::new();
    for path in [
        "/tickets".to_owned(),
        format!("/tickets/{ticket}"),
        format!("/tickets/{ticket}/messages"),
        format!("/tickets/{ticket}/history"),
    ] {
        told += &person.get(&path).await.expect(200).body.to_string();
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_changes_nothing_that_the_customer_sees() {
    let app = TestApp::start().await;
    let (customer, agent) = (app.customer(), app.agent());
    let ticket = customer.opens("Printer on fire").await;
    app.wait(TimeDelta::minutes(1));
    agent.replies(ticket, "Which one?").await.expect(201);
    let before = customer.ticket(ticket).await;
    app.wait(TimeDelta::minutes(1));
    let note = agent
        .notes(ticket, "He is lying, xylophone.")
        .await
        .expect(201)
        .id();

    let seen = customer.ticket(ticket).await;
    let without_version = |body: &Value| {
        let mut body = body.clone();
        // The version is that of the stream: If-Match of both sides must mean the same.
        body.as_object_mut().unwrap().remove("version");
        body
    };
    assert_eq!(without_version(&seen.body), without_version(&before.body));
    assert_eq!(seen.body.get("note_count"), None);
    assert_eq!(customer.messages(ticket).await.len(), 2);
    let told = everything(customer, ticket).await;
    assert!(
        !told.contains("xylophone") && !told.contains(&note.to_string()) && !told.contains("note"),
        "{told}"
    );
    customer
        .patch(&format!("/messages/{note}"), json!({"body": "Mine now"}))
        .await
        .expect(404);
    customer.notes(ticket, "For staff").await.expect(403);

    let staff = agent.ticket(ticket).await;
    assert_eq!(
        (&staff["note_count"], &staff["public_message_count"]),
        (&json!(1), &json!(2))
    );
    let messages = agent.messages(ticket).await;
    assert_eq!(
        (&messages[2]["visibility"], &messages[2]["body"]),
        (&json!("internal"), &json!("He is lying, xylophone."))
    );
    assert!(
        agent
            .history_types(ticket)
            .await
            .contains(&"ticket.note_added".to_owned())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_text_is_gone_everywhere_and_the_fact_stays() {
    let app = TestApp::start().await;
    let (customer, agent) = (app.customer(), app.agent());
    let ticket = customer.opens("My card does not work").await;
    let message = customer
        .replies(ticket, "Its number is 4111-zebra.")
        .await
        .expect(201)
        .id();
    customer
        .patch(
            &format!("/messages/{message}"),
            json!({"body": "It is 4111-zebra indeed."}),
        )
        .await
        .expect(200);
    assert!(everything(agent, ticket).await.contains("4111-zebra"));
    assert!(in_read_models(&app, "4111-zebra").await);

    customer
        .act(&format!("/messages/{message}/redact"))
        .await
        .expect(403);
    let reason = json!({"reason": "A card number"});
    let answer = agent
        .post(&format!("/messages/{message}/redact"), reason)
        .await
        .expect(200);
    assert_eq!(answer.body.get("body"), None);

    for person in [customer, agent, app.admin()] {
        let told = everything(person, ticket).await;
        assert!(!told.contains("4111-zebra"), "{}: {told}", person.name);
    }
    assert!(!in_read_models(&app, "4111-zebra").await);

    let seen = customer.messages(ticket).await;
    assert_eq!(
        (seen.len(), &seen[1]["id"], seen[1].get("body")),
        (2, &json!(message), None)
    );
    assert_eq!(time_of(&seen[1]["redacted_at"]), app.now());
    let history = agent.history(ticket).await;
    let fact = history.last().unwrap();
    assert_eq!(
        (&fact["type"], &fact["reason"]),
        (&json!("message.redacted"), &json!("A card number"))
    );
    let public = customer.history(ticket).await;
    assert_eq!(
        (
            &public.last().unwrap()["type"],
            public.last().unwrap().get("reason")
        ),
        (&json!("message.redacted"), None)
    );

    customer
        .patch(&format!("/messages/{message}"), json!({"body": "Again"}))
        .await
        .expect(409);
}

/// Whether any column of any read model holds the words.
async fn in_read_models(app: &TestApp, words: &str) -> bool {
    let client = app.database.superuser().await;
    for table in DERIVED {
        let statement =
            format!("SELECT count(*) FROM {CORE}.{table} t WHERE strpos(to_json(t)::text, $1) > 0");
        let rows: i64 = client
            .query_one(&statement, &[&words])
            .await
            .unwrap()
            .get(0);
        if rows > 0 {
            return true;
        }
    }
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn an_author_may_edit_within_the_window_and_nobody_else_may() {
    let app = TestApp::start().await;
    let (customer, agent) = (app.customer(), app.agent());
    let ticket = customer.opens("Printer on fire").await;
    let message = agent.replies(ticket, "Whcih one?").await.expect(201).id();
    let path = format!("/messages/{message}");

    app.wait(TimeDelta::minutes(15));
    let edited = agent
        .patch(&path, json!({"body": "Which one?"}))
        .await
        .expect(200);
    assert_eq!(
        (&edited["body"], &edited["version"]),
        (&json!("Which one?"), &json!(2))
    );
    let seen = customer.messages(ticket).await;
    assert_eq!(
        (&seen[1]["body"], time_of(&seen[1]["edited_at"])),
        (&json!("Which one?"), app.now())
    );
    assert_eq!(
        customer.ticket(ticket).await["last_message"]["excerpt"],
        "Which one?"
    );

    app.colleague()
        .patch(&path, json!({"body": "Mine"}))
        .await
        .expect(403);
    app.admin()
        .patch(&path, json!({"body": "Mine"}))
        .await
        .expect(403);
    customer
        .patch(&path, json!({"body": "Mine"}))
        .await
        .expect(404);
    app.wait(TimeDelta::seconds(1));
    agent
        .patch(&path, json!({"body": "Too late"}))
        .await
        .expect(409);
    assert_eq!(customer.messages(ticket).await[1]["body"], "Which one?");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_has_no_part_in_the_tickets_of_another() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let stranger = app.stranger();
    for path in ["", "/messages", "/history"] {
        stranger
            .get(&format!("/tickets/{ticket}{path}"))
            .await
            .expect(404);
    }
    stranger.replies(ticket, "Me too").await.expect(404);
    assert_eq!(
        stranger
            .get("/tickets?include_total=true")
            .await
            .expect(200)["total"],
        0
    );
    assert_eq!(app.customer().messages(ticket).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_ticket_is_reopened_by_staff_within_the_window_only() {
    let app = TestApp::start().await;
    let (customer, agent) = (app.customer(), app.agent());
    let ticket = customer.opens("Printer on fire").await;
    agent.resolves(ticket).await.expect(200);
    agent.closes(ticket).await.expect(200);
    agent.replies(ticket, "One more thing").await.expect(409);
    customer.reopens(ticket).await.expect(403);
    app.wait(TimeDelta::days(28));
    let path = format!("/tickets/{ticket}/reopen");
    agent
        .post(&path, json!({"reason": "It was the wrong printer"}))
        .await
        .expect(200);
    let history = agent.history(ticket).await;
    assert_eq!(
        history.last().unwrap()["reason"],
        "It was the wrong printer"
    );

    agent.resolves(ticket).await.expect(200);
    agent.closes(ticket).await.expect(200);
    app.wait(TimeDelta::days(28) + TimeDelta::seconds(1));
    agent.reopens(ticket).await.expect(409);
}
