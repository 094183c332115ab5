//! Organizations do not see each other. Every operation of the API that names a thing by its id is tried with the ids of
//! another organization: a new one without a line in [`body`] fails here.

use hyper::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::contract::openapi::refusals::least_body;
use crate::harness::access::{give_password, make_key, make_role, signed_in};
use crate::harness::{DEADLINE, Person, TestApp, eventually, uuid_of};

/// The ids of one organization's things.
struct Ids {
    ticket: Uuid,
    message: Uuid,
    user: Uuid,
    team: Uuid,
    company: Uuid,
    calendar: Uuid,
    policy: Uuid,
    invitation: Uuid,
    session: Uuid,
    api_key: Uuid,
    provider: Uuid,
    role: Uuid,
    simulation: Uuid,
    view: Uuid,
}

impl Ids {
    /// Ids of nothing at all.
    fn of_nothing() -> Self {
        let [
            ticket,
            message,
            user,
            team,
            company,
            calendar,
            policy,
            invitation,
            session,
            api_key,
            provider,
            role,
            simulation,
            view,
        ] = std::array::from_fn(|_| Uuid::now_v7());
        Self {
            ticket,
            message,
            user,
            team,
            company,
            calendar,
            policy,
            invitation,
            session,
            api_key,
            provider,
            role,
            simulation,
            view,
        }
    }

    fn fill(&self, path: &str) -> String {
        let filled = [
            ("{ticket_id}", self.ticket.to_string()),
            ("{message_id}", self.message.to_string()),
            ("{user_id}", self.user.to_string()),
            ("{team_id}", self.team.to_string()),
            ("{company_id}", self.company.to_string()),
            ("{calendar_id}", self.calendar.to_string()),
            ("{policy_id}", self.policy.to_string()),
            ("{invitation_id}", self.invitation.to_string()),
            ("{session_id}", self.session.to_string()),
            ("{api_key_id}", self.api_key.to_string()),
            ("{provider_id}", self.provider.to_string()),
            ("{role_id}", self.role.to_string()),
            ("{simulation_id}", self.simulation.to_string()),
            ("{view_id}", self.view.to_string()),
            ("{tag}", "vip".to_owned()),
        ];
        let path = filled
            .iter()
            .fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
        assert!(!path.contains('{'), "an id of a new kind: {path}");
        path
    }
}

/// A body that the operation takes.
fn body(operation_id: &str) -> Option<Value> {
    match operation_id {
        "get_ticket" | "diff_ticket" | "list_messages" | "list_history" | "explain_ticket_sla"
        | "get_user" | "list_user_history" | "get_team" | "list_team_history" | "get_company" => {
            None
        }
        "diff_user" | "diff_team" | "diff_calendar" | "diff_policy" => None,
        "get_calendar" | "list_calendar_history" | "retire_calendar" => None,
        "get_policy" | "delete_policy" | "list_policy_versions" | "list_policy_history" => None,
        "export_user" | "invite_user" => None,
        "get_api_key" | "revoke_api_key" => None,
        "update_api_key" => Some(json!({"name": "Taken over"})),
        "resend_invitation" | "revoke_invitation" => None,
        "get_role" | "delete_role" => None,
        "get_simulation" | "list_simulation_differences" | "delete_simulation" => None,
        "get_view" | "delete_view" => None,
        "update_view" => Some(json!({"name": "Taken over"})),
        "import_holidays" => Some(least_body("import_holidays")),
        "update_role" => Some(json!({"name": "Taken over"})),
        "end_session" | "list_user_sessions" | "end_user_sessions" => None,
        "get_sign_on_provider" | "remove_sign_on_provider" | "unlink_sign_on" => None,
        "update_sign_on_provider" => Some(json!({"name": "Taken over"})),
        "start_sign_on" => Some(json!({"organization": "globex"})),
        "resolve_ticket" | "close_ticket" | "reopen_ticket" | "tag_ticket" | "untag_ticket" => None,
        "redact_message" => None,
        "update_ticket" => Some(json!({"subject": "Taken over"})),
        "assign_ticket" => Some(json!({"agent_id": null})),
        "set_ticket_status" => Some(json!({"status": "pending"})),
        "post_message" | "edit_message" => Some(json!({"body": "Taken over"})),
        "erase_user" => Some(json!({"reason": "Taken over"})),
        "set_user_company" => Some(json!({})),
        "update_user" | "update_team" | "update_company" | "update_calendar" | "update_policy" => {
            Some(json!({"name": "Taken over"}))
        }
        new => panic!("the operation {new} has no line in the test of isolation"),
    }
}

