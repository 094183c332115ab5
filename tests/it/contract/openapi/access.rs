//! Signing in and out, and sessions.

use domain::ids::UserId;
use domain::text::Email;
use serde_json::json;

use super::answers::Contract;
use crate::harness::TestApp;

const PASSWORD: &str = "seven green umbrellas in the hall";

pub async fn walk(app: &TestApp, contract: &Contract) {
    let email = Email::parse("ada@acme.example").unwrap();
    let (org, user) = (app.acme.id, UserId(app.admin().id));
    let identity = app.server.identity();
    identity
        .grant_password(org, user, &email, PASSWORD)
        .await
        .unwrap();
    let sign_in = ("sign_in", &[][..]);
    let wrong = json!({"email": email.as_str(), "password": "wrong"});
    contract.send(app.admin(), sign_in, wrong).await.expect(401);
    let right = json!({"email": email.as_str(), "password": PASSWORD});
    let tokens = contract.send(app.admin(), sign_in, right).await.expect(200);
    let refresh = ("refresh_session", &[][..]);
    let token = json!({"refresh_token": tokens["tokens"]["refresh_token"]});
    contract.send(app.admin(), refresh, token).await.expect(200);
    let token = json!({"refresh_token": "idf_none"});
    contract.send(app.admin(), refresh, token).await.expect(401);
    let fresh =
        json!({"current_password": PASSWORD, "new_password": "a bicycle made of old violins"});
    let change = ("change_password", &[][..]);
    contract
        .send(app.admin(), change, fresh.clone())
        .await
        .expect(204);
    contract.send(app.admin(), change, fresh).await.expect(422);
    let second = json!({"email": email.as_str(), "password": "a bicycle made of old violins"});
    let second = contract.send(app.admin(), sign_in, second).await;
    let session = second["tokens"]["session_id"].as_str().unwrap().to_owned();
    let target = ("end_session", &[("session_id", session.as_str())][..]);
    contract.get(app.admin(), target).await.expect(204);
    sessions(app, contract).await;
    contract
        .get(app.stranger(), ("sign_out", &[]))
        .await
        .expect(204);
}

async fn sessions(app: &TestApp, contract: &Contract) {
    let admin = app.admin().id.to_string();
    let own = contract.get(app.admin(), ("list_sessions", &[])).await;
    own.expect(200);
    let of_admin = [("user_id", admin.as_str())];
    let all = contract
        .get(app.admin(), ("list_user_sessions", &of_admin))
        .await
        .expect(200);
    assert!(all.items().is_empty());
    contract
        .get(app.agent(), ("list_user_sessions", &of_admin))
        .await
        .expect(403);
    let nowhere = uuid::Uuid::now_v7().to_string();
    contract
        .get(app.admin(), ("end_session", &[("session_id", &nowhere)]))
        .await
        .expect(404);
    contract
        .get(app.admin(), ("end_user_sessions", &of_admin))
        .await
        .expect(204);
}
