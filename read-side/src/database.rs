//! Statements on the read models, run on a pooled connection, each within the organization that asks.

use std::future::Future;
use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use platform::tls::DatabaseTls;
use tokio::sync::OwnedSemaphorePermit;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{ToSql, Type};

use crate::error::{ReadError, is_absent};
use crate::lent::{Held, Lent};
use crate::search::Turn;
use crate::shares::Shares;
use crate::viewer::Tenant;

const COMMIT: &str = "COMMIT";

/// Values of a statement in the order of `$1`, `$2` …
pub(crate) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// How long a query waits until its organization has less under way, as long as it waits for a connection by default.
const SHARE_TIMEOUT: Duration = Duration::from_secs(2);

/// The pool of the queries. Its waits and its statements have limits that the pool's maker set.
#[derive(Clone)]
pub(crate) struct Database {
    pool: Pool,
    /// How the pool's connections are encrypted, and so the order to cancel what one of them does.
    tls: DatabaseTls,
    /// The connections that an organization has at once: however long its reports take, others find one.
    shares: Shares,
}

impl Database {
    pub(crate) fn new(pool: Pool, tls: DatabaseTls) -> Self {
        let share = pool.status().max_size * 3 / 4;
        Self {
            pool,
            tls,
            shares: Shares::new(share.max(1)),
        }
    }

    /// A connection of the pool, and the organization's part of it.
    async fn client(&self, tenant: Tenant) -> Result<(OwnedSemaphorePermit, Client), ReadError> {
        let waiting = self.shares.take(tenant.org_id.0);
        let share = tokio::time::timeout(SHARE_TIMEOUT, waiting).await;
        let share = share.map_err(|late| ReadError::Unavailable(Box::new(late)))?;
        Ok((share, self.pool.get().await?))
    }

    /// A connection for a statement that is cancelled when nobody waits for it any more.
    pub(crate) async fn lend(&self, tenant: Tenant, turn: Option<Turn>) -> Result<Lent, ReadError> {
        let (share, client) = self.client(tenant).await?;
        let held = Held {
            _share: share,
            _turn: turn,
        };
        Ok(Lent::new(client, self.tls.clone(), held))
    }

    /// Runs a statement of a fixed text on the rows of `tenant`; it is prepared once for each connection.
    pub(crate) async fn query(
        &self,
        tenant: Tenant,
        statement: &str,
        values: Values<'_>,
    ) -> Result<Vec<Row>, ReadError> {
        let (_share, client) = self.client(tenant).await?;
        match query_prepared(&client, tenant, statement, values).await {
            Err(error) if is_outdated(&error) => {
                client.statement_cache.clear();
                Ok(query_prepared(&client, tenant, statement, values).await?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// The row of a statement that yields at most one.
    pub(crate) async fn query_opt(
        &self,
        tenant: Tenant,
        statement: &str,
        values: Values<'_>,
    ) -> Result<Option<Row>, ReadError> {
        let mut rows = self.query(tenant, statement, values).await?;
        Ok(rows.pop())
    }

    /// Runs a statement that was put together from fragments. It is not prepared: there are too many texts to keep,
    /// and a plan made for the values at hand picks the index that fits them.
    pub(crate) async fn query_composed(
        &self,
        tenant: Tenant,
        statement: &Statement,
    ) -> Result<Vec<Row>, ReadError> {
        let lent = self.lend(tenant, None).await?;
        let client = lent.client();
        let values = statement.typed_values();
        let query = || {
            within(
                client,
                tenant,
                client.query_typed(statement.text(), &values),
            )
        };
        let outcome = match query().await {
            Err(error) if is_outdated(&error) => query().await,
            outcome => outcome,
        };
        lent.give_back();
        Ok(outcome?)
    }

    /// The same for no longer than `limit`.
    ///
    /// # Errors
    /// [`ReadError::TooSlow`] when it takes longer.
    pub(crate) async fn query_composed_for(
        &self,
        tenant: Tenant,
        statement: &Statement,
        limit: Duration,
    ) -> Result<Vec<Row>, ReadError> {
        let lent = self.lend(tenant, None).await?;
        let outcome = query_for(lent.client(), tenant, statement, limit, "").await;
        lent.give_back();
        outcome
    }
}

/// Runs a statement in its organization for no longer than it is given, after other settings of its own.
///
/// # Errors
/// [`ReadError::TooSlow`] when PostgreSQL cancels it for its time.
pub(crate) async fn query_for(
    client: &Client,
    tenant: Tenant,
    statement: &Statement,
    limit: Duration,
    settings: &str,
) -> Result<Vec<Row>, ReadError> {
    // None at all would be no limit.
    let limit_ms = limit.as_millis().max(1);
    let limits = format!("SET LOCAL statement_timeout TO {limit_ms}{settings}");
    let values = statement.typed_values();
    let query = async {
        let (limited, rows) = tokio::join!(
            biased;
            client.batch_execute(&limits),
            client.query_typed(statement.text(), &values),
        );
        limited?;
        rows
    };
    let outcome = within(client, tenant, query).await;
    outcome.map_err(|error| {
        if error.code() == Some(&SqlState::QUERY_CANCELED) {
            ReadError::TooSlow
        } else {
            error.into()
        }
    })
}

async fn query_prepared(
    client: &Client,
    tenant: Tenant,
    statement: &str,
    values: Values<'_>,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let prepared = client.prepare_cached(statement).await?;
    within(client, tenant, client.query(&prepared, values)).await
}

/// Runs a query in a transaction that names the organization: whatever the statement says, rows of others are not there.
///
/// All three messages are sent before the first is answered, so that this takes the one round trip that the query takes by
/// itself; whoever drops the future leaves no transaction open, since its end is on its way, too.
pub(crate) async fn within(
    client: &Client,
    tenant: Tenant,
    query: impl Future<Output = Result<Vec<Row>, tokio_postgres::Error>>,
) -> Result<Vec<Row>, tokio_postgres::Error> {
    let begin = schema::access::begin(tenant.org_id.0);
    let (begun, rows, ended) = tokio::join!(
        biased;
        client.batch_execute(&begin),
        query,
        client.batch_execute(COMMIT),
    );
    begun?;
    let rows = rows?;
    ended?;
    Ok(rows)
}

/// The tables were changed under the statement: a migration changed their columns ("cached plan must not change
/// result type"), or a rebuild was switched in. A second try sees the new ones.
fn is_outdated(error: &tokio_postgres::Error) -> bool {
    error
        .code()
        .is_some_and(|state| *state == SqlState::FEATURE_NOT_SUPPORTED || is_absent(state))
}

/// A statement that is put together from fragments of this crate; what comes from outside is always a parameter.
#[derive(Default)]
pub(crate) struct Statement {
    text: String,
    values: Vec<(Box<dyn ToSql + Sync + Send>, Type)>,
}

impl Statement {
    /// Adds a fragment.
    pub(crate) fn push(&mut self, fragment: &str) -> &mut Self {
        self.text.push_str(fragment);
        self
    }

    /// Adds a parameter, and its placeholder to the text.
    pub(crate) fn bind(
        &mut self,
        value: impl ToSql + Sync + Send + 'static,
        sql_type: Type,
    ) -> &mut Self {
        self.values.push((Box::new(value), sql_type));
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// What it says.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn typed_values(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        let values = self.values.iter();
        values
            .map(|(value, sql_type)| (&**value as &(dyn ToSql + Sync), sql_type.clone()))
            .collect()
    }
}