/// Every operation with an id in its path: method, path, id.
fn operations() -> Vec<(Method, String, String)> {
    let spec: Value = serde_json::from_str(&insightdesk::http::openapi().unwrap()).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in spec["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap().to_owned();
            // Who has no flow is refused before anything is looked up: see the journeys of sign-on.
            if path.contains('{') && id != "finish_sign_on" {
                operations.push((method.to_uppercase().parse().unwrap(), path.clone(), id));
            }
        }
    }
    operations
}

async fn tried(
    person: &Person,
    ids: &Ids,
    (method, path, operation): &(Method, String, String),
) -> (u16, Value) {
    let request = person.request(method.clone(), &ids.fill(path));
    let request = match body(operation) {
        Some(body) => request.json(&body),
        None => request,
    };
    let answer = request.await;
    (answer.status.as_u16(), answer["detail"].clone())
}

/// A session of somebody of acme, who has a key by then.
async fn session_of(app: &TestApp) -> Uuid {
    let email = give_password(app, &app.acme, app.colleague()).await;
    let tokens = signed_in(&app.client, &email).await;
    // It is in the log before anybody counts what the others did.
    let told = || async {
        let log = app.log().await;
        let is_told = |event_type| log.iter().any(|event| event.event_type == event_type);
        let both = is_told("session.started") && is_told("api_key.created");
        if both { Ok(()) } else { Err("not told") }
    };
    eventually(told, DEADLINE).await;
    uuid_of(&tokens["session_id"])
}

/// A provider of sign-on of acme.
async fn provider_of(app: &TestApp) -> Uuid {
    let body =
        json!({"kind": "github", "name": "GitHub", "client_id": "id", "client_secret": "secret"});
    let request = app.admin().request(Method::POST, "/sign_on/providers");
    let id = request.json(&body).await.expect(201).id();
    let told = || async {
        let log = app.log().await;
        let kind = "sign_on_provider.created";
        let is_told = log.iter().any(|event| event.event_type == kind);
        if is_told { Ok(()) } else { Err("not told") }
    };
    eventually(told, DEADLINE).await;
    id
}

