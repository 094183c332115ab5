//! The second factor: what it takes to get in, and to be rid of it.

use futures::future::join_all;
use platform::config::{Config, Secret};
use sealing::MasterKeys;
use serde_json::{Value, json};
use write_side::identity::reseal_second_factors;

use crate::harness::access::{
    PASSWORD, code_of, give_password, post, post_as, sign_in, signed_in, status_of, text,
};
use crate::harness::{Answer, MASTER_KEY, TestApp, eventually, serve};
use chrono::TimeDelta;

const STEP: TimeDelta = TimeDelta::seconds(30);

/// Grace with an authenticator app.
struct Grace {
    app: TestApp,
    email: String,
    tokens: Value,
    secret: String,
    recovery_codes: Vec<String>,
}

impl Grace {
    async fn enrolled() -> Self {
        let app = TestApp::start().await;
        let email = give_password(&app, &app.acme, app.agent()).await;
        let tokens = signed_in(&app.client, &email).await;
        let mut grace = Self {
            app,
            email,
            tokens,
            secret: String::new(),
            recovery_codes: Vec::new(),
        };
        let proposed = grace.post("/auth/second_factor", json!({})).await;
        let proposed = proposed.expect(200);
        assert!(text(&proposed["uri"]).starts_with("otpauth://totp/InsightDesk"));
        assert!(text(&proposed["qr_svg"]).contains("<svg"));
        grace.secret = text(&proposed["secret"]).to_owned();
        let code = grace.code();
        let confirmed = grace
            .post("/auth/second_factor/confirm", json!({"code": code}))
            .await
            .expect(200);
        let codes = confirmed["codes"].as_array().unwrap();
        grace.recovery_codes = codes.iter().map(|code| text(code).to_owned()).collect();
        grace
    }

    /// What the app shows.
    fn code(&self) -> String {
        code_of(&self.secret, self.app.now())
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        post_as(&self.app.client, &self.tokens["access_token"], path, body).await
    }

    /// The ticket of a sign-in by password.
    async fn ticket(&self) -> Value {
        let answer = sign_in(&self.app.client, &self.email, PASSWORD).await;
        let answer = answer.expect(200);
        assert_eq!(answer["status"], "second_factor_required");
        assert!(answer["tokens"].is_null(), "{}", answer.body);
        answer["ticket"].clone()
    }

