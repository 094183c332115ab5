//! Reports of messages and of work: report, list and the log agree, and the work of each is what other reports tell of them.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rand::prelude::*;
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use super::counted;
use super::random::live;
use crate::harness::{Person, TestApp, encoded, uuid_of};

const KINDS: [&str; 3] = ["public_replies", "customer_messages", "internal_notes"];
const ZONE: &str = "Asia/Kathmandu";

/// Every message that the log knew at a moment, with the team that its ticket had when it was written.
const TOLD: &str = "
    SELECT e.stream_id, CASE WHEN e.data ->> 'visibility' = 'internal' THEN 'internal_notes'
           WHEN e.data ->> 'author_role' = 'customer' THEN 'customer_messages' ELSE 'public_replies' END AS kind,
        (e.data ->> 'author_id')::uuid AS author,
        (SELECT (k.data #>> '{to,team_id}')::uuid FROM events k WHERE k.partition = e.partition AND k.org_id = e.org_id
            AND k.stream_type = 'ticket' AND k.stream_id = (e.data ->> 'ticket_id')::uuid AND k.type = 'ticket.assigned'
            AND k.position < e.position ORDER BY k.position DESC LIMIT 1) AS team,
        (e.data ->> 'ticket_id')::uuid AS ticket
      FROM (SELECT partition, org_id, position, stream_id, occurred_at, recorded_at, type, data::jsonb AS data FROM events) e
     WHERE e.partition = $1 AND e.org_id = $2 AND e.type = 'message.posted' AND e.recorded_at <= $3
       AND e.occurred_at >= ($4::date::timestamp AT TIME ZONE $6) AND e.occurred_at < ($5::date::timestamp AT TIME ZONE $6)";

/// A message as the log tells it.
struct Told {
    id: Uuid,
    kind: String,
    author: Uuid,
    team: Option<Uuid>,
    ticket: Uuid,
}

async fn told(
    app: &TestApp,
    log: &Client,
    days: (NaiveDate, NaiveDate),
    at: DateTime<Utc>,
) -> Vec<Told> {
    let (partition, org) = (app.partition().await.get(), app.acme.id.0);
    let sql = TOLD.replace("FROM events k", "FROM (SELECT partition, org_id, stream_type, stream_id, position, type, data::jsonb AS data FROM events) k");
    let rows = log
        .query(&sql, &[&partition, &org, &at, &days.0, &days.1, &ZONE])
        .await
        .unwrap();
    let told = |row: &tokio_postgres::Row| Told {
        id: row.get(0),
        kind: row.get(1),
        author: row.get(2),
        team: row.get(3),
        ticket: row.get(4),
    };
    rows.iter().map(told).collect()
}

async fn report(person: &Person, query: &str) -> Value {
    let path = format!("/reports/messages?{query}");
    person.get(&path).await.expect(200).body
}

/// The ids of every page of the messages behind a number.
async fn listed(person: &Person, query: &str) -> BTreeSet<Uuid> {
    let path = format!("/reports/messages/counted?{query}&limit=7&include_total=true");
    let (mut ids, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let page = person.get(&format!("{path}{cursor}")).await.expect(200);
        ids.extend(page.items().iter().map(|item| uuid_of(&item["message_id"])));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => {
                assert_eq!(page["total"], ids.len(), "{query}");
                return ids;
            }
        }
    }
}

fn summed<'a>(numbers: impl Iterator<Item = &'a Value>) -> [u64; 3] {
    let mut sums = [0; 3];
    for numbers in numbers {
        for (sum, kind) in sums.iter_mut().zip(KINDS) {
            *sum += numbers[kind].as_u64().unwrap();
        }
    }
    sums
}

