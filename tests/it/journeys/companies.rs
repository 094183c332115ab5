//! Customers of a company, and what colleagues see of each other.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Person, TestApp};

async fn company(app: &TestApp, body: Value) -> Uuid {
    app.lead().post("/companies", body).await.expect(201).id()
}

async fn group(app: &TestApp, person: &Person, company: Option<Uuid>) {
    let path = format!("/users/{}/company", person.id);
    let body = json!({"company_id": company});
    app.lead().put(&path).json(&body).await.expect(200);
}

async fn let_colleagues_see(app: &TestApp, they_do: bool) {
    let body = json!({"settings": {"colleagues_see_tickets": they_do}});
    app.admin().patch("/organization", body).await.expect(200);
}

/// Carla and Sten are colleagues; Carla has a ticket with a reply and a note.
async fn colleagues(app: &TestApp) -> (Uuid, Uuid) {
    let initech = company(app, json!({"name": "Initech"})).await;
    group(app, app.customer(), Some(initech)).await;
    group(app, app.stranger(), Some(initech)).await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().replies(ticket, "Which one?").await.expect(201);
    app.agent().notes(ticket, "Again?").await.expect(201);
    (ticket, initech)
}

/// What there is of a ticket for somebody who must not see it.
async fn sees_nothing(app: &TestApp, person: &Person, ticket: Uuid) {
    let events = app.stream(ticket).await.len();
    for part in ["", "/messages", "/history"] {
        let path = format!("/tickets/{ticket}{part}");
        person.get(&path).await.expect(404);
    }
    let list = person.get("/tickets?include_total=true").await.expect(200);
    assert_eq!((list.items().len(), &list["total"]), (0, &json!(0)));
    let of_them = format!("/tickets?requester={}", app.customer().id);
    assert!(person.get(&of_them).await.expect(200).items().is_empty());
    person.replies(ticket, "Me too").await.expect(404);
    assert_eq!(app.stream(ticket).await.len(), events);
}

