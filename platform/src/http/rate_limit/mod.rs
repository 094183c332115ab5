//! How often who may ask.
//!
//! Every subject of a request (the address, the person, the organization) has a token bucket for each class of routes.
//! It is kept as the time at which it would be full again (GCRA), in this process and in Valkey:
//!
//! - Reads and commands are judged by this process alone, without a round trip. What was spent is settled with Valkey
//!   afterwards, many buckets at once; the answer tells what other processes spent. Whoever spends more than a
//!   [`Budget::lease`] between two settlements waits for one, so that all processes together exceed a budget by at most
//!   one lease each.
//! - Credentials (signing up and in) are judged by Valkey before the answer, exactly.
//! - Without Valkey, or when it is slower than [`SHARED_TIMEOUT`], the buckets of this process decide: the limits are
//!   never open.
//!
//! Never in here: whether an account exists. An account is limited by a hash, whether there is one or not.

mod budget;
mod ledger;
mod meter;
mod shared;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::ids::{OrganizationId, UserId};
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::client_address::ClientAddress;
use super::problem::Problem;
use crate::shutdown::Shutdown;
use crate::valkey::Valkey;

pub use budget::{Budget, BudgetName, Budgets};
use ledger::{Charge, Ledger, NotTaken, Spending};
pub use meter::check_account;
pub(super) use meter::{Meter, check_principal};
use shared::{SharedBuckets, SharedVerdict};

/// The longest wait for Valkey; then this process decides.
pub const SHARED_TIMEOUT: Duration = Duration::from_millis(30);
/// How often what was spent is settled, when nobody waits for it.
const SETTLE_INTERVAL: Duration = Duration::from_millis(50);
/// How often buckets that are full again are forgotten.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// Buckets settled by one call.
const SETTLE_BATCH_MAX: usize = 200;

/// Routes with budgets of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Health and metrics: apart from all else, so that no load keeps a balancer from asking.
    Probes,
    /// Queries, and everything else that changes nothing.
    Default,
    /// Whatever may change something.
    Commands,
    /// Signing up and in, codes, resets, new tokens.
    Credentials,
}

impl Class {
    /// As metrics and keys spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Probes => "probes",
            Self::Default => "default",
            Self::Commands => "commands",
            Self::Credentials => "credentials",
        }
    }
}

/// A hash of what names an account, such as its e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AccountHash(pub [u8; 32]);

/// Who is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A client's network: an address of version 4, or a /64.
    Address(IpAddr),
    /// Somebody with a valid token.
    Person(UserId),
    /// All people and keys of an organization together.
    Organization(OrganizationId),
    /// A machine with a key.
    ApiKey(Uuid),
    /// Whom somebody tries to sign in as.
    Account(AccountHash),
}

/// The kind of a [`Subject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubjectKind {
    /// [`Subject::Address`].
    Address,
    /// [`Subject::Person`].
    Person,
    /// [`Subject::Organization`].
    Organization,
    /// [`Subject::ApiKey`].
    ApiKey,
    /// [`Subject::Account`].
    Account,
}

impl Subject {
    /// A client's address.
    #[must_use]
    pub fn address(client: ClientAddress) -> Self {
        Self::Address(client.network())
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> SubjectKind {
        match self {
            Self::Address(_) => SubjectKind::Address,
            Self::Person(_) => SubjectKind::Person,
            Self::Organization(_) => SubjectKind::Organization,
            Self::ApiKey(_) => SubjectKind::ApiKey,
            Self::Account(_) => SubjectKind::Account,
        }
    }
}

impl SubjectKind {
    /// As headers, metrics and keys spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Person => "person",
            Self::Organization => "organization",
            Self::ApiKey => "api_key",
            Self::Account => "account",
        }
    }

    /// The kind of problem that a client is told.
    fn problem(self) -> (&'static str, &'static str) {
        match self {
            Self::Address => (
                "rate_limited_address",
                "too many requests from this address",
            ),
            Self::Person => ("rate_limited_person", "too many requests by this person"),
            Self::Organization => (
                "rate_limited_organization",
                "too many requests by this organization",
            ),
            Self::ApiKey => ("rate_limited_api_key", "too many requests with this key"),
            Self::Account => (
                "rate_limited_account",
                "too many attempts with this account",
            ),
        }
    }
}

