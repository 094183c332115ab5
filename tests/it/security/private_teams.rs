//! Private teams: for an agent or lead who is no member there is neither the team nor any of its tickets, wherever they
//! look and whatever they send.

use serde_json::{Value, json};
use uuid::Uuid;

use super::object_access::is_not_told_from_nothing;
use crate::harness::{Answer, Person, TestApp};

/// In the subject and every text of a hidden ticket, and in no other.
const SECRET: &str = "HUSH";
/// The name of the private team.
const VAULT: &str = "Vault";

/// Grace is the one member; Alan and Lea are not, Ada is an admin, Carla asked for the ticket, Sten is another customer.
struct Scene {
    app: TestApp,
    team: Uuid,
    ticket: Uuid,
    message: Uuid,
    view: Uuid,
}

impl Scene {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let team = private_team(&app, &[app.agent()]).await;
        let ticket = app.customer().opens(&format!("{SECRET} salaries")).await;
        assign(app.agent(), ticket, json!({"team_id": team}))
            .await
            .expect(200);
        let reply = app.agent().replies(ticket, "HUSH, we look into it");
        let message = reply.await.expect(201).id();
        app.agent().notes(ticket, "HUSH, a note").await.expect(201);
        app.agent()
            .put(&format!("/tickets/{ticket}/tags/vip"))
            .await
            .expect(200);
        app.customer().opens("Printer on fire").await;
        let view = json!({"name": "HUSH tickets", "owner": "team", "team_id": team});
        let view = app.admin().post("/views", view).await.expect(201).id();
        Self {
            app,
            team,
            ticket,
            message,
            view,
        }
    }

    /// Those for whom the team and its ticket are not there.
    fn outsiders(&self) -> [&Person; 2] {
        [self.app.colleague(), self.app.lead()]
    }
}

async fn private_team(app: &TestApp, members: &[&Person]) -> Uuid {
    let members: Vec<Uuid> = members.iter().map(|member| member.id).collect();
    let body = json!({"name": VAULT, "private": true, "member_ids": members});
    app.admin().post("/teams", body).await.expect(201).id()
}

async fn assign(person: &Person, ticket: Uuid, to: Value) -> Answer {
    person.post(&format!("/tickets/{ticket}/assign"), to).await
}

/// Every page of a list.
async fn pages(person: &Person, path: &str) -> Vec<Answer> {
    let mut pages = Vec::new();
    let mut cursor = None::<String>;
    loop {
        let path = match &cursor {
            Some(cursor) => format!("{path}&cursor={cursor}"),
            None => path.to_owned(),
        };
        let page = person.get(&path).await.expect(200);
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        pages.push(page);
        if cursor.is_none() {
            return pages;
        }
    }
}

