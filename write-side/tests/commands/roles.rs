//! Who may do what, and that another organization's objects do not exist.

use crate::support::Server;
use domain::actor::Role;
use poem::http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Every operation with a body that is right, and the roles that the table allows.
fn operations(
    server: &Server,
    ticket: Uuid,
    message: Uuid,
    team: Uuid,
) -> Vec<(Method, String, Value, &'static [Role])> {
    const STAFF: &[Role] = &[Role::Agent, Role::Lead, Role::Admin];
    const LEAD: &[Role] = &[Role::Lead, Role::Admin];
    const ADMIN: &[Role] = &[Role::Admin];
    let user = server.org.stranger;
    vec![
        (
            Method::PATCH,
            format!("/tickets/{ticket}"),
            json!({"priority": "high"}),
            STAFF,
        ),
        (
            Method::POST,
            format!("/tickets/{ticket}/assign"),
            json!({}),
            STAFF,
        ),
        (
            Method::POST,
            format!("/tickets/{ticket}/status"),
            json!({"status": "pending"}),
            STAFF,
        ),
        (
            Method::PUT,
            format!("/tickets/{ticket}/tags/a"),
            json!({}),
            STAFF,
        ),
        (
            Method::DELETE,
            format!("/tickets/{ticket}/tags/a"),
            json!({}),
            STAFF,
        ),
        (
            Method::POST,
            format!("/tickets/{ticket}/resolve"),
            json!({}),
            STAFF,
        ),
        (
            Method::POST,
            format!("/tickets/{ticket}/close"),
            json!({}),
            STAFF,
        ),
        (
            Method::POST,
            format!("/tickets/{ticket}/reopen"),
            json!({}),
            STAFF,
        ),
        (
            Method::POST,
            format!("/messages/{message}/redact"),
            json!({}),
            STAFF,
        ),
        (
            Method::POST,
            "/users".to_owned(),
            json!({"name": "N", "role": "agent"}),
            ADMIN,
        ),
        (
            Method::PATCH,
            format!("/users/{user}"),
            json!({"name": "N"}),
            ADMIN,
        ),
        (
            Method::POST,
            "/teams".to_owned(),
            json!({"name": "T"}),
            LEAD,
        ),
        (
            Method::PATCH,
            format!("/teams/{team}"),
            json!({"name": "U"}),
            LEAD,
        ),
        (
            Method::PATCH,
            "/organization".to_owned(),
            json!({"name": "O"}),
            ADMIN,
        ),
    ]
}

#[tokio::test]
async fn the_table_of_roles_holds_on_every_operation() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let message = server.reply(ticket).await;
    let team = server
        .admin(Method::POST, "/teams")
        .json(&json!({"name": "T"}))
        .send()
        .await
        .expect(201)
        .id();
    let people = [
        (Role::Customer, server.org.customer),
        (Role::Agent, server.org.agent),
        (Role::Lead, server.org.lead),
        (Role::Admin, server.org.admin),
    ];
    for (method, path, body, allowed) in operations(&server, ticket, message, team) {
        server
            .request(method.clone(), &format!("/api/v1{path}"))
            .json(&body)
            .send()
            .await
            .expect(401);
        for (role, user) in people {
            let before = server.event_count().await;
            let answer = server
                .as_user(&server.org, user, role, method.clone(), &path)
                .json(&body)
                .send()
                .await;
            if allowed.contains(&role) {
                assert!(
                    answer.status.is_success() || answer.status == 409,
                    "{role:?} {method} {path} {answer:?}"
                );
            } else {
                assert_eq!(answer.status, 403, "{role:?} {method} {path}");
                assert_eq!(server.event_count().await, before);
            }
        }
    }
}

#[tokio::test]
async fn another_organizations_objects_are_not_found() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let message = server.reply(ticket).await;
    let team = server
        .admin(Method::POST, "/teams")
        .json(&json!({"name": "T"}))
        .send()
        .await
        .expect(201)
        .id();
    let before = server.event_count().await;
    let other = server.other;
    let own = ["/users", "/teams", "/organization"];
    for (method, path, body, _) in operations(&server, ticket, message, team) {
        if own.contains(&path.as_str()) {
            continue;
        }
        let answer = server
            .as_user(&other, other.admin, Role::Admin, method.clone(), &path)
            .json(&body)
            .send()
            .await;
        assert_eq!(answer.status, 404, "{method} {path} {answer:?}");
    }
    for (method, path) in [
        (Method::POST, format!("/tickets/{ticket}/messages")),
        (Method::PATCH, format!("/messages/{message}")),
    ] {
        let body = json!({"body": "x"});
        for (user, role) in [(other.admin, Role::Admin), (other.customer, Role::Customer)] {
            server
                .as_user(&other, user, role, method.clone(), &path)
                .json(&body)
                .send()
                .await
                .expect(404);
        }
    }
    assert_eq!(server.event_count().await, before);
}

#[tokio::test]
async fn another_customers_ticket_is_not_found() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let before = server.event_count().await;
    let path = format!("/tickets/{ticket}/messages");
    server
        .stranger(Method::POST, &path)
        .json(&json!({"body": "x"}))
        .send()
        .await
        .expect(404);
    let stale = server
        .stranger(Method::POST, &path)
        .header("if-match", "\"99\"")
        .json(&json!({"body": "x"}));
    stale.send().await.expect(404);
    assert_eq!(server.event_count().await, before);
}

#[tokio::test]
async fn a_customer_opens_tickets_for_themself_only_and_sets_no_staff_fields() {
    let server = Server::start().await;
    let before = server.event_count().await;
    for extra in [
        json!({"requester_id": server.org.stranger.0}),
        json!({"requester_id": Uuid::nil()}),
        json!({"agent_id": server.org.agent.0}),
        json!({"agent_id": Uuid::nil()}),
        json!({"team_id": Uuid::nil()}),
        json!({"tags": ["vip"]}),
    ] {
        let mut body = json!({"subject": "x"});
        body.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        let answer = server
            .customer(Method::POST, "/tickets")
            .json(&body)
            .send()
            .await;
        assert_eq!(answer.status, 403, "{extra} {answer:?}");
    }
    let refused = server
        .agent(Method::POST, "/tickets")
        .json(&json!({"subject": "x"}))
        .send()
        .await
        .expect(422);
    assert_eq!(refused.pointers(), ["/requester_id"]);
    for wrong in [server.org.agent, server.other.customer] {
        let body = json!({"subject": "x", "requester_id": wrong.0});
        let refused = server
            .agent(Method::POST, "/tickets")
            .json(&body)
            .send()
            .await
            .expect(422);
        assert_eq!(refused.pointers(), ["/requester_id"]);
    }
    assert_eq!(server.event_count().await, before);
}