async fn acme_ids(app: &TestApp) -> Ids {
    let ticket = app.customer().opens("Printer on fire").await;
    let message = app
        .agent()
        .replies(ticket, "Which one?")
        .await
        .expect(201)
        .id();
    let api_key = make_key(app.admin(), &["tickets:read"]).await.id;
    let nina = json!({"email": "nina@acme.example", "role": "agent"});
    let invited = app.admin().post("/invitations", nina).await.expect(201);
    Ids {
        invitation: invited.id(),
        ticket,
        message,
        user: app.customer().id,
        team: app.acme.team_id,
        company: app
            .lead()
            .post("/companies", json!({"name": "Initech"}))
            .await
            .expect(201)
            .id(),
        calendar: calendar_of(app).await,
        policy: policy_of(app).await,
        session: session_of(app).await,
        api_key,
        provider: provider_of(app).await,
        role: make_role(app.admin(), "lead", &["read_audit"]).await,
        simulation: app
            .admin()
            .post("/sla/simulations", least_body("create_simulation"))
            .await
            .expect(202)
            .id(),
        view: app
            .admin()
            .post("/views", json!({"name": "All", "owner": "organization"}))
            .await
            .expect(201)
            .id(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_things_of_another_organization_are_not_there_for_anybody() {
    let app = TestApp::start().await;
    let (ids, nothing) = (acme_ids(&app).await, Ids::of_nothing());
    app.at_rest().await;
    let events = app.log().await.len();
    for operation in operations() {
        for person in app.globex.people() {
            let theirs = tried(person, &ids, &operation).await;
            // What a role may not do at all is refused before anything is looked up. An admin may do everything.
            let role_refused = theirs.0 == 403 && person.id != app.globex.admin.id;
            assert!(
                theirs.0 == 404 || role_refused,
                "{} {operation:?} {theirs:?}",
                person.name
            );
            let invented = tried(person, &nothing, &operation).await;
            assert_eq!(theirs, invented, "{} {operation:?}", person.name);
        }
    }
    assert_eq!(app.log().await.len(), events);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_references_stay_within_the_organization() {
    let app = TestApp::start().await;
    let ids = acme_ids(&app).await;
    let globex = &app.globex;
    let ours = globex.customer.opens("Our own").await;
    app.at_rest().await;
    for path in [
        "/tickets",
        "/users",
        "/teams",
        "/organization",
        "/audit?limit=100",
        "/views",
        "/view-counts",
    ] {
        let told = globex.admin.get(path).await.expect(200).body.to_string();
        for foreign in [ids.ticket, ids.user, ids.team, app.acme.id.0] {
            assert!(!told.contains(&foreign.to_string()), "{path}: {told}");
        }
    }
    for filter in [
        format!("requester={}", ids.user),
        format!("team={}", ids.team),
        format!("assignee={}", app.agent().id),
    ] {
        let found = globex
            .agent
            .get(&format!("/tickets?{filter}&include_total=true"))
            .await
            .expect(200);
        assert_eq!(
            (found.items().len(), &found["total"]),
            (0, &json!(0)),
            "{filter}"
        );
    }
    let assign = format!("/tickets/{ours}/assign");
    globex
        .agent
        .post(&assign, json!({"agent_id": app.agent().id}))
        .await
        .expect(422);
    globex
        .agent
        .post(&assign, json!({"team_id": ids.team}))
        .await
        .expect(422);
    let open = json!({"subject": "For a stranger", "requester_id": ids.user});
    globex.agent.post("/tickets", open).await.expect(422);
    globex
        .admin
        .post(
            "/teams",
            json!({"name": "Mixed", "member_ids": [app.agent().id]}),
        )
        .await
        .expect(422);
    assert_eq!(globex.agent.ticket(ours).await["number"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_valid_token_there_is_nothing() {
    let app = TestApp::start().await;
    let ids = acme_ids(&app).await;
    // Everybody may begin to sign on.
    let closed = operations()
        .into_iter()
        .filter(|(.., id)| id != "start_sign_on");
    for (method, path, operation) in closed {
        let path = format!("/api/v1{}", ids.fill(&path));
        for token in ["", "x.y.z", &format!("{}x", app.admin().token())] {
            let request = app.client.request(method.clone(), &path).token(token);
            let request = match body(&operation) {
                Some(body) => request.json(&body),
                None => request,
            };
            let refused = request.await.expect(401);
            assert!(
                refused
                    .header("www-authenticate")
                    .is_some_and(|scheme| scheme.starts_with("Bearer"))
            );
        }
    }
}

async fn calendar_of(app: &TestApp) -> Uuid {
    let body = least_body("create_calendar");
    let made = app.admin().post("/calendars", body).await;
    made.expect(201).id()
}

async fn policy_of(app: &TestApp) -> Uuid {
    let body = least_body("create_policy");
    let made = app.admin().post("/service-levels/policies", body).await;
    made.expect(201).id()
}

#[tokio::test(flavor = "multi_thread")]
async fn s29_the_same_key_and_the_same_number_in_two_organizations_do_not_cross() {
    let app = TestApp::start().await;
    let open = |person: &Person, subject: &str| {
        person
            .post("/tickets", json!({"subject": subject}))
            .idempotency_key("same-key")
    };
    let (ours, theirs) = (app.customer(), &app.globex.customer);
    let first = open(ours, "Ours").await.expect(201).id();
    let second = open(theirs, "Theirs").await.expect(201).id();
    assert_ne!(first, second, "a key is of its organization");
    assert_eq!(open(ours, "Ours").await.expect(201).id(), first);
    assert_eq!(open(theirs, "Theirs").await.expect(201).id(), second);
    // Twice each: the second answer may come from a cache.
    for _ in 0..2 {
        for (person, own, foreign, subject) in [
            (ours, first, second, "Ours"),
            (theirs, second, first, "Theirs"),
        ] {
            let seen = person.ticket(own).await;
            assert_eq!(seen["number"], 1);
            assert_eq!(seen["subject"], subject);
            let path = format!("/tickets/{foreign}");
            person.get(&path).await.expect(404);
        }
    }
}
