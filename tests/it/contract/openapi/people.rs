//! Users, teams and the organization, with the answers that staff and customers get.

use chrono::{SecondsFormat, Utc};
use serde_json::json;

use super::answers::Contract;
use super::refusals::least_body;
use crate::harness::TestApp;

pub async fn walk(app: &TestApp, contract: &Contract) {
    organization(app, contract).await;
    users(app, contract).await;
    teams(app, contract).await;
    companies(app, contract).await;
    calendars(app, contract).await;
    policies(app, contract).await;
    simulations(app, contract).await;
    audit(app, contract).await;
}

async fn audit(app: &TestApp, contract: &Contract) {
    let admin = app.admin().id.to_string();
    let all = [
        ("type", "user.,team.created"),
        ("actor_id", admin.as_str()),
        ("subject_id", admin.as_str()),
        ("from", "2026-01-01T00:00:00Z"),
        ("to", "2126-01-01T00:00:00Z"),
        ("order", "asc"),
        ("limit", "1"),
    ];
    for parameters in [&[][..], &[("limit", "1")], &all] {
        let target = ("list_audit", parameters);
        contract.get(app.admin(), target).await.expect(200);
    }
    let wrong = ("list_audit", &[("type", "nothing.")][..]);
    contract.get(app.admin(), wrong).await.expect(400);
    for person in [app.agent(), app.customer()] {
        contract.get(person, ("list_audit", &[])).await.expect(403);
    }
}

async fn organization(app: &TestApp, contract: &Contract) {
    let targets = json!({"first_response_minutes": 30, "resolution_minutes": 600});
    let change = json!({
        "name": "Acme Limited",
        "settings": {
            "auto_close_after_hours": 48,
            "reopen_window_days": 7,
            "edit_window_minutes": 60,
            "colleagues_see_tickets": true,
            "sla_targets": {"urgent": targets, "high": targets, "normal": targets, "low": targets},
            "custom_fields": {
                "serial": {"label": "Serial number", "kind": "text"},
                "floor": {"label": "Floor", "kind": "number"},
                "urgent_call": {"label": "Called", "kind": "boolean"},
                "bought_on": {"label": "Bought on", "kind": "date"},
                "model": {"label": "Model", "kind": "choice", "options": ["A", "B"]},
            },
        },
    });
    let target = ("update_organization", &[][..]);
    contract.send(app.admin(), target, change).await.expect(200);
    contract
        .send(
            app.admin(),
            target,
            json!({"settings": {"auto_close_after_hours": 9_000}}),
        )
        .await
        .expect(422);
    for person in app.acme.people() {
        contract
            .get(person, ("get_organization", &[]))
            .await
            .expect(200);
    }
}

async fn users(app: &TestApp, contract: &Contract) {
    let body = json!({"name": "Nora", "email": "nora@acme.example", "role": "agent"});
    let create = ("create_user", &[][..]);
    let nora = contract.send(app.admin(), create, body.clone()).await;
    let nora = nora.expect(201).id().to_string();
    // Her address is taken now.
    contract.send(app.admin(), create, body).await.expect(409);
    contract
        .send(app.agent(), create, json!({"name": "X", "role": "agent"}))
        .await
        .expect(403);
    let target = ("update_user", &[("user_id", nora.as_str())][..]);
    let change = json!({"name": "Nora N.", "email": null, "role": "admin", "active": false});
    contract.send(app.admin(), target, change).await.expect(200);
    contract
        .send(app.customer(), target, json!({"name": "X"}))
        .await
        .expect(403);
    let one = [("user_id", nora.as_str()), ("as_of", "1")];
    for target in [
        ("get_user", &one[..]),
        ("diff_user", &one[..1]),
        ("list_user_history", &one[..1]),
    ] {
        contract.get(app.admin(), target).await.expect(200);
    }
    let target = ("get_user", &one[..1]);
    contract.get(app.agent(), target).await.expect(200);
    contract.get(app.customer(), target).await.expect(404);
    let page = [("user_id", nora.as_str()), ("limit", "1")];
    contract
        .get(app.admin(), ("export_user", &page))
        .await
        .expect(200);
    contract
        .get(app.agent(), ("export_user", &page))
        .await
        .expect(403);
    let target = ("erase_user", &[("user_id", nora.as_str())][..]);
    let reason = json!({"reason": "Asked for it"});
    contract
        .send(app.admin(), target, reason.clone())
        .await
        .expect(200);
    contract.send(app.agent(), target, reason).await.expect(403);
    contract
        .send(app.admin(), target, json!({"reason": " "}))
        .await
        .expect(422);
    let page = [
        ("role", "agent"),
        ("active", "true"),
        ("q", "g"),
        ("limit", "1"),
    ];
    contract
        .get(app.agent(), ("list_users", &page))
        .await
        .expect(200);
    let first = contract
        .get(app.agent(), ("list_users", &[("limit", "2")]))
        .await;
    let cursor = first["next_cursor"].as_str().unwrap().to_owned();
    let next = [("limit", "2"), ("cursor", cursor.as_str())];
    contract
        .get(app.agent(), ("list_users", &next))
        .await
        .expect(200);
    contract
        .get(app.customer(), ("list_users", &[]))
        .await
        .expect(403);
}

