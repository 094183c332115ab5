//! Attainment: what reports and lists count, against the events of every ticket, told over again by hand. Time passes by the
//! clock of the test, which begins on a Monday at 09:00 UTC.

mod past;
mod slices;

use chrono::{DateTime, TimeDelta, Utc};
use event_store::RecordedEvent;
use rand::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use uuid::Uuid;

use crate::harness::{Person, TestApp, start_of_time, time_of, uuid_of};

const RANGE: &str = "from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z";
const GROUPINGS: [&str; 6] = ["day", "policy", "priority", "team", "agent", "metric"];
const OUTCOMES: [&str; 4] = ["running", "met", "breached", "cancelled"];

/// What the test and the server have to agree on, of one wait.
type Wait = (Uuid, String, String, DateTime<Utc>, Holder, Option<i64>);
/// Priority, team and agent.
type Holder = (String, Option<Uuid>, Option<Uuid>);

/// A wait as the events tell it.
#[derive(Clone)]
struct Told {
    started_at: DateTime<Utc>,
    used_ms: i64,
    runs_since: Option<DateTime<Utc>>,
    outcome: &'static str,
    counted_at: DateTime<Utc>,
    reached: bool,
    is_over: bool,
    holder: Holder,
}

impl Told {
    fn begun(at: DateTime<Utc>, holder: &Holder) -> Self {
        Self {
            started_at: at,
            used_ms: 0,
            runs_since: Some(at),
            outcome: "running",
            counted_at: at,
            reached: false,
            is_over: false,
            holder: holder.clone(),
        }
    }

    fn stand_still(&mut self, at: DateTime<Utc>) {
        let since = self.runs_since.take();
        self.used_ms += since.map_or(0, |since| (at - since).num_milliseconds());
    }

    fn end(&mut self, reached: bool, at: DateTime<Utc>, holder: &Holder) {
        if self.is_over {
            return;
        }
        self.stand_still(at);
        (self.is_over, self.reached) = (true, reached);
        if self.outcome != "breached" {
            self.outcome = if reached { "met" } else { "cancelled" };
            (self.counted_at, self.holder) = (at, holder.clone());
        }
    }

    fn go_on(&mut self, at: DateTime<Utc>) {
        self.runs_since.get_or_insert(at);
        (self.is_over, self.reached) = (false, false);
        if self.outcome != "breached" {
            self.outcome = "running";
            self.counted_at = self.started_at;
        }
    }
}

