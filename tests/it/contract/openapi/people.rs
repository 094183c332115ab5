//! Users, teams and the organization, with the answers that staff and customers get.

use serde_json::json;

use super::answers::Contract;
use crate::harness::TestApp;

pub async fn walk(app: &TestApp, contract: &Contract) {
    organization(app, contract).await;
    users(app, contract).await;
    teams(app, contract).await;
    companies(app, contract).await;
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
    let target = ("get_user", &[("user_id", nora.as_str())][..]);
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
    let target = ("get_team", &[("team_id", team.as_str())][..]);
    contract.get(app.agent(), target).await.expect(200);
    contract
        .get(app.agent(), ("list_teams", &[("limit", "1")]))
        .await
        .expect(200);
    contract
        .get(app.customer(), ("list_teams", &[]))
        .await
        .expect(403);
}
