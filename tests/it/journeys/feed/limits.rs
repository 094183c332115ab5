//! The bounds of the feed: how many follow it, how much a page has, how long a wait is, and what a cursor may be.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::StatusCode;
use platform::config::Config;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{all, ids, pages};
use crate::harness::access::text;
use crate::harness::{Answer, DEADLINE, Database, EventStream, Person, TestApp, eventually};

/// As many streams and waits as a person may have.
const PLACES: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_follows_so_many_streams_and_others_are_not_kept_out() {
    let app = TestApp::start().await;
    let open = |person: &Person| EventStream::open(person.get("/events?after=latest"));
    let mut streams = Vec::new();
    // A machine that stands still makes the server leave a stream that nobody reads, whose place is free then.
    let refused = loop {
        match open(app.agent()).await {
            Ok(stream) => streams.push(stream),
            Err(refused) => break refused,
        }
        assert!(streams.len() < 4 * PLACES);
    };
    assert_eq!(refused, Some(StatusCode::TOO_MANY_REQUESTS));
    assert!(streams.len() >= PLACES, "{}", streams.len());
    let wait = app
        .agent()
        .get("/events?after=latest&wait=1")
        .await
        .expect(429);
    assert!(wait.header("retry-after").is_some());
    // A page takes no place, and others have theirs.
    app.agent().get("/events?after=latest").await.expect(200);
    open(app.colleague()).await.ok().unwrap();
    streams.clear();
    let again = async || open(app.agent()).await.map(drop);
    crate::harness::eventually(again, crate::harness::DEADLINE).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_out_of_bounds_is_refused_and_says_which() {
    let app = TestApp::start().await;
    let many = vec!["ticket.opened"; 51].join(",");
    let long = "A".repeat(2_049);
    for (query, named) in [
        ("limit=0".to_owned(), "limit"),
        ("limit=101".to_owned(), "limit"),
        ("limit=-1".to_owned(), "limit"),
        ("limit=many".to_owned(), "limit"),
        ("wait=61".to_owned(), "wait"),
        ("wait=-1".to_owned(), "wait"),
        ("ticket=nonsense".to_owned(), "ticket"),
        ("after=".to_owned(), "after"),
        ("after=nonsense".to_owned(), "after"),
        (format!("after={long}"), "after"),
        (format!("types={many}"), "types"),
    ] {
        let refused = app.agent().get(&format!("/events?{query}")).await;
        let refused = refused.expect(400);
        let told = refused.body.to_string();
        assert!(told.contains(named), "{query}: {told}");
        // A stream does not begin only to end.
        let stream = EventStream::open(app.agent().get(&format!("/events?{query}"))).await;
        assert_eq!(stream.err(), Some(Some(StatusCode::BAD_REQUEST)), "{query}");
    }
    for id in ["nonsense", &long] {
        let request = app.agent().get("/events").header("last-event-id", id);
        let stream = EventStream::open(request).await;
        assert_eq!(stream.err(), Some(Some(StatusCode::BAD_REQUEST)), "{id}");
    }
    app.customer().opens("A ticket").await;
    app.customer().opens("Another").await;
    let list = app.agent().get("/tickets?limit=1").await.expect(200);
    let of_list = text(&list["next_cursor"]);
    let path = format!("/events?after={of_list}");
    app.agent().get(&path).await.expect(400);
}

/// The cursor that stands so many positions further on.
fn moved(cursor: &str, by: i64) -> String {
    let text = URL_SAFE_NO_PAD.decode(cursor).unwrap();
    let mut fields: Value = serde_json::from_slice(&text).unwrap();
    fields["k"] = json!(fields["k"].as_i64().unwrap() + by);
    URL_SAFE_NO_PAD.encode(fields.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_never_too_old_and_one_beyond_the_end_waits_for_what_comes() {
    let app = TestApp::start().await;
    let first = app.admin().get("/events?limit=1").await.expect(200);
    let oldest = text(&first["next_cursor"]).to_owned();
    for count in 0..20 {
        app.customer().opens(&format!("Ticket {count}")).await;
    }
    let (rest, end) = pages(app.admin(), "limit=100", Some(&oldest)).await;
    assert_eq!(ids(&rest), ids(&all(app.admin()).await)[1..]);
    // Another server of the same log goes on by it as well.
    let (_other, client) = app.second_as("api,projector,saga").await;
    let elsewhere = app.admin().at(&client);
    let (again, _) = pages(&elsewhere, "limit=7", Some(&oldest)).await;
    assert_eq!(ids(&again), ids(&rest));

    // As after a restored backup: there is nothing yet, the cursor stays, and what comes behind it is told.
    let ahead = moved(&end, 3);
    let path = format!("/events?after={ahead}&wait=1");
    let page = app.admin().get(&path).await.expect(200);
    assert_eq!((page.items().len(), &page["has_more"]), (0, &json!(false)));
    assert_eq!(page["next_cursor"], json!(ahead));
    for count in 0..3 {
        app.customer().opens(&format!("Later {count}")).await;
    }
    let (all, _) = pages(app.admin(), "limit=100", Some(&end)).await;
    let (told, _) = pages(app.admin(), "limit=100", Some(&ahead)).await;
    let is_told = |event: &&Value| ids(&told).contains(&ids(&[(*event).clone()])[0]);
    assert!(!told.is_empty() && told.len() < all.len());
    assert_eq!(all.iter().filter(is_told).count(), told.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_never_longer_than_a_request_may_take() {
    let database = Database::create().await;
    let config = Config {
        request_deadline: Duration::from_secs(3),
        ..database.config()
    };
    let app = TestApp::on(database, config).await;
    // A busy machine may not answer at all within the deadline.
    let answered = async |path: &str| {
        let page = async || {
            let page = app.agent().get(path).await;
            if page.status == 200 {
                Ok(page)
            } else {
                Err(page.body)
            }
        };
        eventually(page, DEADLINE).await
    };
    let begin = answered("/events?after=latest").await;
    let cursor = text(&begin["next_cursor"]);
    let path = format!("/events?after={cursor}&wait=60");
    let page = answered(&path).await;
    assert!(page.items().is_empty());
    assert_eq!(page["next_cursor"], cursor);
}

/// Someone who waits at `cursor` and holds a place, the other places being held by the streams; `None` when the places were
/// gone before the wait came.
async fn waiting(person: &Person, cursor: &str) -> Option<(JoinHandle<Answer>, Vec<EventStream>)> {
    let path = format!("/events?after={cursor}&wait=60");
    let wait = person.get(&path).without_token();
    let wait = tokio::spawn(async move { wait.await });
    let mut streams = Vec::new();
    while let Ok(stream) = EventStream::open(person.get("/events?after=latest")).await {
        streams.push(stream);
    }
    (streams.len() == PLACES - 1).then_some((wait, streams))
}

/// Someone who waits at `cursor`, and the streams at the end that hold their other places.
pub(super) async fn someone_waiting(
    app: &TestApp,
    cursor: &str,
) -> (JoinHandle<Answer>, Vec<EventStream>) {
    // Places that are left are not free at once: each try is that of another person.
    for person in [app.agent(), app.colleague(), app.lead(), app.admin()] {
        if let Some(found) = waiting(person, cursor).await {
            return found;
        }
    }
    panic!("no wait came before seven streams");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ends_answers_who_waits_and_says_goodbye_to_who_follows() {
    let app = TestApp::start().await;
    let begin = app.agent().get("/events?after=latest").await.expect(200);
    let cursor = text(&begin["next_cursor"]).to_owned();
    let (waiting, mut streams) = someone_waiting(&app, &cursor).await;
    app.server.shutdown().await.unwrap();
    let page = waiting.await.unwrap().expect(200);
    assert_eq!(
        (page.items().len(), &page["next_cursor"]),
        (0, &json!(cursor))
    );
    for stream in &mut streams {
        let last = stream.next_event().await.unwrap();
        assert_eq!(last.event.as_deref(), Some("end"));
        assert_eq!(last.json(), json!({"reason": "shutdown", "cursor": cursor}));
        assert!(stream.next_event().await.is_none());
    }
}
