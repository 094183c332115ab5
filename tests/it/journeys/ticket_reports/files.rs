//! Reports of messages, attainment and work as files: what the answers tell, a row for each group.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::TestApp;

const FORMULA: &str = "=1+1";
const DAYS: &str = "from=2026-03-01&to=2026-04-01";
const RANGE: &str = "from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z";

/// A desk on which a team with such a name has answered a ticket.
async fn desk() -> (TestApp, Uuid) {
    let app = TestApp::start().await;
    let team = json!({"name": FORMULA});
    let team = app.admin().post("/teams", team).await.expect(201).id();
    let ticket = app.customer().opens("Printer on fire").await;
    let path = format!("/tickets/{ticket}/assign");
    let assigned = app.agent().post(&path, json!({"team_id": team}));
    assigned.await.expect(200);
    app.agent().replies(ticket, "Which one?").await.expect(201);
    (app, team)
}

/// The lines of a file, which has to have this name.
async fn lines(app: &TestApp, path: &str, name: &str) -> Vec<String> {
    let file = app.agent().get(&format!("{path}&format=csv")).await;
    let file = file.expect(200);
    let disposition = format!("attachment; filename=\"{name}\"");
    assert_eq!(
        file.header("content-disposition"),
        Some(disposition.as_str())
    );
    let kind = file.header("content-type").unwrap();
    assert!(kind.starts_with("text/csv"), "{kind}");
    let lines = file.body.as_str().unwrap().split("\r\n");
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    assert_eq!(lines.pop().as_deref(), Some(""), "every line is ended");
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_messages_has_the_groups_of_the_report() {
    let (app, team) = desk().await;
    let path = format!("/reports/messages/download?{DAYS}&split=team");
    let file = lines(&app, &path, "messages-2026-03-01-2026-04-01.csv").await;
    let expected = [
        "from,to,key_id,key,public_replies,customer_messages,internal_notes".to_owned(),
        "2026-03-01,2026-04-01,,,0,1,0".to_owned(),
        format!("2026-03-01,2026-04-01,{team},'{FORMULA},1,0,0"),
    ];
    assert_eq!(file, expected);
    let path = format!("{path}&query=status:closed");
    let file = lines(&app, &path, "messages-2026-03-01-2026-04-01.csv").await;
    assert_eq!(file.len(), 1, "the names of the columns alone: {file:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_work_has_a_row_for_each_worker() {
    let (app, team) = desk().await;
    let path = format!("/reports/workload/download?{DAYS}&by=team");
    let file = lines(&app, &path, "workload-2026-03-01-2026-04-01.csv").await;
    let expected = [
        "id,name,held,held_new,held_open,held_pending,held_on_hold,held_low,held_normal,held_high,held_urgent,assigned,\
         resolved,public_replies,customer_messages,internal_notes"
            .to_owned(),
        ",,0,0,0,0,0,0,0,0,0,0,0,0,1,0".to_owned(),
        format!("{team},'{FORMULA},1,HELD,0,1,0,0,0,0,1,0,0"),
    ];
    let path = format!("/reports/workload?{DAYS}&by=team");
    let work = app.agent().get(&path).await.expect(200);
    let held = &work["workers"][1]["held"];
    let by_status = ["new", "open", "pending", "on_hold"].map(|status| held[status].to_string());
    let expected = expected.map(|line| line.replace("HELD", &by_status.join(",")));
    assert_eq!(file, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_attainment_has_the_groups_or_else_the_total() {
    let (app, team) = desk().await;
    let columns = "day,week,month,policy_id,policy,priority,team_id,team,agent_id,agent,metric,channel,tag,running,met,breached,\
                   cancelled,attainment,p50_seconds,p90_seconds,p99_seconds";
    let name = "sla-2026-03-01-2026-04-01.csv";
    let path = format!("/reports/sla?{RANGE}&group_by=team&group_by=metric");
    let report = app.agent().get(&path).await.expect(200);
    let path = format!("/reports/sla/download?{RANGE}&group_by=team&group_by=metric");
    let file = lines(&app, &path, name).await;
    let groups = report["groups"].as_array().unwrap().iter();
    let expected: Vec<_> = groups.map(row).collect();
    assert!(expected.iter().any(|row| row.contains(&team.to_string())));
    assert_eq!((file[0].as_str(), &file[1..]), (columns, &expected[..]));
    let path = format!("/reports/sla/download?{RANGE}");
    let file = lines(&app, &path, name).await;
    let total = row(&json!({"counts": report["total"]}));
    assert_eq!(file, [columns.to_owned(), total]);
}

/// A group by team and metric as a line of a file.
fn row(group: &Value) -> String {
    let text = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.replace(FORMULA, &format!("'{FORMULA}")),
        other => other.to_string(),
    };
    let (counts, used) = (&group["counts"], &group["counts"]["used_seconds"]);
    // As other rows of numbers have it: what is whole has no point.
    let attainment = counts["attainment"].as_f64();
    let attainment = attainment.map_or(Value::Null, |it| json!(it.to_string()));
    let cells = [
        &Value::Null,
        &Value::Null,
        &Value::Null,
        &Value::Null,
        &Value::Null,
        &Value::Null,
        &group["team"]["id"],
        &group["team"]["name"],
        &Value::Null,
        &Value::Null,
        &group["metric"],
        &Value::Null,
        &Value::Null,
        &counts["running"],
        &counts["met"],
        &counts["breached"],
        &counts["cancelled"],
        &attainment,
        &used["p50"],
        &used["p90"],
        &used["p99"],
    ];
    cells.map(text).join(",")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_parquet_is_one_and_a_format_is_named() {
    let (app, _) = desk().await;
    for path in [
        format!("/reports/messages/download?{DAYS}&split=team"),
        format!("/reports/workload/download?{DAYS}&by=team"),
        format!("/reports/sla/download?{RANGE}&group_by=team"),
    ] {
        let file = app.agent().get(&format!("{path}&format=parquet"));
        let file = file.await.expect(200);
        let kind = file.header("content-type");
        assert_eq!(kind, Some("application/vnd.apache.parquet"));
        assert!(file.body.as_str().is_some_and(|it| it.starts_with("PAR1")));
        app.agent().get(&path).await.expect(400);
        let path = format!("{path}&format=csv");
        app.customer().get(&path).await.expect(403);
        let others = app.globex.agent.get(&path).await.expect(200);
        assert!(!others.body.to_string().contains(FORMULA), "{path}");
    }
}
