//! A judge that finds nothing may be blind. Here the log and the read models of a true run are harmed in one place at a
//! time, and the judge must name it.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use faults::checker::{self, EventRow, Rule, Terms};
use faults::faults::server_kill;
use faults::ledger::{self, Line, Outcome};
use faults::scene::Scene;
use faults::scene::wait::{PATIENCE, eventually};
use faults::stage::Stage;
use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::tampering::{rewrite, without_triggers};
use crate::{MACHINE, options};

/// A true run, with its end.
struct Trial {
    scene: Scene,
    terms: Terms,
    ledger: Vec<Line>,
}

impl Trial {
    /// A run with a kill, some deadlines, and a judge that finds nothing wrong.
    async fn hold() -> Self {
        let mut options = options(Duration::from_secs(2));
        options.budget.kills = Some(1);
        let mut stage = Stage::open("mutants", &options).await.unwrap();
        let node = stage.scene.node().await.unwrap();
        let due = Utc::now() + TimeDelta::seconds(3);
        let timers = stage.scene.desk.set_timers(&node, vec![due; 4]).await;
        timers.unwrap();
        node.stop().await;
        server_kill::run(&mut stage).await.unwrap();
        let (_, terms) = stage.settle().await.unwrap();
        let findings = stage.check(terms).await.unwrap();
        let violations = findings.violations;
        assert!(violations.is_empty(), "{violations:?}");
        assert!(findings.deadlines >= 12 && findings.refused > 0);
        let ledger = ledger::read(stage.scene.ledger.path()).unwrap();
        Self {
            scene: stage.scene,
            terms,
            ledger,
        }
    }

    /// A copy to harm.
    async fn copy(&self, name: &str) -> Client {
        let servers = &self.scene.servers;
        let template = platform::private::DATABASE;
        // The sessions of the server may take a moment to end.
        let copy = async || {
            Ok(servers
                .create_database_from_template(name, template)
                .await?)
        };
        eventually("a copy", PATIENCE, copy).await.unwrap();
        let client = self.scene.superuser_of(name).await.unwrap();
        without_triggers(&client).await;
        client
    }

    /// Judges a copy and drops it.
    async fn judge(&self, name: &str, client: Client) -> Vec<Rule> {
        let broken = self.broken_rules(&client, &self.ledger).await;
        self.scene.servers.drop_database(name).await.unwrap();
        broken
    }

    async fn broken_rules(&self, client: &Client, ledger: &[Line]) -> Vec<Rule> {
        let findings = checker::check(client, ledger, self.terms).await.unwrap();
        findings.violations.iter().map(|v| v.rule).collect()
    }

    /// A command that was refused, with the ticket that it was about.
    fn refused(&self) -> (String, Uuid) {
        let is_refused = |key: &str| {
            self.ledger.iter().any(|line| {
                matches!(line, Line::Answered(answered)
                    if answered.key == key && matches!(answered.outcome, Outcome::Refused { .. }))
            })
        };
        let found = self.ledger.iter().find_map(|line| match line {
            Line::Sent(sent) if is_refused(&sent.key) => {
                Some((sent.key.clone(), sent.intent.ticket()?))
            }
            _ => None,
        });
        found.expect("some command is refused")
    }
}

fn key_of(event: &EventRow) -> Option<String> {
    let metadata: Value = serde_json::from_str(&event.metadata).unwrap();
    Some(metadata["idempotency_key"].as_str()?.to_owned())
}

fn is_made(event: &EventRow, event_type: &str) -> bool {
    event.event_type == event_type && key_of(event).is_some()
}

/// The first of a kind, in the partitions that have one.
fn first(events: &[EventRow], event_type: &str) -> Option<usize> {
    events
        .iter()
        .position(|event| event.event_type == event_type)
}

fn drop_an_event(events: &mut Vec<EventRow>) {
    if let Some(index) = events
        .iter()
        .position(|event| is_made(event, "ticket.agent_replied"))
    {
        events.remove(index);
    }
}

fn double_an_event(events: &mut Vec<EventRow>) {
    if let Some(index) = events
        .iter()
        .position(|event| is_made(event, "ticket.note_added"))
    {
        let mut again = events[index].clone();
        again.event_id = Uuid::now_v7();
        events.insert(index + 1, again);
    }
}

fn store_a_refused_command(events: &mut Vec<EventRow>, key: &str, ticket: Uuid) {
    let Some(mut event) = events
        .iter()
        .find(|event| event.stream_id == ticket)
        .cloned()
    else {
        return;
    };
    event.event_id = Uuid::now_v7();
    event.event_type = "ticket.tagged".to_owned();
    event.data = json!({"tag": "fire"}).to_string();
    event.metadata = json!({"idempotency_key": key}).to_string();
    events.push(event);
}

fn tell_a_deadline_early(events: &mut [EventRow]) {
    if let Some(index) = first(events, "sla.breached") {
        let data: Value = serde_json::from_str(&events[index].data).unwrap();
        let due_at: DateTime<Utc> = data["due_at"].as_str().unwrap().parse().unwrap();
        events[index].recorded_at = due_at - TimeDelta::seconds(1);
    }
}

