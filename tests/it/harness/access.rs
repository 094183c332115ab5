//! Signing in as a client does.

use chrono::{DateTime, Utc};
use domain::ids::UserId;
use domain::text::Email;
use hyper::Method;
use serde_json::{Value, json};
use totp_rs::{Algorithm, Builder, Secret};
use uuid::Uuid;

use super::app::TestApp;
use super::client::{Answer, Client};
use super::people::{Organization, Person};
use super::uuid_of;

/// The password of everybody who has one.
pub const PASSWORD: &str = "seven green umbrellas in the hall";

/// Lets a person sign in by [`PASSWORD`]; their address.
pub async fn give_password(app: &TestApp, organization: &Organization, person: &Person) -> String {
    let name = person.name.to_lowercase();
    let email = format!("{name}@{}.example", organization.slug);
    give_login(app, organization, person, &email).await;
    email
}

/// Lets a person sign in by this address and [`PASSWORD`].
pub async fn give_login(app: &TestApp, organization: &Organization, person: &Person, email: &str) {
    let identity = app.server.identity();
    let (user, address) = (UserId(person.id), Email::parse(email).unwrap());
    let granted = identity.grant_password(organization.id, user, &address, PASSWORD);
    granted.await.unwrap();
}

/// A request by nobody. The path begins after the API's base.
pub async fn post(client: &Client, path: &str, body: Value) -> Answer {
    let path = format!("/api/v1{path}");
    client.request(Method::POST, &path).json(&body).await
}

/// A request with an access token.
pub async fn post_as(client: &Client, token: &Value, path: &str, body: Value) -> Answer {
    let path = format!("/api/v1{path}");
    let request = client.request(Method::POST, &path).json(&body);
    request.token(text(token)).await
}

pub async fn sign_in(client: &Client, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    post(client, "/auth/login", body).await
}

/// The tokens of a sign-in that succeeds.
pub async fn signed_in(client: &Client, email: &str) -> Value {
    let answer = sign_in(client, email, PASSWORD).await.expect(200);
    assert_eq!(answer["status"], "signed_in");
    answer["tokens"].clone()
}

pub async fn refresh(client: &Client, token: &Value) -> Answer {
    post(client, "/auth/refresh", json!({"refresh_token": token})).await
}

/// What a query with the access token is answered.
pub async fn status_of(client: &Client, access_token: &Value) -> u16 {
    let request = client.get("/api/v1/tickets").token(text(access_token));
    request.await.status.as_u16()
}

#[track_caller]
pub fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

/// What an authenticator app with this secret shows.
pub fn code_of(secret: &str, at: DateTime<Utc>) -> String {
    let totp = Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_secret(Secret::try_from_base32(secret).unwrap())
        .build_noncompliant();
    let seconds = u64::try_from(at.timestamp()).unwrap();
    totp.generate(seconds).to_string()
}

/// An API key, and the machine that sends requests with it.
pub struct Key {
    pub id: Uuid,
    pub person: Person,
}

/// Makes a key called Robot.
pub async fn make_key(admin: &Person, scopes: &[&str]) -> Key {
    let body = json!({"name": "Robot", "scopes": scopes});
    let made = admin.post("/api_keys", body).await.expect(201);
    let person = admin.with_token(text(&made["key"]));
    Key {
        id: uuid_of(&made["api_key"]["id"]),
        person,
    }
}

/// Makes a role called Auditors; its id.
pub async fn make_role(admin: &Person, base: &str, permissions: &[&str]) -> Uuid {
    let body = json!({"name": "Auditors", "base": base, "permissions": permissions});
    admin.post("/roles", body).await.expect(201).id()
}

/// Gives somebody a role of the organization's own.
pub async fn give_role(app: &TestApp, person: &Person, role: Uuid) {
    let path = format!("/users/{}", person.id);
    let given = app.admin().patch(&path, json!({"role_id": role}));
    given.await.expect(200);
}

/// Somebody who has just signed in.
async fn signs_in(app: &TestApp, person: &Person) -> Person {
    let email = format!("{}@own.example", person.name.to_lowercase());
    give_login(app, &app.acme, person, &email).await;
    let tokens = signed_in(&app.client, &email).await;
    person.with_token(text(&tokens["access_token"]))
}

/// Makes a role, and gives it to the colleague; it and them, who have just signed in.
pub async fn holder(app: &TestApp, base: &str, permissions: &[&str]) -> (Uuid, Person) {
    let role = make_role(app.admin(), base, permissions).await;
    give_role(app, app.colleague(), role).await;
    // A person's address is that of their login.
    let path = format!("/users/{}", app.colleague().id);
    let email = json!({"email": "alan@own.example"});
    app.admin().patch(&path, email).await.expect(200);
    (role, signs_in(app, app.colleague()).await)
}
