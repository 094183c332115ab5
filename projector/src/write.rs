//! Writes the write set of a batch.

use std::fmt::Write as _;
use std::hash::Hash;

use const_format::formatcp;
use deadpool_postgres::Transaction;
use domain::ids::OrganizationId;
use event_store::Partition;
use platform::rows::{AuditRow, CalendarVersionRow, HistoryRow, PolicyVersionRow, Row};
use schema::projection::{LISTED_MESSAGES, LISTED_TICKETS};
use schema::table::LOG_HEADS;
use schema::table::core::{MESSAGES, TICKETS};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::access;
use crate::erase;
use crate::error::BatchError;
use crate::state::{Rows, State};

const RENAME_REQUESTER: &str = formatcp!(
    "UPDATE {TICKETS} SET requester_name = $4 WHERE partition = $1 AND org_id = $2 AND requester_id = $3 AND {LISTED_TICKETS}"
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
    let history: Vec<_> = state.history.iter().collect();
    let audit: Vec<_> = state.audit.iter().collect();
    let calendar_versions: Vec<_> = state.calendar_versions.iter().collect();
    let policy_versions: Vec<_> = state.policy_versions.iter().collect();
    let of_tickets = async {
        let (measures, tickets) = tokio::join!(
            put(tx, partition, &state.measures),
            put(tx, partition, &state.tickets),
        );
        first_cause([measures, tickets])
    };
    let written = tokio::join!(
        put(tx, partition, &state.organizations),
        put(tx, partition, &state.users),
        put(tx, partition, &state.teams),
        put(tx, partition, &state.companies),
        put(tx, partition, &state.calendars),
        execute(
            tx,
            partition,
            insert_sql::<CalendarVersionRow>,
            calendar_versions
        ),
        put(tx, partition, &state.service_levels),
        execute(
            tx,
            partition,
            insert_sql::<PolicyVersionRow>,
            policy_versions
        ),
        of_tickets,
        put(tx, partition, &state.messages),
        execute(tx, partition, insert_sql::<HistoryRow>, history),
        execute(tx, partition, insert_sql::<AuditRow>, audit),
    );
    first_cause(written.into())?;
    // After the upserts, which carry the names of their moment in the batch.
    for (org, user) in &state.renamed_users {
        let name = state.user_name(*org, *user);
        for statement in [
            RENAME_REQUESTER,
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
    let (inserted, updated) = tokio::join!(
        execute(tx, partition, insert_sql::<R>, rows.new_rows()),
        execute(tx, partition, upsert_sql::<R>, rows.changed()),
    );
    first_cause([inserted, updated])
}

async fn execute<R: Row>(
    tx: &Transaction<'_>,
    partition: Partition,
    sql: fn() -> String,
    rows: Vec<&R>,
) -> Result<(), BatchError> {
    if rows.is_empty() {
        return Ok(());
    }
    let statement = tx.prepare_cached(&sql()).await?;
    let partition = partition.get();
    let columns = R::parameters(&rows);
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![&partition];
    for column in &columns {
        parameters.push(column.as_ref());
    }
    tx.execute(&statement, &parameters).await?;
    Ok(())
}

/// `INSERT … SELECT` from the head of the partition and not from `unnest` alone: with the tables distributed by
/// partition the whole statement then runs on the partition's node.
fn insert_sql<R: Row>() -> String {
    let (mut values, mut arrays, mut names) = (String::new(), String::new(), String::new());
    for (index, column) in R::INFO.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let (name, cast, element) = (column.name, column.cast, column.element_type);
        // Writing to a String cannot fail.
        let _ = write!(values, "{comma}x.{name}{cast}");
        let _ = write!(arrays, "{comma}${}::{element}[]", index + 2);
        let _ = write!(names, "{comma}{name}");
    }
    let table = R::TABLE;
    format!(
        "INSERT INTO {table} (partition, {names}) \
         SELECT h.partition, {values} FROM {LOG_HEADS} h, unnest({arrays}) AS x({names}) WHERE h.partition = $1"
    )
}

/// Not an `UPDATE`, whose join the planner might make by scanning the table: the index of the conflict finds the rows.
fn upsert_sql<R: Row>() -> String {
    let columns = R::INFO.iter().map(|column| column.name);
    let updates: Vec<String> = columns
        .filter(|name| !R::KEY.contains(name))
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    let (insert, key, updates) = (insert_sql::<R>(), R::KEY.join(", "), updates.join(", "));
    format!("{insert} ON CONFLICT (partition, {key}) DO UPDATE SET {updates}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::rows::{OrganizationRow, TeamRow};

    #[test]
    fn an_upsert_names_the_partition_and_keeps_the_key() {
        let sql = upsert_sql::<TeamRow>();
        assert!(sql.contains("FROM log_heads h, unnest($2::uuid[], $3::uuid[], $4::text[]"));
        assert!(sql.contains("x.member_ids::uuid[]"));
        assert!(sql.contains(
            "WHERE h.partition = $1 ON CONFLICT (partition, org_id, team_id) DO UPDATE SET name ="
        ));
        assert!(upsert_sql::<OrganizationRow>().contains("x.settings::jsonb"));
    }
}
