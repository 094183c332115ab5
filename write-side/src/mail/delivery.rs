//! Sends the letters that are due.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use const_format::formatcp;
use deadpool_postgres::{Pool, PoolError};
use futures::future::join_all;
use metrics::counter;
use platform::clock::Clock;
use platform::mail::{Mailer, Templates};
use platform::shutdown::Shutdown;
use schema::table::MAIL_OUTBOX;
use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Row;
use uuid::Uuid;

use super::outbox::Outbox;

/// Takes letters for a while: until `$2` no other server does, and one that dies with them leaves them to the others after
/// that. SKIP LOCKED is fine here, unlike in the log: the outbox is one queue for all partitions, in no order.
const CLAIM: &str = formatcp!(
    "WITH due AS ( \
        SELECT o.id FROM {MAIL_OUTBOX} o \
         WHERE o.sent_at IS NULL AND o.failed_at IS NULL AND o.next_attempt_at <= $1 \
         ORDER BY o.next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED) \
     UPDATE {MAIL_OUTBOX} o SET attempts = o.attempts + 1, next_attempt_at = $2 \
       FROM due WHERE o.id = due.id RETURNING o.id, o.sealed, o.created_at, o.attempts"
);
/// Whoever sent it: it is sent, also when another server has taken it meanwhile.
const MARK_SENT: &str = formatcp!(
    "UPDATE {MAIL_OUTBOX} o SET sent_at = $2, sealed = '' \
      WHERE o.id = $1 AND o.sent_at IS NULL AND o.failed_at IS NULL"
);
/// Only of the present try: one that comes late says nothing about the next.
const MARK_TRIED: &str = formatcp!(
    "UPDATE {MAIL_OUTBOX} o SET next_attempt_at = $3, failure = $4 \
      WHERE o.id = $1 AND o.attempts = $2 AND o.sent_at IS NULL AND o.failed_at IS NULL"
);
const MARK_FAILED: &str = formatcp!(
    "UPDATE {MAIL_OUTBOX} o SET failed_at = $3, failure = $4, sealed = '' \
      WHERE o.id = $1 AND o.attempts = $2 AND o.sent_at IS NULL AND o.failed_at IS NULL"
);
const REMOVE_DONE: &str = formatcp!(
    "DELETE FROM {MAIL_OUTBOX} o WHERE o.id IN ( \
        SELECT d.id FROM {MAIL_OUTBOX} d \
         WHERE (d.sent_at IS NOT NULL OR d.failed_at IS NOT NULL) \
           AND coalesce(d.sent_at, d.failed_at) < $1 LIMIT $2)"
);

/// Everything that bounds the delivery.
#[derive(Debug, Clone)]
pub struct Options {
    /// Letters taken at once, all sent at the same time.
    pub batch_limit: u32,
    /// How often the outbox is looked through when nobody wakes it.
    pub every: Duration,
    /// How long one letter may take to be sent.
    pub send_timeout: Duration,
    /// For how long a letter is taken. Longer than `send_timeout`, or two servers send the same one.
    pub claim: Duration,
    /// The wait after the first failure; each further one doubles it.
    pub retry_first: Duration,
    /// The longest wait between two tries.
    pub retry_max: Duration,
    /// How old a letter may be for another try.
    pub give_up_after: Duration,
    /// How long the row of a letter that is done stays, blanked.
    pub keep: Duration,
    /// How often such rows are looked for.
    pub remove_every: Duration,
    /// Most rows that one statement removes.
    pub remove_limit: u32,
}

impl Default for Options {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        const DAY: u64 = 24 * 60 * MINUTE;
        Self {
            batch_limit: 16,
            every: Duration::from_secs(1),
            send_timeout: Duration::from_secs(40),
            claim: Duration::from_secs(2 * MINUTE),
            retry_first: Duration::from_secs(30),
            retry_max: Duration::from_secs(60 * MINUTE),
            give_up_after: Duration::from_secs(2 * DAY),
            keep: Duration::from_secs(30 * DAY),
            remove_every: Duration::from_secs(10 * MINUTE),
            remove_limit: 1_000,
        }
    }
}

/// Why the outbox could not be worked through. What was sent before stays sent.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// No connection.
    #[error("the mail outbox has no connection to the database")]
    Pool(#[from] PoolError),
    /// A statement failed.
    #[error("the mail outbox cannot be read or written")]
    Database(#[from] tokio_postgres::Error),
}

/// A letter that this server has taken.
struct Claimed {
    id: Uuid,
    sealed: Vec<u8>,
    created_at: DateTime<Utc>,
    attempts: i32,
}

/// What one try gave. Reasons are a few words without personal data.
enum Tried {
    Sent,
    Later(String),
    Never(String),
}

/// What follows from it.
enum Outcome {
    Sent,
    Retry { at: DateTime<Utc>, reason: String },
    GivenUp { reason: String },
}

impl Outcome {
    fn label(&self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Retry { .. } => "retried",
            Self::GivenUp { .. } => "failed",
        }
    }

    fn reason(&self) -> Option<&str> {
        match self {
            Self::Sent => None,
            Self::Retry { reason, .. } | Self::GivenUp { reason } => Some(reason),
        }
    }
}

/// Sends letters. Any number of servers may do so at once.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Whose letters.
    pub outbox: Outbox,
    /// Where they wait.
    pub pool: Pool,
    /// How they leave.
    pub mailer: Arc<dyn Mailer>,
    /// What they look like.
    pub templates: Arc<Templates>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The bounds.
    pub options: Options,
}

