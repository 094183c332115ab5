//! The operator suspends, resumes and deletes organizations.

use chrono::TimeDelta;
use domain::ids::UserId;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::harness::access::{PASSWORD, give_password, refresh, sign_in, signed_in, status_of};
use crate::harness::{Binary, DEADLINE, Person, TestApp, eventually};

const SUSPENDED: &str = "urn:insightdesk:problem:organization_suspended";

fn operator(app: &TestApp, dir: &TempDir) -> Binary {
    Binary::new(&app.config, dir.path())
}

/// Waits until a person's requests are answered with this status; the last answer.
async fn answered(person: &Person, path: &str, status: u16) -> Value {
    let ask = async || {
        let answer = person.get(path).await;
        if answer.status.as_u16() == status {
            Ok(answer.body)
        } else {
            Err(answer.status)
        }
    };
    eventually(ask, DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_organization_is_shut_to_its_people_and_to_nobody_else() {
    let app = TestApp::start().await;
    let dir = TempDir::new().unwrap();
    let ticket = app.customer().opens("Printer on fire").await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let unknown = sign_in(&app.client, "nobody@acme.example", PASSWORD).await;
    operator(&app, &dir)
        .succeed(&["organization", "suspend", "acme"])
        .await;

    for person in app.acme.people() {
        let refused = answered(person, "/tickets", 403).await;
        assert_eq!(refused["type"], SUSPENDED, "{}", person.name);
    }
    assert_eq!(status_of(&app.client, &tokens["access_token"]).await, 403);
    let body = json!({"subject": "Another", "body": "one"});
    let refused = app.customer().post("/tickets", body).await.expect(403);
    assert_eq!(refused["type"], SUSPENDED);
    let refused = sign_in(&app.client, &email, PASSWORD).await.expect(401);
    assert_eq!(
        (&refused["type"], &refused["detail"]),
        (&unknown["type"], &unknown["detail"]),
        "strangers learn nothing from a sign-in"
    );
    let refused = refresh(&app.client, &tokens["refresh_token"]).await;
    assert_eq!(refused.expect(403)["type"], SUSPENDED);
    app.globex.customer.get("/tickets").await.expect(200);

    operator(&app, &dir)
        .succeed(&["organizations", "resume", "acme"])
        .await;
    answered(app.customer(), "/tickets", 200).await;
    assert_eq!(app.customer().ticket(ticket).await["status"], "new");
    refresh(&app.client, &tokens["refresh_token"])
        .await
        .expect(200);
    signed_in(&app.client, &email).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlines_of_a_suspended_organization_go_on() {
    let app = TestApp::start().await;
    let dir = TempDir::new().unwrap();
    let ticket = app.customer().opens("Printer on fire").await;
    operator(&app, &dir)
        .succeed(&["organization", "suspend", "acme"])
        .await;
    app.wait(TimeDelta::days(30));
    let breached = async || {
        let events = app.stream(ticket).await;
        let is_breach = |event: &event_store::RecordedEvent| event.event_type == "sla.breached";
        events.iter().any(is_breach).then_some(()).ok_or("none yet")
    };
    eventually(breached, DEADLINE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebuild_shuts_nothing_that_was_opened_again() {
    let app = TestApp::start().await;
    let dir = TempDir::new().unwrap();
    let operator = operator(&app, &dir);
    operator.succeed(&["organization", "suspend", "acme"]).await;
    answered(app.agent(), "/tickets", 403).await;
    operator.succeed(&["organization", "resume", "acme"]).await;
    answered(app.agent(), "/tickets", 200).await;
    operator.succeed(&["rebuild"]).await;
    let client = app.database.superuser().await;
    let shut = "SELECT count(*) FROM organization_standings WHERE standing <> 'active'";
    let shut: i64 = client.query_one(shut, &[]).await.unwrap().get(0);
    assert_eq!(shut, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_deleted_in_two_steps_and_nobody_in_it_can_be_read_any_more() {
    let app = TestApp::start().await;
    let dir = TempDir::new().unwrap();
    let operator = operator(&app, &dir);
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    app.customer().opens("Printer on fire").await;
    let theirs = app.globex.customer.opens("Globex stays").await;

    let delete = ["organization", "delete", "acme", "--confirm", "acme"];
    let refused = operator.fail(&delete).await;
    assert!(refused.contains("suspend it first"), "{refused}");
    operator.succeed(&["organization", "suspend", "acme"]).await;
    let other = ["organization", "delete", "acme", "--confirm", "globex"];
    let refused = operator.fail(&other).await;
    assert!(refused.contains("nothing was deleted"), "{refused}");
    operator.succeed(&delete).await;

    answered(app.agent(), "/tickets", 403).await;
    sign_in(&app.client, &email, PASSWORD).await.expect(401);
    let refused = refresh(&app.client, &tokens["refresh_token"]).await;
    assert!(
        matches!(refused.status.as_u16(), 401 | 403),
        "{refused:?}: the session ends once the erasure is projected"
    );
    nobody_can_be_read(&app).await;
    let listed = operator.succeed(&["organizations", "list"]).await;
    assert!(listed.contains("\tdeleted\t"), "{listed}");
    operator.succeed(&["verify"]).await;
    let refused = operator.fail(&["organization", "resume", "acme"]).await;
    assert!(refused.contains("is deleted"), "{refused}");
    assert_eq!(
        app.globex.customer.ticket(theirs).await["subject"],
        "Globex stays"
    );
}

/// No key of anybody of acme is left, and the log tells who was erased.
async fn nobody_can_be_read(app: &TestApp) {
    let place = sealing::Place {
        partition: app.partition().await,
        org_id: event_store::OrgId(app.acme.id.0),
    };
    let keys = &app.server.node().keys;
    let readable = keys.people(place, UserId(Uuid::nil())).await.unwrap();
    assert_eq!(readable, []);
    let log = app.log().await;
    let of_type = |wanted: &str| -> Vec<Uuid> {
        let events = log.iter();
        let events =
            events.filter(|event| event.event_type == wanted && event.org_id.0 == app.acme.id.0);
        events.map(|event| event.stream_id).collect()
    };
    assert_eq!(of_type("organization.deleted"), [app.acme.id.0]);
    let erased = of_type("subject.erased");
    assert!(
        app.acme
            .people()
            .iter()
            .all(|person| erased.contains(&person.id))
    );
}
