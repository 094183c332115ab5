//! Signing in by password, staying signed in, and being signed out.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use futures::future::join_all;
use hyper::Method;
use serde_json::{Value, json};

use crate::harness::access::{
    PASSWORD, give_login, give_password, post, refresh, sign_in, signed_in, status_of, text,
};
use crate::harness::{Client, DEADLINE, TestApp, eventually};

/// Waits until a server refuses an access token that would be good for a quarter of an hour. Five seconds are promised; a
/// busy machine may take longer.
async fn refused_soon(client: &Client, access_token: &Value) {
    let refused = || async {
        match status_of(client, access_token).await {
            401 => Ok(()),
            status => Err(status),
        }
    };
    eventually(refused, DEADLINE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_works_and_signs_out() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let answer = sign_in(&app.client, &email.to_uppercase(), PASSWORD).await;
    let answer = answer.expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let tokens = answer["tokens"].clone();
    assert_eq!(tokens["identity"]["user_id"], app.agent().id.to_string());
    assert_eq!(tokens["identity"]["organization_slug"], "acme");
    assert_eq!(tokens["identity"]["role"], "agent");
    assert_eq!(tokens["expires_in"], 900);
    let access = &tokens["access_token"];
    assert_eq!(status_of(&app.client, access).await, 200);

    let sessions = app.client.get("/api/v1/auth/sessions").token(text(access));
    let sessions = sessions.await.expect(200);
    assert_eq!(sessions.items().len(), 1);
    assert_eq!(sessions.items()[0]["id"], tokens["session_id"]);
    assert_eq!(sessions.items()[0]["current"], true);

    let out = app.client.request(Method::POST, "/api/v1/auth/logout");
    out.token(text(access)).await.expect(204);
    assert_eq!(status_of(&app.client, access).await, 401);
    refresh(&app.client, &tokens["refresh_token"])
        .await
        .expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_learns_from_a_refusal_whether_an_account_exists() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let wrong = sign_in(&app.client, &email, "not the password at all").await;
    let mut unlike = Vec::new();
    for (email, password) in [
        ("nobody@acme.example", PASSWORD),
        ("no address", PASSWORD),
        (email.as_str(), "\u{0}"),
        // Known in the organization, but without an account.
        ("alan@acme.example", PASSWORD),
    ] {
        unlike.push(sign_in(&app.client, email, password).await);
    }
    let elsewhere = json!({"email": email, "password": PASSWORD, "organization": "globex"});
    unlike.push(post(&app.client, "/auth/login", elsewhere).await);
    let wrong = wrong.expect(401);
    for answer in unlike {
        let answer = answer.expect(401);
        for field in ["type", "title", "detail", "instance"] {
            assert_eq!(answer[field], wrong[field]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_several_organizations_chooses_one() {
    let app = TestApp::start().await;
    let email = "grace@example.org";
    for (organization, person) in [
        (&app.acme, app.agent()),
        (&app.globex, &app.globex.customer),
    ] {
        let change = json!({"email": email});
        let path = format!("/users/{}", person.id);
        organization.admin.patch(&path, change).await.expect(200);
        give_login(&app, organization, person, email).await;
    }
    let asked = sign_in(&app.client, email, PASSWORD).await.expect(200);
    assert_eq!(asked["status"], "choose_organization");
    assert!(asked["tokens"].is_null(), "{}", asked.body);
    let slugs: BTreeSet<&str> = asked["organizations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|choice| text(&choice["slug"]))
        .collect();
    assert_eq!(slugs, BTreeSet::from(["acme", "globex"]));
    let body = json!({"email": email, "password": PASSWORD, "organization": "globex"});
    let chosen = post(&app.client, "/auth/login", body).await.expect(200);
    let identity = &chosen["tokens"]["identity"];
    assert_eq!(identity["user_id"], app.globex.customer.id.to_string());
    assert_eq!(identity["role"], "customer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_that_is_used_again_later_ends_its_session_and_no_other() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let (stolen, other) = (
        signed_in(&app.client, &email).await,
        signed_in(&app.client, &email).await,
    );
    let newer = refresh(&app.client, &stolen["refresh_token"])
        .await
        .expect(200);
    assert_ne!(newer["refresh_token"], stolen["refresh_token"]);
    app.wait(TimeDelta::seconds(11));
    refresh(&app.client, &stolen["refresh_token"])
        .await
        .expect(401);
    // Whoever holds the newer token, thief or owner, is out as well.
    refresh(&app.client, &newer["refresh_token"])
        .await
        .expect(401);
    assert_eq!(status_of(&app.client, &newer["access_token"]).await, 401);
    assert_eq!(status_of(&app.client, &stolen["access_token"]).await, 401);
    assert_eq!(status_of(&app.client, &other["access_token"]).await, 200);
    refresh(&app.client, &other["refresh_token"])
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_answer_was_lost_gets_the_same_successor_for_ten_seconds() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let first = signed_in(&app.client, &email).await;
    let lost = refresh(&app.client, &first["refresh_token"])
        .await
        .expect(200);
    app.wait(TimeDelta::seconds(9));
    let again = refresh(&app.client, &first["refresh_token"])
        .await
        .expect(200);
    assert_eq!(again["refresh_token"], lost["refresh_token"]);
    assert_eq!(again["session_id"], first["session_id"]);
    refresh(&app.client, &again["refresh_token"])
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_refreshes_at_once_give_one_successor() {
    let app = TestApp::start().await;
    let (second, other_client) = app.second().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let first = signed_in(&app.client, &email).await;
    let clients = [&app.client, &other_client];
    let all = (0..50).map(|n| refresh(clients[n % 2], &first["refresh_token"]));
    let successors: BTreeSet<String> = join_all(all)
        .await
        .into_iter()
        .map(|answer| text(&answer.expect(200)["refresh_token"]).to_owned())
        .collect();
    assert_eq!(successors.len(), 1);
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_of_three_tokens_of_one_second_ends_the_session() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let first = signed_in(&app.client, &email).await;
    let mut newest = first["refresh_token"].clone();
    for _ in 0..3 {
        let answer = refresh(&app.client, &newest).await.expect(200);
        newest = answer["refresh_token"].clone();
    }
    refresh(&app.client, &first["refresh_token"])
        .await
        .expect(401);
    refresh(&app.client, &newest).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guessed_refresh_token_ends_nobodys_session() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let good = text(&tokens["refresh_token"]);
    // The session's id is at the front, so this names the session with another secret.
    let guess = format!("{}{}", &good[..40], "A".repeat(good.len() - 40));
    for wrong in [guess.as_str(), "idf_", "", text(&tokens["access_token"])] {
        let body = json!({"refresh_token": wrong});
        let answer = post(&app.client, "/auth/refresh", body).await;
        assert!(
            matches!(answer.status.as_u16(), 400 | 401),
            "{}",
            answer.body
        );
    }
    refresh(&app.client, &tokens["refresh_token"])
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_token_is_good_for_seven_days_and_a_session_for_ninety() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let idle = signed_in(&app.client, &email).await;
    let used = signed_in(&app.client, &email).await;
    let mut newest = used["refresh_token"].clone();
    let mut days = 0;
    loop {
        app.wait(TimeDelta::days(6));
        days += 6;
        let answer = refresh(&app.client, &newest).await;
        if answer.status.as_u16() == 401 {
            break;
        }
        newest = answer.expect(200)["refresh_token"].clone();
    }
    assert_eq!(days, 90);
    refresh(&app.client, &idle["refresh_token"])
        .await
        .expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_loses_their_role_or_may_not_act_any_more_is_signed_out_on_every_server() {
    let app = TestApp::start().await;
    let (second, other_client) = app.second_as("api").await;
    for change in [json!({"role": "customer"}), json!({"active": false})] {
        let person = if change["role"].is_null() {
            app.colleague()
        } else {
            app.agent()
        };
        let email = give_password(&app, &app.acme, person).await;
        let tokens = signed_in(&other_client, &email).await;
        assert_eq!(status_of(&other_client, &tokens["access_token"]).await, 200);
        let path = format!("/users/{}", person.id);
        app.admin().patch(&path, change).await.expect(200);
        refused_soon(&other_client, &tokens["access_token"]).await;
        refused_soon(&app.client, &tokens["access_token"]).await;
        refresh(&other_client, &tokens["refresh_token"])
            .await
            .expect(401);
    }
    second.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_ends_the_sessions_of_others_in_their_own_organization_alone() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let path = format!("/users/{}/sessions", app.agent().id);
    app.globex.admin.get(&path).await.expect(404);
    app.globex.admin.delete(&path).await.expect(404);
    app.colleague().get(&path).await.expect(403);
    app.colleague().delete(&path).await.expect(403);
    let listed = app.admin().get(&path).await.expect(200);
    assert_eq!(listed.items()[0]["id"], tokens["session_id"]);
    assert_eq!(status_of(&app.client, &tokens["access_token"]).await, 200);

    app.admin().delete(&path).await.expect(204);
    assert_eq!(status_of(&app.client, &tokens["access_token"]).await, 401);
    refresh(&app.client, &tokens["refresh_token"])
        .await
        .expect(401);
    assert!(app.admin().get(&path).await.expect(200).items().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_ends_one_of_their_own_sessions_and_nobody_elses() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let (here, there) = (
        signed_in(&app.client, &email).await,
        signed_in(&app.client, &email).await,
    );
    let path = format!("/auth/sessions/{}", text(&there["session_id"]));
    app.colleague().delete(&path).await.expect(404);
    let whole = format!("/api/v1{path}");
    let end = app.client.request(Method::DELETE, &whole);
    end.token(text(&here["access_token"])).await.expect(204);
    assert_eq!(status_of(&app.client, &there["access_token"]).await, 401);
    assert_eq!(status_of(&app.client, &here["access_token"]).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_password_ends_every_other_session() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let (here, there) = (
        signed_in(&app.client, &email).await,
        signed_in(&app.client, &email).await,
    );
    let change = async |present: &str, fresh: &str| {
        let path = "/api/v1/auth/password/change";
        let body = json!({"current_password": present, "new_password": fresh});
        let request = app.client.request(Method::POST, path).json(&body);
        request.token(text(&here["access_token"])).await
    };
    let fresh = "a bicycle made of old violins";
    let wrong = change("not the present one", fresh).await.expect(422);
    assert_eq!(wrong["errors"][0]["pointer"], "/current_password");
    for weak in ["too short", "passwordpassword", "grace grace grace"] {
        let refused = change(PASSWORD, weak).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/new_password", "{weak}");
    }
    assert_eq!(status_of(&app.client, &there["access_token"]).await, 200);

    change(PASSWORD, fresh).await.expect(204);
    assert_eq!(status_of(&app.client, &there["access_token"]).await, 401);
    refresh(&app.client, &there["refresh_token"])
        .await
        .expect(401);
    refresh(&app.client, &here["refresh_token"])
        .await
        .expect(200);
    sign_in(&app.client, &email, PASSWORD).await.expect(401);
    sign_in(&app.client, &email, fresh).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_address_takes_the_former_login_away() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let path = format!("/users/{}", app.agent().id);
    let change = json!({"email": "hopper@acme.example"});
    app.admin().patch(&path, change).await.expect(200);
    sign_in(&app.client, &email, PASSWORD).await.expect(401);
    refresh(&app.client, &tokens["refresh_token"])
        .await
        .expect(401);
    sign_in(&app.client, "hopper@acme.example", PASSWORD)
        .await
        .expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_leaves_no_account() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let invite = format!("/users/{}/invite", app.agent().id);
    app.admin().act(&invite).await.expect(202);
    let path = format!("/users/{}/erase", app.agent().id);
    let reason = json!({"reason": "Asked for it"});
    app.admin().post(&path, reason).await.expect(200);
    refused_soon(&app.client, &tokens["access_token"]).await;
    sign_in(&app.client, &email, PASSWORD).await.expect(401);
    let client = app.database.superuser().await;
    let rows = client
        .query_one(
            "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM memberships), \
                    (SELECT count(*) FROM sessions WHERE device <> '' OR address <> ''), \
                    (SELECT count(*) FROM challenges)",
            &[],
        )
        .await
        .unwrap();
    let counts: [i64; 4] = std::array::from_fn(|column| rows.get(column));
    assert_eq!(counts, [0; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tables_hold_no_secret_that_was_given_out() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let newer = refresh(&app.client, &tokens["refresh_token"])
        .await
        .expect(200);
    let client = app.database.superuser().await;
    let sql = "SELECT coalesce(string_agg(s::text, ' '), '') || (SELECT string_agg(a::text, ' ') FROM accounts a) FROM sessions s";
    let dump: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert!(dump.contains("$argon2id$v=19$m=19456,t=2,p=1$"), "{dump}");
    assert!(!dump.contains(PASSWORD));
    for token in [&tokens["refresh_token"], &newer["refresh_token"]] {
        use base64::Engine;
        let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(&text(token)[4..])
            .unwrap();
        let secret: String = bytes[22..54].iter().map(|b| format!("{b:02x}")).collect();
        assert!(!dump.contains(&secret), "{dump}");
    }
}