/// The waits of a ticket, from the words of its events alone: first and next replies, and the agents' work, by all time.
fn waits_of(events: &[RecordedEvent]) -> Vec<Wait> {
    let mut holder: Holder = (String::new(), None, None);
    let mut waits: Vec<(&str, Told)> = Vec::new();
    let newest = |waits: &Vec<(&str, Told)>, metric: &str| {
        waits.iter().rposition(|(measured, _)| *measured == metric)
    };
    for event in events {
        let data: Value = serde_json::from_str(&event.data).unwrap();
        let at = event.occurred_at;
        let id = |value: &Value| value.as_str().map(|text| text.parse::<Uuid>().unwrap());
        let status = match event.event_type.as_str() {
            "ticket.opened" => {
                holder.0 = data["priority"].as_str().unwrap().to_owned();
                waits.push(("first_reply", Told::begun(at, &holder)));
                waits.push(("agent_work", Told::begun(at, &holder)));
                None
            }
            "ticket.priority_changed" => {
                holder.0 = data["to"].as_str().unwrap().to_owned();
                None
            }
            "ticket.assigned" => {
                holder.1 = id(&data["to"]["team_id"]);
                holder.2 = id(&data["to"]["agent_id"]);
                None
            }
            "ticket.agent_replied" => {
                for metric in ["first_reply", "next_reply"] {
                    if let Some(index) = newest(&waits, metric) {
                        waits[index].1.end(true, at, &holder);
                    }
                }
                None
            }
            "ticket.customer_replied" => {
                let awaits = |metric| newest(&waits, metric).is_some_and(|i| !waits[i].1.is_over);
                if !awaits("first_reply") && !awaits("next_reply") {
                    waits.push(("next_reply", Told::begun(at, &holder)));
                }
                None
            }
            "sla.breached" => {
                let index = newest(&waits, data["metric"].as_str().unwrap()).unwrap();
                waits[index].1.outcome = "breached";
                waits[index].1.counted_at = time_of(&data["due_at"]);
                waits[index].1.holder = holder.clone();
                None
            }
            "ticket.resolved" => Some("resolved"),
            "ticket.closed" => Some("closed"),
            "ticket.status_changed" | "ticket.reopened" => data["to"].as_str(),
            _ => None,
        };
        match status {
            Some("resolved" | "closed") => {
                for (metric, told) in &mut waits {
                    told.end(*metric == "agent_work", at, &holder);
                }
            }
            Some("pending" | "on_hold") => {
                let index = newest(&waits, "agent_work").unwrap();
                waits[index].1.stand_still(at);
            }
            Some(_) => {
                let index = newest(&waits, "agent_work").unwrap();
                waits[index].1.go_on(at);
            }
            None => {}
        }
        for (_, told) in &mut waits {
            if told.outcome == "running" {
                told.holder = holder.clone();
            }
        }
    }
    let ticket = events[0].stream_id;
    let wait = |(metric, told): (&str, Told)| {
        let used = told.reached.then_some(told.used_ms / 1_000);
        let outcome = told.outcome.to_owned();
        (
            ticket,
            metric.to_owned(),
            outcome,
            told.counted_at,
            told.holder,
            used,
        )
    };
    waits.into_iter().map(wait).collect()
}

fn wait_of(item: &Value) -> Wait {
    let id = |name: &str| item.get(name).map(uuid_of);
    let word = |name: &str| item[name].as_str().unwrap().to_owned();
    (
        uuid_of(&item["ticket_id"]),
        word("metric"),
        word("outcome"),
        time_of(&item["counted_at"]),
        (word("priority"), id("team_id"), id("agent_id")),
        item.get("used_seconds").and_then(Value::as_i64),
    )
}

/// Every page of the list of waits.
pub async fn listed(person: &Person, conditions: &str) -> Vec<Value> {
    waits_behind(person, &format!("{RANGE}{conditions}")).await
}

