//! Seeing what was done, and not overwriting what was not seen.

use serde_json::json;

use crate::harness::{Answer, Request, TestApp};

#[tokio::test(flavor = "multi_thread")]
async fn a_query_with_the_token_of_a_command_shows_the_command() {
    let app = TestApp::start().await;
    for round in 0..20 {
        let opened = app
            .customer()
            .post("/tickets", json!({"subject": format!("Round {round}")}))
            .await
            .expect(201);
        let token = opened.header("consistency-token").unwrap();
        let path = format!("/tickets/{}", opened.id());
        let read = app
            .agent()
            .get(&path)
            .without_token()
            .header("consistency-token", token)
            .await
            .expect(200);
        assert_eq!(read["subject"], format!("Round {round}"));
        assert!(read.token().unwrap().position >= opened.token().unwrap().position);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_none_or_another_organizations_is_refused() {
    let app = TestApp::start().await;
    let foreign = app
        .globex
        .customer
        .post("/tickets", json!({"subject": "Theirs"}))
        .await
        .expect(201);
    for token in ["soon", "1", foreign.header("consistency-token").unwrap()] {
        app.agent()
            .get("/tickets")
            .header("consistency-token", token)
            .await
            .expect(400);
    }
}

/// The answer to a command that is sent to be waited for, and how often it was sent: a slow machine may not have carried it
/// to the read models in time.
async fn waited(command: impl Fn() -> Request) -> (Answer, u64) {
    let mut tries = 0;
    loop {
        let answer = command().header("prefer", "wait=10").await;
        tries += 1;
        if answer.body.get("ticket").is_some() || tries == 10 {
            return (answer, tries);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn prefer_wait_answers_with_the_full_view() {
    let app = TestApp::start().await;
    let body = json!({"subject": "Printer on fire", "body": "It burns."});
    let open = || app.customer().post("/tickets", body.clone());
    let (opened, tries) = waited(open).await;
    let opened = opened.expect(201);
    assert_eq!(opened.header("preference-applied"), Some("wait=10"));
    assert_eq!(
        (
            &opened["ticket"]["number"],
            &opened["ticket"]["requester"]["name"]
        ),
        (&json!(tries), &json!("Carla"))
    );
    assert_eq!(opened["ticket"].get("sla"), None);

    let reply = || app.agent().replies(opened.id(), "Which one?");
    let (replied, tries) = waited(reply).await;
    let replied = replied.expect(201);
    assert_eq!(replied["ticket"]["public_message_count"], 1 + tries);
    assert_eq!(replied["ticket"]["version"], replied["ticket_version"]);
    let plain = app.agent().resolves(opened.id()).await.expect(200);
    assert_eq!(
        (plain.body.get("ticket"), plain.header("preference-applied")),
        (None, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_what_was_not_seen_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    let agent = app.agent();
    let ticket = app.customer().opens("Printer on fire").await;
    let seen = agent.ticket(ticket).await;
    let version = format!("\"{}-", seen.version());
    assert!(seen.header("etag").unwrap().starts_with(&version));
    app.customer()
        .replies(ticket, "It is getting worse.")
        .await
        .expect(201);

    let path = format!("/tickets/{ticket}");
    let change = json!({"subject": "Never mind"});
    agent
        .patch(&path, change.clone())
        .if_match(seen.version())
        .await
        .expect(412);
    assert_eq!(agent.ticket(ticket).await["subject"], "Printer on fire");
    agent
        .patch(&path, change.clone())
        .header("if-match", "W/\"1\"")
        .await
        .expect(400);

    let now = agent.ticket(ticket).await.version();
    let changed = agent.patch(&path, change).if_match(now).await.expect(200);
    assert_eq!(changed.version(), now + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_saw_the_same_version_one_succeeds() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let version = app.agent().ticket(ticket).await.version();
    let tries = (0..8).map(|number| {
        let change = json!({"subject": format!("Change {number}")});
        app.agent()
            .patch(&format!("/tickets/{ticket}"), change)
            .if_match(version)
            .send()
    });
    let answers = futures::future::try_join_all(tries).await.unwrap();
    let count = |status: u16| {
        answers
            .iter()
            .filter(|answer| answer.status.as_u16() == status)
            .count()
    };
    assert_eq!((count(200), count(412)), (1, 7));
    assert_eq!(app.agent().ticket(ticket).await.version(), version + 1);
}
