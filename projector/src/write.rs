//! Writes the write set of a batch.

use std::hash::Hash;

use const_format::formatcp;
use deadpool_postgres::Transaction;
use domain::ids::OrganizationId;
use event_store::Partition;
use platform::rows::{Row, TicketWordsRow};
use schema::projection::{LISTED_MESSAGES, LISTED_TICKETS};
use schema::table::core::{MESSAGES, TICKET_WORDS, TICKETS};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::access;
use crate::cells;
use crate::counts;
use crate::erase;
use crate::error::BatchError;
use crate::message_cells;
use crate::state::{Rows, State};
use crate::statements;
use crate::wait_cells;

const RENAME_REQUESTER: &str = formatcp!(
    "UPDATE {TICKETS} SET requester_name = $4 WHERE partition = $1 AND org_id = $2 AND requester_id = $3 AND {LISTED_TICKETS}"
);
const RENAME_REQUESTER_IN_WORDS: &str = formatcp!(
    "UPDATE {TICKET_WORDS} SET requester_name = $4 WHERE partition = $1 AND org_id = $2 AND ticket_id IN \
     (SELECT ticket_id FROM {TICKETS} WHERE partition = $1 AND org_id = $2 AND requester_id = $3 AND {LISTED_TICKETS})"
);
const RENAME_ASSIGNEE: &str = formatcp!(
    "UPDATE {TICKETS} SET assignee_name = $4 WHERE partition = $1 AND org_id = $2 AND assignee_id = $3 AND {LISTED_TICKETS}"
);
/// By way of their messages, which an index finds: the tickets have none of the last author.
const RENAME_LAST_AUTHOR: &str = formatcp!(
    "UPDATE {TICKETS} SET last_message_author_name = $4 \
     WHERE partition = $1 AND org_id = $2 AND last_message_author_id = $3 AND ticket_id IN \
     (SELECT ticket_id FROM {MESSAGES} WHERE partition = $1 AND org_id = $2 AND author_id = $3 AND {LISTED_MESSAGES})"
);
const RENAME_AUTHOR: &str = formatcp!(
    "UPDATE {MESSAGES} SET author_name = $4 WHERE partition = $1 AND org_id = $2 AND author_id = $3 AND {LISTED_MESSAGES}"
);
const RENAME_TEAM: &str = formatcp!(
    "UPDATE {TICKETS} SET team_name = $4 WHERE partition = $1 AND org_id = $2 AND team_id = $3 AND {LISTED_TICKETS}"
);

/// Writes everything that changed, into the namespace that the transaction works in.
///
/// # Errors
/// When PostgreSQL fails or refuses a value.
pub async fn write(
    tx: &Transaction<'_>,
    partition: Partition,
    state: &State,
) -> Result<(), BatchError> {
    // On the heap, both: a future that holds a dozen others by value is copied through every caller's stack.
    let of_tickets = Box::pin(async {
        let written = tokio::join!(
            put(tx, partition, &state.measures),
            put(tx, partition, &state.facts),
            cells::write(tx, partition, &state.cells),
            insert(tx, partition, &state.message_facts),
            message_cells::write(tx, partition, &state.message_cells),
            put(tx, partition, &state.tickets),
            put_words(tx, partition, state),
            counts::write(tx, partition, &state.counts),
            put(tx, partition, &state.views),
        );
        first_cause(written.into())
    });
    let of_all = Box::pin(async {
        let written = tokio::join!(
            put(tx, partition, &state.organizations),
            put(tx, partition, &state.users),
            put(tx, partition, &state.teams),
            put(tx, partition, &state.companies),
            put(tx, partition, &state.calendars),
            insert(tx, partition, &state.calendar_versions),
            put(tx, partition, &state.service_levels),
            insert(tx, partition, &state.policy_versions),
            of_tickets,
            put(tx, partition, &state.messages),
            insert(tx, partition, &state.history),
            insert(tx, partition, &state.audit),
        );
        first_cause(written.into())
    });
    of_all.await?;
    for org in &state.rezoned {
        let zone = state.zone(*org);
        cells::make_anew(tx, partition, *org, zone).await?;
        wait_cells::make_anew(tx, partition, *org, zone).await?;
        message_cells::make_anew(tx, partition, *org, zone).await?;
    }
    // After the upserts, which carry the names of their moment in the batch.
    for (org, user) in &state.renamed_users {
        let name = state.user_name(*org, *user);
        for statement in [
            RENAME_REQUESTER,
            RENAME_REQUESTER_IN_WORDS,
            RENAME_ASSIGNEE,
            RENAME_LAST_AUTHOR,
            RENAME_AUTHOR,
        ] {
            rename(tx, partition, statement, *org, user.0, &name).await?;
        }
    }
    for (org, team) in &state.renamed_teams {
        let name = state.team_name(*org, *team);
        rename(tx, partition, RENAME_TEAM, *org, team.0, &name).await?;
    }
    erase::forget(tx, partition, state).await?;
    access::end_sessions(tx, partition, state).await
}

