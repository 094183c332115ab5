//! A writer's own connection, and what a failure on it means for the requests.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use const_format::formatcp;
use schema::function::APPEND_EVENTS;
use schema::table::{COMMAND_RESULTS, EVENTS, LOG_HEADS};
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Statement};

use super::connector::Connector;
use crate::append::Cause;
use crate::error::NoAnswer;
use crate::options::Options;

const APPEND: &str = formatcp!(
    "SELECT {APPEND_EVENTS}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
     $21, $22, $23, $24, $25, $26)"
);

const LOCK_HEAD: &str =
    formatcp!("SELECT h.position, h.chain FROM {LOG_HEADS} h WHERE h.partition = $1 FOR UPDATE");

/// The last event of each asked stream, whoever owns it: the caller compares the owner.
const LAST_OF_STREAMS: &str = formatcp!(
    "SELECT s.id, last.version, last.org_id, last.stream_type \
       FROM unnest($2::uuid[]) AS s(id) \
      CROSS JOIN LATERAL (SELECT e.version, e.org_id, e.stream_type FROM {EVENTS} e \
                           WHERE e.partition = $1 AND e.stream_id = s.id ORDER BY e.version DESC LIMIT 1) last"
);

/// The LIMIT keeps it one index probe per key, whatever the statistics say.
const KNOWN_RESULTS: &str = formatcp!(
    "SELECT known.org_id, known.idempotency_key, known.request_hash, known.answer, known.position \
       FROM unnest($2::uuid[], $3::text[]) AS r(org_id, idempotency_key) \
      CROSS JOIN LATERAL (SELECT c.org_id, c.idempotency_key, c.request_hash, c.answer::text, c.position \
                            FROM {COMMAND_RESULTS} c \
                           WHERE c.partition = $1 AND c.org_id = r.org_id \
                             AND c.idempotency_key = r.idempotency_key LIMIT 1) known"
);

/// Bounded below by the position known before the lost statement, so it reads only what came after.
const LANDED_EVENTS: &str = formatcp!(
    "SELECT e.event_id, e.position, e.recorded_at FROM {EVENTS} e \
      WHERE e.partition = $1 AND e.position > $2 AND e.event_id = ANY($3)"
);

/// How much longer than the server's own statement timeout the client waits, for the network.
const NETWORK_MARGIN: Duration = Duration::from_secs(1);

/// What went wrong on a connection.
pub(super) enum Failure {
    /// The connection is gone or silent: what was sent last may or may not have happened.
    Lost(Cause),
    /// The database said no for a reason that is not in the rows; nothing happened.
    Transient(Cause),
    /// A row is bad; nothing happened.
    Row(Cause),
}

/// An open connection with its statements. Dropping it closes the socket.
pub(super) struct Connection {
    client: Client,
    _driver: AbortOnDrop,
    trip_timeout: Duration,
    pub(super) append: Statement,
    pub(super) lock_head: Statement,
    pub(super) last_of_streams: Statement,
    pub(super) known_results: Statement,
    pub(super) landed_events: Statement,
}

impl Connection {
    /// Opens, sets the session's timeouts and prepares, all within the connect timeout.
    pub(super) async fn open(connector: &Connector, options: &Options) -> Result<Self, Cause> {
        match timeout(
            options.connect_timeout,
            Self::open_unbounded(connector, options),
        )
        .await
        {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(Arc::new(error)),
            Err(_) => Err(Arc::new(NoAnswer(options.connect_timeout))),
        }
    }

    async fn open_unbounded(
        connector: &Connector,
        options: &Options,
    ) -> Result<Self, tokio_postgres::Error> {
        let (client, driver) = connector.connect().await?;
        let driver = AbortOnDrop(driver.abort_handle());
        client.batch_execute(&session_settings(options)).await?;
        Ok(Self {
            append: client.prepare(APPEND).await?,
            lock_head: client.prepare(LOCK_HEAD).await?,
            last_of_streams: client.prepare(LAST_OF_STREAMS).await?,
            known_results: client.prepare(KNOWN_RESULTS).await?,
            landed_events: client.prepare(LANDED_EVENTS).await?,
            trip_timeout: options.statement_timeout + NETWORK_MARGIN,
            client,
            _driver: driver,
        })
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// Bounds one round trip: silence counts as a lost connection.
    pub(super) async fn trip<T>(
        &self,
        answer: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, Failure> {
        match timeout(self.trip_timeout, answer).await {
            Ok(answer) => answer.map_err(classify),
            Err(_) => Err(Failure::Lost(Arc::new(NoAnswer(self.trip_timeout)))),
        }
    }
}

/// Ends the task that drives the socket when the connection is dropped, however that happens.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A writer that stops in the middle of a transaction must not hold the head's lock for long.
/// Sequential scans are off because a plan made while the log was empty would be kept when it is not.
fn session_settings(options: &Options) -> String {
    format!(
        "SET statement_timeout = {statement}; SET lock_timeout = {lock}; \
         SET idle_in_transaction_session_timeout = {statement}; SET enable_seqscan = off",
        statement = options.statement_timeout.as_millis(),
        lock = options.lock_timeout.as_millis(),
    )
}

/// Sorts an error by what it means for the requests. Without an SQLSTATE the connection itself failed.
/// A session that the server ends (classes 08 and 57P) may have committed just before. Classes 22, 23 and 54 are data
/// exceptions, broken constraints and exceeded limits; everything else has nothing to do with the rows.
fn classify(error: tokio_postgres::Error) -> Failure {
    let Some(state) = error.code().map(SqlState::code) else {
        return Failure::Lost(Arc::new(error));
    };
    let is_one_of = |classes: &[&str]| classes.iter().any(|class| state.starts_with(class));
    if error.is_closed() || is_one_of(&["08", "57P"]) {
        return Failure::Lost(Arc::new(error));
    }
    if is_one_of(&["22", "23", "54"]) {
        return Failure::Row(Arc::new(error));
    }
    Failure::Transient(Arc::new(error))
}
