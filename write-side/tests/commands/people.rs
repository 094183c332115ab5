//! Users, teams and the organization.

use crate::support::Server;
use domain::actor::{Actor, Role};
use domain::ids::UserId;
use domain::text::Name;
use poem::http::Method;
use serde_json::json;
use uuid::Uuid;
use write_side::commands::CreateUser;
use write_side::dispatch::CommandContext;

#[tokio::test]
async fn an_e_mail_address_is_unique_in_its_organization() {
    let server = Server::start().await;
    let ada = json!({"name": "Ada L.", "email": "Ada@Example.com", "role": "agent"});
    let first = server
        .admin(Method::POST, "/users")
        .json(&ada)
        .send()
        .await
        .expect(201);
    assert_eq!(first.body["email"], "ada@example.com");
    let refused = server
        .admin(Method::POST, "/users")
        .json(&ada)
        .send()
        .await
        .expect(409);
    assert_eq!(refused.pointers(), ["/email"]);
    let other = server.other;
    let elsewhere = server.as_user(&other, other.admin, Role::Admin, Method::POST, "/users");
    elsewhere.json(&ada).send().await.expect(201);
}

#[tokio::test]
async fn of_many_who_claim_an_address_at_once_one_gets_it() {
    let server = Server::start().await;
    let body = json!({"name": "Ada", "email": "one@example.com", "role": "customer"});
    let requests = (0..8).map(|_| server.admin(Method::POST, "/users").json(&body).send());
    let answers = futures::future::join_all(requests).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let refused = answers.iter().filter(|answer| answer.status == 409).count();
    assert_eq!((made, refused), (1, 7), "{answers:?}");
}

#[tokio::test]
async fn an_address_that_was_given_up_is_free_again() {
    let server = Server::start().await;
    let body = json!({"name": "Ada", "email": "free@example.com", "role": "customer"});
    let ada = server
        .admin(Method::POST, "/users")
        .json(&body)
        .send()
        .await
        .expect(201)
        .id();
    let path = format!("/users/{ada}");
    let moved = json!({"email": "new@example.com"});
    server
        .admin(Method::PATCH, &path)
        .json(&moved)
        .send()
        .await
        .expect(200);
    server
        .admin(Method::POST, "/users")
        .json(&body)
        .send()
        .await
        .expect(201);
    let back = server
        .admin(Method::PATCH, &path)
        .json(&json!({"email": "free@example.com"}))
        .send()
        .await
        .expect(409);
    assert_eq!(back.pointers(), ["/email"]);
    let gone = server
        .admin(Method::PATCH, &path)
        .json(&json!({"email": null}))
        .send()
        .await
        .expect(200);
    assert!(gone.body.get("email").is_none());
}

#[tokio::test]
async fn people_change_their_own_name_and_nothing_else() {
    let server = Server::start().await;
    let path = format!("/users/{}", server.org.customer);
    let named = server
        .customer(Method::PATCH, &path)
        .json(&json!({"name": "Carla C."}))
        .send()
        .await
        .expect(200);
    assert_eq!(named.body["name"], "Carla C.");
    server
        .customer(Method::PATCH, &path)
        .json(&json!({"role": "admin"}))
        .send()
        .await
        .expect(403);
    let other = format!("/users/{}", server.org.stranger);
    server
        .customer(Method::PATCH, &other)
        .json(&json!({"name": "X"}))
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn who_was_deactivated_or_got_another_role_may_not_act_with_an_old_token() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let path = format!("/users/{}", server.org.customer);
    server
        .admin(Method::PATCH, &path)
        .json(&json!({"active": false}))
        .send()
        .await
        .expect(200);
    let reply = format!("/tickets/{ticket}/messages");
    server
        .customer(Method::POST, &reply)
        .json(&json!({"body": "x"}))
        .send()
        .await
        .expect(403);
    let path = format!("/users/{}", server.org.agent);
    server
        .admin(Method::PATCH, &path)
        .json(&json!({"role": "customer"}))
        .send()
        .await
        .expect(200);
    server
        .agent(Method::POST, &format!("/tickets/{ticket}/resolve"))
        .send()
        .await
        .expect(403);
    let nobody = UserId(uuid::Uuid::now_v7());
    let unknown = server.as_user(
        &server.org,
        nobody,
        Role::Customer,
        Method::POST,
        "/tickets",
    );
    unknown
        .json(&json!({"subject": "x"}))
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn a_team_has_active_staff_as_members() {
    let server = Server::start().await;
    let body = json!({"name": "A", "member_ids": [server.org.agent.0, server.org.customer.0]});
    let refused = server
        .admin(Method::POST, "/teams")
        .json(&body)
        .send()
        .await
        .expect(422);
    assert_eq!(refused.pointers(), ["/member_ids"]);
    let body = json!({"name": "A", "member_ids": [server.org.agent.0]});
    let team = server
        .admin(Method::POST, "/teams")
        .json(&body)
        .send()
        .await
        .expect(201)
        .id();
    let change = json!({"name": "B", "member_ids": [server.org.colleague.0]});
    let changed = server
        .admin(Method::PATCH, &format!("/teams/{team}"))
        .json(&change)
        .send()
        .await
        .expect(200);
    assert_eq!(changed.body["name"], "B");
    assert_eq!(changed.body["member_ids"], json!([server.org.colleague.0]));
}

#[tokio::test]
async fn a_team_of_the_most_members_can_be_made_and_exchanged_whole() {
    const MEMBERS_MAX: usize = domain::team::state::PresentTeam::MAX_MEMBERS;
    let server = Server::start().await;
    let agents = futures::future::join_all((0..2 * MEMBERS_MAX).map(|_| {
        let user_id = UserId(Uuid::now_v7());
        let create = CreateUser {
            user_id,
            name: Name::parse("Agent").unwrap(),
            email: None,
            role: Role::Agent,
        };
        let context = CommandContext::new(server.org.id, Actor::Operator);
        let server = &server;
        async move {
            server.dispatcher.dispatch(context, create).await.unwrap();
            user_id.0
        }
    }));
    let agents = agents.await;
    let (first, second) = agents.split_at(MEMBERS_MAX);
    let body = json!({"name": "Everybody", "member_ids": first});
    let made = server
        .admin(Method::POST, "/teams")
        .json(&body)
        .send()
        .await;
    let path = format!("/teams/{}", made.expect(201).id());
    let body = json!({"name": "Others", "member_ids": second});
    let changed = server.admin(Method::PATCH, &path).json(&body).send().await;
    let members = changed.expect(200).body["member_ids"].clone();
    assert_eq!(members.as_array().unwrap().len(), MEMBERS_MAX);
}

#[tokio::test]
async fn settings_that_are_left_out_stay() {
    let server = Server::start().await;
    let body = json!({"name": "Acme Ltd", "settings": {"auto_close_after_hours": 1}});
    let answer = server
        .admin(Method::PATCH, "/organization")
        .json(&body)
        .send()
        .await
        .expect(200);
    assert_eq!(answer.body["name"], "Acme Ltd");
    assert_eq!(answer.body["settings"]["auto_close_after_hours"], 1);
    assert_eq!(answer.body["settings"]["reopen_window_days"], 28);
    let body = json!({"settings": {"auto_close_after_hours": 1_000_000}});
    server
        .admin(Method::PATCH, "/organization")
        .json(&body)
        .send()
        .await
        .expect(422);
}