#[tokio::test(flavor = "multi_thread")]
async fn colleagues_see_nothing_of_each_other_unless_the_organization_lets_them() {
    let app = TestApp::start().await;
    let (ticket, _) = colleagues(&app).await;
    sees_nothing(&app, app.stranger(), ticket).await;
    let_colleagues_see(&app, true).await;
    app.stranger().ticket(ticket).await;
    let_colleagues_see(&app, false).await;
    sees_nothing(&app, app.stranger(), ticket).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_sees_what_the_requester_sees_and_nothing_internal() {
    let app = TestApp::start().await;
    let (ticket, _) = colleagues(&app).await;
    let_colleagues_see(&app, true).await;
    let (requester, colleague) = (app.customer(), app.stranger());
    let seen = colleague.ticket(ticket).await;
    assert_eq!(seen.body, requester.ticket(ticket).await.body);
    assert!(seen.body.get("note_count").is_none());
    let messages = colleague.messages(ticket).await;
    assert_eq!(messages, requester.messages(ticket).await);
    assert!(messages.iter().all(|it| it["visibility"] == "public"));
    let history = colleague.history_types(ticket).await;
    assert_eq!(history, requester.history_types(ticket).await);
    assert!(!history.iter().any(|it| it == "ticket.note_added"));
    let list = "/tickets?include_total=true&sort=-created_at";
    let list = colleague.get(list).await.expect(200);
    assert_eq!((list.items().len(), &list["total"]), (1, &json!(1)));
    let tagged = colleague.get("/tickets?tag=vip").await;
    tagged.expect(403);
    let profile = format!("/users/{}", requester.id);
    colleague.get(&profile).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_belongs_elsewhere_sees_nothing() {
    let app = TestApp::start().await;
    let (ticket, _) = colleagues(&app).await;
    let_colleagues_see(&app, true).await;
    let other = company(&app, json!({"name": "Hooli"})).await;
    group(&app, app.stranger(), Some(other)).await;
    sees_nothing(&app, app.stranger(), ticket).await;
    group(&app, app.stranger(), None).await;
    sees_nothing(&app, app.stranger(), ticket).await;
    let path = format!("/tickets/{ticket}");
    app.globex.customer.get(&path).await.expect(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colleague_answers_for_the_requester_and_does_nothing_else() {
    let app = TestApp::start().await;
    let (ticket, _) = colleagues(&app).await;
    let_colleagues_see(&app, true).await;
    app.agent().sets_status(ticket, "pending").await.expect(200);
    let colleague = app.stranger();
    colleague
        .replies(ticket, "The one on floor 2")
        .await
        .expect(201);
    let seen = app.customer().ticket(ticket).await;
    assert_eq!(seen["status"], "open");
    assert_eq!(seen["requester"]["id"], json!(app.customer().id));
    let messages = app.customer().messages(ticket).await;
    assert_eq!(messages[2]["author"]["name"], "Sten");
    colleague.notes(ticket, "psst").await.expect(403);
    colleague.closes(ticket).await.expect(403);
    app.agent().resolves(ticket).await.expect(200);
    app.agent().closes(ticket).await.expect(200);
    let refused = colleague.replies(ticket, "One more thing").await;
    refused.expect(409);
    let tickets = app.agent().get("/tickets?include_total=true").await;
    assert_eq!(tickets.expect(200)["total"], 1, "no follow-up was opened");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_customer_is_grouped_by_the_domain_of_their_address() {
    let app = TestApp::start().await;
    let initech = company(
        &app,
        json!({"name": "Initech", "domains": ["Initech.example"]}),
    )
    .await;
    let make = async |name: &str, email: &str, role: &str| {
        let body = json!({"name": name, "email": email, "role": role});
        app.admin().post("/users", body).await.expect(201)
    };
    let bill = make("Bill", "bill@initech.example", "customer").await;
    assert_eq!(bill["company_id"], json!(initech));
    let peter = make("Peter", "peter@sub.initech.example", "customer").await;
    assert!(peter.body.get("company_id").is_none());
    let agent = make("Milton", "milton@initech.example", "agent").await;
    assert!(agent.body.get("company_id").is_none());
    let people = format!("/users?company={initech}");
    let people = app.agent().get(&people).await.expect(200);
    assert_eq!(people.items().len(), 1);

    let path = format!("/users/{}", bill.id());
    let moved = json!({"email": "bill@elsewhere.example"});
    let moved = app.admin().patch(&path, moved).await.expect(200);
    assert!(moved.body.get("company_id").is_none(), "{moved:?}");
    let theirs = json!({"email": "peter@elsewhere.example"});
    let path = format!("/users/{}", peter.id());
    let by_hand = json!({"company_id": initech});
    app.lead()
        .put(&format!("{path}/company"))
        .json(&by_hand)
        .await
        .expect(200);
    let stays = app.admin().patch(&path, theirs).await.expect(200);
    assert_eq!(stays["company_id"], json!(initech), "grouped by hand");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_of_one_company_of_the_organization_and_no_public_provider() {
    let app = TestApp::start().await;
    let with_domain = json!({"name": "Initech", "domains": ["initech.example"]});
    let initech = company(&app, with_domain.clone()).await;
    let refused = app.lead().post("/companies", with_domain.clone()).await;
    assert_eq!(refused.expect(409)["errors"][0]["pointer"], "/domains");
    let public = json!({"name": "Gmail", "domains": ["gmail.com"]});
    let refused = app.lead().post("/companies", public).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/domains");
    app.globex
        .lead
        .post("/companies", with_domain.clone())
        .await
        .expect(201);

    let path = format!("/companies/{initech}");
    let without = json!({"name": "Initrode", "domains": []});
    let changed = app.lead().patch(&path, without).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["domains"]),
        (&json!("Initrode"), &json!([]))
    );
    company(&app, with_domain).await;
    let listed = app.agent().get("/companies").await.expect(200);
    let names: Vec<&Value> = listed.items().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["Initech", "Initrode"]);
    app.globex.agent.get(&path).await.expect(404);
    app.customer().get("/companies").await.expect(403);
    app.agent()
        .post("/companies", json!({"name": "X"}))
        .await
        .expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_customers_are_grouped_and_only_into_companies_of_the_organization() {
    let app = TestApp::start().await;
    let theirs = json!({"name": "Hooli"});
    let theirs = app.globex.lead.post("/companies", theirs).await.expect(201);
    let path = format!("/users/{}/company", app.customer().id);
    let body = json!({"company_id": theirs.id()});
    let refused = app.lead().put(&path).json(&body).await.expect(422);
    assert_eq!(refused["errors"][0]["pointer"], "/company_id");
    let ours = company(&app, json!({"name": "Initech"})).await;
    let body = json!({"company_id": ours});
    let staff = format!("/users/{}/company", app.agent().id);
    app.lead().put(&staff).json(&body).await.expect(409);
    app.agent().put(&path).json(&body).await.expect(403);
    app.customer().put(&path).json(&body).await.expect(403);
    app.globex.lead.put(&path).json(&body).await.expect(422);
}
