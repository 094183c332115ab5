//! The feed: everything that happens, in order, once, for whom may see it.

mod held;
mod limits;
mod rebuilt;
mod shared_views;
mod slow_readers;

use std::collections::BTreeSet;

use event_store::RecordedEvent;
use hyper::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::access::{give_password, signed_in, text};
use crate::harness::{Answer, DEADLINE, EventStream, Person, TestApp, eventually, uuid_of};

/// Every page from a cursor on, `limit` events at a time; the last one has nothing more.
async fn pages(person: &Person, query: &str, after: Option<&str>) -> (Vec<Value>, String) {
    let mut events = Vec::new();
    let mut cursor = after.map(str::to_owned);
    loop {
        let after = cursor.iter().map(|cursor| format!("&after={cursor}"));
        let path = format!("/events?{query}{}", after.collect::<String>());
        let page = person.get(&path).await.expect(200);
        events.extend(page.items().to_vec());
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if page["has_more"] == false {
            return (events, cursor.unwrap());
        }
    }
}

async fn all(person: &Person) -> Vec<Value> {
    pages(person, "limit=100", None).await.0
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| text(&event["type"])).collect()
}

fn ids(events: &[Value]) -> Vec<Uuid> {
    events.iter().map(|event| uuid_of(&event["id"])).collect()
}

/// What an admin is told of a log: all of their organization but the reservations of addresses and domains.
fn told_to_admins(app: &TestApp, log: &[RecordedEvent]) -> Vec<Uuid> {
    let own = log.iter().filter(|event| event.org_id.0 == app.acme.id.0);
    let told = own.filter(|event| !["email_claim", "mail_domain"].contains(&&*event.stream_type));
    told.map(|event| event.event_id).collect()
}

