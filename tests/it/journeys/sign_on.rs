//! Signing on by another site, against a provider that runs here: what is let in, and what is not.

mod enrolment;
mod github;
mod identities;
mod lies;
mod set_up;

use chrono::TimeDelta;
use hyper::Method;
use serde_json::{Value, json};

use crate::harness::access::{post, status_of, text};
use crate::harness::provider::{Back, CLIENT_ID, CLIENT_SECRET, Provider, Signature};
use crate::harness::{Answer, DEADLINE, Person, TestApp, eventually};

/// An organization with a provider.
struct World {
    provider: Provider,
    app: TestApp,
    /// The provider's id at acme.
    id: String,
}

/// A sign-on that began.
struct Begun {
    id: String,
    flow: Value,
    back: Back,
}

fn oidc(provider: &Provider) -> Value {
    json!({
        "kind": "oidc", "name": "Nordlicht", "issuer": provider.origin,
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
    })
}

/// Sets a provider up; its id.
async fn set_up(admin: &Person, body: &Value) -> String {
    let request = admin.request(Method::POST, "/sign_on/providers");
    let made = request.json(body).await.expect(201);
    text(&made["id"]).to_owned()
}

impl World {
    async fn start() -> Self {
        let provider = Provider::start().await;
        let app = provider.app().await;
        let id = set_up(app.admin(), &oidc(&provider)).await;
        Self { provider, app, id }
    }

    async fn start_at(&self, organization: &str, id: &str) -> Answer {
        let path = format!("/auth/sign_on/providers/{id}/start");
        let body = json!({"organization": organization});
        post(&self.app.client, &path, body).await
    }

    /// A sign-on up to the moment in which the person is back.
    async fn begin(&self) -> Begun {
        // A machine that stood still had no answer of the provider in time.
        let start = async || match self.start_at("acme", &self.id).await {
            busy if busy.status == 503 => Err(busy.body),
            begun => Ok(begun),
        };
        let begun = eventually(start, DEADLINE).await.expect(200);
        let back = self.provider.visit(&begun["authorization_url"]).await;
        Begun {
            id: self.id.clone(),
            flow: begun["flow"].clone(),
            back,
        }
    }

    async fn finish(&self, begun: &Begun) -> Answer {
        let body = json!({
            "flow": begun.flow, "state": begun.back.state, "code": begun.back.code, "iss": self.provider.origin,
        });
        self.send(&begun.id, body).await
    }

    async fn send(&self, id: &str, body: Value) -> Answer {
        let path = format!("/auth/sign_on/providers/{id}/finish");
        post(&self.app.client, &path, body).await
    }

    /// Begins and finishes a sign-on, anew where the provider did not answer in time: its code may be used then.
    async fn sign_on(&self) -> Answer {
        let whole = async || match self.finish(&self.begin().await).await {
            busy if busy.status == 503 => Err(busy.body),
            answer => Ok(answer),
        };
        eventually(whole, DEADLINE).await
    }

    /// What an admin changes about the provider.
    async fn changes(&self, body: Value) {
        let path = format!("/sign_on/providers/{}", self.id);
        let request = self.app.admin().request(Method::PATCH, &path);
        request.json(&body).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_on_by_a_verified_address() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "Grace@acme.example");
    let begun = world.begin().await;
    assert_eq!(
        begun.back.page,
        format!("http://127.0.0.1:3001/sign-on/{}", world.id)
    );
    let answer = world.finish(&begun).await.expect(200);
    assert_eq!(answer["status"], "signed_in");
    let tokens = &answer["tokens"];
    let grace = world.app.agent().id.to_string();
    assert_eq!(tokens["identity"]["user_id"], grace.as_str());
    assert_eq!(tokens["identity"]["organization_slug"], "acme");
    assert_eq!(
        status_of(&world.app.client, &tokens["access_token"]).await,
        200
    );
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    let refreshed = post(&world.app.client, "/auth/refresh", refresh).await;
    let refreshed = refreshed.expect(200);
    assert_eq!(refreshed["identity"]["user_id"], grace.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keys_that_most_providers_sign_by_are_known() {
    let world = World::start().await;
    world.provider.signs_by(Signature::Rsa);
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let answer = world.sign_on().await.expect(200);
    assert_eq!(answer["status"], "signed_in");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_used_once() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let begun = world.begin().await;
    world.finish(&begun).await.expect(200);
    world.finish(&begun).await.expect(401);
    assert_eq!(world.provider.exchanges().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_is_good_for_ten_minutes() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let begun = world.begin().await;
    world.app.wait(TimeDelta::minutes(10));
    world.finish(&begun).await.expect(401);
    assert!(world.provider.exchanges().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_state_of_another_flow_completes_nothing() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let (mine, theirs) = (world.begin().await, world.begin().await);
    // The code and state of an attacker in the browser of somebody else, who has another flow.
    let crossed = Begun {
        back: theirs.back.clone(),
        ..mine
    };
    world.finish(&crossed).await.expect(401);
    assert!(world.provider.exchanges().is_empty());
    world.finish(&theirs).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_flow_fails_at_its_verifier() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let (mine, theirs) = (world.begin().await, world.begin().await);
    let injected = Begun {
        back: Back {
            code: theirs.back.code,
            ..mine.back
        },
        ..mine
    };
    world.finish(&injected).await.expect(401);
    // The provider was asked, and compared.
    assert_eq!(world.provider.exchanges().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_one_provider_is_none_of_another() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let other = set_up(world.app.admin(), &oidc(&world.provider)).await;
    let begun = world.begin().await;
    let mixed = Begun { id: other, ..begun };
    world.finish(&mixed).await.expect(401);
    assert!(world.provider.exchanges().is_empty());
    let body = json!({
        "flow": mixed.flow, "state": mixed.back.state, "code": mixed.back.code, "iss": "https://evil.example",
    });
    world.send(&world.id, body).await.expect(401);
    assert!(world.provider.exchanges().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_bears_five_wrong_answers() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    let begun = world.begin().await;
    for _ in 0..5 {
        let body = json!({"flow": begun.flow, "state": "guessed", "code": begun.back.code});
        world.send(&begun.id, body).await.expect(401);
    }
    world.finish(&begun).await.expect(401);
    assert!(world.provider.exchanges().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_provider_is_down_nothing_is_half_done_and_the_same_may_be_sent_again() {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    world.provider.is_down(true);
    let refused = world.start_at("acme", &world.id).await.expect(503);
    assert_eq!(refused.header("retry-after"), Some("5"));
    world.provider.is_down(false);
    let begun = world.begin().await;
    world.provider.is_down(true);
    let refused = world.finish(&begun).await.expect(503);
    assert_eq!(refused.header("retry-after"), Some("5"));
    world.provider.is_down(false);
    world.finish(&begun).await.expect(200);
}