async fn companies(app: &TestApp, contract: &Contract) {
    let body = json!({"name": "Initech", "domains": ["initech.example"]});
    let create = ("create_company", &[][..]);
    let company = contract.send(app.lead(), create, body.clone()).await;
    let company = company.expect(201).id().to_string();
    contract.send(app.lead(), create, body).await.expect(409);
    let one = [("company_id", company.as_str())];
    let change = json!({"name": "Initrode", "domains": []});
    let target = ("update_company", &one[..]);
    contract
        .send(app.lead(), target, change.clone())
        .await
        .expect(200);
    contract.send(app.agent(), target, change).await.expect(403);
    contract
        .get(app.agent(), ("get_company", &one))
        .await
        .expect(200);
    contract
        .get(app.agent(), ("list_companies", &[("limit", "1")]))
        .await
        .expect(200);
    let customer = app.customer().id.to_string();
    let target = ("set_user_company", &[("user_id", customer.as_str())][..]);
    for company_id in [json!(company), json!(null)] {
        let body = json!({"company_id": company_id});
        contract.send(app.lead(), target, body).await.expect(200);
    }
    let of_company = [("company", company.as_str())];
    contract
        .get(app.agent(), ("list_users", &of_company))
        .await
        .expect(200);
}

async fn calendars(app: &TestApp, contract: &Contract) {
    let body = json!({
        "name": "Office",
        "zone": "Europe/Berlin",
        "weekly": [
            {"day": "monday", "start": "08:00", "end": "12:00"},
            {"day": "friday", "start": "22:00", "end": "06:00"},
        ],
        "holidays": [
            {"name": "Easter Monday", "date": "2026-04-06"},
            {"name": "Unity Day", "month": 10, "day": 3},
            {"name": "Company holidays", "from": "2026-12-24", "to": "2027-01-01"},
        ],
    });
    let create = ("create_calendar", &[][..]);
    let made = contract.send(app.admin(), create, body.clone()).await;
    let calendar = made.expect(201).id().to_string();
    contract.send(app.agent(), create, body).await.expect(403);
    let one = [("calendar_id", calendar.as_str())];
    let target = ("update_calendar", &one[..]);
    for (change, status) in [
        (json!({"name": "Head office", "holidays": []}), 200),
        (json!({"zone": "Europe/Nowhere"}), 422),
    ] {
        let changed = contract.send(app.admin(), target, change).await;
        changed.expect(status);
    }
    let target = ("import_holidays", &one[..]);
    let file = least_body("import_holidays");
    contract.send(app.admin(), target, file).await.expect(200);
    let wrong = json!({"icalendar": "BEGIN:VCALENDAR"});
    contract.send(app.admin(), target, wrong).await.expect(422);
    let then = [("version", "1")];
    for parameters in [&[][..], &then, &[("as_of", "2126-01-01T00:00:00Z")]] {
        let parameters = [&one[..], parameters].concat();
        let target = ("get_calendar", &parameters[..]);
        contract.get(app.agent(), target).await.expect(200);
    }
    for operation in ["diff_calendar", "list_calendar_history"] {
        let target = (operation, &one[..]);
        contract.get(app.agent(), target).await.expect(200);
    }
    let both = [one[0], then[0], ("as_of", "2126-01-01T00:00:00Z")];
    let target = ("get_calendar", &both[..]);
    contract.get(app.agent(), target).await.expect(400);
    let page = ("list_calendars", &[("limit", "1")][..]);
    contract.get(app.agent(), page).await.expect(200);
    let target = ("retire_calendar", &one[..]);
    let retired = contract.request(app.admin(), target);
    let retired = contract.answer("retire_calendar", retired).await;
    retired.expect(200);
}

