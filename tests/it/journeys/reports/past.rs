//! Attainment as it stood: what was answered at a moment is answered of that moment ever after.

use rand::prelude::*;
use serde_json::{Value, json};

use super::{listed, live, outcomes, promise_all, report, waits_behind};
use crate::harness::TestApp;

const GROUPS: [&str; 5] = [
    "",
    "&group_by=day&group_by=metric",
    "&group_by=policy&group_by=priority&group_by=channel",
    "&group_by=team&group_by=agent&group_by=month",
    "&group_by=week&channel=api&priority=normal&priority=high",
];

#[tokio::test(flavor = "multi_thread")]
async fn a_report_as_of_a_moment_is_what_was_answered_then() {
    let app = TestApp::start().await;
    promise_all(&app).await;
    let random = &mut StdRng::seed_from_u64(8);
    let mut answered = Vec::new();
    for _ in 0..3 {
        live(&app, random, 50).await;
        app.at_rest().await;
        let as_of = app.log().await.last().unwrap().recorded_at;
        let as_of = format!("&as_of={}", as_of.to_rfc3339().replace('+', "%2B"));
        let waits = listed(app.admin(), "").await;
        let mut reports = Vec::new();
        for groups in GROUPS {
            reports.push(report(app.admin(), groups).await);
        }
        answered.push((as_of, waits, reports));
    }
    live(&app, random, 20).await;
    app.at_rest().await;
    app.is_as_the_log_says().await;
    let now = report(app.admin(), "").await;
    for (as_of, waits, reports) in answered {
        assert!(!waits.is_empty());
        assert_eq!(listed(app.admin(), &as_of).await, waits, "{as_of}");
        for (groups, then) in GROUPS.iter().zip(reports) {
            let told = report(app.admin(), &format!("{groups}{as_of}")).await;
            assert_eq!(told["total"], then["total"], "{groups}{as_of}");
            assert_eq!(told["groups"], then["groups"], "{groups}{as_of}");
            assert_ne!(told["total"], now["total"], "{groups}{as_of}");
        }
        let others = report(&app.globex.admin, &as_of).await;
        assert_eq!(outcomes(&others["total"]), [0; 4], "{as_of}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn before_anything_happened_there_is_nothing() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    app.at_rest().await;
    let before = app.log().await[0].recorded_at.to_rfc3339();
    let as_of = format!("&as_of={}", before.replace('+', "%2B"));
    let told = report(app.admin(), &as_of).await;
    assert_eq!(outcomes(&told["total"]), [0; 4]);
    assert_eq!(listed(app.admin(), &as_of).await, Vec::<Value>::new());
    assert_ne!(outcomes(&report(app.admin(), "").await["total"]), [0; 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tickets_are_now_is_not_asked_of_then() {
    let app = TestApp::start().await;
    let range = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z&as_of=2026-01-15T00:00:00Z";
    let view = json!({"name": "Open", "owner": "organization", "query": "status:open"});
    let view = app.admin().post("/views", view).await.expect(201).id();
    for path in ["?", "/waits?", "/download?format=csv&"] {
        let path = format!("/reports/sla{path}{range}");
        app.agent().get(&path).await.expect(200);
        let view = format!("view={view}");
        for (wrong, at_fault) in [
            ("tag=vip", "tag"),
            ("query=status:open", "query"),
            (view.as_str(), "view"),
            ("group_by=tag", "group_by"),
            ("as_of=2999-01-01T00:00:00Z", "as_of"),
        ] {
            if path.contains("waits") && at_fault == "group_by" {
                continue;
            }
            let path = match at_fault {
                "as_of" => path.replace("as_of=2026-01-15T00:00:00Z", wrong),
                _ => format!("{path}&{wrong}"),
            };
            let refused = app.agent().get(&path).await.expect(400);
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.starts_with(at_fault), "{path}: {detail}");
        }
    }
    let waits = waits_behind(app.agent(), range).await;
    assert_eq!(waits, Vec::<Value>::new());
}
