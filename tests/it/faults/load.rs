//! Commands in parallel, each with a key of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use event_store::RecordedEvent;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::sleep;
use uuid::Uuid;

use crate::harness::{Answer, DEADLINE, Organization, Person, Request, eventually};

/// After a command that is not acknowledged.
const PAUSE: Duration = Duration::from_millis(100);

/// What a command does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Open,
    Reply,
}

/// A command that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    kind: Kind,
    key: String,
    request: Request,
    /// The acknowledgement, if one came.
    pub answer: Option<Answer>,
}

impl Sent {
    /// The command once more, with the same key.
    pub fn again(&self) -> Request {
        self.request.clone()
    }

    /// Whether it opens a ticket.
    pub fn opens(&self) -> bool {
        self.kind == Kind::Open
    }

    /// Whether the log holds what the command does, whole; it must hold nothing else of it.
    pub fn is_in(&self, log: &ByKey) -> bool {
        let Some(found) = log.0.get(&self.key) else {
            return false;
        };
        let mut types: Vec<_> = found
            .iter()
            .map(|event| event.event_type.as_str())
            .collect();
        types.sort_unstable();
        let expected = match self.kind {
            Kind::Open => ["message.posted", "ticket.opened"],
            Kind::Reply => ["message.posted", "ticket.customer_replied"],
        };
        assert_eq!(types, expected, "{self:?}");
        true
    }

    /// When the log took it.
    pub fn recorded_at(&self, log: &ByKey) -> DateTime<Utc> {
        log.0[&self.key][0].recorded_at
    }

    /// An acknowledgement must name what is in the log.
    pub fn is_told_rightly(&self, answer: &Answer, log: &ByKey) {
        assert!(
            self.is_in(log),
            "acknowledged, but not in the log: {self:?}"
        );
        let found = &log.0[&self.key];
        let last = found.iter().map(|event| event.position).max();
        assert_eq!(
            answer.token().map(|token| token.position),
            last,
            "{answer:?}"
        );
        assert!(
            found.iter().any(|event| event.stream_id == answer.id()),
            "{answer:?}"
        );
    }
}

/// The events of each idempotency key.
pub struct ByKey(HashMap<String, Vec<RecordedEvent>>);

impl ByKey {
    pub fn of(log: Vec<RecordedEvent>) -> Self {
        let mut keys: HashMap<String, Vec<RecordedEvent>> = HashMap::new();
        for event in log {
            let metadata: Value = serde_json::from_str(&event.metadata).unwrap();
            if let Some(key) = metadata["idempotency_key"].as_str() {
                keys.entry(key.to_owned()).or_default().push(event);
            }
        }
        Self(keys)
    }
}

/// Workers that send one command after another.
pub struct Load {
    workers: JoinSet<Vec<Sent>>,
    acknowledged: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
}

impl Load {
    /// Starts them, each as a customer who opens tickets and replies on them.
    pub fn start(organization: &Organization, workers: usize) -> Self {
        let mut load = Self {
            workers: JoinSet::new(),
            acknowledged: Arc::default(),
            stopped: Arc::default(),
        };
        for _ in 0..workers {
            let work = work(
                organization.customer.clone(),
                load.acknowledged.clone(),
                load.stopped.clone(),
            );
            load.workers.spawn(work);
        }
        load
    }

    /// Waits until so many commands were acknowledged.
    pub async fn reaches(&self, count: usize) {
        let look = async || match self.acknowledged.load(Ordering::Relaxed) {
            acknowledged if acknowledged >= count => Ok(()),
            acknowledged => Err(format!("{acknowledged} of {count}")),
        };
        eventually(look, DEADLINE).await;
    }

    /// Ends the workers that still work; all that was sent.
    pub async fn stop(self) -> Vec<Sent> {
        self.stopped.store(true, Ordering::Relaxed);
        self.workers
            .join_all()
            .await
            .into_iter()
            .flatten()
            .collect()
    }
}

/// Until told to stop. A command that is not acknowledged is followed by others: a machine that stands still for a moment
/// must not end the load.
async fn work(
    customer: Person,
    acknowledged: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
) -> Vec<Sent> {
    let mut all: Vec<Sent> = Vec::new();
    let mut ticket: Option<Uuid> = None;
    while !stopped.load(Ordering::Relaxed) {
        let mut sent = command(&customer, ticket.take());
        let answer = sent.request.clone().send().await.ok();
        sent.answer = answer.filter(|answer| answer.status == 201);
        let Some(answer) = &sent.answer else {
            all.push(sent);
            sleep(PAUSE).await;
            continue;
        };
        acknowledged.fetch_add(1, Ordering::Relaxed);
        if sent.kind == Kind::Open {
            ticket = Some(answer.id());
        }
        all.push(sent);
    }
    all
}

/// A reply on the ticket; a new ticket without one.
fn command(customer: &Person, ticket: Option<Uuid>) -> Sent {
    let key = Uuid::new_v4().to_string();
    let (kind, request) = match ticket {
        Some(ticket) => (Kind::Reply, customer.replies(ticket, "Hello?")),
        None => {
            let body = json!({"subject": "Printer on fire", "body": "It burns."});
            (Kind::Open, customer.post("/tickets", body))
        }
    };
    Sent {
        kind,
        request: request.idempotency_key(&key),
        key,
        answer: None,
    }
}
