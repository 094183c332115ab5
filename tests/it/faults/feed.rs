//! Three consumers follow the feed, each in its own way, while servers are killed under writes: each is told every event
//! once and in order, as the log has it.

use std::time::Duration;

use event_store::RecordedEvent;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use uuid::Uuid;

use super::Desk;
use super::load::Load;
use crate::harness::{Client, DEADLINE, EventStream, Organization, Person, eventually, uuid_of};

const WORKERS: usize = 4;
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(30);
/// How soon a consumer comes back that found no server.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// How a consumer reads.
#[derive(Debug, Clone, Copy)]
enum Way {
    Pages,
    LongPoll,
    Stream,
}

/// What a consumer was told so far.
type Told = Vec<Uuid>;

/// A consumer in a task of its own. It knows where the server is, its last cursor, and nothing else.
struct Consumer {
    way: Way,
    told: watch::Receiver<Told>,
    /// The reasons that streams gave for their ends.
    ends: watch::Receiver<Vec<String>>,
    task: JoinHandle<()>,
}

impl Consumer {
    fn start(way: Way, server: watch::Receiver<Organization>) -> Self {
        let (sender, told) = watch::channel(Told::new());
        let (ended, ends) = watch::channel(Vec::new());
        let reading = Reading {
            cursor: None,
            told: sender,
            ends: ended,
        };
        let task = tokio::spawn(reading.follow(way, server));
        Self {
            way,
            told,
            ends,
            task,
        }
    }

    async fn reaches(&self, last: Uuid) -> Told {
        let look = async || {
            let told = self.told.borrow();
            match told.contains(&last) {
                true => Ok(told.clone()),
                false => Err(format!("{:?}: {} events", self.way, told.len())),
            }
        };
        eventually(look, DEADLINE).await
    }
}

struct Reading {
    cursor: Option<String>,
    told: watch::Sender<Told>,
    ends: watch::Sender<Vec<String>>,
}

impl Reading {
    async fn follow(mut self, way: Way, server: watch::Receiver<Organization>) {
        loop {
            let admin = server.borrow().admin.clone();
            match way {
                Way::Pages => self.page(&admin, "limit=7").await,
                Way::LongPoll => self.page(&admin, "limit=50&wait=5").await,
                Way::Stream => self.stream(&admin).await,
            }
        }
    }

    async fn page(&mut self, admin: &Person, query: &str) {
        let after = self.cursor.iter().map(|cursor| format!("&after={cursor}"));
        let path = format!("/events?{query}{}", after.collect::<String>());
        let answer = admin.get(&path).without_token().send().await;
        let Ok(page) = answer.map(|answer| answer.body) else {
            return sleep(RETRY_INTERVAL).await;
        };
        // A server that has just started, or is about to end, may say 503.
        let Some(items) = page["items"].as_array() else {
            return sleep(RETRY_INTERVAL).await;
        };
        for event in items {
            self.note(event);
        }
        self.cursor = page["next_cursor"].as_str().map(str::to_owned);
        if items.is_empty() {
            sleep(RETRY_INTERVAL).await;
        }
    }

    async fn stream(&mut self, admin: &Person) {
        let mut request = admin.get("/events").without_token();
        if let Some(cursor) = &self.cursor {
            request = request.header("last-event-id", cursor);
        }
        let Ok(mut stream) = EventStream::open(request).await else {
            return sleep(RETRY_INTERVAL).await;
        };
        while let Some(block) = stream.next().await {
            if block.event.as_deref() == Some("end") {
                let reason = block.json()["reason"].as_str().unwrap().to_owned();
                self.ends.send_modify(|ends| ends.push(reason));
            } else if block.data.is_some() {
                self.note(&block.json());
            }
            self.cursor = block.id.or(self.cursor.take());
        }
    }

    fn note(&self, event: &Value) {
        let id = uuid_of(&event["id"]);
        self.told.send_modify(|told| told.push(id));
    }
}

/// What an admin is to be told of the log.
fn expected(desk: &Desk, log: &[RecordedEvent]) -> Told {
    let own = log.iter().filter(|event| event.org_id.0 == desk.acme.id.0);
    let told = own.filter(|event| !["email_claim", "mail_domain"].contains(&&*event.stream_type));
    told.map(|event| event.event_id).collect()
}

/// The first difference between what a consumer was told and the log.
fn difference(told: &[Uuid], log: &[Uuid]) -> Option<String> {
    let place = told
        .iter()
        .zip(log)
        .position(|(told, logged)| told != logged);
    match place {
        Some(place) if told[..place].contains(&told[place]) => Some(format!("told twice: {place}")),
        Some(place) if !log.contains(&told[place]) => Some(format!("never logged: {place}")),
        Some(place) if !told.contains(&log[place]) => Some(format!("lost: {place}")),
        Some(place) => Some(format!("out of order: {place}")),
        None if told.len() < log.len() => Some(format!("lost: {}", told.len())),
        None if told.len() > log.len() => Some(format!("told twice: {}", log.len())),
        None => None,
    }
}

#[test]
fn a_lost_doubled_or_misplaced_event_is_found() {
    let log: Vec<Uuid> = (0..5).map(Uuid::from_u128).collect();
    assert_eq!(difference(&log, &log), None);
    let changed = |change: fn(&mut Told)| {
        let mut told = log.clone();
        change(&mut told);
        difference(&told, &log).unwrap()
    };
    assert_eq!(
        changed(|told| told.retain(|id| *id != Uuid::from_u128(2))),
        "lost: 2"
    );
    assert_eq!(changed(|told| told.truncate(4)), "lost: 4");
    assert_eq!(changed(|told| told.insert(3, told[2])), "told twice: 3");
    assert_eq!(changed(|told| told.push(told[4])), "told twice: 5");
    assert_eq!(changed(|told| told.swap(1, 2)), "out of order: 1");
    assert_eq!(
        changed(|told| told.insert(1, Uuid::max())),
        "never logged: 1"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn three_consumers_are_told_each_event_once_over_kill_9_under_writes() {
    let desk = Desk::open().await;
    let nowhere = desk.acme.clone();
    let (moved, server_of_now) = watch::channel(nowhere);
    let ways = [Way::Pages, Way::LongPoll, Way::Stream];
    let consumers = ways.map(|way| Consumer::start(way, server_of_now.clone()));
    for round in 1..=3 {
        let mut server = desk.binary.serve().await;
        let acme = desk.acme.at(&Client::new(server.address));
        moved.send_replace(acme.clone());
        let load = Load::start(&acme, WORKERS);
        load.reaches(40 * round).await;
        server.kill();
        load.stop().await;
    }
    let mut server = desk.binary.serve().await;
    let acme = desk.acme.at(&Client::new(server.address));
    moved.send_replace(acme.clone());
    acme.customer.opens("The last one").await;
    let log = expected(&desk, &desk.log().await);
    let last = *log.last().unwrap();
    for consumer in &consumers {
        let told = consumer.reaches(last).await;
        assert_eq!(difference(&told, &log), None, "{:?}", consumer.way);
    }
    assert!(log.len() > 300, "{} events", log.len());

    // The polite end: the stream is told, and holds nobody up.
    server.terminate();
    assert!(server.ended(SHUTDOWN_LIMIT).await.success());
    let [_, _, stream] = &consumers;
    let ends = async || match stream.ends.borrow().last() {
        Some(reason) if reason == "shutdown" => Ok(()),
        other => Err(format!("{other:?}")),
    };
    eventually(ends, DEADLINE).await;
    for consumer in consumers {
        consumer.task.abort();
    }
    desk.is_sound().await;
}
