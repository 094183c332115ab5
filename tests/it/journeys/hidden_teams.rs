//! What speaks of teams beside tickets (settings, policies, and the events and facts of both) names no private team to whoever
//! must not know of it.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::access::holder;
use crate::harness::{Person, TestApp};

const POLICIES: &str = "/service-levels/policies";

/// A policy for the tickets of teams, which gives them to one of these before a deadline.
fn policy(name: &str, teams: [Uuid; 2]) -> Value {
    let warning = json!({"percent": 50, "actions": teams.map(|id| json!({"kind": "assign_team", "team_id": id}))});
    let of_teams = json!({"field": "team", "operator": "is_one_of", "values": teams});
    json!({
        "name": name,
        "conditions": {"all": [of_teams], "any": [of_teams]},
        "targets": [{"priority": "high", "metric": "first_reply", "seconds": 3_600, "warnings": [warning]}],
    })
}

async fn told(person: &Person, path: &str) -> String {
    person.get(path).await.expect(200).body.to_string()
}

/// The answer names the open team, and the vault if that is shown.
async fn assert_named(person: &Person, path: &str, open: Uuid, (vault, is_shown): (Uuid, bool)) {
    let told = told(person, path).await;
    assert!(told.contains(&open.to_string()), "{path}: {told}");
    assert_eq!(
        told.contains(&vault.to_string()),
        is_shown,
        "{path}: {told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_policies_and_their_events_name_no_hidden_team() {
    let app = TestApp::start().await;
    let body = json!({"name": "Vault", "private": true, "member_ids": [app.agent().id]});
    let vault = app.admin().post("/teams", body).await.expect(201).id();
    let open = app.acme.team_id;
    let rules = json!({"reminders": [{"seconds": 3_600}]});
    let waiting = json!({vault.to_string(): rules, open.to_string(): rules});
    let settings = json!({"settings": {"team_waiting": waiting}});
    let set = app.admin().patch("/organization", settings);
    set.await.expect(200);
    let made = app.admin().post(POLICIES, policy("Gold", [vault, open]));
    let made = made.await.expect(201).id();
    let path = format!("{POLICIES}/{made}");
    let changed = app.admin().patch(&path, policy("Silver", [open, vault]));
    changed.await.expect(200);
    let ticket = app.customer().opens("Printer on fire").await;
    let high = json!({"priority": "high"});
    let raised = app.admin().patch(&format!("/tickets/{ticket}"), high);
    raised.await.expect(200);
    let to = json!({"team_id": open});
    let assigned = app.admin().post(&format!("/tickets/{ticket}/assign"), to);
    assigned.await.expect(200);

    for path in [
        "/organization".to_owned(),
        POLICIES.to_owned(),
        format!("{POLICIES}?as_of=1"),
        path.clone(),
        format!("{path}?policy_version=1"),
        format!("{path}?as_of=2"),
        format!("{path}/versions"),
        format!("{path}/history"),
        "/events?types=organization.settings_changed".to_owned(),
        "/events?types=sla_policy.*".to_owned(),
        "/events?types=ticket.sla_applied".to_owned(),
    ] {
        for (person, is_shown) in [
            (app.agent(), true),
            (app.colleague(), false),
            (app.lead(), false),
        ] {
            assert_named(person, &path, open, (vault, is_shown)).await;
        }
    }
    // The rest of a condition and of a warning stays.
    let policy = app.colleague().get(&path).await.expect(200);
    let condition = &policy["conditions"]["all"][0];
    assert_eq!(condition["values"], json!([open]));
    let actions = &policy["targets"][0]["warnings"][0]["actions"];
    let given = json!([{"kind": "assign_team", "team_id": open}, {"kind": "assign_team"}]);
    assert_eq!(*actions, given);

    let (_, auditor) = holder(&app, "lead", &["read_audit", "export_users"]).await;
    for path in [
        "/audit?type=organization.settings_changed".to_owned(),
        format!("/users/{}/export?limit=100", app.admin().id),
    ] {
        for (person, is_shown) in [(app.admin(), true), (&auditor, false)] {
            assert_named(person, &path, open, (vault, is_shown)).await;
        }
    }
}
