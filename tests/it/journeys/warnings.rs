//! Warnings before a deadline, from the policy to the mail. Time passes by the clock of the test.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{Answer, DEADLINE, TestApp, eventually, time_of};

const POLICIES: &str = "/service-levels/policies";

/// A first reply within an hour; half of it gone, the desk and the team hear of it, and the ticket is escalated.
fn policy(team: Uuid) -> Value {
    let warning = json!({
        "percent": 50,
        "actions": [
            {"kind": "notify_assignee"},
            {"kind": "notify_team"},
            {"kind": "notify_address", "address": "duty@acme.example"},
            {"kind": "raise_priority", "priority": "high"},
            {"kind": "assign_team", "team_id": team},
            {"kind": "add_tag", "tag": "escalated"},
        ],
    });
    let target = |priority: &str| {
        json!({
            "priority": priority,
            "metric": "first_reply",
            "seconds": 3_600,
            "warnings": [warning, {"seconds_before": 0}],
        })
    };
    json!({"name": "Everybody", "targets": [target("normal"), target("high")]})
}

async fn first_reply(app: &TestApp, ticket: Uuid) -> Value {
    let explained = app.agent().get(&format!("/tickets/{ticket}/sla")).await;
    let explained = explained.expect(200);
    let mut clocks = explained["clocks"].as_array().unwrap().iter();
    let clock = clocks.find(|clock| clock["metric"] == "first_reply");
    clock.unwrap().clone()
}

