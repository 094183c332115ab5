//! ID tokens that are not what they should be.

use chrono::Utc;
use serde_json::{Value, json};

use super::World;
use crate::harness::provider::Signature;

/// A provider that lies is not believed, and is again once it does not.
async fn is_refused(lie: impl Fn(&mut Value) + Send + 'static) {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    world.provider.lies(lie);
    world.sign_on().await.expect(401);
    world.provider.tells_the_truth();
    world.sign_on().await.expect(200);
}

/// So is one that signs otherwise than its keys say.
async fn is_refused_by(signature: Signature) {
    let world = World::start().await;
    world
        .provider
        .serves_verified("nord-1", "grace@acme.example");
    world.provider.signs_by(signature);
    world.sign_on().await.expect(401);
    world.provider.signs_by(Signature::Eddsa);
    world.sign_on().await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_another_nonce_is_refused() {
    is_refused(|claims| claims["nonce"] = json!("another")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_a_nonce_is_refused() {
    is_refused(|claims| {
        claims.as_object_mut().unwrap().remove("nonce");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_another_client_is_refused() {
    is_refused(|claims| claims["aud"] = json!("somebody-else")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_for_another_client_too_is_refused() {
    is_refused(|claims| claims["aud"] = json!(["insightdesk-test", "somebody-else"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_another_client_asked_for_is_refused() {
    is_refused(|claims| claims["azp"] = json!("somebody-else")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_issuer_is_refused() {
    is_refused(|claims| claims["iss"] = json!("https://accounts.evil.example")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_has_expired_is_refused() {
    is_refused(|claims| claims["exp"] = json!(Utc::now().timestamp() - 60)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_about_nobody_is_refused() {
    is_refused(|claims| claims["sub"] = json!("")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_of_another_key_is_refused() {
    is_refused_by(Signature::Foreign).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_by_the_shared_secret_is_refused() {
    is_refused_by(Signature::Shared).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_says_it_is_not_signed_is_refused() {
    is_refused_by(Signature::Nothing).await;
}
