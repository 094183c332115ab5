//! The hours of the week: every cell leads to its tickets, as many as it counts and as the log tells.

use chrono::{DateTime, TimeDelta, Utc};
use rand::prelude::*;
use serde_json::json;

use super::random::live;
use super::told::Slice;
use super::{counted, report};
use crate::harness::TestApp;

/// Figures that have an hour, with the moment that counts as the log's tickets have it.
const FIGURES: [(&str, &str); 8] = [
    ("opened", "opened_at"),
    ("first_response", "responded_at"),
    ("first_resolution", "first_resolved_at"),
    ("resolution", "resolved_at"),
    ("closed", "closed_at"),
    ("reopened", "first_resolved_at"),
    ("reassigned", "resolved_at"),
    ("assigned", "assigned_at"),
];

async fn cells(app: &TestApp, query: &str) -> Vec<Vec<u64>> {
    let path = format!("/reports/tickets/hours?{query}");
    let hours = app.admin().get(&path).await.expect(200);
    serde_json::from_value(hours["weekdays"].clone()).unwrap()
}

async fn in_zone(app: &TestApp, zone: &str) {
    let settings = json!({"settings": {"time_zone": zone}});
    let changed = app.admin().patch("/organization", settings).await;
    changed.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_cell_has_as_many_tickets_as_its_list_and_as_the_log() {
    let app = TestApp::start().await;
    in_zone(&app, "Asia/Kathmandu").await;
    let random = &mut StdRng::seed_from_u64(9);
    live(&app, random, &mut Vec::new(), 150).await;
    app.at_rest().await;
    let log = app.database.superuser().await;
    let place = (app.partition().await.get(), app.acme.id.0);
    let last = app.now().date_naive() + TimeDelta::days(1);
    let mut found = 0;
    for (figure, at) in FIGURES {
        let mut slice = Slice {
            figure,
            from: last - TimeDelta::days(60),
            to: last,
            conditions: Vec::new(),
            terms: Vec::new(),
            view: None,
            as_of: None,
        };
        // The sums tell what was opened, the facts everything else.
        for conditions in ["", "&query=-status:new", "&tag=vip"] {
            let query = format!("{}{conditions}", slice.query());
            let cells = cells(&app, &query).await;
            let total = report(app.admin(), &query).await["total"]["count"].clone();
            assert_eq!(total, cells.iter().flatten().sum::<u64>(), "{query}");
            for (weekday, hour, count) in some(random, &cells) {
                found += count;
                let behind = format!("{query}&weekday={weekday}&hour={hour}");
                let listed = counted(app.admin(), &behind).await;
                assert_eq!(listed.len() as u64, count, "{behind}");
            }
        }
        let cells = cells(&app, &slice.query()).await;
        for (weekday, hour, count) in some(random, &cells) {
            let local = format!("{at} AT TIME ZONE 'Asia/Kathmandu'");
            let is_then = format!(
                "extract(isodow FROM {local}) = {weekday} AND extract(hour FROM {local}) = {hour}"
            );
            slice.terms = vec![(String::new(), is_then)];
            let (ids, ..) = slice.told(&log, place, "Asia/Kathmandu").await;
            assert_eq!(ids.len() as u64, count, "{figure} {weekday} {hour}");
        }
    }
    assert!(found > 100, "only {found} tickets are in the cells");
}

/// Some hours of the week, most of them with tickets: weekday from 1, hour, and how many there are.
fn some(random: &mut StdRng, cells: &[Vec<u64>]) -> Vec<(usize, usize, u64)> {
    let weekdays = cells.iter().enumerate();
    let all = weekdays.flat_map(|(weekday, hours)| {
        let hours = hours.iter().enumerate();
        hours.map(move |(hour, count)| (weekday + 1, hour, *count))
    });
    let (full, empty): (Vec<_>, Vec<_>) = all.partition(|(.., count)| *count > 0);
    let full = full.choose_multiple(random, 8).copied();
    let full: Vec<_> = full.collect();
    let empty = empty.choose_multiple(random, 2).copied();
    full.into_iter().chain(empty).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_that_the_clock_has_twice_leads_to_the_tickets_of_both() {
    let app = TestApp::start().await;
    in_zone(&app, "Europe/Berlin").await;
    // On Sunday the 25th of October 2026, three o'clock is followed by two o'clock.
    let night: DateTime<Utc> = "2026-10-24T23:10:00Z".parse().unwrap();
    app.wait(night - app.now());
    for _ in 0..9 {
        app.customer().opens("Printer on fire").await;
        app.wait(TimeDelta::minutes(20));
    }
    app.at_rest().await;
    let days = "figure=opened&from=2026-10-19&to=2026-11-02";
    for narrow in ["", "&channel=api&priority=normal"] {
        let query = format!("{days}{narrow}");
        let cells = cells(&app, &query).await;
        assert_eq!(cells[6][1..4], [3, 6, 0], "{query}");
        for (hour, count) in [(1, 3), (2, 6), (3, 0)] {
            let behind = format!("{query}&weekday=7&hour={hour}");
            assert_eq!(counted(app.agent(), &behind).await.len(), count, "{behind}");
        }
    }
    // No Sunday is among these days.
    let behind = "figure=opened&from=2026-10-19&to=2026-10-24&weekday=7&hour=2";
    assert_eq!(counted(app.agent(), behind).await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_without_its_weekday_or_of_the_backlog_is_refused_by_its_name() {
    let app = TestApp::start().await;
    let days = "from=2026-03-01&to=2026-04-01";
    for (wrong, at_fault) in [
        ("figure=opened&weekday=1", "hour"),
        ("figure=opened&hour=0", "weekday"),
        ("figure=opened&weekday=0&hour=0", "weekday"),
        ("figure=opened&weekday=8&hour=0", "weekday"),
        ("figure=opened&weekday=1&hour=24", "hour"),
        ("figure=backlog&weekday=1&hour=0", "figure"),
    ] {
        let path = format!("/reports/tickets/counted?{days}&{wrong}");
        let refused = app.agent().get(&path).await.expect(400);
        let detail = refused["detail"].as_str().unwrap();
        assert!(detail.contains(at_fault), "{wrong}: {detail}");
    }
    let path = format!("/reports/tickets/counted?{days}&figure=opened&weekday=1&hour=9&limit=1");
    app.customer().opens("Printer on fire").await;
    app.customer().opens("No sound").await;
    let page = app.agent().get(&path).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = app.agent().get(&format!("{path}&cursor={cursor}")).await;
    assert_eq!(next.expect(200).items().len(), 1);
    let other = path.replace("hour=9", "hour=10");
    let other = app.agent().get(&format!("{other}&cursor={cursor}")).await;
    other.expect(400);
}
