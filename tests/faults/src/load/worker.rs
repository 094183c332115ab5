//! One connection of the load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use chrono::Utc;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Plan;
use super::choice::intent;
use super::client::{Answer, Http, NoAnswer};
use super::request::{self, Sender};
use super::tally::Tally;
use crate::ledger::{Answered, Intent, Ledger, Line, Outcome, Seen, Sent};
use crate::scene::desk::{Desk, Organization};

/// Tickets of an organization that the load works on at a time; the older ones are left.
const TICKETS_AT_WORK: usize = 64;
/// Between two attempts of the same command.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// A ticket that the load knows.
#[derive(Debug, Clone, Copy)]
struct Known {
    ticket: Uuid,
    version: i64,
}

/// What the connections have in common.
pub(super) struct Shared {
    desk: Desk,
    ledger: Ledger,
    tally: Arc<Tally>,
    stopped: Arc<AtomicBool>,
    /// For each organization.
    tickets: Vec<Mutex<Vec<Known>>>,
    last: Mutex<Option<(Instant, Instant)>>,
    /// Of the first connection, for the repetitions at the end.
    http: Mutex<Option<Http>>,
}

/// A poisoned lock holds plain values that are right at every moment.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(
        desk: Desk,
        ledger: Ledger,
        tally: Arc<Tally>,
        stopped: Arc<AtomicBool>,
    ) -> Self {
        let tickets = desk
            .organizations
            .iter()
            .map(|_| Mutex::default())
            .collect();
        Self {
            desk,
            ledger,
            tally,
            stopped,
            tickets,
            last: Mutex::default(),
            http: Mutex::default(),
        }
    }

    /// When the command was sent, and answered, that was acknowledged last.
    pub(super) fn last_sent_and_acknowledged(&self) -> Option<(Instant, Instant)> {
        *lock(&self.last)
    }

    /// Repeats a command until it has an answer or the deadline has passed.
    pub(super) async fn resolve(&self, mut sent: Sent, deadline: Instant) -> Result<()> {
        let Some(http) = lock(&self.http).clone() else {
            return Ok(());
        };
        loop {
            sent.attempt += 1;
            sent.at = Utc::now();
            let outcome = self.attempt(&http, &sent).await?;
            if !matches!(outcome, Outcome::Unknown { .. }) || Instant::now() > deadline {
                return Ok(());
            }
            sleep(RETRY_PAUSE).await;
        }
    }

    /// Writes down that it is sent, sends it, and writes down what came.
    async fn attempt(&self, http: &Http, sent: &Sent) -> Result<Outcome> {
        self.ledger.write_through(&Line::Sent(sent.clone())).await?;
        let begun = Instant::now();
        self.tally.change(|counts| counts.in_flight += 1);
        let answer = self.send(http, sent).await;
        self.tally.change(|counts| counts.in_flight -= 1);
        self.count(&answer);
        let outcome = outcome_of(&answer);
        if let Outcome::Acknowledged {
            ticket, version, ..
        } = outcome
        {
            *lock(&self.last) = Some((begun, Instant::now()));
            self.know(sent.organization, Known { ticket, version });
        }
        self.ledger.write(&Line::Answered(Answered {
            key: sent.key.clone(),
            attempt: sent.attempt,
            outcome: outcome.clone(),
            at: Utc::now(),
        }))?;
        Ok(outcome)
    }

    async fn send(&self, http: &Http, sent: &Sent) -> Result<Answer, NoAnswer> {
        let (sender, method, path, body) = request::of(&sent.intent);
        let organization = self.desk.organization(sent.organization);
        let Some(organization) = organization else {
            return Err(NoAnswer::Refused);
        };
        let mut headers = vec![
            ("authorization", bearer(organization, sender)),
            ("idempotency-key", sent.key.clone()),
        ];
        if let Some(version) = sent.if_match {
            headers.push(("if-match", format!("\"{version}\"")));
        }
        http.send(method, &path, &headers, body).await
    }

    fn count(&self, answer: &Result<Answer, NoAnswer>) {
        self.tally.change(|counts| match answer {
            Ok(answer) => {
                *counts.statuses.entry(answer.status).or_default() += 1;
                if answer.status < 300 {
                    counts.acknowledged += 1;
                }
            }
            Err(NoAnswer::Refused) => counts.not_sent += 1,
            Err(NoAnswer::Lost(_)) => counts.unanswered += 1,
        });
    }

    fn know(&self, organization: Uuid, known: Known) {
        let index = self
            .desk
            .organizations
            .iter()
            .position(|o| o.id == organization);
        let Some(tickets) = index.and_then(|index| self.tickets.get(index)) else {
            return;
        };
        let mut tickets = lock(tickets);
        match tickets.iter_mut().find(|old| old.ticket == known.ticket) {
            Some(old) => old.version = old.version.max(known.version),
            None => tickets.push(known),
        }
        if tickets.len() > TICKETS_AT_WORK {
            tickets.remove(0);
        }
    }
}

/// A connection.
pub(super) struct Worker {
    random: StdRng,
    http: Http,
    pause_max: Duration,
    shared: Arc<Shared>,
}

impl Worker {
    pub(super) fn new(number: usize, plan: &Plan, http: Http, shared: Arc<Shared>) -> Self {
        lock(&shared.http).get_or_insert_with(|| http.clone());
        Self {
            random: StdRng::seed_from_u64(plan.seed ^ ((number as u64 + 1) << 32)),
            http,
            pause_max: plan.pause_max,
            shared,
        }
    }

