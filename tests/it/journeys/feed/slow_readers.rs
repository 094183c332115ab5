//! Readers of streams that do not read: they are left, hold nothing and nobody up, and go on by their cursor.

use std::sync::Mutex;

use hyper::StatusCode;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::{ids, pages};
use crate::harness::{Block, DEADLINE, EventStream, Person, TestApp, eventually, uuid_of};

/// As many streams as a person may follow.
const STREAMS: usize = 8;
/// Together more than the system and the server keep of a stream that is not read.
const TICKETS: usize = 110;
const BODY_BYTES: usize = 60_000;

/// A stream of which nothing is read. In HTTP/1.0, whose bodies are not cut into chunks.
async fn unread_stream(app: &TestApp, person: &Person) -> TcpStream {
    let mut stream = TcpStream::connect(app.client.address).await.unwrap();
    let request = format!(
        "GET /api/v1/events HTTP/1.0\r\nhost: desk\r\naccept: text/event-stream\r\nauthorization: Bearer {}\r\n\r\n",
        person.token()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    // Its place is taken once the answer begins. Nothing of that is read.
    let mut begun = [0; 12];
    loop {
        match stream.peek(&mut begun).await.unwrap() {
            0 => panic!("the stream was closed"),
            12 => break,
            _ => tokio::task::yield_now().await,
        }
    }
    assert!(
        begun.ends_with(b" 200"),
        "{}",
        String::from_utf8_lossy(&begun)
    );
    stream
}

/// The whole blocks that come until the end, however it comes.
async fn read_to_the_end(mut stream: TcpStream) -> Vec<Block> {
    let mut bytes = Vec::new();
    // A reset ends it as well as the server's goodbye does: what came before counts.
    let reading = stream.read_to_end(&mut bytes);
    let _ = tokio::time::timeout(DEADLINE, reading)
        .await
        .expect("it goes on");
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(" 200 "), "{head}");
    let (whole, _) = body.rsplit_once("\n\n").unwrap();
    whole.split("\n\n").map(Block::parse).collect()
}

async fn many_large_events(app: &TestApp) {
    let words = "slow ".repeat(BODY_BYTES / 5);
    for count in 0..TICKETS {
        let body = json!({"subject": format!("Ticket {count}"), "body": words});
        app.customer().post("/tickets", body).await.expect(201);
    }
}

fn ids_of(blocks: &[Block]) -> Vec<Uuid> {
    let told = blocks.iter().filter(|block| block.data.is_some());
    told.map(|block| uuid_of(&block.json()["id"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_is_left_and_goes_on_by_the_last_event_that_came() {
    let app = TestApp::start().await;
    many_large_events(&app).await;
    let (events, _) = pages(app.admin(), "limit=100", None).await;
    let mut unread = Vec::new();
    for _ in 0..STREAMS {
        unread.push(unread_stream(&app, app.admin()).await);
    }
    // Places that are still free are taken until then.
    let opened = Mutex::new(Vec::new());
    let full = async || match EventStream::open(app.admin().get("/events?after=latest")).await {
        Err(Some(StatusCode::TOO_MANY_REQUESTS)) => Ok(()),
        Err(other) => Err(other),
        Ok(stream) => {
            opened.lock().unwrap().push(stream);
            Err(None)
        }
    };
    eventually(full, DEADLINE).await;
    drop(opened);

    // More streams wait to be read than there are connections for queries, and nobody else notices.
    let ticket = app.customer().opens("In between").await;
    app.agent().ticket(ticket).await.expect(200);
    let request = app
        .colleague()
        .get("/events?after=latest&types=ticket.opened");
    let mut follower = EventStream::open(request).await.ok().unwrap();
    let next = app.customer().opens("While others sleep").await;
    let told = follower.next_event().await.unwrap();
    assert_eq!(told.json()["ticket_id"], json!(next));

    // All of them are left, and their places are free.
    let mut taken = Vec::new();
    for _ in 0..STREAMS {
        let free = async || EventStream::open(app.admin().get("/events?after=latest")).await;
        // They are left some seconds after the last of what they take was read from the log, which takes a while.
        taken.push(eventually(free, 4 * DEADLINE).await);
    }
    let told = read_to_the_end(unread.pop().unwrap()).await;
    let last = told
        .iter()
        .rev()
        .find_map(|block| block.id.clone())
        .unwrap();
    let came = ids_of(&told);
    assert!(!came.is_empty() && came.len() < events.len());
    let (rest, _) = pages(app.admin(), "limit=100", Some(&last)).await;
    let mut expected = ids(&events);
    let (later, _) = pages(
        app.admin(),
        "limit=100",
        events.last().unwrap()["cursor"].as_str(),
    )
    .await;
    expected.extend(ids(&later));
    assert_eq!(
        [came, ids(&rest)].concat(),
        expected,
        "each event once, in order"
    );

    // And who never reads again loses the connection.
    let lost = async || {
        let states: Result<Vec<_>, _> = unread.iter().map(TcpStream::take_error).collect();
        let lost = states.unwrap().into_iter().flatten().count();
        if lost > 0 {
            Ok(())
        } else {
            Err("all are held")
        }
    };
    eventually(lost, DEADLINE).await;
}
