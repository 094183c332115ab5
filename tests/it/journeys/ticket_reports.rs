//! Reports of tickets: report, list and the log agree on every slice of random histories. What the log says is asked of its
//! events in SQL of the test's own, which shares nothing with the product.

mod behind;
mod clock_changes;
mod files;
mod hours;
mod messages;
pub mod random;
pub mod told;

use chrono::TimeDelta;
use rand::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

use crate::harness::{Person, TestApp, encoded, uuid_of};
use random::{live, slice};
use told::Slice;

const SPLITS: [&str; 5] = ["team", "agent", "tag", "channel", "priority"];
const PERIODS: [&str; 3] = ["day", "week", "month"];

/// Every page of the tickets behind a number.
async fn counted(person: &Person, query: &str) -> Vec<Value> {
    let path = format!("/reports/tickets/counted?{query}&limit=7&include_total=true");
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = person.get(&format!("{path}{cursor}")).await.expect(200);
        items.extend(page.items().to_vec());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => {
                assert_eq!(page["total"], items.len(), "{query}");
                return items;
            }
        }
    }
}

async fn report(person: &Person, query: &str) -> Value {
    let path = format!("/reports/tickets?{query}");
    person.get(&path).await.expect(200).body
}

#[tokio::test(flavor = "multi_thread")]
async fn report_list_and_log_agree_on_random_slices_of_random_histories() {
    for seed in [1, 2] {
        let app = TestApp::start().await;
        let random = &mut StdRng::seed_from_u64(seed);
        let mut tickets = Vec::new();
        live(&app, random, &mut tickets, 60).await;
        let as_of = app.log().await.last().unwrap().recorded_at;
        // What was summed by the days of one zone is summed by those of another from now on.
        let settings = json!({"settings": {"time_zone": "Asia/Kathmandu"}});
        app.admin()
            .patch("/organization", settings)
            .await
            .expect(200);
        live(&app, random, &mut tickets, 60).await;
        let log = app.database.superuser().await;
        app.at_rest().await;
        app.is_as_the_log_says().await;
        let place = (app.partition().await.get(), app.acme.id.0);
        let mut found = 0;
        for index in 0..36 {
            let mut slice = slice(&app, random, index, as_of);
            if index % 3 == 0 {
                let view = json!({"name": "View", "owner": "organization", "query": slice.text()});
                let view = app.admin().post("/views", view).await.expect(201);
                slice.view = Some(view.id());
            }
            let query = slice.query();
            let (ids, sum, median) = slice.told(&log, place, "Asia/Kathmandu").await;
            found += ids.len();
            let items = counted(app.admin(), &query).await;
            let listed: BTreeSet<Uuid> = items
                .iter()
                .map(|item| uuid_of(&item["ticket_id"]))
                .collect();
            assert_eq!(listed, ids, "seed {seed}: {query}");
            assert_eq!(listed.len(), items.len(), "seed {seed}: {query}");
            sums_up(&app, random, &query, ids.len(), (sum, median)).await;
        }
        assert!(
            found > 50,
            "seed {seed} has only {found} tickets in its slices"
        );
    }
}

/// The same question up to another day.
fn ending_at(query: &str, to: &Value) -> String {
    let parameters = query.split('&').map(|parameter| match parameter {
        it if it.starts_with("to=") => format!("to={}", to.as_str().unwrap()),
        it => it.to_owned(),
    });
    parameters.collect::<Vec<_>>().join("&")
}

/// The total is what the log says, and that of the groups, each of which has as many as its list.
async fn sums_up(
    app: &TestApp,
    random: &mut StdRng,
    query: &str,
    count: usize,
    (sum, median): (i64, Option<i64>),
) {
    let period = *PERIODS.choose(random).unwrap();
    let whole = report(app.admin(), &format!("{query}&group={period}")).await;
    assert_eq!(whole["total"]["count"], count, "{query}");
    let numbers = &whole["total"];
    if let Some(times) = numbers.get("times") {
        assert_eq!(*times, sum, "{query}");
    }
    assert_eq!(numbers["seconds"]["p50"].as_i64(), median, "{query}");
    let groups = whole["groups"].as_array().unwrap();
    if query.starts_with("figure=backlog") {
        assert_eq!(groups.last().unwrap()["numbers"]["count"], count, "{query}");
        let group = groups.choose(random).unwrap();
        let behind = counted(app.admin(), &ending_at(query, &group["to"])).await;
        assert_eq!(group["numbers"]["count"], behind.len(), "{query}: {group}");
    } else {
        let counts = groups
            .iter()
            .map(|group| group["numbers"]["count"].as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), count as u64, "{query}");
    }
    let split = *SPLITS.choose(random).unwrap();
    // A condition twice would be two.
    if query.contains(&format!("&{split}=")) {
        return;
    }
    let parts = report(app.admin(), &format!("{query}&split={split}")).await;
    assert_eq!(parts["total"], whole["total"], "{query}&split={split}");
    for group in parts["groups"].as_array().unwrap() {
        let key = match group.get(split) {
            Some(key) => key.get("id").unwrap_or(key).as_str().unwrap().to_owned(),
            // There is no condition for tickets without a tag.
            None if split == "tag" => continue,
            None => "none".to_owned(),
        };
        let behind = counted(app.admin(), &format!("{query}&{split}={key}")).await;
        let numbers = &group["numbers"];
        assert_eq!(numbers["count"], behind.len(), "{query}&{split}={key}");
    }
}

