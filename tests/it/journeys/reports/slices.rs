//! Attainment of tickets as they are now, and by week, month, channel and tag: report, list and the log agree. Which tickets are
//! so is asked of the events in SQL of the tests' own, and their waits are told over again by hand.

use chrono::{DateTime, TimeDelta, Utc};
use rand::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    OUTCOMES, Wait, live, outcomes, promise_all, tickets_of, wait_of, waits_behind, waits_of,
};
use crate::harness::{Person, TestApp, time_of, uuid_of};
use crate::journeys::ticket_reports::random::terms;
use crate::journeys::ticket_reports::told::Slice;

const ZONE: &str = "Asia/Kathmandu";
const PERIODS: [&str; 3] = ["day", "week", "month"];
const KEYS: [&str; 6] = ["channel", "tag", "team", "agent", "metric", "priority"];

/// A question, as the server is asked and as the log is.
struct Question {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    /// Of the tickets.
    slice: Slice,
    /// Of the waits: parameter and value.
    of_waits: Option<(&'static str, String)>,
}

impl Question {
    fn query(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> String {
        let instant = |at: DateTime<Utc>| at.to_rfc3339().replace('+', "%2B");
        let mut query = format!("from={}&to={}", instant(from), instant(to));
        let of_tickets = self.slice.query();
        // After the figure and its days.
        for parameter in of_tickets.split('&').skip(3) {
            query += &format!("&{parameter}");
        }
        if let Some((name, value)) = &self.of_waits {
            query += &format!("&{name}={value}");
        }
        query
    }

    fn asks_for(&self, wait: &Wait) -> bool {
        let (_, metric, _, counted_at, (_, team, _), _) = wait;
        let is_of_waits = match &self.of_waits {
            None => true,
            Some(("team", id)) => team.map_or("none".to_owned(), |id| id.to_string()) == *id,
            Some(("metric", word)) => metric == word,
            Some((name, _)) => panic!("{name} is not told by hand"),
        };
        is_of_waits && (self.from..self.to).contains(counted_at)
    }
}

/// People work, and mark tickets, of which some came by mail.
async fn live_with_tags(app: &TestApp, random: &mut StdRng) {
    let zone = json!({"settings": {"time_zone": ZONE}});
    let changed = app.admin().patch("/organization", zone).await;
    changed.expect(200);
    for channel in ["email", "phone", "email"] {
        live(app, random, 45).await;
        let ticket = json!({"subject": "Printer", "body": "On fire.", "channel": channel});
        let opened = app.customer().post("/tickets", ticket).await;
        opened.expect(201);
    }
    app.at_rest().await;
    for ticket in tickets_of(&app.log().await).into_keys() {
        for tag in ["vip", "printer"] {
            if random.random_bool(0.4) {
                let path = format!("/tickets/{ticket}/tags/{tag}");
                // One that is closed takes none: then nothing happens.
                let tagged = app.agent().put(&path).await;
                assert!(tagged.status.as_u16() < 500, "{}", tagged.body);
                // What a ticket had before does not count.
                if random.random_bool(0.2) {
                    app.agent().delete(&path).await;
                }
            }
        }
    }
    app.at_rest().await;
}

fn question(app: &TestApp, random: &mut StdRng, index: usize) -> Question {
    let from = app.now() - TimeDelta::minutes(random.random_range(20_000..60_000));
    let channel = || ("channel", "email".to_owned());
    let tag = || ("tag", "vip".to_owned());
    let conditions = match index % 4 {
        0 => vec![channel()],
        1 => vec![tag()],
        2 => vec![("tag", "printer".to_owned()), tag()],
        _ => Vec::new(),
    };
    let of_waits = [
        None,
        Some(("metric", "agent_work".to_owned())),
        Some(("team", "none".to_owned())),
        Some(("team", app.acme.team_id.to_string())),
    ];
    let day = from.date_naive();
    let is_worded = index % 4 == 3 || random.random_bool(0.3);
    Question {
        from,
        to: from + TimeDelta::minutes(random.random_range(10_000..60_000)),
        slice: Slice {
            figure: "opened",
            from: day - TimeDelta::days(300),
            to: day + TimeDelta::days(300),
            conditions,
            terms: match is_worded {
                true => terms(app, random, day),
                false => Vec::new(),
            },
            view: None,
            as_of: None,
        },
        of_waits: of_waits.choose(random).unwrap().clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn report_list_and_log_agree_on_the_waits_of_tickets_as_they_are_now() {
    let app = TestApp::start().await;
    promise_all(&app).await;
    let random = &mut StdRng::seed_from_u64(11);
    live_with_tags(&app, random).await;
    let log = app.database.superuser().await;
    let place = (app.partition().await.get(), app.acme.id.0);
    let tickets = tickets_of(&app.log().await);
    let told: Vec<Wait> = tickets.values().flat_map(|it| waits_of(it)).collect();
    let mut found = 0;
    for index in 0..28 {
        let mut asked = question(&app, random, index);
        if index % 3 == 0 {
            let text = asked.slice.text();
            let view = json!({"name": "View", "owner": "organization", "query": text});
            let view = app.admin().post("/views", view).await.expect(201);
            asked.slice.view = Some(view.id());
        }
        let (ids, ..) = asked.slice.told(&log, place, ZONE).await;
        let of_them = told.iter().filter(|wait| ids.contains(&wait.0));
        let mut expected: Vec<Wait> = of_them.filter(|it| asked.asks_for(it)).cloned().collect();
        expected.sort();
        found += expected.len();
        agrees(&app, &asked, &expected).await;
        leads_to_its_waits(&app, random, &asked, &expected).await;
    }
    assert!(found > 100, "only {found} waits are in the slices");
}

fn counted(waits: &[Wait]) -> [i64; 4] {
    OUTCOMES.map(|outcome| waits.iter().filter(|wait| wait.2 == outcome).count() as i64)
}

/// The list has just these waits, and the total of the report counts them, whatever it groups by.
async fn agrees(app: &TestApp, asked: &Question, expected: &[Wait]) {
    let query = asked.query(asked.from, asked.to);
    let listed = waits_behind(app.admin(), &query).await;
    let mut listed: Vec<Wait> = listed.iter().map(wait_of).collect();
    listed.sort();
    assert_eq!(listed, expected, "{query}");
    for key in KEYS {
        let report = report(app.admin(), &format!("{query}&group_by={key}")).await;
        assert_eq!(outcomes(&report["total"]), counted(expected), "{query}");
        let mut sum = [0; 4];
        for group in report["groups"].as_array().unwrap() {
            let counts = outcomes(&group["counts"]);
            sum = std::array::from_fn(|index| sum[index] + counts[index]);
        }
        assert!(key == "tag" || sum == counted(expected), "{query} {report}");
    }
}

async fn report(person: &Person, query: &str) -> Value {
    let path = format!("/reports/sla?{query}");
    person.get(&path).await.expect(200).body
}

/// Each group has as many as its list; and periods follow each other.
async fn leads_to_its_waits(
    app: &TestApp,
    random: &mut StdRng,
    asked: &Question,
    expected: &[Wait],
) {
    let (period, key) = (
        *PERIODS.choose(random).unwrap(),
        *KEYS.choose(random).unwrap(),
    );
    let query = asked.query(asked.from, asked.to);
    // A condition twice would be two.
    if query.contains(&format!("&{key}=")) {
        return;
    }
    let path = format!("{query}&group_by={key}&group_by={period}&time_zone={ZONE}");
    let report = report(app.admin(), &path).await;
    assert_eq!(outcomes(&report["total"]), counted(expected), "{path}");
    for group in report["groups"].as_array().unwrap() {
        let (from, to) = (time_of(&group["from"]), time_of(&group["to"]));
        assert!(asked.from <= from && to <= asked.to, "{path}: {group}");
        assert!(group.get(period).is_some(), "{path}: {group}");
        let value = match group.get(key) {
            Some(key) => key.get("id").unwrap_or(key).as_str().unwrap().to_owned(),
            // There is no condition for tickets without a tag.
            None if key == "tag" => continue,
            None => "none".to_owned(),
        };
        let behind = format!("{}&{key}={value}", asked.query(from, to));
        let waits = waits_behind(app.admin(), &behind).await;
        let waits: Vec<Wait> = waits.iter().map(wait_of).collect();
        assert_eq!(outcomes(&group["counts"]), counted(&waits), "{behind}");
    }
}

/// A ticket that is answered and resolved at once: its waits are counted now.
async fn done(app: &TestApp) -> Uuid {
    let ticket = app.customer().opens("Printer on fire").await;
    app.agent().replies(ticket, "Which one?").await.expect(201);
    app.agent().resolves(ticket).await.expect(200);
    ticket
}

#[tokio::test(flavor = "multi_thread")]
async fn weeks_and_months_are_cut_at_the_ends_and_lead_to_their_waits() {
    let app = TestApp::start().await;
    // Monday the 2nd of March, Tuesday the 10th, and Wednesday the 1st of April, at nine o'clock.
    let monday = done(&app).await;
    app.wait(TimeDelta::days(8));
    let tuesday = done(&app).await;
    app.wait(TimeDelta::days(22));
    let wednesday = done(&app).await;
    let (from, to) = ("2026-03-02T06:00:00Z", "2026-04-01T12:00:00Z");
    for (period, spans) in [
        (
            "week",
            vec![
                ("2026-03-02", from, "2026-03-09T00:00:00Z", vec![monday]),
                (
                    "2026-03-09",
                    "2026-03-09T00:00:00Z",
                    "2026-03-16T00:00:00Z",
                    vec![tuesday],
                ),
                ("2026-03-30", "2026-03-30T00:00:00Z", to, vec![wednesday]),
            ],
        ),
        (
            "month",
            vec![
                (
                    "2026-03-02",
                    from,
                    "2026-04-01T00:00:00Z",
                    vec![monday, tuesday],
                ),
                ("2026-04-01", "2026-04-01T00:00:00Z", to, vec![wednesday]),
            ],
        ),
    ] {
        let query = format!("from={from}&to={to}&group_by={period}&time_zone=UTC");
        let report = report(app.agent(), &query).await;
        let groups = report["groups"].as_array().unwrap();
        assert_eq!(groups.len(), spans.len(), "{report}");
        for (group, (first_day, from, to, tickets)) in groups.iter().zip(spans) {
            assert_eq!(group[period], first_day);
            assert!(group.get("day").is_none(), "{group}");
            let instants = [from, to].map(|at| at.parse::<DateTime<Utc>>().unwrap());
            assert_eq!([time_of(&group["from"]), time_of(&group["to"])], instants);
            let behind = waits_behind(app.agent(), &format!("from={from}&to={to}")).await;
            let counts = outcomes(&group["counts"]).iter().sum::<i64>();
            assert_eq!(behind.len() as i64, counts, "{group}");
            assert!(counts > 0, "{group}");
            for wait in behind {
                assert!(tickets.contains(&uuid_of(&wait["ticket_id"])), "{wait}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_counts_for_each_tag_that_its_ticket_has_now_and_once_in_the_total() {
    let app = TestApp::start().await;
    let both = app.customer().opens("Printer on fire").await;
    let plain = app.customer().opens("No sound").await;
    for (ticket, tag) in [(both, "hot"), (both, "vip"), (plain, "gone")] {
        let path = format!("/tickets/{ticket}/tags/{tag}");
        app.agent().put(&path).await.expect(200);
    }
    let path = format!("/tickets/{plain}/tags/gone");
    app.agent().delete(&path).await.expect(200);
    let range = "from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z";
    let tagged = report(app.agent(), &format!("{range}&group_by=tag")).await;
    assert_eq!(outcomes(&tagged["total"]), [4, 0, 0, 0]);
    let groups = tagged["groups"].as_array().unwrap();
    let told = groups.iter().map(|it| (it.get("tag"), &it["counts"]));
    let told: Vec<_> = told
        .map(|(tag, counts)| (tag.and_then(Value::as_str), outcomes(counts)[0]))
        .collect();
    assert_eq!(told, [(None, 2), (Some("hot"), 2), (Some("vip"), 2)]);
    let file = format!("/reports/sla/download?{range}&group_by=tag&format=csv");
    let file = app.agent().get(&file).await.expect(200);
    let file = file.body.as_str().unwrap().to_owned();
    assert!(file.contains(",hot,2,0,0,0,"), "{file}");
    assert!(!file.contains("gone"), "{file}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_asked_of_attainment_is_refused_by_its_name() {
    let app = TestApp::start().await;
    let range = "from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z";
    for periods in [["day", "week"], ["week", "month"], ["month", "day"]] {
        for path in ["?", "/download?format=csv&"] {
            let [one, other] = periods;
            let path = format!("/reports/sla{path}{range}&group_by={one}&group_by={other}");
            let refused = app.agent().get(&path).await.expect(400);
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.starts_with("group_by"), "{detail}");
        }
    }
    let twice = format!("{range}&group_by=week&group_by=week&group_by=tag");
    report(app.agent(), &twice).await;
    let private = json!({"name": "Mine", "owner": "me", "query": "status:open"});
    let view = app.admin().post("/views", private).await.expect(201).id();
    for path in ["?", "/waits?", "/download?format=csv&"] {
        let path = format!("/reports/sla{path}{range}");
        for (query, at_fault) in [("fire", "words"), ("status:open+colour:red", "column 13")] {
            let refused = app.agent().get(&format!("{path}&query={query}")).await;
            let refused = refused.expect(400);
            assert_eq!(refused["errors"][0]["pointer"], "/query", "{path}");
            let detail = refused["detail"].as_str().unwrap();
            assert!(detail.contains(at_fault), "{detail}");
        }
        for (wrong, at_fault) in [
            ("tag=%20", "tag"),
            ("channel=fax", "channel"),
            ("view=mine", "view"),
        ] {
            let refused = app.agent().get(&format!("{path}&{wrong}")).await;
            let detail = refused.expect(400)["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(at_fault), "{detail}");
        }
        let path = format!("{path}&view={view}");
        app.agent().get(&path).await.expect(404);
        app.globex.agent.get(&path).await.expect(404);
        app.admin().get(&path).await.expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_waits_goes_on_with_the_conditions_that_it_was_made_for_alone() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    app.customer().opens("No sound").await;
    let range = "from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z&limit=1";
    let path = format!("/reports/sla/waits?{range}&query=-status:closed&channel=api&channel=web");
    let page = app.agent().get(&path).await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let again =
        format!("{range}&query=-status:closed&channel=web&channel=api&channel=web&cursor={cursor}");
    let path = format!("/reports/sla/waits?{again}");
    let next = app.agent().get(&path).await.expect(200);
    assert_eq!(next.items().len(), 1);
    for other in [
        "&query=-status:closed",
        "&channel=api&channel=web",
        "&query=-status:open&channel=api&channel=web",
        "&query=-status:closed&channel=api&channel=web&tag=vip",
    ] {
        let path = format!("/reports/sla/waits?{range}{other}&cursor={cursor}");
        app.agent().get(&path).await.expect(400);
    }
}

/// The same clock as that of [`ZONE`], under another name: sums are of days of the organization's zone alone, so that waits are
/// counted one by one.
const SAME_CLOCK: &str = "Asia/Katmandu";

#[tokio::test(flavor = "multi_thread")]
async fn sums_and_waits_tell_the_same_whatever_is_grouped_by() {
    let app = TestApp::start().await;
    promise_all(&app).await;
    let mut random = StdRng::seed_from_u64(31);
    live_with_tags(&app, &mut random).await;
    let team = app.acme.team_id;
    let agent = app.agent().id;
    let conditions = [
        String::new(),
        "&priority=high&priority=normal&channel=email".to_owned(),
        "&policy=none".to_owned(),
        format!("&team={team}"),
        format!("&agent={agent}&metric=agent_work"),
        format!("&agent=none&team={team}"),
    ];
    let groups: [&[&str]; 6] = [
        &[],
        &["policy", "priority", "metric"],
        &["channel"],
        &["team"],
        &["agent", "metric"],
        &["team", "agent"],
    ];
    let mut seen = 0;
    for (condition, groups) in conditions
        .iter()
        .flat_map(|condition| groups.map(|groups| (condition, groups)))
    {
        for period in ["day", "week", "month"] {
            let from = app.now() - TimeDelta::minutes(random.random_range(20_000..90_000));
            let to = from + TimeDelta::minutes(random.random_range(10_000..90_000));
            let (from, to) = [from, to].map(|at| at.format("%Y-%m-%dT%H:%M:%SZ")).into();
            let by: String = groups.iter().map(|by| format!("&group_by={by}")).collect();
            let query = format!("from={from}&to={to}&group_by={period}{by}{condition}");
            let summed = report(app.admin(), &query).await;
            let counted = report(app.admin(), &format!("{query}&time_zone={SAME_CLOCK}")).await;
            for part in ["total", "groups"] {
                assert_eq!(summed[part], counted[part], "{query}");
            }
            seen += summed["groups"].as_array().unwrap().len();
        }
    }
    assert!(seen > 100, "{seen}");
}