async fn waits_behind(person: &Person, query: &str) -> Vec<Value> {
    let path = format!("/reports/sla/waits?{query}&limit=7&include_total=true");
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

pub async fn report(person: &Person, conditions: &str) -> Value {
    let path = format!("/reports/sla?{RANGE}{conditions}");
    person.get(&path).await.expect(200).body
}

fn outcomes(counts: &Value) -> [i64; 4] {
    OUTCOMES.map(|outcome| counts[outcome].as_i64().unwrap())
}

/// All tickets: first and next replies and the agents' work, in hours of all time that a history of weeks keeps and misses.
pub async fn promise_all(app: &TestApp) {
    let priorities = [("low", 40), ("normal", 24), ("high", 9), ("urgent", 3)];
    let targets: Vec<Value> = priorities
        .iter()
        .flat_map(|(priority, hours)| {
            [("first_reply", 1), ("next_reply", 1), ("agent_work", 4)].map(|(metric, times)| {
                json!({"priority": priority, "metric": metric, "seconds": hours * times * 3_600})
            })
        })
        .collect();
    let policy = json!({"name": "All", "targets": targets});
    let path = "/service-levels/policies";
    app.admin().post(path, policy).await.expect(201);
}

/// The events of each ticket, follow-ups among them.
fn tickets_of(log: &[RecordedEvent]) -> BTreeMap<Uuid, Vec<RecordedEvent>> {
    let mut tickets: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for event in log.iter().filter(|event| event.stream_type == "ticket") {
        let ticket = tickets.entry(event.stream_id).or_default();
        ticket.push(event.clone());
    }
    tickets
}

/// Lets people do what they do, as far as the desk lets them.
pub async fn live(app: &TestApp, random: &mut StdRng, steps: usize) {
    let mut tickets = Vec::new();
    for _ in 0..steps {
        app.wait(TimeDelta::seconds(random.random_range(1..30_000)));
        if tickets.len() < 3 || random.random_bool(0.12) {
            tickets.push(app.customer().opens("Printer on fire").await);
            continue;
        }
        let ticket = *tickets.choose(random).unwrap();
        let agent = [app.agent(), app.colleague()][random.random_range(0..2)];
        let status = *["open", "pending", "on_hold"].choose(random).unwrap();
        let priority = *["low", "normal", "high", "urgent"].choose(random).unwrap();
        let team = random.random_bool(0.5).then_some(app.acme.team_id);
        let path = format!("/tickets/{ticket}");
        let request = match random.random_range(0..13) {
            0..3 => agent.replies(ticket, "Which one?"),
            3..5 => app.customer().replies(ticket, "The red one."),
            5 => agent.notes(ticket, "Not mine."),
            6..8 => agent.sets_status(ticket, status),
            8 => agent.resolves(ticket),
            9 => agent.reopens(ticket),
            10 => agent.patch(&path, json!({"priority": priority})),
            _ => agent.post(
                &format!("{path}/assign"),
                json!({"agent_id": agent.id, "team_id": team}),
            ),
        };
        // Some of it the ticket does not allow: then nothing happens.
        let answer = request.await;
        assert!(answer.status.as_u16() < 500, "{}", answer.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn report_list_and_events_tell_the_same_numbers_whatever_happened() {
    for seed in [1, 2] {
        let app = TestApp::start().await;
        promise_all(&app).await;
        live(&app, &mut StdRng::seed_from_u64(seed), 120).await;
        app.at_rest().await;

        let mut told = Vec::new();
        for ticket in tickets_of(&app.log().await).values() {
            told.extend(waits_of(ticket));
        }
        let mut waits: Vec<_> = listed(app.admin(), "").await.iter().map(wait_of).collect();
        told.sort();
        waits.sort();
        assert_eq!(waits, told, "seed {seed}");
        for outcome in OUTCOMES {
            let count = waits.iter().filter(|wait| wait.2 == outcome).count();
            assert!(count > 0, "seed {seed} has nothing that is {outcome}");
        }
        sums_up(&app, &waits).await;
        app.is_as_the_log_says().await;
    }
}

/// The groups of each report sum up to its total, which is that of the list; a group has as many as its list.
async fn sums_up(app: &TestApp, waits: &[Wait]) {
    let mut total = [0; 4];
    for wait in waits {
        let outcome = OUTCOMES.iter().position(|outcome| *outcome == wait.2);
        total[outcome.unwrap()] += 1;
    }
    let pairs = GROUPINGS
        .iter()
        .flat_map(|one| GROUPINGS.map(|other| [*one, other]));
    for pair in pairs {
        let path = format!(
            "&group_by={}&group_by={}&time_zone=Europe/Berlin",
            pair[0], pair[1]
        );
        let report = report(app.admin(), &path).await;
        assert_eq!(outcomes(&report["total"]), total);
        let mut sum = [0; 4];
        for group in report["groups"].as_array().unwrap() {
            let counts = outcomes(&group["counts"]);
            sum = std::array::from_fn(|index| sum[index] + counts[index]);
        }
        assert_eq!(sum, total, "{path}");
    }
    let by_holder = report(app.admin(), "&group_by=team&group_by=agent&group_by=metric").await;
    for group in by_holder["groups"].as_array().unwrap() {
        let id = |name: &str| group.get(name).map_or(json!("none"), |it| it["id"].clone());
        let (team, agent) = (id("team"), id("agent"));
        let conditions = format!(
            "&team={}&agent={}&metric={}",
            team.as_str().unwrap(),
            agent.as_str().unwrap(),
            group["metric"].as_str().unwrap()
        );
        let behind = listed(app.admin(), &conditions).await;
        let mut counts = BTreeMap::from(OUTCOMES.map(|outcome| (outcome, 0)));
        for wait in &behind {
            *counts.get_mut(wait["outcome"].as_str().unwrap()).unwrap() += 1;
        }
        let told = OUTCOMES.map(|outcome| counts[outcome]);
        assert_eq!(outcomes(&group["counts"]), told, "{conditions}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_those_of_the_zone_and_lead_to_their_waits() {
    let app = TestApp::start().await;
    // Answered on Monday at 23:30 in London, which is Tuesday in Berlin.
    let ticket = app.customer().opens("Printer on fire").await;
    app.wait(TimeDelta::minutes(7 * 60));
    app.agent().replies(ticket, "Which one?").await.expect(201);
    app.wait(TimeDelta::minutes(7 * 60 + 30));
    app.agent().resolves(ticket).await.expect(200);
    let day = start_of_time().date_naive();
    for (zone, resolved_on) in [("UTC", day), ("Europe/Berlin", day.succ_opt().unwrap())] {
        let path = format!("&group_by=day&metric=agent_work&time_zone={zone}");
        let report = report(app.agent(), &path).await;
        let groups = report["groups"].as_array().unwrap();
        assert_eq!(groups.len(), 1, "{report}");
        assert_eq!(groups[0]["day"], resolved_on.to_string());
        assert_eq!(outcomes(&groups[0]["counts"]), [0, 1, 0, 0]);
        assert_eq!(groups[0]["counts"]["attainment"], 1.0);
        let used = &groups[0]["counts"]["used_seconds"];
        assert_eq!(used["p50"], 14 * 3_600 + 1_800);
        let (from, to) = (groups[0]["from"].as_str(), groups[0]["to"].as_str());
        let path = format!(
            "/reports/sla/waits?from={}&to={}&metric=agent_work",
            from.unwrap().replace('+', "%2B"),
            to.unwrap().replace('+', "%2B")
        );
        let waits = app.agent().get(&path).await.expect(200);
        assert_eq!(waits.items().len(), 1);
        assert_eq!(uuid_of(&waits.items()[0]["ticket_id"]), ticket);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_staff_of_the_organization_are_told() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    for path in ["/reports/sla", "/reports/sla/waits"] {
        let path = format!("{path}?{RANGE}");
        app.customer().get(&path).await.expect(403);
    }
    assert_eq!(
        outcomes(&report(app.agent(), "").await["total"]),
        [2, 0, 0, 0]
    );
    let theirs = report(&app.globex.agent, "&group_by=metric").await;
    assert_eq!(outcomes(&theirs["total"]), [0; 4]);
    assert_eq!(theirs["groups"], json!([]));
    assert_eq!(listed(&app.globex.agent, "").await, Vec::<Value>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reported_on_is_said() {
    let app = TestApp::start().await;
    let range = |from: &str, to: &str| format!("from={from}T00:00:00Z&to={to}T00:00:00Z");
    for (wrong, at_fault) in [
        (range("2026-01-02", "2026-01-02"), "to"),
        (range("2026-01-01", "2027-06-01"), "to"),
        (format!("{RANGE}&time_zone=Berlin"), "time_zone"),
    ] {
        let answer = app.agent().get(&format!("/reports/sla?{wrong}")).await;
        let detail = answer.expect(400)["detail"].as_str().unwrap().to_owned();
        assert!(detail.starts_with(at_fault), "{detail}");
    }
    let path = format!("/reports/sla?{RANGE}&team=mine");
    app.agent().get(&path).await.expect(400);
}