/// Every way to ask for a list of tickets, with at least one parameter each.
fn lists(scene: &Scene) -> Vec<String> {
    let orders = ["updated_at", "created_at", "priority", "next_deadline_at"];
    let orders = orders
        .iter()
        .flat_map(|field| ["", "-"].map(|way| format!("sort={way}{field}")));
    let filters = [
        format!("team={}", scene.team),
        format!("requester={}", scene.app.customer().id),
        "assignee=none".to_owned(),
        "status=open&status=new".to_owned(),
        "priority=normal".to_owned(),
        "tag=vip".to_owned(),
        "created_from=2020-01-01T00:00:00Z".to_owned(),
        "updated_from=2020-01-01T00:00:00Z".to_owned(),
        format!("query=team:{}", scene.team),
        "query=tag:vip,gold".to_owned(),
        "query=-status:closed -priority:urgent".replace(' ', "%20"),
        "query=-due:none".to_owned(),
    ];
    let queries = orders.chain(filters);
    queries
        .map(|query| format!("/tickets?{query}&limit=1&include_total=true"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_ticket_is_in_no_list_and_no_count() {
    let scene = Scene::start().await;
    for path in lists(&scene) {
        for (person, is_shown) in [
            (scene.app.agent(), true),
            (scene.app.admin(), true),
            (scene.app.colleague(), false),
            (scene.app.lead(), false),
        ] {
            let pages = pages(person, &path).await;
            let told = pages
                .iter()
                .any(|page| page.body.to_string().contains(SECRET));
            assert_eq!(told, is_shown, "{} {path}", person.name);
            let found: usize = pages.iter().map(|page| page.items().len()).sum();
            assert_eq!(pages[0]["total"], found, "{} {path}", person.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_promised_to_a_hidden_ticket_is_in_no_report() {
    let scene = Scene::start().await;
    let range = "from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z";
    let list = format!("/reports/sla/waits?{range}&limit=1&include_total=true");
    let report = format!("/reports/sla?{range}&group_by=team");
    let file = format!("/reports/sla/download?{range}&group_by=team&format=csv");
    for is_moved_on in [false, true] {
        for (person, is_shown) in [
            (scene.app.agent(), true),
            (scene.app.admin(), true),
            (scene.app.colleague(), false),
            (scene.app.lead(), false),
        ] {
            let pages = pages(person, &list).await;
            let told: String = pages.iter().map(|page| page.body.to_string()).collect();
            let team_is_told = told.contains(&scene.team.to_string());
            assert_eq!(team_is_told, is_shown, "{told}");
            if !is_moved_on {
                assert_eq!(told.contains(&scene.ticket.to_string()), is_shown, "{told}");
            }
            let found: usize = pages.iter().map(|page| page.items().len()).sum();
            assert_eq!(pages[0]["total"], found);
            let report = person.get(&report).await.expect(200);
            let counted = ["running", "met", "breached", "cancelled"]
                .map(|outcome| report["total"][outcome].as_u64().unwrap());
            assert_eq!(counted.iter().sum::<u64>(), found as u64);
            assert_eq!(report.body.to_string().contains(VAULT), is_shown);
            let file = person.get(&file).await.expect(200);
            assert_eq!(file.body.to_string().contains(VAULT), is_shown);
        }
        // What the team answered stays counted for it when the ticket goes on to others.
        let everybodys = json!({"team_id": scene.app.acme.team_id});
        assign(scene.app.agent(), scene.ticket, everybodys)
            .await
            .expect(200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_group_and_no_condition_tells_what_was_promised_to_a_hidden_ticket() {
    let scene = Scene::start().await;
    let view = json!({"name": "Tagged", "owner": "organization", "query": "tag:vip"});
    let view = scene.app.admin().post("/views", view).await.expect(201);
    let view = format!("&view={}", view.id());
    let of_team = format!("&query=team:{}", scene.team);
    scene.app.at_rest().await;
    let known = scene.app.log().await.last().unwrap().recorded_at;
    let then = format!("&as_of={}", known.to_rfc3339().replace('+', "%2B"));
    for conditions in [
        "",
        "&channel=api",
        "&tag=vip",
        "&query=tag:vip",
        &view,
        &of_team,
        &then,
    ] {
        let range = format!("from=2026-01-01T00:00:00Z&to=2026-12-31T00:00:00Z{conditions}");
        for (person, is_shown) in [
            (scene.app.agent(), true),
            (scene.app.admin(), true),
            (scene.app.colleague(), false),
            (scene.app.lead(), false),
        ] {
            let list = format!("/reports/sla/waits?{range}&limit=1&include_total=true");
            let pages = pages(person, &list).await;
            let told: String = pages.iter().map(|page| page.body.to_string()).collect();
            assert_eq!(told.contains(&scene.ticket.to_string()), is_shown, "{list}");
            let found: usize = pages.iter().map(|page| page.items().len()).sum();
            assert_eq!(pages[0]["total"], found, "{list}");
            for group in ["week", "month", "channel", "tag"] {
                // Tags are those of now.
                if group == "tag" && conditions == then {
                    continue;
                }
                let report = format!("/reports/sla?{range}&group_by={group}");
                let report = person.get(&report).await.expect(200);
                let sum = |counts: &Value| {
                    let outcomes = ["running", "met", "breached", "cancelled"];
                    let counts = outcomes.map(|outcome| counts[outcome].as_u64().unwrap());
                    counts.iter().sum::<u64>()
                };
                assert_eq!(sum(&report["total"]), found as u64, "{conditions} {group}");
                let groups = report["groups"].as_array().unwrap().iter();
                let groups = groups.map(|it| sum(&it["counts"])).sum::<u64>();
                // The ticket has one tag, and the other none.
                assert_eq!(groups, found as u64, "{conditions} {group}");
                let is_tagged = report.body.to_string().contains("vip");
                assert_eq!(is_tagged, is_shown && group == "tag", "{conditions}");
                let file = format!("/reports/sla/download?{range}&group_by={group}&format=csv");
                let file = person.get(&file).await.expect(200);
                let is_tagged = file.body.to_string().contains("vip");
                assert_eq!(is_tagged, is_shown && group == "tag", "{conditions}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_hour_of_the_week_leads_to_a_hidden_ticket() {
    let scene = Scene::start().await;
    // Everything is opened on Monday at nine.
    let days = "figure=opened&from=2026-03-01&to=2026-03-31";
    for narrow in ["", "&tag=vip"] {
        for (person, is_shown) in [
            (scene.app.agent(), true),
            (scene.app.admin(), true),
            (scene.app.colleague(), false),
            (scene.app.lead(), false),
        ] {
            let hours = format!("/reports/tickets/hours?{days}{narrow}");
            let hours = person.get(&hours).await.expect(200);
            let list = format!("{days}{narrow}&weekday=1&hour=9&limit=1&include_total=true");
            let list = format!("/reports/tickets/counted?{list}");
            let pages = pages(person, &list).await;
            let told: String = pages.iter().map(|page| page.body.to_string()).collect();
            assert_eq!(told.contains(&scene.ticket.to_string()), is_shown, "{list}");
            let found: usize = pages.iter().map(|page| page.items().len()).sum();
            assert_eq!(hours["weekdays"][0][9], found, "{narrow}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_ticket_is_in_no_report_of_tickets_now_and_in_the_past() {
    let scene = Scene::start().await;
    // One that others had before, and one that the team had before.
    let app = &scene.app;
    let (taken, given) = (
        app.customer().opens("HUSH taken").await,
        app.customer().opens("HUSH given").await,
    );
    let (theirs, everybodys) = (
        json!({"team_id": scene.team}),
        json!({"team_id": app.acme.team_id}),
    );
    for (ticket, to) in [(taken, &everybodys), (given, &theirs)] {
        assign(app.agent(), ticket, to.clone()).await.expect(200);
    }
    app.wait(chrono::TimeDelta::days(2));
    for (ticket, to) in [(taken, &theirs), (given, &everybodys)] {
        assign(app.agent(), ticket, to.clone()).await.expect(200);
    }
    let now = chrono::Utc::now().to_rfc3339().replace('+', "%2B");
    for figure in ["opened", "first_response", "backlog"] {
        for conditions in [
            "&to=2026-12-31",
            "&to=2026-03-04",
            "&to=2026-12-31&status=new&status=open",
        ] {
            for as_of in ["".to_owned(), format!("&as_of={now}")] {
                let query = format!("?figure={figure}&from=2026-03-01{conditions}{as_of}");
                for (person, is_shown) in [
                    (app.agent(), true),
                    (app.admin(), true),
                    (app.colleague(), false),
                    (app.lead(), false),
                ] {
                    let list =
                        format!("/reports/tickets/counted{query}&limit=1&include_total=true");
                    let pages = pages(person, &list).await;
                    let told: String = pages.iter().map(|page| page.body.to_string()).collect();
                    for hidden in [scene.ticket, taken] {
                        assert!(is_shown || !told.contains(&hidden.to_string()), "{list}");
                    }
                    assert!(
                        is_shown || !told.contains(&scene.team.to_string()),
                        "{list}"
                    );
                    let found: usize = pages.iter().map(|page| page.items().len()).sum();
                    let report = format!("/reports/tickets{query}&split=team");
                    let report = person.get(&report).await.expect(200);
                    assert_eq!(report["total"]["count"], found, "{list}");
                    assert!(
                        is_shown || !report.body.to_string().contains(VAULT),
                        "{list}"
                    );
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_on_a_hidden_ticket_is_in_no_report() {
    let scene = Scene::start().await;
    let app = &scene.app;
    // What others wrote before the team took it is as hidden as the ticket is.
    let taken = app.customer().opens("HUSH taken").await;
    app.colleague().replies(taken, "HUSH").await.expect(201);
    let theirs = json!({"team_id": scene.team});
    assign(app.agent(), taken, theirs).await.expect(200);
    let now = chrono::Utc::now().to_rfc3339().replace('+', "%2B");
    for as_of in ["".to_owned(), format!("&as_of={now}")] {
        let days = format!("from=2026-03-01&to=2026-12-31{as_of}");
        for (person, is_shown) in [
            (app.agent(), true),
            (app.admin(), true),
            (app.colleague(), false),
            (app.lead(), false),
        ] {
            let list = format!("/reports/messages/counted?{days}&limit=1&include_total=true");
            let pages = pages(person, &list).await;
            let told: String = pages.iter().map(|page| page.body.to_string()).collect();
            for hidden in [scene.ticket, taken, scene.team] {
                assert_eq!(told.contains(&hidden.to_string()), is_shown, "{list}");
            }
            let found: usize = pages.iter().map(|page| page.items().len()).sum();
            let report = format!("/reports/messages?{days}&split=team");
            let report = person.get(&report).await.expect(200);
            let kinds = ["public_replies", "customer_messages", "internal_notes"];
            let counted = kinds.map(|kind| report["total"][kind].as_u64().unwrap());
            assert_eq!(counted.iter().sum::<u64>(), found as u64, "{list}");
            assert_eq!(report.body.to_string().contains(VAULT), is_shown);
            let work = format!("/reports/workload?{days}&by=team");
            let work = person.get(&work).await.expect(200);
            assert_eq!(work.body.to_string().contains(VAULT), is_shown, "{as_of}");
            for file in ["messages/download?split=team", "workload/download?by=team"] {
                let file = format!("/reports/{file}&{days}&format=csv");
                let file = person.get(&file).await.expect(200);
                assert_eq!(file.body.to_string().contains(VAULT), is_shown, "{as_of}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_query_finds_what_was_written_on_a_hidden_ticket() {
    let scene = Scene::start().await;
    let app = &scene.app;
    let of_team = format!("team:{}", scene.team);
    for query in ["-status:closed", "tag:vip", &of_team] {
        let days = format!("from=2026-03-01&to=2026-12-31&query={query}");
        for (person, is_shown) in [
            (app.agent(), true),
            (app.admin(), true),
            (app.colleague(), false),
            (app.lead(), false),
        ] {
            let list = format!("/reports/messages/counted?{days}&limit=1&include_total=true");
            let pages = pages(person, &list).await;
            let told: String = pages.iter().map(|page| page.body.to_string()).collect();
            assert_eq!(told.contains(&scene.ticket.to_string()), is_shown, "{list}");
            let found: usize = pages.iter().map(|page| page.items().len()).sum();
            let report = person.get(&format!("/reports/messages?{days}")).await;
            let report = report.expect(200);
            let kinds = ["public_replies", "customer_messages", "internal_notes"];
            let counted = kinds.map(|kind| report["total"][kind].as_u64().unwrap());
            assert_eq!(counted.iter().sum::<u64>(), found as u64, "{list}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_ticket_is_not_there_by_its_id() {
    let scene = Scene::start().await;
    let id = scene.ticket;
    let paths = |id: Uuid| {
        [
            format!("/tickets/{id}"),
            format!("/tickets/{id}/messages"),
            format!("/tickets/{id}/history"),
        ]
    };
    for (path, invented) in paths(id).iter().zip(paths(Uuid::now_v7())) {
        for person in [scene.app.agent(), scene.app.admin(), scene.app.customer()] {
            person.get(path).await.expect(200);
        }
        for person in scene.outsiders().into_iter().chain([scene.app.stranger()]) {
            let hidden = person.get(path).await.expect(404);
            let invented = person.get(&invented).await.expect(404);
            assert_eq!(hidden["detail"], invented["detail"], "{path}");
        }
    }
    let explanation = format!("/tickets/{id}/sla");
    scene.app.agent().get(&explanation).await.expect(200);
    for person in scene.outsiders() {
        person.get(&explanation).await.expect(404);
    }
    let told = scene.app.customer().ticket(id).await.body.to_string();
    assert!(told.contains(SECRET) && !told.contains(VAULT), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hidden_team_is_in_no_list_and_not_there_by_its_id() {
    let scene = Scene::start().await;
    let path = format!("/teams/{}", scene.team);
    for person in [scene.app.agent(), scene.app.admin()] {
        assert_eq!(person.get(&path).await.expect(200)["private"], true);
        let told = person.get("/teams").await.expect(200).body.to_string();
        assert!(told.contains(VAULT), "{told}");
    }
    for person in scene.outsiders() {
        person.get(&path).await.expect(404);
        for page in pages(person, "/teams?limit=1").await {
            let told = page.body.to_string();
            assert!(!told.contains(VAULT), "{told}");
        }
    }
    let change = json!({"name": "Mine", "private": false, "member_ids": [scene.app.lead().id]});
    scene.app.lead().patch(&path, change).await.expect(404);
    assert_eq!(scene.app.admin().get(&path).await["name"], VAULT);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_by_a_lead_leaves_hidden_tickets_out() {
    let scene = Scene::start().await;
    for about in [scene.app.customer(), scene.app.agent()] {
        let path = format!("/users/{}/export?limit=2", about.id);
        let told = async |person: &Person| {
            let pages = pages(person, &path).await;
            pages
                .iter()
                .map(|page| page.body.to_string())
                .collect::<String>()
        };
        let hidden = [
            SECRET.to_owned(),
            scene.ticket.to_string(),
            scene.message.to_string(),
        ];
        let (whole, part) = (told(scene.app.admin()).await, told(scene.app.lead()).await);
        for hidden in &hidden {
            assert!(!part.contains(hidden), "{hidden}: {part}");
        }
        assert!(
            whole.contains(SECRET) && part.contains(about.name),
            "{whole}"
        );
    }
    scene
        .app
        .lead()
        .get(&format!("/users/{}/export", scene.app.customer().id))
        .await
        .expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_of_a_hidden_team_is_in_no_list_no_count_and_no_audit() {
    let scene = Scene::start().await;
    let paths = [
        "/views?limit=100".to_owned(),
        format!("/views?team={}", scene.team),
        "/view-counts".to_owned(),
        "/audit?type=view.".to_owned(),
    ];
    let told = async |person: &Person, path: &str| {
        let answer = person.get(path).await.body.to_string();
        answer.contains(SECRET) || answer.contains(&scene.view.to_string())
    };
    for path in &paths {
        for person in scene.outsiders() {
            assert!(!told(person, path).await, "{} {path}", person.name);
        }
    }
    assert!(told(scene.app.agent(), &paths[0]).await);
    assert!(told(scene.app.admin(), &paths[1]).await);
    assert!(told(scene.app.admin(), &paths[3]).await);
    let named = format!("/view-counts?view={}", scene.view);
    for person in scene.outsiders() {
        person.get(&named).await.expect(404);
    }
    let body = json!({"name": "Mine", "owner": "team", "team_id": scene.team});
    scene.app.lead().post("/views", body).await.expect(422);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_ticket_that_moved_on_names_its_former_team_to_members_and_admins_alone() {
    let scene = Scene::start().await;
    let app = &scene.app;
    let everybodys = json!({"team_id": app.acme.team_id});
    assign(app.agent(), scene.ticket, everybodys)
        .await
        .expect(200);
    let history = format!("/tickets/{}/history", scene.ticket);
    let acts = format!("/users/{}/export?limit=2", app.agent().id);
    let assigned = async |person: &Person| {
        let history = person.get(&history).await.expect(200);
        let entries = history.items().iter();
        let entries = entries.filter(|entry| entry["type"] == "ticket.assigned");
        let told = entries.map(|entry| (entry["summary"].clone(), entry["changes"].clone()));
        told.collect::<Vec<_>>()
    };
    let to = |team: &str| json!(format!("Grace assigned the ticket to {team}"));
    let whole = [
        (
            to("the team Vault"),
            json!([{"field": "team", "to": VAULT}]),
        ),
        (
            to("the team Support"),
            json!([{"field": "team", "from": VAULT, "to": "Support"}]),
        ),
    ];
    let part = [
        (to("a team that is not named"), json!([])),
        (
            to("the team Support"),
            json!([{"field": "team", "to": "Support"}]),
        ),
    ];
    for person in [app.agent(), app.admin()] {
        assert_eq!(assigned(person).await, whole, "{}", person.name);
    }
    for person in scene.outsiders() {
        assert_eq!(assigned(person).await, part, "{}", person.name);
    }
    let is_told = async |person: &Person, path: &str| {
        let pages = pages(person, path).await;
        pages
            .iter()
            .any(|page| page.body.to_string().contains(VAULT))
    };
    assert!(is_told(app.admin(), &acts).await);
    for path in [&acts, &format!("{history}?order=desc&limit=1")] {
        assert!(!is_told(app.lead(), path).await, "{path}");
    }
    let shown = json!({"private": false});
    let path = format!("/teams/{}", scene.team);
    app.admin().patch(&path, shown).await.expect(200);
    assert_eq!(assigned(app.colleague()).await, whole);
}

/// Commands and queries alike: whatever has the id of a ticket, a message or a team in its path.
#[tokio::test(flavor = "multi_thread")]
async fn no_operation_tells_a_hidden_thing_from_one_that_is_not_there() {
    let scene = Scene::start().await;
    let ids = [
        ("{ticket_id}", scene.ticket),
        ("{message_id}", scene.message),
        ("{team_id}", scene.team),
        ("{view_id}", scene.view),
    ];
    for person in scene.outsiders() {
        is_not_told_from_nothing(&scene.app, person, &ids).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_moves_in_or_out_changes_who_sees_it_at_once() {
    let scene = Scene::start().await;
    let (app, team) = (&scene.app, scene.team);
    let ticket = app.customer().opens("Odd invoice").await;
    let path = format!("/tickets/{ticket}");
    // Read twice: the second time from the cache.
    for _ in 0..2 {
        app.colleague().get(&path).await.expect(200);
    }
    assign(app.agent(), ticket, json!({"team_id": team}))
        .await
        .expect(200);
    app.colleague().get(&path).await.expect(404);
    // The member's reading fills the cache; it is one row for everybody.
    app.agent().get(&path).await.expect(200);
    app.colleague().get(&path).await.expect(404);
    app.lead().replies(ticket, "Hello?").await.expect(404);
    assign(app.agent(), ticket, json!({"team_id": null}))
        .await
        .expect(200);
    app.colleague().get(&path).await.expect(200);
    app.colleague().replies(ticket, "Hello").await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_and_privacy_of_a_team_count_from_the_moment_they_change() {
    let scene = Scene::start().await;
    let (app, ticket) = (&scene.app, format!("/tickets/{}", scene.ticket));
    let set = async |change: Value| {
        let path = format!("/teams/{}", scene.team);
        app.admin().patch(&path, change).await.expect(200);
    };
    let both = [app.agent().id, app.colleague().id];
    for (change, is_shown) in [
        (json!({"member_ids": both}), true),
        (json!({"member_ids": [app.agent().id]}), false),
        (json!({"private": false}), true),
        (json!({"private": true}), false),
    ] {
        // Whoever reads before has the row in the cache.
        app.agent().get(&ticket).await.expect(200);
        set(change.clone()).await;
        let status = if is_shown { (200, 201) } else { (404, 404) };
        app.colleague().get(&ticket).await.expect(status.0);
        let note = app.colleague().notes(scene.ticket, "A note");
        note.await.expect(status.1);
        let list = app.colleague().get("/tickets?limit=100").await.expect(200);
        assert_eq!(list.body.to_string().contains(SECRET), is_shown, "{change}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_teams_ticket_is_given_to_its_members_and_to_admins_alone() {
    let scene = Scene::start().await;
    let (app, id) = (&scene.app, scene.ticket);
    let to = |person: &Person| json!({"agent_id": person.id});
    for outsider in scene.outsiders() {
        let refused = assign(app.agent(), id, to(outsider)).await.expect(422);
        assert_eq!(refused["errors"][0]["pointer"], "/agent_id");
    }
    assign(app.agent(), id, to(app.admin())).await.expect(200);
    assign(app.agent(), id, to(app.agent())).await.expect(200);
    // A ticket of an outsider cannot move in with them.
    let other = app.customer().opens("Another").await;
    assign(app.colleague(), other, to(app.colleague()))
        .await
        .expect(200);
    assign(app.agent(), other, json!({"team_id": scene.team}))
        .await
        .expect(422);
    // For an outsider the team is not there.
    let hidden = assign(app.colleague(), other, json!({"team_id": scene.team}))
        .await
        .expect(422);
    let invented = assign(app.colleague(), other, json!({"team_id": Uuid::now_v7()})).await;
    assert_eq!(hidden["errors"], invented.expect(422)["errors"]);
    let open =
        json!({"subject": "For them", "requester_id": app.customer().id, "team_id": scene.team});
    app.colleague()
        .post("/tickets", open.clone())
        .await
        .expect(422);
    app.agent().post("/tickets", open).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follow_up_of_a_hidden_ticket_is_hidden_too() {
    let scene = Scene::start().await;
    let app = &scene.app;
    app.agent().resolves(scene.ticket).await.expect(200);
    app.agent().closes(scene.ticket).await.expect(200);
    let reply = app.customer().replies(scene.ticket, "HUSH, once more");
    let reply = reply.await.expect(201);
    let follow_up: Uuid = reply["ticket_id"].as_str().unwrap().parse().unwrap();
    assert_ne!(follow_up, scene.ticket);
    assert_eq!(
        app.agent().ticket(follow_up).await["team"]["id"],
        scene.team.to_string()
    );
    for person in scene.outsiders() {
        person
            .get(&format!("/tickets/{follow_up}"))
            .await
            .expect(404);
        let list = person.get("/tickets?limit=100").await.expect(200);
        assert!(!list.body.to_string().contains(SECRET), "{}", person.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_to_hidden_tickets_are_left_out() {
    let scene = Scene::start().await;
    let app = &scene.app;
    let closed = app.customer().opens("Paper jam").await;
    app.agent().resolves(closed).await.expect(200);
    app.agent().closes(closed).await.expect(200);
    let reply = app.customer().replies(closed, "Again").await.expect(201);
    let next = reply["ticket_id"].as_str().unwrap().to_owned();
    let pages = |person: &Person| {
        let paths = [
            format!("/tickets/{closed}"),
            format!("/tickets/{closed}/history"),
            "/tickets?limit=100".to_owned(),
        ];
        let requests = paths.map(|path| person.get(&path));
        async move {
            let mut told = String::new();
            for request in requests {
                told += &request.await.expect(200).body.to_string();
            }
            told
        }
    };
    assert!(pages(app.colleague()).await.contains(&next));
    assign(
        app.agent(),
        next.parse().unwrap(),
        json!({"team_id": scene.team}),
    )
    .await
    .expect(200);
    for person in scene.outsiders() {
        assert!(!pages(person).await.contains(&next), "{}", person.name);
    }
    for person in [app.agent(), app.admin(), app.customer()] {
        assert!(pages(person).await.contains(&next), "{}", person.name);
    }
    // The other way: what is shown continues what is hidden.
    let hidden = json!({"team_id": scene.team, "agent_id": null});
    app.admin().reopens(closed).await.expect(200);
    assign(app.agent(), closed, hidden).await.expect(200);
    assign(app.agent(), next.parse().unwrap(), json!({"team_id": null}))
        .await
        .expect(200);
    let shown = app
        .colleague()
        .get(&format!("/tickets/{next}"))
        .await
        .expect(200);
    assert!(!shown.body.to_string().contains(&closed.to_string()));
    let note = json!({"subject": "Paper jam again"});
    let told = app
        .colleague()
        .patch(&format!("/tickets/{next}"), note)
        .await
        .expect(200);
    assert!(
        !told.body.to_string().contains(&closed.to_string()),
        "{}",
        told.body
    );
}