#[tokio::test(flavor = "multi_thread")]
async fn report_list_and_log_agree_on_the_messages_of_random_histories() {
    let app = TestApp::start().await;
    let random = &mut StdRng::seed_from_u64(5);
    let mut tickets = Vec::new();
    live(&app, random, &mut tickets, 60).await;
    let as_of = app.log().await.last().unwrap().recorded_at;
    let settings = json!({"settings": {"time_zone": ZONE}});
    let changed = app.admin().patch("/organization", settings);
    changed.await.expect(200);
    live(&app, random, &mut tickets, 60).await;
    app.at_rest().await;
    app.is_as_the_log_says().await;
    let log = app.database.superuser().await;
    let mut found = 0;
    for index in 0..16 {
        let from = app.now().date_naive() - TimeDelta::days(random.random_range(5..30));
        let days = (from, from + TimeDelta::days(random.random_range(3..40)));
        let at = random.random_bool(0.3).then_some(as_of);
        let agent = (index % 4 == 1).then(|| app.agent().id);
        let team = [None, Some(None), Some(Some(app.acme.team_id))][index % 3];
        let mut query = format!("from={}&to={}", days.0, days.1);
        let mut all = told(&app, &log, days, at.unwrap_or_else(Utc::now)).await;
        if let Some(at) = at {
            query += &format!("&as_of={}", at.to_rfc3339().replace('+', "%2B"));
        }
        if let Some(agent) = agent {
            query += &format!("&agent={agent}");
            all.retain(|it| it.author == agent);
        }
        if let Some(team) = team {
            let name = team.map_or("none".to_owned(), |id| id.to_string());
            query += &format!("&team={name}");
            all.retain(|it| it.team == team);
        }
        found += all.len();
        agrees(&app, &query, &all).await;
    }
    assert!(found > 100, "only {found} messages are in the slices");
}

