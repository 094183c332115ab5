//! Signing in and out, and sessions.

use chrono::TimeDelta;
use serde_json::json;

use super::answers::Contract;
use crate::harness::access::{PASSWORD, code_of, give_password, text};
use crate::harness::provider::{CLIENT_ID, CLIENT_SECRET, Provider};
use crate::harness::{Mailbox, TestApp};

pub async fn walk(app: &TestApp, contract: &Contract, mailbox: &Mailbox, provider: &Provider) {
    mailed(app, contract, mailbox).await;
    let email = give_password(app, &app.acme, app.admin()).await;
    let sign_in = ("sign_in", &[][..]);
    let wrong = json!({"email": email, "password": "wrong"});
    contract.send(app.admin(), sign_in, wrong).await.expect(401);
    let right = json!({"email": email, "password": PASSWORD});
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
    let second = json!({"email": email, "password": "a bicycle made of old violins"});
    let second = contract.send(app.admin(), sign_in, second).await;
    let session = second["tokens"]["session_id"].as_str().unwrap().to_owned();
    let target = ("end_session", &[("session_id", session.as_str())][..]);
    contract.get(app.admin(), target).await.expect(204);
    second_factor(app, contract, &email).await;
    api_keys(app, contract).await;
    roles(app, contract).await;
    sessions(app, contract).await;
    sign_on(app, contract, provider).await;
    contract
        .get(app.stranger(), ("sign_out", &[]))
        .await
        .expect(204);
}

async fn mailed(app: &TestApp, contract: &Contract, mailbox: &Mailbox) {
    let send = async |id: &str, body| contract.send(app.admin(), (id, &[]), body).await;
    let application = json!({
        "organization_name": "Initech", "organization_slug": "initech", "name": "Bill", "email": "bill@initech.example",
        "password": PASSWORD,
    });
    send("sign_up", application.clone()).await.expect(202);
    let token = mailbox.token("bill@initech.example", "idv_").await;
    send("verify_address", json!({"token": token}))
        .await
        .expect(200);
    send("sign_up", application).await.expect(409);
    let email = json!({"email": "bill@initech.example"});
    send("forgot_password", email).await.expect(202);
    let token = mailbox.token("bill@initech.example", "idr_").await;
    let reset = json!({"token": token, "password": "a bicycle made of old violins"});
    send("reset_password", reset.clone()).await.expect(204);
    send("reset_password", reset).await.expect(401);
    let ask = json!({"email": "carla@acme.example", "organization": "acme"});
    send("ask_for_code", ask.clone()).await.expect(202);
    let mut show = ask;
    show["code"] = mailbox.code("carla@acme.example").await.into();
    send("sign_in_by_code", show.clone()).await.expect(200);
    send("sign_in_by_code", show).await.expect(401);
    let colleague = app.colleague().id.to_string();
    let target = ("invite_user", &[("user_id", colleague.as_str())][..]);
    contract.get(app.admin(), target).await.expect(202);
    contract.get(app.agent(), target).await.expect(403);
    invitations(app, contract).await;
    let token = mailbox.token("alan@acme.example", "idi_").await;
    let accept = json!({"token": token, "password": PASSWORD});
    send("accept_invitation", accept.clone()).await.expect(204);
    send("accept_invitation", accept).await.expect(401);
}

async fn invitations(app: &TestApp, contract: &Contract) {
    let create = ("create_invitation", &[][..]);
    let nina = json!({
        "email": "nina@acme.example", "name": "Nina", "role": "agent", "team_ids": [app.acme.team_id],
    });
    let invited = contract.send(app.admin(), create, nina.clone()).await;
    let id = invited.expect(201).id().to_string();
    contract.send(app.admin(), create, nina).await.expect(409);
    let nobody = json!({"email": "nobody", "role": "agent"});
    contract.send(app.admin(), create, nobody).await.expect(422);
    contract
        .get(app.admin(), ("list_invitations", &[]))
        .await
        .expect(200);
    let one = [("invitation_id", id.as_str())];
    let again = contract.get(app.admin(), ("resend_invitation", &one)).await;
    let id = again.expect(201).id().to_string();
    let one = [("invitation_id", id.as_str())];
    let revoke = ("revoke_invitation", &one[..]);
    contract.get(app.admin(), revoke).await.expect(204);
    contract.get(app.admin(), revoke).await.expect(404);
    contract.get(app.agent(), revoke).await.expect(403);
}

async fn second_factor(app: &TestApp, contract: &Contract, email: &str) {
    let proposed = contract
        .get(app.admin(), ("propose_second_factor", &[]))
        .await
        .expect(200);
    let code = || code_of(text(&proposed["secret"]), app.now());
    let confirm = ("confirm_second_factor", &[][..]);
    let body = json!({"code": code()});
    contract
        .send(app.admin(), confirm, body.clone())
        .await
        .expect(200);
    contract.send(app.admin(), confirm, body).await.expect(422);
    let password = "a bicycle made of old violins";
    let right = json!({"email": email, "password": password});
    let half = contract.send(app.admin(), ("sign_in", &[]), right).await;
    app.wait(TimeDelta::seconds(30));
    let body = json!({"ticket": half["ticket"], "code": code()});
    let complete = ("complete_sign_in", &[][..]);
    contract.send(app.admin(), complete, body).await.expect(200);
    app.wait(TimeDelta::seconds(30));
    let body = json!({"code": code()});
    let renew = ("renew_recovery_codes", &[][..]);
    contract.send(app.admin(), renew, body).await.expect(200);
    app.wait(TimeDelta::seconds(30));
    let body = json!({"password": password, "code": code()});
    let remove = ("remove_second_factor", &[][..]);
    contract.send(app.admin(), remove, body).await.expect(204);
}