impl Delivery {
    /// Sends what is due, again and again until shutdown. A failure is told and tried again.
    pub async fn run(self, shutdown: Shutdown) {
        let mut failing = false;
        let mut removed_at: Option<Instant> = None;
        while !shutdown.is_requested() {
            let outcome = self.work(&mut removed_at).await;
            if let Err(error) = &outcome
                && !failing
            {
                tracing::warn!(%error, "mail cannot be sent; trying again");
            }
            failing = outcome.is_err();
            if outcome.is_ok_and(|sent| sent == self.options.batch_limit as usize) {
                continue;
            }
            tokio::select! {
                () = self.outbox.woken() => {}
                () = sleep(self.options.every) => {}
                () = shutdown.requested() => {}
            }
        }
    }

    async fn work(&self, removed_at: &mut Option<Instant>) -> Result<usize, DeliveryError> {
        let tried = self.send_due().await?;
        if removed_at.is_none_or(|at| at.elapsed() >= self.options.remove_every) {
            self.remove_done().await?;
            *removed_at = Some(Instant::now());
        }
        Ok(tried)
    }

    /// Tries one batch of the letters that are due; how many that were.
    ///
    /// # Errors
    /// When the database fails. A letter that was sent and could not be marked is sent again.
    pub async fn send_due(&self) -> Result<usize, DeliveryError> {
        let now = self.clock.now();
        let until = now + self.options.claim;
        let limit = i64::from(self.options.batch_limit);
        let rows = {
            let client = self.pool.get().await?;
            client.query(CLAIM, &[&now, &until, &limit]).await?
        };
        let claimed: Vec<Claimed> = rows.iter().map(claimed).collect::<Result<_, _>>()?;
        let marked = join_all(claimed.iter().map(|letter| self.deliver(letter))).await;
        marked.into_iter().collect::<Result<(), _>>()?;
        Ok(claimed.len())
    }

    /// Removes one batch of rows whose letters were done long ago; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_done(&self) -> Result<u64, DeliveryError> {
        let before = self.clock.now() - self.options.keep;
        let limit = i64::from(self.options.remove_limit);
        let client = self.pool.get().await?;
        Ok(client.execute(REMOVE_DONE, &[&before, &limit]).await?)
    }

    async fn deliver(&self, letter: &Claimed) -> Result<(), DeliveryError> {
        let (kind, tried) = self.try_to_send(letter).await;
        let now = self.clock.now();
        let outcome = match tried {
            Tried::Sent => Outcome::Sent,
            Tried::Later(reason) => match self.next_attempt(letter, now) {
                Some(at) => Outcome::Retry { at, reason },
                None => Outcome::GivenUp { reason },
            },
            Tried::Never(reason) => Outcome::GivenUp { reason },
        };
        let label = outcome.label();
        counter!("insightdesk_mails_total", "kind" => kind, "outcome" => label).increment(1);
        if let Some(reason) = outcome.reason() {
            let (id, attempts) = (letter.id, letter.attempts);
            tracing::warn!(mail = %id, kind, attempts, reason, outcome = label, "a mail was not sent");
        }
        self.mark(letter, now, outcome).await
    }

    /// One try, and the kind of the letter as far as it can be read.
    async fn try_to_send(&self, letter: &Claimed) -> (&'static str, Tried) {
        let addressed = match self.outbox.open(letter.id, &letter.sealed) {
            Ok(addressed) => addressed,
            Err(error) if error.is_permanent() => {
                return ("unreadable", Tried::Never(error.to_string()));
            }
            Err(error) => return ("unreadable", Tried::Later(error.to_string())),
        };
        let kind = addressed.letter.kind();
        let mail = self.templates.mail(
            letter.id,
            letter.created_at,
            &addressed.to,
            &addressed.letter,
        );
        let mail = match mail {
            Ok(mail) => mail,
            Err(error) => return (kind, Tried::Later(error.to_string())),
        };
        let tried = match timeout(self.options.send_timeout, self.mailer.send(&mail)).await {
            Ok(Ok(())) => Tried::Sent,
            Ok(Err(error)) if error.is_permanent() => Tried::Never(error.to_string()),
            Ok(Err(error)) => Tried::Later(error.to_string()),
            Err(_) => Tried::Later("sending it took too long".to_owned()),
        };
        (kind, tried)
    }

    async fn mark(
        &self,
        letter: &Claimed,
        now: DateTime<Utc>,
        outcome: Outcome,
    ) -> Result<(), DeliveryError> {
        let client = self.pool.get().await?;
        let (id, attempts) = (&letter.id, &letter.attempts);
        match outcome {
            Outcome::Sent => client.execute(MARK_SENT, &[id, &now]).await?,
            Outcome::Retry { at, reason } => {
                client
                    .execute(MARK_TRIED, &[id, attempts, &at, &reason])
                    .await?
            }
            Outcome::GivenUp { reason } => {
                client
                    .execute(MARK_FAILED, &[id, attempts, &now, &reason])
                    .await?
            }
        };
        Ok(())
    }

    /// When to try again. None: it is too old by then.
    fn next_attempt(&self, letter: &Claimed, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let failures = u32::try_from(letter.attempts).unwrap_or(1);
        let factor = 2_u32.saturating_pow(failures.saturating_sub(1));
        let wait = self.options.retry_first.saturating_mul(factor);
        let next = now + wait.min(self.options.retry_max);
        (next <= letter.created_at + self.options.give_up_after).then_some(next)
    }
}

fn claimed(row: &Row) -> Result<Claimed, tokio_postgres::Error> {
    Ok(Claimed {
        id: row.try_get(0)?,
        sealed: row.try_get(1)?,
        created_at: row.try_get(2)?,
        attempts: row.try_get(3)?,
    })
}