async fn simulations(app: &TestApp, contract: &Contract) {
    let create = ("create_simulation", &[][..]);
    let body = least_body("create_simulation");
    let made = contract.send(app.admin(), create, body).await.expect(202);
    let id = made.id().to_string();
    let path = [("simulation_id", id.as_str())];
    for operation in ["get_simulation", "list_simulation_differences"] {
        let get = (operation, &path[..]);
        contract.get(app.admin(), get).await.expect(200);
    }
    let list = ("list_simulations", &[][..]);
    contract.get(app.admin(), list).await.expect(200);
    contract.get(app.agent(), list).await.expect(403);
    let delete = ("delete_simulation", &path[..]);
    contract.get(app.admin(), delete).await.expect(204);
    contract.get(app.admin(), delete).await.expect(404);
}

async fn policies(app: &TestApp, contract: &Contract) {
    let body = |name: &str| {
        json!({
            "name": name,
            "conditions": {
                "all": [{"field": "priority", "operator": "is_one_of", "values": ["urgent"]}],
                "any": [{"field": "custom_field", "key": "floor", "operator": "is_none_of", "values": [3]},
                        {"field": "tag", "operator": "is_set"}],
            },
            "targets": [{"priority": "urgent", "metric": "resolution", "seconds": 3_600}],
        })
    };
    let create = ("create_policy", &[][..]);
    let made = contract.send(app.admin(), create, body("Gold")).await;
    let gold = made.expect(201).id().to_string();
    let taken = contract.send(app.admin(), create, body("Gold")).await;
    taken.expect(409);
    let made = contract.send(app.admin(), create, body("Silver")).await;
    let silver = made.expect(201).id().to_string();
    let order = json!({"order": [silver, gold]});
    let reorder = ("reorder_policies", &[][..]);
    contract.send(app.admin(), reorder, order).await.expect(200);
    let one = [("policy_id", gold.as_str())];
    let change = json!({"name": "Platinum", "conditions": {}});
    let target = ("update_policy", &one[..]);
    contract.send(app.admin(), target, change).await.expect(200);
    let second = [one[0], ("policy_version", "1")];
    for parameters in [&one[..], &second] {
        let target = ("get_policy", parameters);
        contract.get(app.agent(), target).await.expect(200);
    }
    for operation in ["list_policies", "get_recompute"] {
        let target = (operation, &[][..]);
        contract.get(app.agent(), target).await.expect(200);
    }
    let draft = json!({
        "policy_id": gold, "position": 1,
        "targets": [{"priority": "urgent", "metric": "first_reply", "seconds": 60}],
    });
    let tried = ("dry_run_policy", &[("limit", "1")][..]);
    contract.send(app.admin(), tried, draft).await.expect(200);
    let page = [one[0], ("limit", "1")];
    for operation in ["list_policy_versions", "list_policy_history"] {
        let target = (operation, &page[..]);
        contract.get(app.agent(), target).await.expect(200);
    }
    let target = ("diff_policy", &one[..]);
    contract.get(app.agent(), target).await.expect(200);
    let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
    let then = [one[0], ("as_of", now.as_str())];
    for target in [("get_policy", &then[..]), ("list_policies", &then[1..])] {
        contract.get(app.agent(), target).await.expect(200);
    }
    for id in [&gold, &silver] {
        let one = [("policy_id", id.as_str())];
        let gone = contract.request(app.admin(), ("delete_policy", &one));
        let gone = contract.answer("delete_policy", gone).await;
        gone.expect(200);
    }
}

async fn teams(app: &TestApp, contract: &Contract) {
    let agent = app.agent().id;
    let body = json!({"name": "Night shift", "member_ids": [agent]});
    let team = contract.send(app.admin(), ("create_team", &[]), body).await;
    let team = team.expect(201).id().to_string();
    let target = ("update_team", &[("team_id", team.as_str())][..]);
    let change = json!({"name": "Nights", "member_ids": []});
    contract
        .send(app.admin(), target, change.clone())
        .await
        .expect(200);
    let stale = contract
        .request(app.admin(), target)
        .if_match(99)
        .json(&change);
    contract.answer("update_team", stale).await.expect(412);
    contract.send(app.agent(), target, change).await.expect(403);
    let one = [("team_id", team.as_str()), ("as_of", "1")];
    for target in [
        ("get_team", &one[..1]),
        ("get_team", &one),
        ("diff_team", &one[..1]),
        ("list_team_history", &one[..1]),
    ] {
        contract.get(app.agent(), target).await.expect(200);
    }
    contract
        .get(app.agent(), ("list_teams", &[("limit", "1")]))
        .await
        .expect(200);
    contract
        .get(app.customer(), ("list_teams", &[]))
        .await
        .expect(403);
}
