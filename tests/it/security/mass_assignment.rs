//! S26, mass assignment: fields that the server alone sets are refused wherever a body is taken, and nothing changes.

use serde_json::json;

use crate::contract::openapi::refusals::least_body;
use crate::contract::openapi::spec::Spec;
use crate::harness::TestApp;

/// What an attacker would like to set.
const FIELDS: [&str; 19] = [
    "id",
    "org_id",
    "organization_id",
    "tenant_id",
    "partition",
    "owner",
    "owner_id",
    "author_id",
    "author_role",
    "role",
    "version",
    "number",
    "sla",
    "sla_targets",
    "created_at",
    "updated_at",
    "internal",
    "external",
    "is_admin",
];

#[tokio::test(flavor = "multi_thread")]
async fn s26_fields_that_the_server_sets_are_refused_and_change_nothing() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    let message = app
        .agent()
        .replies(ticket, "Which one?")
        .await
        .expect(201)
        .id();
    let ids = [
        ("{ticket_id}", ticket),
        ("{message_id}", message),
        ("{user_id}", app.customer().id),
        ("{team_id}", app.acme.team_id),
    ];
    let spec = Spec::committed();
    let bodies = spec.operations().filter(|operation| operation.has_body());
    app.at_rest().await;
    let events = app.log().await.len();
    let mut asked = 0;
    for operation in bodies {
        let path = ids
            .iter()
            .fold(operation.path.to_owned(), |path, (name, id)| {
                path.replace(name, &id.to_string())
            });
        for field in FIELDS {
            let mut body = least_body(operation.id());
            // A field that an admin may set here is no attack.
            if spec.takes(&operation, field) {
                continue;
            }
            body[field] = json!("admin");
            let method = operation.method.to_uppercase().parse().unwrap();
            let answer = app.admin().request(method, &path).json(&body).await;
            let refused = matches!(answer.status.as_u16(), 400 | 401 | 422);
            assert!(refused, "{} took {field}: {answer:?}", operation.id());
            asked += 1;
        }
    }
    assert!(asked > FIELDS.len(), "too few were asked");
    assert_eq!(app.log().await.len(), events);
}

#[tokio::test(flavor = "multi_thread")]
async fn s26_a_person_cannot_raise_themself() {
    let app = TestApp::start().await;
    app.at_rest().await;
    for person in [app.customer(), app.agent(), app.lead()] {
        let events = app.log().await.len();
        let own = format!("/users/{}", person.id);
        for change in [
            json!({"role": "admin"}),
            json!({"name": "Mallory", "role": "admin"}),
            json!({"active": true}),
            json!({"email": "mallory@example.com"}),
        ] {
            person.patch(&own, change).await.expect(403);
        }
        assert_eq!(app.log().await.len(), events, "{}", person.name);
    }
}
