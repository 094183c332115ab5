//! Counts of views are those of their lists, whoever asks and whatever happened.

use serde_json::json;
use uuid::Uuid;

use crate::harness::{Person, TestApp};

/// Numbers that look random and are the same in every run (the generator of Knuth's MMIX).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

const STATUSES: &[&str] = &["open", "pending", "on_hold", "resolved"];
const PRIORITIES: &[&str] = &["low", "normal", "high", "urgent"];

/// Twelve tickets, and sixty changes of them by Grace, who is in every team, and Ada.
async fn change_at_random(app: &TestApp, chance: &mut Chance, teams: &[Uuid]) {
    let mut tickets = Vec::new();
    for number in 0..12 {
        let who = *chance.one(&[app.customer(), app.stranger()]);
        tickets.push(who.opens(&format!("Ticket {number}")).await);
    }
    for _ in 0..60 {
        let ticket = *chance.one(&tickets);
        let by = app.admin();
        match chance.below(5) {
            0 => {
                let status = *chance.one(STATUSES);
                by.sets_status(ticket, status).await
            }
            1 => {
                let body = json!({"priority": chance.one(PRIORITIES)});
                by.patch(&format!("/tickets/{ticket}"), body).await
            }
            2 => {
                let agents = [Some(app.agent().id), Some(app.admin().id), None];
                let teams = [Some(teams[0]), Some(teams[1]), None];
                let body = json!({"agent_id": chance.one(&agents), "team_id": chance.one(&teams)});
                by.post(&format!("/tickets/{ticket}/assign"), body).await
            }
            3 => by.put(&format!("/tickets/{ticket}/tags/vip")).await,
            _ => by.replies(ticket, "Looking into it").await,
        };
    }
}

fn random_query(app: &TestApp, chance: &mut Chance, teams: &[Uuid]) -> String {
    let mut terms = Vec::new();
    for _ in 0..chance.below(4) {
        let minus = *chance.one(&["", "", "-"]);
        let grace = app.agent().id;
        let of_grace = format!("assignee:{grace}");
        let of_both = format!("assignee:{grace},none");
        let (first, second) = (
            format!("team:{}", teams[0]),
            format!("team:{},none", teams[1]),
        );
        let term = *chance.one(&[
            "status:open",
            "status:new,pending,on_hold",
            "status:resolved",
            "priority:>=high",
            "priority:low,urgent",
            "assignee:me",
            "assignee:none",
            &of_grace,
            &of_both,
            "team:none",
            &first,
            &second,
            "tag:vip",
            "updated:<1d",
            "requester:me",
            "due:none",
            "channel:api",
            "channel:email,phone",
            "team:support,none",
            "assignee:\"Grace\"",
            "missed:first_reply",
            "field.floor:none",
        ]);
        terms.push(format!("{minus}{term}"));
    }
    terms.join(" ")
}

async fn counted(person: &Person, views: &[Uuid]) -> Vec<i64> {
    let named: Vec<String> = views.iter().map(|id| format!("view={id}")).collect();
    let path = format!("/view-counts?{}", named.join("&"));
    let counts = person.get(&path).await.expect(200);
    let counts = counts["counts"].as_array().unwrap().clone();
    assert_eq!(counts.len(), views.len());
    for (count, view) in counts.iter().zip(views) {
        assert_eq!(
            (&count["view_id"], &count["or_more"]),
            (&json!(view), &json!(false))
        );
    }
    counts
        .iter()
        .map(|it| it["tickets"].as_i64().unwrap())
        .collect()
}

async fn listed(person: &Person, view: Uuid) -> i64 {
    let path = format!("/tickets?view={view}&include_total=true&limit=100");
    let page = person.get(&path).await.expect(200);
    let total = page["total"].as_i64().unwrap();
    assert_eq!(i64::try_from(page.items().len()).unwrap(), total);
    total
}

