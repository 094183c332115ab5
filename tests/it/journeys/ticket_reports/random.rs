//! Random histories, and random questions about them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rand::prelude::*;
use serde_json::json;
use uuid::Uuid;

use super::told::Slice;
use crate::harness::TestApp;

const FIGURES: [&str; 9] = [
    "opened",
    "first_response",
    "first_resolution",
    "resolution",
    "closed",
    "reopened",
    "reassigned",
    "backlog",
    "assigned",
];

/// Lets people do what they do, as far as the desk lets them.
pub async fn live(app: &TestApp, random: &mut StdRng, tickets: &mut Vec<Uuid>, steps: usize) {
    for _ in 0..steps {
        app.wait(TimeDelta::seconds(random.random_range(1..40_000)));
        if tickets.len() < 3 || random.random_bool(0.2) {
            tickets.push(app.customer().opens("Printer on fire").await);
            continue;
        }
        let ticket = *tickets.choose(random).unwrap();
        let agent = [app.agent(), app.colleague()][random.random_range(0..2)];
        let priority = *["low", "normal", "high", "urgent"].choose(random).unwrap();
        let tag = *["vip", "printer"].choose(random).unwrap();
        let status = *["open", "pending", "on_hold"].choose(random).unwrap();
        let team = random.random_bool(0.5).then_some(app.acme.team_id);
        let path = format!("/tickets/{ticket}");
        let request = match random.random_range(0..13) {
            0..2 => agent.replies(ticket, "Which one?"),
            2 => app.customer().replies(ticket, "The red one."),
            12 => agent.notes(ticket, "Ask Alan."),
            3 => agent.sets_status(ticket, status),
            4..6 => agent.resolves(ticket),
            6 => agent.closes(ticket),
            7 => agent.reopens(ticket),
            8 => agent.patch(&path, json!({"priority": priority})),
            9 => agent.put(&format!("{path}/tags/{tag}")),
            10 => agent.delete(&format!("{path}/tags/{tag}")),
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

/// Some question about some days.
pub fn slice(app: &TestApp, random: &mut StdRng, index: usize, as_of: DateTime<Utc>) -> Slice {
    let first = app.now().date_naive() - TimeDelta::days(random.random_range(10..40));
    let days = random.random_range(5..60);
    let agent = app.agent().id.to_string();
    let values = [
        ("team", app.acme.team_id.to_string()),
        ("team", "none".to_owned()),
        ("agent", agent),
        ("agent", "none".to_owned()),
        ("priority", "normal".to_owned()),
        ("channel", "api".to_owned()),
        ("tag", "vip".to_owned()),
        ("status", "open".to_owned()),
        ("status", "resolved".to_owned()),
    ];
    let count = random.random_range(0..3);
    let mut conditions: Vec<_> = values.choose_multiple(random, count).cloned().collect();
    conditions.sort();
    conditions.dedup_by_key(|(name, _)| *name);
    Slice {
        figure: FIGURES[index % FIGURES.len()],
        from: first,
        to: first + TimeDelta::days(days),
        conditions,
        terms: terms(app, random, first),
        view: None,
        as_of: random.random_bool(0.3).then_some(as_of),
    }
}

/// Some terms of the language of queries, each with what it means to the log.
pub fn terms(app: &TestApp, random: &mut StdRng, day: NaiveDate) -> Vec<(String, String)> {
    let (team, agent, other) = (app.acme.team_id, app.agent().id, app.colleague().id);
    let customer = app.customer().id;
    let later = day + TimeDelta::days(12);
    let midnight = |day: NaiveDate| format!("('{day}'::timestamp AT TIME ZONE 'Asia/Kathmandu')");
    let (from, to) = (midnight(day), midnight(later));
    let terms = [
        (
            "status:open,resolved".to_owned(),
            "status IN ('open', 'resolved')".to_owned(),
        ),
        ("-status:closed".to_owned(), "status <> 'closed'".to_owned()),
        (
            "priority:>=high".to_owned(),
            "priority IN ('high', 'urgent')".to_owned(),
        ),
        ("-priority:low".to_owned(), "priority <> 'low'".to_owned()),
        (
            format!("team:none,{team}"),
            format!("coalesce(team, '{team}') = '{team}'"),
        ),
        (
            format!("-team:{team}"),
            format!("team IS DISTINCT FROM '{team}'"),
        ),
        (
            format!("assignee:{agent},{other}"),
            format!("agent IN ('{agent}', '{other}')"),
        ),
        (
            format!("-assignee:none,{agent}"),
            format!("agent <> '{agent}'"),
        ),
        (
            "tag:vip,printer".to_owned(),
            "tags && ARRAY['vip', 'printer']".to_owned(),
        ),
        (
            "channel:email,api".to_owned(),
            "channel IN ('email', 'api')".to_owned(),
        ),
        ("-channel:phone".to_owned(), "channel <> 'phone'".to_owned()),
        (
            "team:support,none".to_owned(),
            format!("coalesce(team, '{team}') = '{team}'"),
        ),
        (
            "-assignee:\"Grace\",none".to_owned(),
            format!("agent <> '{agent}'"),
        ),
        ("-tag:vip".to_owned(), "NOT 'vip' = ANY(tags)".to_owned()),
        (
            format!("requester:{customer}"),
            format!("requester = '{customer}'"),
        ),
        (format!("created:>={later}"), format!("opened_at >= {to}")),
        (
            format!("-created:>={day} created:<{later}"),
            format!("opened_at < {from}"),
        ),
    ];
    let count = [0, 0, 1, 1, 2][random.random_range(0..5)];
    terms.choose_multiple(random, count).cloned().collect()
}
