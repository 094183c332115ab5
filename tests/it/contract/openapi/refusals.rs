//! Requests that are wrong in the same way at every operation are refused in the same way, as described.

use hyper::Method;
use platform::http::rate_limit::{Budget, BudgetName};
use platform::http::serve::BASE_PATH;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answers::{Contract, Target, method};
use super::spec::Operation;
use crate::harness::{Answer, Database, Request, TestApp};

/// Ids that nothing has, and a tag.
fn nowhere() -> [(&'static str, String); 15] {
    let id = || Uuid::now_v7().to_string();
    [
        ("ticket_id", id()),
        ("message_id", id()),
        ("user_id", id()),
        ("team_id", id()),
        ("company_id", id()),
        ("calendar_id", id()),
        ("policy_id", id()),
        ("invitation_id", id()),
        ("session_id", id()),
        ("api_key_id", id()),
        ("provider_id", id()),
        ("role_id", id()),
        ("simulation_id", id()),
        ("view_id", id()),
        ("tag", "toner".to_owned()),
    ]
}

/// The path parameters of an operation that name nothing, and what it cannot do without in its query.
pub fn unknown(operation: &Operation<'_>) -> Vec<(&'static str, String)> {
    let mut all = nowhere().to_vec();
    all.retain(|(name, _)| operation.parameter("path", name).is_some());
    let named = |name| operation.parameter("query", name);
    let is_of_days = named("from").is_some_and(|from| from["schema"]["format"] == "date");
    let (from, to) = match is_of_days {
        true => ("2026-01-01", "2026-02-01"),
        false => ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
    };
    let least = [
        ("from", from),
        ("to", to),
        ("figure", "opened"),
        ("query", "printer"),
        ("by", "agent"),
        ("format", "csv"),
    ];
    let needs = |name| named(name).is_some_and(|parameter| parameter["required"] == true);
    let needed = least.into_iter().filter(|(name, _)| needs(name));
    all.extend(needed.map(|(name, value)| (name, value.to_owned())));
    all
}

/// The least that an operation takes as a body.
pub fn least_body(id: &str) -> Value {
    match id {
        "open_ticket" => json!({"subject": "Printer", "requester_id": Uuid::nil()}),
        "post_message" | "edit_message" => json!({"body": "Hello"}),
        "set_ticket_status" => json!({"status": "open"}),
        "create_user" => json!({"name": "Nora", "role": "agent"}),
        "erase_user" => json!({"reason": "Asked for it"}),
        "update_api_key" => json!({"name": "Robot"}),
        "create_api_key" => json!({"name": "Robot", "scopes": ["tickets:read"]}),
        "create_invitation" => json!({"email": "nora@acme.example", "role": "agent"}),
        "create_role" => json!({"name": "Auditors", "base": "lead", "permissions": ["read_audit"]}),
        "create_view" => json!({"name": "Mine"}),
        "create_team" => json!({"name": "Nights"}),
        "create_company" => json!({"name": "Initech"}),
        "create_calendar" => json!({
            "name": "Office", "zone": "Europe/Berlin",
            "weekly": [{"day": "monday", "start": "09:00", "end": "17:00"}],
        }),
        "create_simulation" => json!({
            "from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z", "policies": [],
        }),
        "dry_run_policy" => json!({
            "targets": [{"priority": "urgent", "metric": "resolution", "seconds": 3_600}],
        }),
        "create_policy" => json!({
            "name": "Gold", "targets": [{"priority": "urgent", "metric": "resolution", "seconds": 3_600}],
        }),
        "import_holidays" => json!({
            "icalendar": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:Unity Day\r\nDTSTART;VALUE=DATE:20261003\r\nRRULE:FREQ=YEARLY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        }),
        "reorder_policies" => json!({"order": []}),
        "sign_in" => json!({"email": "nobody@acme.example", "password": "nothing"}),
        "refresh_session" => json!({"refresh_token": "idf_none"}),
        "sign_up" => json!({
            "organization_name": "Initech", "organization_slug": "initech", "name": "Bill",
            "email": "bill@initech.example", "password": "nothing",
        }),
        "verify_address" => json!({"token": "idv_none"}),
        "forgot_password" => json!({"email": "nobody@acme.example"}),
        "reset_password" => json!({"token": "idr_none", "password": "nothing"}),
        "ask_for_code" => json!({"email": "nobody@acme.example", "organization": "acme"}),
        "sign_in_by_code" => {
            json!({"email": "nobody@acme.example", "organization": "acme", "code": "000000"})
        }
        "accept_invitation" => json!({"token": "idi_none"}),
        "create_sign_on_provider" => json!({
            "kind": "github", "name": "GitHub", "client_id": "id", "client_secret": "secret",
        }),
        "start_sign_on" => json!({"organization": "acme"}),
        "finish_sign_on" => json!({"flow": "ido_none", "state": "none", "code": "none"}),
        "complete_sign_in" => json!({"ticket": "ids_none", "code": "000000"}),
        "confirm_second_factor" | "renew_recovery_codes" => json!({"code": "000000"}),
        "remove_second_factor" => json!({"password": "nothing", "code": "000000"}),
        "change_password" => json!({"current_password": "nothing", "new_password": "nothing"}),
        _ => json!({}),
    }
}

/// Sends a request of the admin to every operation that `concerns` says, and checks every answer.
async fn everywhere(
    app: &TestApp,
    concerns: impl Fn(&Operation<'_>) -> bool,
    complete: impl Fn(Request, &Operation<'_>) -> Request,
    verdict: impl Fn(&Operation<'_>, Answer),
) {
    let contract = Contract::new();
    let mut asked = 0;
    for operation in contract
        .spec
        .operations()
        .filter(|operation| concerns(operation))
    {
        let parameters = unknown(&operation);
        let parameters: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let target: Target<'_> = (operation.id(), &parameters);
        let request = complete(contract.request(app.admin(), target), &operation);
        verdict(&operation, contract.answer(operation.id(), request).await);
        asked += 1;
    }
    assert!(asked > 0, "no operation was asked");
}

fn with_least_body(request: Request, operation: &Operation<'_>) -> Request {
    if operation.has_body() {
        request.json(&least_body(operation.id()))
    } else {
        request
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_may_do_anything() {
    let app = TestApp::start().await;
    for authorization in ["", "Bearer", "Bearer x.y.z", "Basic YTpi"] {
        everywhere(
            &app,
            |operation| !operation.is_public(),
            |request, operation| {
                with_least_body(request, operation).header("authorization", authorization)
            },
            |_, answer| drop(answer.expect(401)),
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_not_found() {
    let app = TestApp::start().await;
    everywhere(
        &app,
        // Who has no flow is refused before anything is looked up: see the journeys of sign-on.
        |operation| operation.has_path_parameter() && operation.id() != "finish_sign_on",
        with_least_body,
        |_, answer| {
            drop(answer.expect(404));
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_parameter_that_is_no_id_is_named() {
    let app = TestApp::start().await;
    let contract = Contract::new();
    let operations = contract.spec.operations();
    for operation in operations.filter(Operation::has_path_parameter) {
        let wrong = nowhere().map(|(name, _)| (name, "7"));
        let path: Vec<_> = wrong
            .into_iter()
            .filter(|(name, _)| operation.parameter("path", name).is_some())
            .collect();
        let request = contract.request(app.admin(), (operation.id(), &path));
        let request = with_least_body(request, &operation);
        let answer = contract.answer(operation.id(), request).await.expect(400);
        assert!(
            answer["detail"].as_str().unwrap().contains("_id"),
            "{}",
            answer.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_field_is_named() {
    let app = TestApp::start().await;
    everywhere(
        &app,
        |operation| operation.has_body(),
        |request, operation| {
            let mut body = least_body(operation.id());
            body["no_such_field"] = json!(1);
            request.json(&body)
        },
        |_, answer| {
            let answer = answer.expect(400);
            assert_eq!(
                answer["errors"][0]["pointer"], "/no_such_field",
                "{}",
                answer.body
            );
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_object_or_no_json_is_refused() {
    let app = TestApp::start().await;
    for body in [
        "",
        "{",
        "[]",
        "null",
        "7",
        "\"\\ud800\"",
        "{\"subject\": \"\\udc00\"}",
        "\u{0}",
    ] {
        // A body that may be left out may be empty.
        let concerns = |operation: &Operation<'_>| {
            operation.has_body()
                && (!body.is_empty() || operation.value["requestBody"]["required"] == true)
        };
        everywhere(
            &app,
            concerns,
            |request, _| request.bytes("application/json", body),
            |_, answer| drop(answer.expect(400)),
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_another_media_type_is_refused() {
    let app = TestApp::start().await;
    everywhere(
        &app,
        |operation| operation.has_body(),
        |request, operation| request.bytes("text/plain", least_body(operation.id()).to_string()),
        |_, answer| drop(answer.expect(415)),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_beyond_the_limit_is_refused() {
    let app = TestApp::start().await;
    everywhere(
        &app,
        |operation| operation.has_body(),
        |request, _| request.bytes("application/json", vec![b' '; (1 << 20) + 1]),
        |_, answer| drop(answer.expect(413)),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_of_another_form_is_named() {
    let app = TestApp::start().await;
    for (name, value) in [
        ("Idempotency-Key", "a b"),
        ("If-Match", "3"),
        ("Consistency-Token", "tomorrow"),
    ] {
        everywhere(
            &app,
            |operation| operation.parameter("header", name).is_some(),
            |request, operation| with_least_body(request, operation).header(name, value),
            |_, answer| {
                let answer = answer.expect(400);
                let detail = answer["detail"].as_str().unwrap();
                assert!(detail.contains(name), "{detail}");
            },
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_method_is_refused_with_those_that_there_are() {
    let app = TestApp::start().await;
    let contract = Contract::new();
    for operation in contract.spec.operations() {
        let parameters = unknown(&operation);
        let parameters: Vec<(&str, &str)> = parameters
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let path = format!("{BASE_PATH}{}", operation.address(&parameters));
        let here = |other: &Operation<'_>| other.path == operation.path;
        let described: Vec<Method> = contract
            .spec
            .operations()
            .filter(here)
            .map(|operation| method(&operation))
            .collect();
        let answer = app.client.request(Method::OPTIONS, &path).await.expect(405);
        let allow = answer.header("allow").unwrap();
        let allowed: Vec<&str> = allow.split(", ").filter(|name| *name != "HEAD").collect();
        assert_eq!(allowed.len(), described.len(), "{path}: {allow}");
        for method in described {
            assert!(allowed.contains(&method.as_str()), "{path}: {allow}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_asked_too_often_is_told_when_to_come_back() {
    let database = Database::create().await;
    let mut config = database.config();
    let once: Budget = "1/h".parse().unwrap();
    let budgets = config.rate_limits.unwrap_or_default();
    let budgets = budgets
        .with(BudgetName::DefaultPerson, once)
        .with(BudgetName::CommandsPerson, once);
    config.rate_limits = Some(budgets);
    let app = TestApp::on(database, config).await;
    // The one request that each class gives.
    app.admin().get("/organization").await.expect(200);
    let first = app
        .admin()
        .act(&format!("/tickets/{}/close", Uuid::now_v7()));
    first.await.expect(404);
    everywhere(
        &app,
        |operation| !operation.is_public(),
        with_least_body,
        |_, answer| {
            let answer = answer.expect(429);
            assert!(answer.header("ratelimit").is_some(), "{:?}", answer.headers);
        },
    )
    .await;
}