/// Grace is in the private team, Alan and Lea are not.
#[tokio::test(flavor = "multi_thread")]
async fn the_counts_of_random_views_are_those_of_their_lists_after_random_changes() {
    let app = TestApp::start().await;
    let private = json!({"name": "Vault", "private": true, "member_ids": [app.agent().id]});
    let private = app.admin().post("/teams", private).await.expect(201).id();
    let teams = [app.acme.team_id, private];
    let mut chance = Chance(7);
    change_at_random(&app, &mut chance, &teams).await;
    let mut views = Vec::new();
    for _ in 0..40 {
        let query = random_query(&app, &mut chance, &teams);
        let body = json!({"name": "View", "owner": "organization", "query": query});
        views.push(app.admin().post("/views", body).await.expect(201).id());
    }
    let mut differing = 0;
    let of_admin = counted(app.admin(), &views).await;
    for person in [app.admin(), app.agent(), app.colleague(), app.lead()] {
        let counts = counted(person, &views).await;
        differing += usize::from(counts != of_admin);
        for (view, count) in views.iter().zip(counts) {
            let query = person.get(&format!("/views/{view}")).await["query"].clone();
            assert_eq!(
                count,
                listed(person, *view).await,
                "{} {query}",
                person.name
            );
        }
    }
    assert!(differing >= 2, "the private team hides nothing");
    assert!(of_admin.iter().any(|count| *count > 0));
    // All that are one's own, without naming them.
    let all = app.agent().get("/view-counts").await.expect(200);
    assert_eq!(all["counts"].as_array().unwrap().len(), views.len());
    let unknown = format!("/view-counts?view={}", Uuid::now_v7());
    app.agent().get(&unknown).await.expect(404);
    app.is_as_the_log_says().await;
}

/// As a later version of the language may find one that was kept by an earlier one.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_not_understood_any_more_takes_no_count_from_the_others() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    let mut views = Vec::new();
    for name in ["Broken", "Whole"] {
        let body = json!({"name": name, "query": "status:new"});
        views.push(app.agent().post("/views", body).await.expect(201).id());
    }
    app.at_rest().await;
    let broken = "UPDATE core.views SET query = 'colour:red' WHERE view_id = $1";
    let superuser = app.database.superuser().await;
    superuser.execute(broken, &[&views[0]]).await.unwrap();
    let counts = app.agent().get("/view-counts").await.expect(200);
    let counts = counts["counts"].as_array().unwrap();
    assert_eq!(counts[0].get("tickets"), None);
    let problem = counts[0]["problem"].as_str().unwrap();
    assert!(problem.contains("column 1"), "{problem}");
    assert_eq!(
        (&counts[1]["tickets"], counts[1].get("problem")),
        (&json!(1), None)
    );
}

/// The counts keep what nobody has, and what whoever has, under ids of their own.
#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_nobody_has_counts_no_tickets() {
    let app = TestApp::start().await;
    app.customer().opens("Printer on fire").await;
    for id in [Uuid::nil(), Uuid::max()] {
        for holder in ["assignee", "team"] {
            let path = format!("/tickets?{holder}={id}&include_total=true");
            let page = app.agent().get(&path).await.expect(200);
            assert_eq!(page["total"], 0, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_are_counted_beside_the_views() {
    let app = TestApp::start().await;
    let view = json!({"name": "New ones", "query": "status:new"});
    let view = app.agent().post("/views", view).await.expect(201).id();
    for count in 0..3 {
        let ticket = app.customer().opens(&format!("Ticket {count}")).await;
        if count > 0 {
            app.agent()
                .replies(ticket, "Looking into it")
                .await
                .expect(201);
        }
    }
    let path = "/view-counts?queries=status:open%20assignee:none%0Atag:vip%0Astatus:new";
    let counted = app.agent().get(path).await.expect(200);
    let count = |tickets: u32| json!({"view_id": view, "tickets": tickets, "or_more": false});
    assert_eq!(counted["counts"], json!([count(1)]));
    let queries = counted["queries"].as_array().unwrap().iter();
    let numbers = queries.map(|it| {
        (
            it["query"].as_str().unwrap(),
            it["tickets"].as_i64().unwrap(),
        )
    });
    let expected = [
        ("status:open assignee:none", 2),
        ("tag:vip", 0),
        ("status:new", 1),
    ];
    assert_eq!(numbers.collect::<Vec<_>>(), expected);
    let many = "tag:vip%0A".repeat(101);
    let refused = app.agent().get(&format!("/view-counts?queries={many}"));
    refused.await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_does_not_fit_is_pointed_at_by_its_line_and_column() {
    let app = TestApp::start().await;
    for (queries, says) in [
        ("status:opne", "line 1, column 8: "),
        ("tag:vip%0Astatus:opne", "line 2, column 8: "),
        ("tag:vip%0A%0A%20%20status:opne", "line 3, column 10: "),
        ("tag:vip%0Aassignee:%22Zoe%20Zett%22", "line 2, column 10: "),
        ("tag:vip%0Aprinter", "line 2: words are not searched for"),
    ] {
        let path = format!("/view-counts?queries={queries}");
        let refused = app.agent().get(&path).await.expect(400);
        assert_eq!(refused["errors"][0]["pointer"], "/queries", "{queries}");
        let detail = refused["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.starts_with(says), "{detail}");
        assert!(refused["detail"].as_str().unwrap().contains(detail));
    }
}