async fn roles(app: &TestApp, contract: &Contract) {
    let create = ("create_role", &[][..]);
    let body = json!({"name": "Auditors", "base": "lead", "permissions": ["read_audit"]});
    let made = contract.send(app.admin(), create, body.clone()).await;
    let id = text(&made.expect(201)["id"]).to_owned();
    contract.send(app.admin(), create, body).await.expect(409);
    let wrong = json!({"name": "All", "base": "agent", "permissions": ["erase_users"]});
    contract.send(app.admin(), create, wrong).await.expect(422);
    let list = contract.get(app.agent(), ("list_roles", &[])).await;
    assert_eq!(list.expect(200).items().len(), 1);
    let target = [("role_id", id.as_str())];
    let one = contract.get(app.agent(), ("get_role", &target)).await;
    assert_eq!(one.expect(200)["name"], "Auditors");
    let change = json!({"permissions": ["read_audit", "read_users"]});
    let changed = contract.send(app.admin(), ("update_role", &target), change);
    changed.await.expect(200);
    let delete = ("delete_role", &target[..]);
    contract.get(app.agent(), delete).await.expect(403);
    contract.get(app.admin(), delete).await.expect(204);
}

async fn api_keys(app: &TestApp, contract: &Contract) {
    let create = ("create_api_key", &[][..]);
    let body = json!({"name": "Robot", "scopes": ["tickets:read"]});
    let made = contract.send(app.admin(), create, body.clone()).await;
    let made = made.expect(201);
    contract.send(app.agent(), create, body).await.expect(403);
    let unknown = json!({"name": "Robot", "scopes": ["everything"]});
    let refused = contract.send(app.admin(), create, unknown).await;
    refused.expect(422);
    let list = contract.get(app.admin(), ("list_api_keys", &[])).await;
    assert_eq!(list.expect(200).items().len(), 1);
    let id = text(&made["api_key"]["id"]);
    let target = [("api_key_id", id)];
    let one = contract.get(app.admin(), ("get_api_key", &target)).await;
    assert_eq!(one.expect(200)["name"], "Robot");
    let update = ("update_api_key", &target[..]);
    let change = json!({"name": "Reader", "scopes": ["tickets:read", "companies:read"]});
    let changed = contract.send(app.admin(), update, change.clone()).await;
    assert_eq!(changed.expect(200)["name"], "Reader");
    contract.send(app.agent(), update, change).await.expect(403);
    let key = app.admin().with_token(text(&made["key"]));
    let tickets = contract.get(&key, ("list_tickets", &[])).await;
    tickets.expect(200);
    let refused = contract.get(&key, ("list_sessions", &[])).await;
    refused.expect(403);
    let revoke = ("revoke_api_key", &target[..]);
    contract.get(app.admin(), revoke).await.expect(204);
    let refused = contract.get(&key, ("list_tickets", &[])).await;
    refused.expect(401);
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
    assert!(!all.items().is_empty());
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

async fn sign_on(app: &TestApp, contract: &Contract, provider: &Provider) {
    let new = json!({
        "kind": "oidc", "name": "Nordlicht", "issuer": provider.origin, "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET, "allowed_domains": ["acme.example"],
    });
    let create = ("create_sign_on_provider", &[][..]);
    let made = contract.send(app.admin(), create, new.clone()).await;
    let made = made.expect(201);
    contract.send(app.agent(), create, new).await.expect(403);
    let id = [("provider_id", text(&made["id"]))];
    let list = ("list_sign_on_providers", &[][..]);
    contract.get(app.admin(), list).await.expect(200);
    let get = ("get_sign_on_provider", &id[..]);
    contract.get(app.admin(), get).await.expect(200);
    contract.get(&app.globex.admin, get).await.expect(404);
    let change = json!({"newcomers": "customer", "second_factor": "trusted"});
    let update = ("update_sign_on_provider", &id[..]);
    contract.send(app.admin(), update, change).await.expect(200);
    let choices = ("list_sign_on_choices", &[("organization", "acme")][..]);
    contract.get(app.admin(), choices).await.expect(200);
    provider.serves_verified("nord-1", "grace@acme.example");
    let start = ("start_sign_on", &id[..]);
    let organization = json!({"organization": "acme"});
    let begun = contract.send(app.admin(), start, organization).await;
    let begun = begun.expect(200);
    let back = provider.visit(&begun["authorization_url"]).await;
    let body = json!({"flow": begun["flow"], "state": back.state, "code": back.code});
    let finish = ("finish_sign_on", &id[..]);
    contract
        .send(app.admin(), finish, body.clone())
        .await
        .expect(200);
    contract.send(app.admin(), finish, body).await.expect(401);
    let agent = app.agent().id.to_string();
    let unlink = ("unlink_sign_on", &[("user_id", agent.as_str())][..]);
    contract.get(app.admin(), unlink).await.expect(204);
    let remove = ("remove_sign_on_provider", &id[..]);
    contract.get(app.admin(), remove).await.expect(204);
    contract.get(app.admin(), remove).await.expect(404);
}