/// How a bucket is after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Whose it is.
    pub kind: SubjectKind,
    /// What it may hold.
    pub budget: Budget,
    /// Requests that are left at once.
    pub remaining: u64,
    /// Until it is full again.
    pub full_in: Duration,
}

/// A bucket that was empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Whose it is.
    pub kind: SubjectKind,
    /// What it may hold.
    pub budget: Budget,
    /// Until there is something in it.
    pub retry_in: Duration,
}

impl Refusal {
    /// The seconds to wait: whole ones, at least one.
    #[must_use]
    pub fn retry_after_s(&self) -> u64 {
        seconds_rounded_up(self.retry_in).max(1)
    }

    /// The answer. It is the same whether an account exists or not.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (kind, what) = self.kind.problem();
        let retry_after_s = self.retry_after_s();
        let detail = format!("{what}: try again in {retry_after_s} s");
        Problem::too_many_requests(kind, detail, retry_after_s)
    }
}

fn seconds_rounded_up(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// The limits of a process.
#[derive(Debug)]
pub struct RateLimiter {
    budgets: Budgets,
    started_at: Instant,
    ledger: Mutex<Ledger>,
    shared: SharedBuckets,
    /// Whether the last settlement worked: while it did not, nobody waits for one.
    is_shared: AtomicBool,
    wake: Notify,
    rounds: watch::Sender<u64>,
}

impl RateLimiter {
    /// Starts settling with Valkey until shutdown.
    #[must_use]
    pub fn start(budgets: Budgets, valkey: Valkey, shutdown: Shutdown) -> Arc<Self> {
        let limiter = Arc::new(Self {
            budgets,
            started_at: Instant::now(),
            ledger: Mutex::default(),
            is_shared: AtomicBool::new(valkey.is_enabled()),
            shared: SharedBuckets::new(valkey),
            wake: Notify::new(),
            rounds: watch::Sender::new(0),
        });
        tokio::spawn(limiter.clone().keep_settled(shutdown));
        limiter
    }

    /// Takes a request from the budget of each subject, or from none of them.
    ///
    /// # Errors
    /// [`Refusal`] by the first subject whose budget is spent.
    pub async fn charge(&self, class: Class, subjects: &[Subject]) -> Result<(), Refusal> {
        let charges = subjects
            .iter()
            .map(|subject| self.charge_of(class, subject));
        let charges: Vec<Charge> = charges.collect();
        let outcome = if class == Class::Credentials {
            self.charge_exactly(&charges).await
        } else {
            self.charge_and_settle_later(&charges).await
        };
        if let Err(refusal) = &outcome {
            let labels = [
                ("class", class.as_str()),
                ("subject", refusal.kind.as_str()),
            ];
            metrics::counter!("http_rate_limited_total", &labels).increment(1);
        }
        outcome
    }

    /// For handlers that know whom somebody tries to sign in as, before they look whether there is such an account.
    /// Once that is refused, give the hash of account and device when the device is known to be the account's: strangers
    /// who spend the account's budget do not lock its owner out.
    ///
    /// # Errors
    /// 429, which says nothing about the account.
    pub async fn check_account(&self, class: Class, account: AccountHash) -> Result<(), Problem> {
        let charged = self.charge(class, &[Subject::Account(account)]).await;
        charged.map_err(|refusal| refusal.problem())
    }

    /// How the budget of a subject is, as far as this process knows.
    #[must_use]
    pub fn standing(&self, class: Class, subject: &Subject) -> Standing {
        let charge = self.charge_of(class, subject);
        self.ledger().standing(&charge, self.now())
    }

    fn charge_of(&self, class: Class, subject: &Subject) -> Charge {
        Charge {
            class,
            subject: *subject,
            budget: self.budgets.of(class, subject.kind()),
        }
    }

    async fn charge_and_settle_later(&self, charges: &[Charge]) -> Result<(), Refusal> {
        let deadline = tokio::time::Instant::now() + SHARED_TIMEOUT;
        loop {
            let spending = if self.is_shared.load(Ordering::Relaxed) {
                Spending::UpToTheLease
            } else {
                Spending::Alone
            };
            let taken = self.ledger().take(charges, self.now(), spending);
            match taken {
                Ok(taken) => {
                    if taken.settle_soon {
                        self.wake.notify_one();
                    }
                    return Ok(());
                }
                Err(NotTaken::Refused(refusal)) => return Err(refusal),
                Err(NotTaken::Owes) => self.settled_by(deadline).await,
            }
        }
    }

    /// Waits for the next settlement. When there is none in time nobody waits any more until there is one.
    async fn settled_by(&self, deadline: tokio::time::Instant) {
        let mut rounds = self.rounds.subscribe();
        self.wake.notify_one();
        let settled = tokio::time::timeout_at(deadline, rounds.changed()).await;
        if settled.is_err() {
            self.is_shared.store(false, Ordering::Relaxed);
        }
    }

    /// By this process first: it never knows of less than what it spent itself.
    async fn charge_exactly(&self, charges: &[Charge]) -> Result<(), Refusal> {
        self.ledger().take_settled(charges, self.now())?;
        match self.shared.take(charges).await {
            Some(SharedVerdict::Allowed(backlogs)) => {
                self.ledger().learn(charges, &backlogs, self.now());
                Ok(())
            }
            Some(SharedVerdict::Refused { by, backlogs }) => {
                let mut ledger = self.ledger();
                ledger.give_back(charges);
                ledger.learn(charges, &backlogs, self.now());
                Err(ledger.refusal(&charges[by], self.now()))
            }
            None => Ok(()),
        }
    }

    async fn keep_settled(self: Arc<Self>, shutdown: Shutdown) {
        let mut swept_at = Instant::now();
        loop {
            tokio::select! {
                () = shutdown.requested() => return,
                () = self.wake.notified() => {}
                () = tokio::time::sleep(SETTLE_INTERVAL) => {}
            }
            self.settle().await;
            if swept_at.elapsed() >= SWEEP_INTERVAL {
                swept_at = Instant::now();
                self.ledger().sweep(self.now());
            }
        }
    }

    /// Tells Valkey what was spent here, and learns what was spent elsewhere. What cannot be told is forgotten: it was
    /// taken from the buckets of this process already.
    async fn settle(&self) {
        let debts = self.ledger().begin_settlement(SETTLE_BATCH_MAX);
        let is_shared = if debts.is_empty() {
            self.shared.is_connected()
        } else {
            let backlogs = self.shared.settle(&debts).await;
            self.ledger()
                .end_settlement(&debts, backlogs.as_deref(), self.now());
            backlogs.is_some()
        };
        if self.is_shared.swap(is_shared, Ordering::Relaxed) != is_shared {
            tracing::debug!(is_shared, "rate limits are shared with other processes");
        }
        metrics::gauge!("insightdesk_rate_limits_shared").set(f64::from(u8::from(is_shared)));
        metrics::gauge!("insightdesk_cache_entries", "cache" => "rate_limits")
            .set(self.ledger().len() as f64);
        self.rounds.send_modify(|rounds| *rounds += 1);
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // A panic under it leaves at worst a bucket that was not charged.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Micros {
        Micros(u64::try_from(self.started_at.elapsed().as_micros()).unwrap_or(u64::MAX))
    }
}

/// A time or a span in microseconds: on the clock of this process, or relative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Micros(u64);

impl Micros {
    fn plus(self, span: Self) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    fn minus(self, span: Self) -> Self {
        Self(self.0.saturating_sub(span.0))
    }

    fn times(self, count: u64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

impl From<Micros> for Duration {
    fn from(span: Micros) -> Self {
        Self::from_micros(span.0)
    }
}

#[cfg(test)]
mod tests;