    async fn complete(&self, ticket: &Value, code: &str) -> Answer {
        let body = json!({"ticket": ticket, "code": code});
        post(&self.app.client, "/auth/login/second_factor", body).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_a_code_signs_in_once_and_the_code_of_the_enrolment_never() {
    let grace = Grace::enrolled().await;
    let ticket = grace.ticket().await;
    grace.complete(&ticket, &grace.code()).await.expect(401);
    grace.app.wait(STEP);
    let signed_in = grace.complete(&ticket, &grace.code()).await.expect(200);
    let access = &signed_in["tokens"]["access_token"];
    assert_eq!(status_of(&grace.app.client, access).await, 200);
    // The ticket is used up, and so is the code.
    grace.complete(&ticket, &grace.code()).await.expect(401);
    let another = grace.ticket().await;
    grace.complete(&another, &grace.code()).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_of_twenty_who_show_one_code_at_once_one_gets_in() {
    let grace = Grace::enrolled().await;
    grace.app.wait(STEP);
    let code = grace.code();
    let mut tickets = Vec::new();
    for _ in 0..20 {
        tickets.push(grace.ticket().await);
    }
    let all = tickets.iter().map(|ticket| grace.complete(ticket, &code));
    let answers = join_all(all).await;
    let let_in = answers.iter().filter(|answer| answer.status.is_success());
    assert_eq!(let_in.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn s14_a_code_is_good_one_step_early_or_late_and_never_after_a_later_one() {
    let grace = Grace::enrolled().await;
    grace.app.wait(STEP * 2);
    let (ticket, code) = (grace.ticket().await, grace.code());
    grace.app.wait(STEP * 2);
    grace.complete(&ticket, &code).await.expect(401);
    let late = grace.code();
    grace.app.wait(STEP);
    let newer = grace.code();
    let ticket = grace.ticket().await;
    grace.complete(&ticket, &newer).await.expect(200);
    let ticket = grace.ticket().await;
    grace.complete(&ticket, &late).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn s15_a_sign_in_ends_after_five_wrong_codes() {
    let grace = Grace::enrolled().await;
    let ticket = grace.ticket().await;
    for _ in 0..5 {
        grace.complete(&ticket, "000000").await.expect(401);
    }
    grace.app.wait(STEP);
    grace.complete(&ticket, &grace.code()).await.expect(401);
    let ticket = grace.ticket().await;
    grace.complete(&ticket, &grace.code()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn s16_a_recovery_code_is_good_once_and_new_ones_void_the_others() {
    let grace = Grace::enrolled().await;
    assert_eq!(grace.recovery_codes.len(), 10);
    let code = grace.recovery_codes[0].to_lowercase();
    let mut tickets = Vec::new();
    for _ in 0..20 {
        tickets.push(grace.ticket().await);
    }
    let all = tickets.iter().map(|ticket| grace.complete(ticket, &code));
    let answers = join_all(all).await;
    let let_in = answers.iter().filter(|answer| answer.status.is_success());
    assert_eq!(let_in.count(), 1);

    grace.app.wait(STEP);
    let body = json!({"code": grace.code()});
    let renewed = grace
        .post("/auth/second_factor/recovery_codes", body)
        .await
        .expect(200);
    let ticket = grace.ticket().await;
    let former = &grace.recovery_codes[1];
    grace.complete(&ticket, former).await.expect(401);
    let fresh = text(&renewed["codes"][1]);
    grace.complete(&ticket, fresh).await.expect(200);

    let client = grace.app.database.superuser().await;
    let sql = "SELECT string_agg(r::text, ' ') FROM recovery_codes r";
    let dump: String = client.query_one(sql, &[]).await.unwrap().get(0);
    assert!(!dump.contains(fresh), "{dump}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s17_the_first_factor_alone_reaches_nothing() {
    let grace = Grace::enrolled().await;
    let ticket = grace.ticket().await;
    assert_eq!(status_of(&grace.app.client, &ticket).await, 401);
    let body = json!({"refresh_token": ticket});
    post(&grace.app.client, "/auth/refresh", body)
        .await
        .expect(401);
    // Who took over an open session cannot be rid of the factor by it alone.
    grace.app.wait(STEP);
    let code = grace.code();
    for (password, code, pointer) in [
        ("not the password", code.as_str(), "/password"),
        (PASSWORD, "000000", "/code"),
    ] {
        let body = json!({"password": password, "code": code});
        let refused = grace.post("/auth/second_factor/give_up", body).await;
        assert_eq!(refused.expect(422)["errors"][0]["pointer"], pointer);
    }
    grace
        .post("/auth/second_factor", json!({}))
        .await
        .expect(409);
    let body = json!({"password": PASSWORD, "code": code});
    grace
        .post("/auth/second_factor/give_up", body)
        .await
        .expect(204);
    signed_in(&grace.app.client, &grace.email).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_to_a_persons_ways_in_is_in_the_log_without_their_secrets() {
    let grace = Grace::enrolled().await;
    sign_in(&grace.app.client, &grace.email, "not the password at all")
        .await
        .expect(401);
    let expected = [
        "password.changed",
        "session.started",
        "second_factor.enabled",
        "recovery_codes.made",
        "sign_in.failed",
    ];
    let told = || async {
        let log = grace.app.log().await;
        let security = log.iter().filter(|event| event.stream_type == "security");
        let types: Vec<String> = security.map(|event| event.event_type.clone()).collect();
        if types == expected {
            Ok(log)
        } else {
            Err(types)
        }
    };
    let log = eventually(told, crate::harness::DEADLINE).await;
    let all: String = log
        .iter()
        .map(|event| format!("{}{}", event.data, event.metadata))
        .collect();
    for secret in [PASSWORD, &grace.secret, text(&grace.tokens["access_token"])] {
        assert!(!all.contains(secret), "{all}");
    }
    let client = grace.app.database.superuser().await;
    let left = || async {
        let sql = "SELECT count(*) FROM security_outbox";
        match client.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) {
            0 => Ok(()),
            count => Err(count),
        }
    };
    eventually(left, crate::harness::DEADLINE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_goes_over_to_another_master_key() {
    let grace = Grace::enrolled().await;
    let fresh = MasterKeys::generate().unwrap();
    let both = format!("fresh:{fresh} {MASTER_KEY}");
    let keys = MasterKeys::parse(&both).unwrap();
    let client = grace.app.database.superuser().await;
    assert_eq!(reseal_second_factors(&client, &keys).await.unwrap(), 1);
    assert_eq!(reseal_second_factors(&client, &keys).await.unwrap(), 0);
    let config = Config {
        master_key: Secret::new(both),
        ..grace.app.config.clone()
    };
    let (second, client) = serve(&config, &grace.app.clock).await;
    grace.app.wait(STEP);
    let ticket = grace.ticket().await;
    let body = json!({"ticket": ticket, "code": grace.code()});
    let path = "/auth/login/second_factor";
    post(&client, path, body).await.expect(200);
    second.shutdown().await.unwrap();
}