/// The total is what the log says, and that of the groups, and the list has just these messages.
async fn agrees(app: &TestApp, query: &str, told: &[Told]) {
    let ids: BTreeSet<Uuid> = told.iter().map(|it| it.id).collect();
    assert_eq!(listed(app.admin(), query).await, ids, "{query}");
    let of_kind = |kind: &&str| told.iter().filter(|it| it.kind == *kind).count() as u64;
    let counts = [of_kind(&KINDS[0]), of_kind(&KINDS[1]), of_kind(&KINDS[2])];
    for cut in ["", "&group=day", "&split=team", "&group=week&split=agent"] {
        let report = report(app.admin(), &format!("{query}{cut}")).await;
        assert_eq!(
            summed([&report["total"]].into_iter()),
            counts,
            "{query}{cut}"
        );
        let groups = report["groups"].as_array().unwrap().iter();
        let numbers = groups.clone().map(|group| &group["numbers"]);
        assert_eq!(summed(numbers), counts, "{query}{cut}");
        for group in groups.filter(|_| cut == "&split=team") {
            let team = group.get("team").map(|team| uuid_of(&team["id"]));
            let of_team = told.iter().filter(|it| it.team == team).count() as u64;
            let counted: u64 = summed([&group["numbers"]].into_iter()).iter().sum();
            assert_eq!(counted, of_team, "{query}{cut}");
        }
    }
    let replies = listed(app.admin(), &format!("{query}&kind=public_reply")).await;
    assert_eq!(replies.len() as u64, counts[0], "{query}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_counts_what_was_written_on_tickets_that_are_so_now() {
    let app = TestApp::start().await;
    let settings = json!({"settings": {"time_zone": ZONE}});
    let changed = app.admin().patch("/organization", settings);
    changed.await.expect(200);
    let random = &mut StdRng::seed_from_u64(7);
    live(&app, random, &mut Vec::new(), 120).await;
    app.at_rest().await;
    let log = app.database.superuser().await;
    let last = app.now().date_naive() + TimeDelta::days(1);
    let agent = app.agent().id;
    for (text, days) in [
        ("status:open -tag:vip priority:>=normal".to_owned(), 90),
        ("-status:closed".to_owned(), 90),
        ("status:resolved,closed".to_owned(), 90),
        ("tag:vip".to_owned(), 90),
        ("tag:vip,printer team:none".to_owned(), 20),
        (format!("assignee:{agent}"), 90),
        (format!("-assignee:none,{agent} priority:<=high"), 90),
        ("updated:<10d".to_owned(), 90),
        ("-created:>=2026-03-06".to_owned(), 90),
    ] {
        let days = (last - TimeDelta::days(days), last);
        let all = told(&app, &log, days, Utc::now()).await;
        let (count, query) = (all.len(), encoded(&text));
        let tickets = tickets(app.admin(), &query).await;
        let of_them: Vec<Told> = all
            .into_iter()
            .filter(|it| tickets.contains(&it.ticket))
            .collect();
        let is_narrowed = (1..count).contains(&of_them.len());
        assert!(is_narrowed, "{text}: {} of {count}", of_them.len());
        let query = format!("from={}&to={}&query={query}", days.0, days.1);
        agrees(&app, &query, &of_them).await;
    }
}

/// The tickets that a list by a query has.
async fn tickets(person: &Person, query: &str) -> BTreeSet<Uuid> {
    let zone = ZONE.replace('/', "%2F");
    let path = format!("/tickets?limit=100&time_zone={zone}&query={query}");
    let page = person.get(&path).await.expect(200);
    assert!(page["next_cursor"].is_null(), "more tickets than a page");
    page.items().iter().map(|it| uuid_of(&it["id"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_counts_no_message_of_another_ticket_and_takes_the_conditions_of_a_view() {
    let app = TestApp::start().await;
    let printer = app.customer().opens("Printer on fire").await;
    let phone = app.customer().opens("No sound").await;
    app.agent().replies(printer, "Which one?").await.expect(201);
    app.agent().notes(phone, "Again.").await.expect(201);
    let path = format!("/tickets/{printer}/tags/hot");
    app.agent().put(&path).await.expect(200);
    let days = "from=2026-03-01&to=2026-04-01";
    let counts = async |conditions: &str| {
        let query = format!("{days}{conditions}");
        let total = report(app.agent(), &query).await["total"].clone();
        let counted = summed([&total].into_iter());
        let listed = listed(app.agent(), &query).await.len() as u64;
        assert_eq!(counted.iter().sum::<u64>(), listed, "{conditions}");
        counted
    };
    assert_eq!(counts("").await, [1, 2, 1]);
    assert_eq!(counts("&query=tag:hot").await, [1, 1, 0]);
    assert_eq!(counts("&query=-tag:hot").await, [0, 1, 1]);
    assert_eq!(counts("&query=tag:hot+status:closed").await, [0, 0, 0]);
    let hot = json!({"name": "Hot", "owner": "me", "query": "tag:hot"});
    let view = app.agent().post("/views", hot).await.expect(201).id();
    assert_eq!(counts(&format!("&view={view}")).await, [1, 1, 0]);
    let both = format!("&view={view}&query=-tag:hot");
    assert_eq!(counts(&both).await, [0, 0, 0]);
    // What a ticket is now counts, not what it was when somebody wrote.
    app.agent().delete(&path).await.expect(200);
    assert_eq!(counts(&format!("&view={view}")).await, [0, 0, 0]);
    for path in ["", "/counted", "/download"] {
        let path = match path {
            "/download" => format!("/reports/messages{path}?format=csv&{days}&view={view}"),
            path => format!("/reports/messages{path}?{days}&view={view}"),
        };
        app.agent().get(&path).await.expect(200);
        app.globex.agent.get(&path).await.expect(404);
        app.colleague().get(&path).await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_messages_cannot_answer_is_refused_at_the_query() {
    let app = TestApp::start().await;
    let hot = json!({"name": "Hot", "owner": "me", "query": "tag:hot"});
    let view = app.agent().post("/views", hot).await.expect(201).id();
    let now = Utc::now().to_rfc3339().replace('+', "%2B");
    let days = "from=2026-03-01&to=2026-04-01";
    for (conditions, at_fault) in [
        (format!("&query=status:open&as_of={now}"), "as_of"),
        (format!("&view={view}&as_of={now}"), "as_of"),
        ("&query=printer".to_owned(), "words"),
        ("&query=prio:high".to_owned(), "prio"),
    ] {
        for path in ["?", "/counted?", "/download?format=csv&"] {
            let path = format!("/reports/messages{path}{days}{conditions}");
            let refused = app.agent().get(&path).await.expect(400);
            assert_eq!(refused["errors"][0]["pointer"], "/query", "{path}");
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.contains(at_fault), "{detail}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_work_of_each_is_what_lists_and_other_reports_tell_of_them() {
    let app = TestApp::start().await;
    let random = &mut StdRng::seed_from_u64(6);
    let mut tickets = Vec::new();
    live(&app, random, &mut tickets, 80).await;
    app.at_rest().await;
    let days = "from=2026-03-01&to=2026-12-31";
    let mut then = Vec::new();
    for (by, of_list, of_report) in [("agent", "assignee", "agent"), ("team", "team", "team")] {
        let path = format!("/reports/workload?{days}&by={by}");
        let workload = app.agent().get(&path).await.expect(200).body;
        let workers = workload["workers"].as_array().unwrap();
        assert!(workers.len() > 1, "{workload}");
        for worker in workers {
            let id = worker.get(by).map(|it| it["id"].as_str().unwrap());
            let id = id.unwrap_or("none");
            holds(&app, worker, &format!("{of_list}={id}")).await;
            for (figure, number) in [("assigned", "assigned"), ("resolution", "resolved")] {
                let query = format!("figure={figure}&{days}&{of_report}={id}");
                let path = format!("/reports/tickets?{query}");
                let report = app.agent().get(&path).await.expect(200);
                assert_eq!(worker[number], report["total"]["count"], "{query}");
            }
            if id != "none" {
                let report = report(app.agent(), &format!("{days}&{of_report}={id}")).await;
                assert_eq!(worker["messages"], report["total"], "{by} {id}");
            }
        }
        then.push((path, workload));
    }
    let as_of = app.log().await.last().unwrap().recorded_at;
    let as_of = as_of.to_rfc3339().replace('+', "%2B");
    live(&app, random, &mut tickets, 80).await;
    app.at_rest().await;
    for (path, told) in then {
        let now = app.agent().get(&path).await.expect(200).body;
        assert_ne!(now["workers"], told["workers"]);
        let again = app.agent().get(&format!("{path}&as_of={as_of}")).await;
        assert_eq!(again.expect(200)["workers"], told["workers"], "{path}");
        let by = if path.ends_with("team") {
            "team"
        } else {
            "agent"
        };
        for (workload, moment) in [(&told, format!("&as_of={as_of}")), (&now, String::new())] {
            for worker in workload["workers"].as_array().unwrap() {
                leads_to_its_tickets(&app, worker, by, &moment).await;
            }
        }
    }
    let held = "/reports/tickets/counted?figure=backlog";
    app.customer().get(held).await.expect(403);
    assert!(
        app.globex
            .agent
            .get(held)
            .await
            .expect(200)
            .items()
            .is_empty()
    );
    for wrong in [
        "figure=backlog&from=2026-03-01",
        "figure=backlog&to=2026-03-01",
        "figure=opened",
    ] {
        let path = format!("/reports/tickets/counted?{wrong}");
        app.agent().get(&path).await.expect(400);
    }
    let path = format!("/reports/workload?{days}&by=team");
    app.customer().get(&path).await.expect(403);
    let others = app.globex.agent.get(&path).await.expect(200);
    assert_eq!(others["workers"], json!([]));
}

/// What somebody holds, or held at a moment, are the tickets that are listed as behind it, each as it was then.
async fn leads_to_its_tickets(app: &TestApp, worker: &Value, by: &str, moment: &str) {
    let id = worker.get(by).map(|it| it["id"].as_str().unwrap());
    let id = id.unwrap_or("none");
    let held = &worker["held"];
    let statuses = ["new", "open", "pending", "on_hold"].map(|it| ("status", it));
    let priorities = ["low", "normal", "high", "urgent"].map(|it| ("priority", it));
    let all = [("", "count")]
        .into_iter()
        .chain(statuses)
        .chain(priorities);
    for (condition, number) in all {
        let narrowed = match condition {
            "" => String::new(),
            name => format!("&{name}={number}"),
        };
        let query = format!("figure=backlog&{by}={id}{narrowed}{moment}");
        let behind = counted(app.agent(), &query).await;
        assert_eq!(held[number], behind.len(), "{query}");
        for ticket in behind.iter().filter(|_| !condition.is_empty()) {
            assert_eq!(ticket[condition], number, "{query}");
        }
    }
}

/// What somebody holds is what lists tell.
async fn holds(app: &TestApp, worker: &Value, holder: &str) {
    let total = async |condition: &str| {
        let unresolved = "-status:resolved,closed";
        let path =
            format!("/tickets?{holder}&query={unresolved}{condition}&include_total=true&limit=1");
        app.agent().get(&path).await.expect(200)["total"].clone()
    };
    let held = &worker["held"];
    assert_eq!(held["count"], total("").await, "{holder}");
    for status in ["new", "open", "pending", "on_hold"] {
        let listed = total(&format!("&status={status}")).await;
        assert_eq!(held[status], listed, "{holder} {status}");
    }
    for priority in ["low", "normal", "high", "urgent"] {
        let listed = total(&format!("&priority={priority}")).await;
        assert_eq!(held[priority], listed, "{holder} {priority}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_staff_of_the_organization_are_told_of_messages() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().replies(ticket, "Which one?").await.expect(201);
    app.agent().notes(ticket, "Again.").await.expect(201);
    let query = "from=2026-03-01&to=2026-04-01";
    for path in ["", "/counted"] {
        let path = format!("/reports/messages{path}?{query}");
        app.customer().get(&path).await.expect(403);
        let future = format!("{path}&as_of=2999-01-01T00:00:00Z");
        app.agent().get(&future).await.expect(400);
    }
    let ours = report(app.agent(), query).await["total"].clone();
    assert_eq!(summed([&ours].into_iter()), [1, 1, 1]);
    let theirs = report(&app.globex.agent, query).await["total"].clone();
    assert_eq!(summed([&theirs].into_iter()), [0, 0, 0]);
    assert!(listed(&app.globex.agent, query).await.is_empty());
}

/// Whoever compares could be blind: a sum and a row that are wrong are seen.
#[tokio::test(flavor = "multi_thread")]
async fn a_planted_mistake_parts_the_report_of_messages_from_its_list_and_the_log() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().replies(ticket, "Which one?").await.expect(201);
    let log = app.database.superuser().await;
    let day = app.now().date_naive();
    let days = (day - TimeDelta::days(1), day + TimeDelta::days(2));
    let query = format!("from={}&to={}", days.0, days.1);
    let counts = async || {
        let total = report(app.admin(), &query).await["total"].clone();
        let counted: u64 = summed([&total].into_iter()).iter().sum();
        let listed = listed(app.admin(), &query).await.len();
        let told = told(&app, &log, days, Utc::now()).await.len();
        (counted, listed, told)
    };
    assert_eq!(counts().await, (2, 2, 2));
    let sum = "UPDATE core.message_cells SET count = count + 1 WHERE org_id = $1 AND kind = 1";
    log.execute(sum, &[&app.acme.id.0]).await.unwrap();
    assert_eq!(counts().await, (3, 2, 2));
    let row = "DELETE FROM core.message_facts WHERE org_id = $1 AND kind = 2";
    log.execute(row, &[&app.acme.id.0]).await.unwrap();
    assert_eq!(counts().await, (3, 1, 2));
}
