//! Mails that wait when somebody is erased.

use chrono::TimeDelta;
use serde_json::json;

use crate::harness::access::{give_password, post};
use crate::harness::{DEADLINE, TestApp, eventually};

const WAITING: &str =
    "SELECT count(*) FROM mail_outbox WHERE sent_at IS NULL AND failed_at IS NULL";
const DESK: &str = "duty@acme.example";

/// Waits until this many mails do.
async fn waiting(app: &TestApp, count: i64) {
    let client = app.database.superuser().await;
    let look = async || {
        let row = client.query_one(WAITING, &[]).await.unwrap();
        let found: i64 = row.get(0);
        if found == count { Ok(()) } else { Err(found) }
    };
    eventually(look, DEADLINE).await;
}

/// The desk hears of a ticket, with its subject, once half of the time for a reply is gone.
async fn warn_the_desk(app: &TestApp) {
    let warning = json!({"percent": 50, "actions": [{"kind": "notify_address", "address": DESK}]});
    let target = json!({"priority": "normal", "metric": "first_reply", "seconds": 3_600, "warnings": [warning]});
    let policy = json!({"name": "Everybody", "targets": [target]});
    let made = app.admin().post("/service-levels/policies", policy).await;
    made.expect(201);
    app.customer().opens("Carla's printer").await;
    app.wait(TimeDelta::minutes(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_mail_to_an_erased_person_and_none_with_their_words_is_sent_and_every_other_is() {
    // It has no way to send mail: it waits.
    let app = TestApp::start().await;
    let hers = give_password(&app, &app.acme, app.customer()).await;
    let another = give_password(&app, &app.acme, app.agent()).await;
    let code = json!({"email": hers, "organization": "acme"});
    post(&app.client, "/auth/codes", code).await.expect(202);
    for email in [&hers, &another] {
        let reset = json!({"email": email});
        let asked = post(&app.client, "/auth/password/forgot", reset).await;
        asked.expect(202);
    }
    warn_the_desk(&app).await;
    waiting(&app, 4).await;

    let path = format!("/users/{}/erase", app.customer().id);
    let reason = json!({"reason": "Asked for it"});
    app.admin().post(&path, reason).await.expect(200);
    waiting(&app, 1).await;
    let (second, mailbox) = app.second_with_mail().await;
    mailbox.token(&another, "idr_").await;
    waiting(&app, 0).await;
    assert_eq!(mailbox.count_to(&hers), 0);
    assert_eq!(mailbox.count_to(DESK), 0);
    second.shutdown().await.unwrap();
}
