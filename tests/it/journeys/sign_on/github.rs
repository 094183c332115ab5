//! GitHub, and what is GitHub elsewhere.

use serde_json::{Value, json};

use super::{Begun, World, set_up};
use crate::harness::access::text;
use crate::harness::provider::{Back, CLIENT_ID, CLIENT_SECRET, Provider};
use crate::harness::{Answer, DEADLINE, eventually};

/// An organization with a GitHub.
async fn start() -> World {
    let provider = Provider::start().await;
    let app = provider.app().await;
    let body = json!({
        "kind": "github", "name": "GitHub", "issuer": provider.origin,
        "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
    });
    let id = set_up(app.admin(), &body).await;
    World { provider, app, id }
}

fn account(id: u64, emails: Value) -> Value {
    json!({"id": id, "emails": emails})
}

fn address(email: &str, primary: bool, verified: bool) -> Value {
    json!({"email": email, "primary": primary, "verified": verified, "visibility": null})
}

/// GitHub names itself in no answer.
async fn finish(world: &World, begun: &Begun) -> Answer {
    let body = json!({"flow": begun.flow, "state": begun.back.state, "code": begun.back.code});
    world.send(&begun.id, body).await
}

async fn sign_on(world: &World) -> Answer {
    let whole = async || match finish(world, &world.begin().await).await {
        busy if busy.status == 503 => Err(busy.body),
        answer => Ok(answer),
    };
    eventually(whole, DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_on_by_the_verified_primary_address() {
    let world = start().await;
    let others = address("ada@acme.example", false, true);
    let primary = address("grace@acme.example", true, true);
    world.provider.serves(account(7, json!([others, primary])));
    let answer = sign_on(&world).await.expect(200);
    let grace = world.app.agent().id.to_string();
    assert_eq!(answer["tokens"]["identity"]["user_id"], grace.as_str());
    // Known by their number from now on.
    let changed = address("elsewhere@other.example", true, false);
    world.provider.serves(account(7, json!([changed])));
    let again = sign_on(&world).await.expect(200);
    assert_eq!(again["tokens"]["identity"]["user_id"], grace.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_is_not_verified_or_not_the_primary_opens_nothing() {
    let world = start().await;
    let unverified = address("grace@acme.example", true, false);
    let secondary = address("grace@acme.example", false, true);
    for emails in [json!([unverified]), json!([secondary]), json!([])] {
        world.provider.serves(account(7, emails));
        sign_on(&world).await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_another_flow_fails_at_its_verifier() {
    let world = start().await;
    let primary = address("grace@acme.example", true, true);
    world.provider.serves(account(7, json!([primary])));
    let (mine, theirs) = (world.begin().await, world.begin().await);
    let injected = Begun {
        back: Back {
            code: theirs.back.code,
            ..mine.back
        },
        ..mine
    };
    finish(&world, &injected).await.expect(401);
    assert_eq!(world.provider.exchanges().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_github_is_down_nothing_is_half_done_and_the_same_may_be_sent_again() {
    let world = start().await;
    let primary = address("grace@acme.example", true, true);
    world.provider.serves(account(7, json!([primary])));
    let begun = world.begin().await;
    world.provider.is_down(true);
    finish(&world, &begun).await.expect(503);
    world.provider.is_down(false);
    finish(&world, &begun).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_issuer_it_is_github_itself() {
    let world = start().await;
    let body = json!({
        "kind": "github", "name": "GitHub", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
    });
    let id = set_up(world.app.admin(), &body).await;
    let begun = world.start_at("acme", &id).await.expect(200);
    let url = text(&begun["authorization_url"]);
    assert!(
        url.starts_with("https://github.com/login/oauth/authorize?"),
        "{url}"
    );
    for part in ["code_challenge_method=S256", "scope=user%3Aemail", "state="] {
        assert!(url.contains(part), "{url}");
    }
}