    /// Sends commands until it is stopped; gives those without an answer.
    pub(super) async fn run(mut self) -> Result<Vec<Sent>> {
        let mut open = Vec::new();
        while !self.shared.stopped.load(Ordering::Relaxed) {
            let sent = self.choose();
            let outcome = self.shared.attempt(&self.http, &sent).await?;
            match outcome {
                Outcome::Acknowledged {
                    ticket,
                    version,
                    position,
                    ..
                } => {
                    if self.random.random_bool(0.1) {
                        self.look(&sent, Known { ticket, version }, position)
                            .await?;
                    }
                }
                Outcome::Refused { .. } => {}
                Outcome::Unknown { .. } => open.extend(self.persist(sent).await?),
            }
            sleep(self.pause_max.mul_f64(self.random.random())).await;
        }
        Ok(open)
    }

    /// Half of the clients repeat at once until there is an answer; the others leave it and go on.
    async fn persist(&mut self, mut sent: Sent) -> Result<Option<Sent>> {
        let is_persistent = self.random.random_bool(0.5);
        while !self.shared.stopped.load(Ordering::Relaxed) {
            sleep(RETRY_PAUSE).await;
            if !is_persistent {
                break;
            }
            sent.attempt += 1;
            sent.at = Utc::now();
            let outcome = self.shared.attempt(&self.http, &sent).await?;
            if !matches!(outcome, Outcome::Unknown { .. }) {
                return Ok(None);
            }
        }
        Ok(Some(sent))
    }

    fn choose(&mut self) -> Sent {
        let organizations = &self.shared.desk.organizations;
        let index = self.random.random_range(0..organizations.len());
        let organization = &organizations[index];
        let known = lock(&self.shared.tickets[index])
            .choose(&mut self.random)
            .copied();
        let intent = match known {
            Some(known) => intent(&mut self.random, known.ticket, organization),
            None => Intent::Open,
        };
        // Some demand the version they saw last, which others may have left behind, and some one that is wrong for sure.
        let if_match = known.filter(|_| intent != Intent::Open).and_then(|known| {
            match self.random.random_range(0..20) {
                0 => Some(known.version),
                1 => Some(known.version + 1_000_000),
                _ => None,
            }
        });
        Sent {
            key: Uuid::from_u128(self.random.random()).to_string(),
            attempt: 1,
            organization: organization.id,
            intent,
            if_match,
            at: Utc::now(),
        }
    }

    /// Asks for the ticket as it must be now at least, and writes down what is shown.
    async fn look(&mut self, sent: &Sent, known: Known, position: i64) -> Result<()> {
        let Some(organization) = self.shared.desk.organization(sent.organization) else {
            return Ok(());
        };
        let headers = [
            ("authorization", bearer(organization, Sender::Agent)),
            (
                "consistency-token",
                format!("{}-{position}", organization.partition),
            ),
        ];
        let path = format!("/api/v1/tickets/{}", known.ticket);
        let answer = self
            .http
            .send(hyper::Method::GET, &path, &headers, None)
            .await;
        self.shared.count_query(&answer);
        let Ok(Answer {
            status: 200, body, ..
        }) = answer
        else {
            return Ok(());
        };
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let tags = body["tags"].as_array().cloned().unwrap_or_default();
        let tags = tags.iter().filter_map(Value::as_str).map(str::to_owned);
        self.shared.ledger.write(&Line::Seen(Seen {
            ticket: known.ticket,
            version: body["version"].as_i64().unwrap_or_default(),
            at_least: known.version,
            status: text("status"),
            priority: text("priority"),
            tags: tags.collect(),
            at: Utc::now(),
        }))
    }
}

impl Shared {
    fn count_query(&self, answer: &Result<Answer, NoAnswer>) {
        self.tally.change(|counts| {
            if let Ok(answer) = answer {
                *counts.statuses.entry(answer.status).or_default() += 1;
            }
        });
    }
}

fn bearer(organization: &Organization, sender: Sender) -> String {
    let token = match sender {
        Sender::Customer => &organization.customer_token,
        Sender::Agent => &organization.agent_token,
    };
    format!("Bearer {token}")
}

fn outcome_of(answer: &Result<Answer, NoAnswer>) -> Outcome {
    let unknown = |status: Option<u16>, retry_after: bool, why: String| Outcome::Unknown {
        status,
        retry_after,
        why,
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(NoAnswer::Refused) => return unknown(None, false, "connection refused".to_owned()),
        Err(NoAnswer::Lost(why)) => return unknown(None, false, why.clone()),
    };
    match answer.status {
        200..300 => acknowledged(answer).unwrap_or_else(|| {
            let why = format!("an answer of another form: {}", answer.body);
            unknown(Some(answer.status), false, why)
        }),
        400..500 => Outcome::Refused {
            status: answer.status,
        },
        status => {
            let has_retry_after = answer.header("retry-after").is_some();
            let why = answer.body["detail"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            unknown(Some(status), has_retry_after, why)
        }
    }
}

/// A message's answer names its ticket apart; all others are about the ticket itself.
fn acknowledged(answer: &Answer) -> Option<Outcome> {
    let body = &answer.body;
    let is_message = body["ticket_id"].is_string();
    let (id, version) = if is_message {
        (&body["ticket_id"], &body["ticket_version"])
    } else {
        (&body["id"], &body["version"])
    };
    let (_, position) = answer.header("consistency-token")?.split_once('-')?;
    Some(Outcome::Acknowledged {
        ticket: id.as_str()?.parse().ok()?,
        version: version.as_i64()?,
        position: position.parse().ok()?,
        replayed: answer.header("idempotency-replayed") == Some("true"),
    })
}