/// The error that made the transaction fail, rather than one of a statement behind it, which says only that it failed.
fn first_cause<const N: usize>(results: [Result<(), BatchError>; N]) -> Result<(), BatchError> {
    let errors: Vec<BatchError> = results.into_iter().filter_map(Result::err).collect();
    let (causes, consequences): (Vec<_>, Vec<_>) = errors
        .into_iter()
        .partition(|error| !error.is_failed_transaction());
    causes
        .into_iter()
        .chain(consequences)
        .next()
        .map_or(Ok(()), Err)
}

async fn rename(
    tx: &Transaction<'_>,
    partition: Partition,
    statement: &str,
    org: OrganizationId,
    id: Uuid,
    name: &str,
) -> Result<(), BatchError> {
    let statement = tx.prepare_cached(statement).await?;
    tx.execute(&statement, &[&partition.get(), &org.0, &id, &name])
        .await?;
    Ok(())
}

/// New rows are inserted, which costs less than the way of an upsert; one that is there already is a defect, and stops.
async fn put<K: Copy + Eq + Hash, R: Row>(
    tx: &Transaction<'_>,
    partition: Partition,
    rows: &Rows<K, R>,
) -> Result<(), BatchError> {
    put_rows(tx, partition, &rows.new_rows(), &rows.changed()).await
}

/// The words of new tickets, and of those whose words changed.
async fn put_words(
    tx: &Transaction<'_>,
    partition: Partition,
    state: &State,
) -> Result<(), BatchError> {
    let tickets = &state.tickets;
    let new = tickets.new_rows().into_iter().map(TicketWordsRow::of);
    let reworded = state.reworded.iter().filter(|key| !tickets.is_new(**key));
    let changed = reworded.filter_map(|key| tickets.get(*key).map(TicketWordsRow::of));
    let (new, changed): (Vec<_>, Vec<_>) = (new.collect(), changed.collect());
    let (new, changed): (Vec<_>, Vec<_>) = (new.iter().collect(), changed.iter().collect());
    put_rows(tx, partition, &new, &changed).await
}

async fn put_rows<R: Row>(
    tx: &Transaction<'_>,
    partition: Partition,
    new: &[&R],
    changed: &[&R],
) -> Result<(), BatchError> {
    let statements = statements::of::<R>();
    let (inserted, updated) = tokio::join!(
        execute(tx, partition, &statements.insert, new),
        execute(tx, partition, &statements.upsert, changed),
    );
    first_cause([inserted, updated])
}

async fn insert<R: Row>(
    tx: &Transaction<'_>,
    partition: Partition,
    rows: &[R],
) -> Result<(), BatchError> {
    let rows: Vec<&R> = rows.iter().collect();
    execute(tx, partition, &statements::of::<R>().insert, &rows).await
}

/// Adds rows to those of the table by the statement. One that adds nothing only has to be there: the row that is would be written
/// again, or at least locked.
pub(crate) async fn add<R: Row>(
    tx: &Transaction<'_>,
    partition: Partition,
    sql: &str,
    rows: &[R],
    adds: impl Fn(&R) -> bool,
) -> Result<(), BatchError> {
    let (adding, idle): (Vec<&R>, Vec<&R>) = rows.iter().partition(|row| adds(row));
    let statements = statements::of::<R>();
    let (added, ensured) = tokio::join!(
        execute(tx, partition, sql, &adding),
        execute(tx, partition, &statements.ensure, &idle),
    );
    first_cause([added, ensured])
}

/// Writes rows by a statement that takes them as [`Row::parameters`] gives them.
async fn execute<R: Row>(
    tx: &Transaction<'_>,
    partition: Partition,
    sql: &str,
    rows: &[&R],
) -> Result<(), BatchError> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = tx.prepare_cached(sql).await?;
    let partition = partition.get();
    let columns = R::parameters(rows);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&partition];
    for column in &columns {
        parameters.push(column.as_ref());
    }
    tx.execute(&statement, &parameters).await?;
    Ok(())
}