fn has(events: &[Value], words: &str) -> bool {
    events.iter().any(|event| event.to_string().contains(words))
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_tell_every_event_of_the_organization_in_order_and_once() {
    let app = TestApp::start().await;
    for count in 0..5 {
        let ticket = app.customer().opens(&format!("Ticket {count}")).await;
        app.agent().replies(ticket, "Which one?").await.expect(201);
        app.agent().notes(ticket, "Again").await.expect(201);
        app.globex.customer.opens("Elsewhere").await;
    }
    let log = app.log().await;
    let expected = told_to_admins(&app, &log);
    for limit in [1, 7, 100] {
        let (events, end) = pages(app.admin(), &format!("limit={limit}"), None).await;
        assert_eq!(ids(&events), expected, "limit {limit}");
        // From any event on, the rest; from the end, nothing.
        let cursor = text(&events[9]["cursor"]);
        let (rest, _) = pages(app.admin(), "limit=3", Some(cursor)).await;
        assert_eq!(ids(&rest), expected[10..]);
        let (nothing, same) = pages(app.admin(), "limit=3", Some(&end)).await;
        assert_eq!((nothing.len(), same), (0, end));
    }
    let opened = all(app.admin()).await;
    let opened = opened.iter().find(|event| event["type"] == "ticket.opened");
    let opened = opened.unwrap();
    assert_eq!(opened["data"]["subject"], "Ticket 0");
    assert_eq!(opened["actor"]["id"], json!(app.customer().id));
    assert_eq!(opened["ticket_id"], opened["object"]["id"]);
    assert_eq!(
        (&opened["object"]["version"], &opened["schema_version"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn types_and_tickets_are_filtered_and_the_cursor_moves_where_nothing_is_seen() {
    let app = TestApp::start().await;
    let first = app.customer().opens("First").await;
    let other = app.customer().opens("Other").await;
    app.agent().replies(first, "Which one?").await.expect(201);
    app.agent()
        .put(&format!("/tickets/{other}/tags/vip"))
        .await
        .expect(200);
    let (tagged, _) = pages(app.agent(), "types=ticket.tagged,message.*&limit=2", None).await;
    let expected = [
        "message.posted",
        "message.posted",
        "message.posted",
        "ticket.tagged",
    ];
    assert_eq!(types(&tagged), expected);

    let of_first = format!("ticket={first}&limit=1");
    let (events, end) = pages(app.agent(), &of_first, None).await;
    assert!(
        events
            .iter()
            .all(|event| event["ticket_id"] == json!(first))
    );
    assert_eq!(types(&events)[..2], ["ticket.opened", "message.posted"]);
    let mut sorted = ids(&events);
    sorted.dedup();
    assert_eq!(sorted.len(), events.len());
    // Nothing is seen, and yet the cursor goes on: it is as good as the other one.
    let (none, moved) = pages(app.agent(), "types=ticket.reopened", None).await;
    assert_eq!((none.len(), moved), (0, end));

    let wrong = app
        .agent()
        .get("/events?types=ticket.opne")
        .await
        .expect(400);
    assert!(wrong["detail"].as_str().unwrap().contains("ticket.opne"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_is_told_what_is_public_of_their_own_tickets() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Mine").await;
    app.agent().notes(ticket, "HUSH").await.expect(201);
    app.agent()
        .put(&format!("/tickets/{ticket}/tags/vip"))
        .await
        .expect(200);
    let change = json!({"priority": "high"});
    app.agent()
        .patch(&format!("/tickets/{ticket}"), change)
        .await
        .expect(200);
    app.agent().replies(ticket, "Which one?").await.expect(201);
    app.agent().resolves(ticket).await.expect(200);
    let reopened = app.agent().post(
        &format!("/tickets/{ticket}/reopen"),
        json!({"reason": "HUSH"}),
    );
    reopened.await.expect(200);
    app.stranger().opens("HUSH").await;
    let mine = all(app.customer()).await;
    assert!(!has(&mine, "HUSH"), "{mine:?}");
    // Nothing but what the history and the conversation show them.
    let mut shown: BTreeSet<String> = app
        .customer()
        .history_types(ticket)
        .await
        .into_iter()
        .collect();
    shown.insert("message.posted".to_owned());
    let told: BTreeSet<String> = types(&mine).into_iter().map(str::to_owned).collect();
    assert_eq!(told, shown);
    let is_theirs = |event: &Value| event["ticket_id"] == json!(ticket);
    assert!(mine.iter().all(is_theirs));
    let hidden = ["sla_targets", "reason", "correlation_id", "external"];
    assert!(
        !hidden
            .iter()
            .any(|field| has(&mine, &format!("\"{field}\""))),
        "{mine:?}"
    );
    // Staff get all of it.
    assert!(has(&all(app.agent()).await, "HUSH"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_of_now_decide_about_the_past() {
    let app = TestApp::start().await;
    let body = json!({"name": "Vault", "private": true, "member_ids": [app.agent().id]});
    let team = app.admin().post("/teams", body).await.expect(201).id();
    let ticket = app.customer().opens("HUSH salaries").await;
    assert!(
        has(&all(app.colleague()).await, "HUSH"),
        "before it was private"
    );
    let assign = |team: Uuid| {
        let path = format!("/tickets/{ticket}/assign");
        app.agent().post(&path, json!({"team_id": team}))
    };
    assign(team).await.expect(200);
    for outsider in [app.colleague(), app.lead()] {
        let told = all(outsider).await;
        assert!(
            !has(&told, "HUSH") && !has(&told, &ticket.to_string()),
            "{told:?}"
        );
        assert!(!has(&told, &team.to_string()), "{told:?}");
        let of_ticket = outsider
            .get(&format!("/events?ticket={ticket}"))
            .await
            .expect(200);
        assert!(of_ticket.items().is_empty());
    }
    for insider in [app.agent(), app.admin(), app.customer()] {
        assert!(has(&all(insider).await, "HUSH"), "{}", insider.name);
    }
    // It is everybody's again, and tells nothing of where it was.
    assign(app.acme.team_id).await.expect(200);
    let told = all(app.colleague()).await;
    assert!(
        has(&told, "HUSH") && !has(&told, &team.to_string()),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_redacted_or_erased_is_gone_from_old_events() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("Printer").await;
    let message = app
        .agent()
        .replies(ticket, "SECRET words")
        .await
        .expect(201)
        .id();
    let edit = app.agent().patch(
        &format!("/messages/{message}"),
        json!({"body": "SECRET, too"}),
    );
    edit.await.expect(200);
    // The words that stand are in the edit; what they were before is for staff.
    assert!(has(&all(app.customer()).await, "SECRET, too"));
    assert!(!has(&all(app.customer()).await, "SECRET words"));
    assert!(has(&all(app.agent()).await, "SECRET words"));
    let redact = app.admin().post(
        &format!("/messages/{message}/redact"),
        json!({"reason": "x"}),
    );
    redact.await.expect(200);
    for person in [app.admin(), app.agent(), app.customer()] {
        assert!(!has(&all(person).await, "SECRET"), "{}", person.name);
    }
    assert!(has(&all(app.admin()).await, "Printer"));
    let erase = app.admin().post(
        &format!("/users/{}/erase", app.customer().id),
        json!({"reason": "Asked"}),
    );
    erase.await.expect(200);
    let told = all(app.admin()).await;
    assert!(!has(&told, "Printer") && !has(&told, "Carla"), "{told:?}");
    let opened = told
        .iter()
        .find(|event| event["type"] == "ticket.opened")
        .unwrap();
    assert_eq!(opened["data"]["subject"], "(erased)");
}

#[tokio::test(flavor = "multi_thread")]
async fn ways_in_are_told_to_admins_alone() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    signed_in(&app.client, &email).await;
    let started = async |person: &Person| {
        let (events, _) = pages(person, "types=session.*", None).await;
        events.len()
    };
    let look = async || match started(app.admin()).await {
        0 => Err("not yet"),
        count => Ok(count),
    };
    let count = crate::harness::eventually(look, crate::harness::DEADLINE).await;
    assert_eq!(count, 1);
    for person in [app.lead(), app.agent(), app.customer()] {
        assert_eq!(started(person).await, 0, "{}", person.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organization_is_told_nothing_and_its_cursors_are_none() {
    let app = TestApp::start().await;
    let ticket = app.customer().opens("HUSH").await;
    let globex = &app.globex.admin;
    assert!(!has(&all(globex).await, "HUSH"));
    let of_ticket = globex
        .get(&format!("/events?ticket={ticket}"))
        .await
        .expect(200);
    assert!(of_ticket.items().is_empty());
    let (_, cursor) = pages(app.admin(), "limit=100", None).await;
    globex
        .get(&format!("/events?after={cursor}"))
        .await
        .expect(400);
    app.admin().get("/events?after=nonsense").await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_poll_waits_for_the_next_event_and_no_longer_than_asked() {
    let app = TestApp::start().await;
    let begin = app.agent().get("/events?after=latest").await.expect(200);
    let cursor = text(&begin["next_cursor"]).to_owned();
    assert!(begin.items().is_empty());
    let path = format!("/events?after={cursor}&wait=25");
    let waiting = tokio::spawn({
        let request = app.agent().get(&path).without_token();
        async move { request.await.expect(200) }
    });
    let ticket = app.customer().opens("At last").await;
    let page: Answer = waiting.await.unwrap();
    assert_eq!(page.items()[0]["ticket_id"], json!(ticket));

    // What the waiting customer may not see wakes nobody, and moves the cursor.
    let begin = app.stranger().get("/events?after=latest").await.expect(200);
    let cursor = text(&begin["next_cursor"]).to_owned();
    let path = format!("/events?after={cursor}&wait=1");
    let waiting = tokio::spawn({
        let request = app.stranger().get(&path).without_token();
        async move { request.await.expect(200) }
    });
    app.customer().opens("Not theirs").await;
    let page: Answer = waiting.await.unwrap();
    assert!(page.items().is_empty());
    let later = app.stranger().get("/events?after=latest").await.expect(200);
    assert_eq!(later["has_more"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_events_as_they_come_and_goes_on_by_the_last_id() {
    let app = TestApp::start().await;
    let request = app.agent().get("/events?after=latest&types=ticket.opened");
    let mut stream = EventStream::open(request).await.ok().unwrap();
    let first = app.customer().opens("First").await;
    let told = stream.next_event().await.unwrap();
    assert_eq!(told.event.as_deref(), Some("ticket.opened"));
    assert_eq!(told.json()["ticket_id"], json!(first));
    assert_eq!(told.json()["cursor"], json!(told.id));
    drop(stream);
    let second = app.customer().opens("Second").await;
    let third = app.customer().opens("Third").await;
    // As a browser comes back: the same address, and the last id.
    let request = app.agent().get("/events?after=latest&types=ticket.opened");
    let request = request.header("last-event-id", told.id.unwrap());
    let mut stream = EventStream::open(request).await.ok().unwrap();
    for ticket in [second, third] {
        let told = stream.next_event().await.unwrap();
        assert_eq!(told.json()["ticket_id"], json!(ticket));
    }
}

/// A client that lost the stream before its first event has nothing but the id of the greeting.
#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_began_at_the_end_misses_nothing_when_it_breaks_before_its_first_event() {
    let app = TestApp::start().await;
    let open = || app.agent().get("/events?after=latest&types=ticket.opened");
    let mut stream = EventStream::open(open()).await.ok().unwrap();
    let greeting = stream.next().await.unwrap();
    assert_eq!(greeting.data, None);
    drop(stream);
    let ticket = app.customer().opens("Meanwhile").await;
    app.agent().ticket(ticket).await;
    let again = open().header("last-event-id", greeting.id.unwrap());
    let mut stream = EventStream::open(again).await.ok().unwrap();
    let told = stream.next_event().await.unwrap();
    assert_eq!(told.json()["ticket_id"], json!(ticket));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_session_and_says_so() {
    let app = TestApp::start().await;
    let email = give_password(&app, &app.acme, app.agent()).await;
    let tokens = signed_in(&app.client, &email).await;
    let grace = app.agent().with_token(text(&tokens["access_token"]));
    let open = || EventStream::open(grace.get("/events?after=latest&types=ticket.opened"));
    let mut stream = open().await.ok().unwrap();
    let ticket = app.customer().opens("Seen").await;
    assert_eq!(
        stream.next_event().await.unwrap().json()["ticket_id"],
        json!(ticket)
    );
    grace.act("/auth/logout").await.expect(204);
    app.at_rest().await;
    app.customer().opens("Not seen any more").await;
    let last = stream.next_event().await.unwrap();
    assert_eq!(last.event.as_deref(), Some("end"));
    assert_eq!(last.json()["reason"], "credentials");
    assert!(stream.next_event().await.is_none());
    // A server that stood still does not know who may come in until it has looked.
    let refused = async || match open().await.err() {
        Some(Some(StatusCode::UNAUTHORIZED)) => Ok(()),
        other => Err(other),
    };
    eventually(refused, DEADLINE).await;
}