fn close_early(events: &mut [EventRow]) {
    let by_timer = |e: &EventRow| e.event_type == "ticket.closed" && e.data.contains("timer");
    if let Some(event) = events.iter_mut().find(|event| by_timer(event)) {
        event.recorded_at -= TimeDelta::hours(2);
    }
}

fn forget_a_deadline(events: &mut Vec<EventRow>) {
    if let Some(index) = first(events, "sla.breached") {
        events.remove(index);
    }
}

fn tell_a_deadline_twice(events: &mut Vec<EventRow>) {
    if let Some(index) = first(events, "sla.breached") {
        let again = events[index].clone();
        events.insert(index + 1, again);
    }
}

fn lose_time_used(events: &mut [EventRow]) {
    let keeps =
        |e: &&mut EventRow| e.event_type == "ticket.sla_applied" && e.data.contains("used_ms");
    if let Some(event) = events.iter_mut().find(keeps) {
        let mut data: Value = serde_json::from_str(&event.data).unwrap();
        let used_ms = data["used"][0]["used_ms"].as_i64().unwrap();
        data["used"][0]["used_ms"] = json!(used_ms - 1);
        event.data = data.to_string();
    }
}

fn add_a_command(events: &mut [EventRow]) {
    if let Some(event) = events
        .iter_mut()
        .find(|event| is_made(event, "ticket.note_added"))
    {
        event.metadata = json!({"idempotency_key": "nobody's"}).to_string();
    }
}

type Tampering = fn(&mut Vec<EventRow>);

#[tokio::test(flavor = "multi_thread")]
async fn the_judge_names_every_planted_fault() {
    let _machine = MACHINE.lock().await;
    let trial = Trial::hold().await;

    let rewritten: [(&str, Tampering, Rule); 8] = [
        ("dropped", drop_an_event, Rule::AcknowledgedIsThere),
        ("doubled", double_an_event, Rule::Once),
        (
            "early_breach",
            |events| tell_a_deadline_early(events),
            Rule::NeverEarly,
        ),
        (
            "early_closing",
            |events| close_early(events),
            Rule::NeverEarly,
        ),
        (
            "time_used_lost",
            |events| lose_time_used(events),
            Rule::TimeUsed,
        ),
        ("forgotten", forget_a_deadline, Rule::DeadlinesOnce),
        ("told_twice", tell_a_deadline_twice, Rule::DeadlinesOnce),
        ("nobodys", |events| add_a_command(events), Rule::Asked),
    ];
    for (name, tampering, rule) in rewritten {
        let client = trial.copy(name).await;
        rewrite(&client, tampering).await;
        let broken = trial.judge(name, client).await;
        assert!(broken.contains(&rule), "{name}: {broken:?}");
        assert!(
            !broken.contains(&Rule::Chain),
            "{name}: the forgery is perfect"
        );
    }

    let (key, ticket) = trial.refused();
    let client = trial.copy("refused").await;
    rewrite(&client, |events| {
        store_a_refused_command(events, &key, ticket)
    })
    .await;
    let broken = trial.judge("refused", client).await;
    assert!(broken.contains(&Rule::RefusedIsAbsent), "{broken:?}");

    let statements = [
        (
            "changed",
            "UPDATE events SET data = '{\"tag\":\"water\"}' WHERE type = 'ticket.tagged'",
            vec![Rule::Chain, Rule::AppendOnly],
        ),
        (
            "removed",
            "DELETE FROM events WHERE position = 5",
            vec![Rule::Positions, Rule::AppendOnly],
        ),
        (
            "cut",
            "DELETE FROM events e USING log_heads h WHERE e.partition = h.partition AND e.position = h.position",
            vec![Rule::Positions],
        ),
        (
            "stale_status",
            "UPDATE core.tickets SET status = 'pending' WHERE status = 'open'",
            vec![Rule::ReadModels],
        ),
        (
            "miscounted",
            "UPDATE core.tickets SET public_message_count = public_message_count + 1",
            vec![Rule::ReadModels],
        ),
        (
            "answer_gone",
            "DELETE FROM command_results",
            vec![Rule::AcknowledgedIsThere],
        ),
    ];
    for (name, statement, rules) in statements {
        let client = trial.copy(name).await;
        assert!(client.execute(statement, &[]).await.unwrap() > 0, "{name}");
        // Counters of writes are told when a session is idle or ends.
        client
            .batch_execute("SELECT pg_stat_force_next_flush()")
            .await
            .unwrap();
        let broken = trial.judge(name, client).await;
        for rule in rules {
            assert!(broken.contains(&rule), "{name}: {broken:?}");
        }
    }

    let mut ledger = trial.ledger.clone();
    let seen = ledger.iter_mut().find_map(|line| match line {
        Line::Seen(seen) => Some(seen),
        _ => None,
    });
    // Above what was shown, which may itself be newer than what was asked for.
    let seen = seen.expect("some ticket is asked for");
    seen.at_least = seen.version + 1;
    let client = trial.scene.superuser().await.unwrap();
    let broken = trial.broken_rules(&client, &ledger).await;
    assert_eq!(broken, [Rule::Queries]);

    drop(client);
    trial.scene.close().await.unwrap();
}