/// Waits until a threshold of the first reply has warned; the clock.
async fn warned(app: &TestApp, ticket: Uuid, index: usize) -> Value {
    let look = async || {
        let clock = first_reply(app, ticket).await;
        let is_fired = clock["thresholds"][index]["fired_at"].is_string();
        if is_fired { Ok(clock) } else { Err(clock) }
    };
    eventually(look, DEADLINE).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_escalates_the_ticket_and_is_written_to_whom_it_names_once() {
    let (app, mailbox) = TestApp::with_mail().await;
    let made = app.admin().post(POLICIES, policy(app.acme.team_id)).await;
    let made = made.expect(201);
    let shown = app.agent().get(POLICIES).await.expect(200);
    let targets = &shown["policies"][0]["targets"];
    assert_eq!(targets, &made["targets"]);
    assert_eq!(targets[0]["warnings"][1]["seconds_before"], 0);
    let ticket = app.customer().opens("Printer on fire").await;
    let before = first_reply(&app, ticket).await;
    let threshold = &before["thresholds"][0];
    assert_eq!(threshold["percent"], 50);
    assert_eq!(threshold.get("fired_at"), None);
    let due_at = time_of(&threshold["due_at"]);
    assert_eq!(due_at, app.now() + TimeDelta::minutes(30));

    app.wait(TimeDelta::minutes(30));
    let clock = warned(&app, ticket, 0).await;
    assert_eq!(time_of(&clock["thresholds"][0]["due_at"]), due_at);
    assert_eq!(clock["thresholds"][1].get("fired_at"), None);
    let changes = clock["steps"].as_array().unwrap().iter();
    let told = changes.filter(|step| step["change"] == "warned");
    assert_eq!(told.count(), 1);
    let seen = app.agent().ticket(ticket).await;
    assert_eq!(seen["priority"], "high");
    assert_eq!(seen["team"]["id"], json!(app.acme.team_id));
    assert_eq!(seen["tags"], json!(["escalated"]));
    let history = app.agent().history(ticket).await;
    let raised: Vec<&Value> = history
        .iter()
        .filter(|entry| entry["type"] == "ticket.priority_changed")
        .collect();
    assert_eq!(raised.len(), 1);
    assert_eq!(raised[0]["actor"]["kind"], "timer");

    for address in [
        "duty@acme.example",
        &format!("grace@{}.example", app.acme.slug),
        &format!("alan@{}.example", app.acme.slug),
    ] {
        let mail = mailbox.mail_to(address).await;
        assert!(mail.contains("has used 50 percent of its time"), "{mail}");
        assert!(mail.contains("Printer on fire"), "{mail}");
        assert!(mail.contains(&format!("/tickets/{ticket}")), "{mail}");
    }

    // The deadline is told by a second warning, and by no further mail.
    app.wait(TimeDelta::minutes(30));
    warned(&app, ticket, 1).await;
    app.at_rest().await;
    assert_eq!(mailbox.count_to("duty@acme.example"), 1);
    let customers = format!("carla@{}.example", app.acme.slug);
    assert_eq!(mailbox.count_to(&customers), 0);
    assert_eq!(
        app.customer().history_types(ticket).await,
        ["ticket.opened", "ticket.priority_changed"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_feed_tells_programs_of_a_warning_once_by_the_name_that_the_policy_gives_it() {
    let app = TestApp::start().await;
    let emit = json!({"kind": "emit_event", "event": "vip-late"});
    let target = |metric: &str| {
        json!({
            "priority": "normal",
            "metric": metric,
            "seconds": 3_600,
            "warnings": [{"percent": 50, "actions": [emit]}, {"seconds_before": 0}],
        })
    };
    let targets = [target("first_reply"), target("agent_work")];
    let body = json!({"name": "Everybody", "targets": targets});
    app.admin().post(POLICIES, body).await.expect(201);
    let ticket = app.customer().opens("Printer on fire").await;
    app.wait(TimeDelta::minutes(30));
    warned(&app, ticket, 0).await;
    app.wait(TimeDelta::minutes(30));
    warned(&app, ticket, 1).await;
    app.at_rest().await;

    let path = format!("/events?types=sla.warned&ticket={ticket}");
    let fed = app.agent().get(&path).await.expect(200);
    let names = |metric: &str| -> Vec<Value> {
        let of_metric = fed.items().iter();
        let of_metric = of_metric.filter(|event| event["data"]["metric"] == metric);
        of_metric
            .map(|event| event["data"]["events"].clone())
            .collect()
    };
    for metric in ["first_reply", "agent_work"] {
        assert_eq!(
            names(metric),
            [json!(["vip-late"]), Value::Null],
            "{metric}"
        );
    }
    let applied = app.stream(ticket).await;
    let applied = applied
        .iter()
        .find(|it| it.event_type == "ticket.sla_applied");
    let cause = json!(applied.unwrap().event_id);
    for event in fed.items() {
        assert_eq!(event["actor"]["kind"], "timer");
        let is_first = event["data"]["events"].is_array();
        assert!(!is_first || event["causation_id"] == cause, "{event}");
    }
    let hidden = app.customer().get(&path).await.expect(200);
    assert_eq!(hidden.items().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_that_cannot_be_read_holds_up_none_behind_it() {
    let (app, mailbox) = TestApp::with_mail().await;
    let made = app.admin().post(POLICIES, policy(app.acme.team_id)).await;
    made.expect(201);
    let ticket = app.customer().opens("Printer on fire").await;
    let client = app.database.superuser().await;
    let strange = "INSERT INTO notices (partition, position, org_id, ticket_id, event_id, notice) \
                   SELECT e.partition, e.position, $1, $2, e.event_id, '{\"kind\": \"of tomorrow\"}' \
                     FROM events e WHERE e.stream_id = $2 AND e.version = 1";
    let planted = client.execute(strange, &[&app.acme.id.0, &ticket]).await;
    assert_eq!(planted.unwrap(), 1);

    app.wait(TimeDelta::minutes(30));
    mailbox.mail_to("duty@acme.example").await;
    let is_alone = async || {
        let rows = client.query("SELECT n.notice::text FROM notices n", &[]);
        let left: Vec<String> = rows.await.unwrap().iter().map(|row| row.get(0)).collect();
        if left.len() == 1 { Ok(left) } else { Err(left) }
    };
    let left = eventually(is_alone, DEADLINE).await;
    assert!(
        left[0].contains("of tomorrow"),
        "what cannot be read stays for a program that can"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_before_the_threshold_is_warned_of_by_nobody() {
    let (app, mailbox) = TestApp::with_mail().await;
    let made = app.admin().post(POLICIES, policy(app.acme.team_id)).await;
    made.expect(201);
    let answered = app.customer().opens("Printer on fire").await;
    let witness = app.customer().opens("Another one").await;
    app.agent().replies(answered, "Here.").await.expect(201);
    app.wait(TimeDelta::minutes(31));
    warned(&app, witness, 0).await;
    mailbox.mail_to("duty@acme.example").await;
    let clock = first_reply(&app, answered).await;
    assert_eq!(clock["thresholds"][0].get("fired_at"), None);
    assert_eq!(clock["thresholds"][0].get("due_at"), None);
    assert_eq!(app.agent().ticket(answered).await["priority"], "normal");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_that_cannot_be_names_its_field() {
    let app = TestApp::start().await;
    let refused = async |warnings: Value| -> Answer {
        let target = json!({
            "priority": "normal",
            "metric": "first_reply",
            "seconds": 3_600,
            "warnings": warnings,
        });
        let body = json!({"name": "Everybody", "targets": [target]});
        app.admin().post(POLICIES, body).await.expect(422)
    };
    let of_team = |team: Uuid| {
        let action = json!({"kind": "assign_team", "team_id": team});
        json!([{"percent": 50, "actions": [action]}])
    };
    let cases = [
        (
            of_team(Uuid::now_v7()),
            "/targets/0/warnings/0/actions/0/team_id",
        ),
        // Another organization's team is none.
        (
            of_team(app.globex.team_id),
            "/targets/0/warnings/0/actions/0/team_id",
        ),
        (json!([{"seconds_before": 3_600}]), "/targets/0/warnings/0"),
        (
            json!([{"percent": 50}, {"percent": 50}]),
            "/targets/0/warnings/1",
        ),
        (
            json!([{"percent": 50, "seconds_before": 1}]),
            "/targets/0/warnings/0",
        ),
        (
            json!([{"percent": 50, "actions": [{"kind": "notify_address", "address": "nobody"}]}]),
            "/targets/0/warnings/0/actions/0/address",
        ),
        (
            json!([{"percent": 50, "actions": [{"kind": "emit_event", "event": "VIP late"}]}]),
            "/targets/0/warnings/0/actions/0/event",
        ),
    ];
    for (warnings, pointer) in cases {
        let answer = refused(warnings).await;
        assert_eq!(answer["errors"][0]["pointer"], pointer);
    }
    let made = app.admin().post(POLICIES, policy(app.acme.team_id)).await;
    let id = made.expect(201).id();
    let path = format!("{POLICIES}/{id}");
    let body = json!({"targets": policy(app.globex.team_id)["targets"]});
    app.admin().patch(&path, body).await.expect(422);
    app.globex.admin.get(&path).await.expect(404);
}