/// Whoever compares could be blind: a sum and a fact that are wrong are seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_planted_mistake_parts_the_report_from_its_list_and_the_log() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    app.customer().opens("Printer on fire again").await;
    let log = app.database.superuser().await;
    let place = (app.partition().await.get(), app.acme.id.0);
    let slice = Slice {
        figure: "opened",
        from: app.now().date_naive(),
        to: app.now().date_naive() + TimeDelta::days(1),
        conditions: Vec::new(),
        terms: Vec::new(),
        view: None,
        as_of: None,
    };
    // Each of them asks once: nobody is given an answer that was kept.
    let counts = async |person: &Person| {
        let (ids, ..) = slice.told(&log, place, "UTC").await;
        let listed = counted(person, &slice.query()).await.len();
        let total = report(person, &slice.query()).await["total"]["count"].as_u64();
        (total.unwrap(), listed, ids.len())
    };
    assert_eq!(counts(app.admin()).await, (2, 2, 2));
    let sum = "UPDATE core.report_cells SET count = count + 1 WHERE org_id = $1 AND figure = 1";
    log.execute(sum, &[&app.acme.id.0]).await.unwrap();
    assert_eq!(counts(app.agent()).await, (3, 2, 2));
    let fact = "UPDATE core.ticket_facts SET opened_at = opened_at - interval '1 day' WHERE org_id = $1 AND number = 2";
    log.execute(fact, &[&app.acme.id.0]).await.unwrap();
    assert_eq!(counts(app.colleague()).await, (3, 1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_what_was_opened_is_as_long_as_the_list_of_tickets() {
    let app = TestApp::start().await;
    let random = &mut StdRng::seed_from_u64(3);
    live(&app, random, &mut Vec::new(), 80).await;
    app.at_rest().await;
    let team = app.acme.team_id.to_string();
    let agent = app.agent().id.to_string();
    for (ours, lists) in [
        (String::new(), String::new()),
        (format!("&team={team}"), format!("&team={team}")),
        (format!("&agent={agent}"), format!("&assignee={agent}")),
        (
            "&priority=high&tag=vip".to_owned(),
            "&priority=high&tag=vip".to_owned(),
        ),
        (
            "&status=open&status=closed".to_owned(),
            "&status=open&status=closed".to_owned(),
        ),
        of_query("status:open,pending assignee:me"),
        of_query("updated:<10d -tag:vip"),
        of_query("-updated:<10d priority:>=normal"),
        of_query("due:none number:1,2,3,4,5"),
        of_query("-due:none"),
    ] {
        let query = format!("figure=opened&from=2026-03-01&to=2026-04-01{ours}");
        let count = report(app.agent(), &query).await["total"]["count"].clone();
        let range = "created_from=2026-03-01T00:00:00Z&created_to=2026-04-01T00:00:00Z";
        let list = app
            .agent()
            .get(&format!("/tickets?{range}&include_total=true{lists}"))
            .await;
        assert_eq!(list.expect(200)["total"], count, "{ours}");
        let behind = counted(app.agent(), &query).await.len();
        assert_eq!(count, behind, "{ours}");
    }
}

/// The same query for a report and for a list.
fn of_query(text: &str) -> (String, String) {
    let parameter = format!("&query={}", encoded(text));
    (parameter.clone(), parameter)
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_and_days_are_those_of_the_organization() {
    let app = TestApp::start().await;
    // A Monday at 21:30 UTC is Tuesday at 03:15 in Kathmandu.
    app.wait(TimeDelta::minutes(12 * 60 + 30));
    app.customer().opens("Printer on fire").await;
    let query = "figure=opened&from=2026-03-02&to=2026-03-09";
    for (zone, weekday, hour) in [("UTC", 0, 21), ("Asia/Kathmandu", 1, 3)] {
        let settings = json!({"settings": {"time_zone": zone}});
        app.admin()
            .patch("/organization", settings)
            .await
            .expect(200);
        // The sums answer the first, the facts the second.
        for narrow in ["", "&status=new"] {
            let path = format!("/reports/tickets/hours?{query}{narrow}");
            let hours = app.agent().get(&path).await.expect(200);
            assert_eq!(hours["time_zone"], zone);
            assert_eq!(hours["weekdays"][weekday][hour], 1, "{}", hours.body);
            let all = hours["weekdays"].as_array().unwrap().iter();
            let all = all
                .flat_map(|day| day.as_array().unwrap())
                .map(|count| count.as_u64().unwrap());
            assert_eq!(all.sum::<u64>(), 1);
        }
        let days = report(app.agent(), &format!("{query}&group=day")).await;
        assert_eq!(days["groups"][weekday]["numbers"]["count"], 1, "{days}");
        assert_eq!(days["groups"].as_array().unwrap().len(), 7);
    }
    app.is_as_the_log_says().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_staff_of_the_organization_are_told_of_tickets() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    let query = "figure=opened&from=2026-03-01&to=2026-04-01";
    for path in ["", "/hours", "/counted"] {
        let path = format!("/reports/tickets{path}?{query}");
        app.customer().get(&path).await.expect(403);
    }
    assert_eq!(report(app.agent(), query).await["total"]["count"], 1);
    assert_eq!(report(&app.globex.agent, query).await["total"]["count"], 0);
    assert_eq!(counted(&app.globex.agent, query).await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_report_can_say_is_refused() {
    let app = TestApp::start().await;
    let days = "from=2026-03-01&to=2026-04-01";
    for (path, at_fault) in [
        (
            "?figure=opened&from=2026-03-01&to=2026-03-01".to_owned(),
            "to",
        ),
        (
            "?figure=opened&from=2026-01-01&to=2027-06-01".to_owned(),
            "to",
        ),
        (
            format!("?figure=opened&{days}&as_of=2999-01-01T00:00:00Z"),
            "as_of",
        ),
        (format!("/hours?figure=backlog&{days}"), "figure"),
    ] {
        let answer = app.agent().get(&format!("/reports/tickets{path}")).await;
        let detail = answer.expect(400)["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(at_fault), "{detail}");
    }
    // What is known of tickets as they are alone is told of no other time.
    let no_past = [
        ("backlog", "", "status:open updated:<2d", "`updated:<2d`"),
        (
            "opened",
            "&as_of=2026-03-01T00:00:00Z",
            "-due:none",
            "`-due:none`",
        ),
        ("opened", "", "status:open fire", "words"),
        ("opened", "", "status:open colour:red", "column 13"),
    ];
    for (figure, as_of, query, at_fault) in no_past {
        for path in ["", "/counted", "/csv", "/hours"] {
            if path == "/hours" && figure == "backlog" {
                continue;
            }
            let query = encoded(query);
            let path =
                format!("/reports/tickets{path}?figure={figure}&{days}{as_of}&query={query}");
            let refused = app.agent().get(&path).await.expect(400);
            assert_eq!(refused["errors"][0]["pointer"], "/query", "{path}");
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.contains(at_fault), "{detail}");
        }
    }
    let private = json!({"name": "Mine", "owner": "me", "query": "status:open"});
    let view = app.admin().post("/views", private).await.expect(201).id();
    let path = format!("/reports/tickets?figure=opened&{days}&view={view}");
    app.agent().get(&path).await.expect(404);
    app.admin().get(&path).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_the_groups_and_no_formula() {
    let app = TestApp::start().await;
    let team = json!({"name": "=1+1, \"x\""});
    let team = app.admin().post("/teams", team).await.expect(201).id();
    let ticket = app.customer().opens("Printer on fire").await;
    let path = format!("/tickets/{ticket}/assign");
    let assigned = app.agent().post(&path, json!({"team_id": team}));
    assigned.await.expect(200);
    let query = "figure=opened&from=2026-03-01&to=2026-04-01&split=team";
    let file = app.agent().get(&format!("/reports/tickets/csv?{query}"));
    let file = file.await.expect(200);
    assert_eq!(
        file.header("content-disposition"),
        Some("attachment; filename=\"tickets-2026-03-01-2026-04-01.csv\"")
    );
    let lines: Vec<_> = file.body.as_str().unwrap().split("\r\n").collect();
    assert!(
        lines[0].starts_with("from,to,key_id,key,count"),
        "{}",
        lines[0]
    );
    let name = r#""'=1+1, ""x""""#;
    assert_eq!(
        lines[1],
        format!("2026-03-01,2026-04-01,{team},{name},1,,,,,,,")
    );
    assert_eq!(lines[2..], [""]);
    let path = format!("/reports/tickets/parquet?{query}");
    let file = app.agent().get(&path).await.expect(200);
    let kind = file.header("content-type");
    assert_eq!(kind, Some("application/vnd.apache.parquet"));
    assert!(file.body.as_str().is_some_and(|it| it.starts_with("PAR1")));
}
