//! The statements that read and write the rows of a table, put together once for each.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use platform::rows::Row;
use schema::table::LOG_HEADS;

/// The statements of a table. Those that write take an array a column: see [`Row::parameters`].
#[derive(Debug)]
pub(crate) struct Statements {
    /// Finds rows of two arrays of ids: the organizations', and the last column of the key.
    pub(crate) select: String,
    /// Writes new rows, which costs less than the way of an upsert.
    pub(crate) insert: String,
    /// Writes rows whether they are there or not.
    pub(crate) upsert: String,
    /// Writes those that are not there yet, and leaves the others alone.
    pub(crate) ensure: String,
}

/// By the names of their tables.
static MADE: LazyLock<Mutex<HashMap<&'static str, Arc<Statements>>>> =
    LazyLock::new(Mutex::default);

/// The statements of a table.
pub(crate) fn of<R: Row>() -> Arc<Statements> {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let statements = made.entry(R::TABLE).or_insert_with(|| {
        Arc::new(Statements {
            select: select::<R>(),
            insert: insert::<R>(),
            upsert: upsert::<R>(),
            ensure: ensure::<R>(),
        })
    });
    Arc::clone(statements)
}

/// Key by key through the primary key, whatever the planner believes: a plan made while the table was small would
/// otherwise scan it whole for each key after it has grown. `OFFSET 0` keeps the order of the join.
fn select<R: Row>() -> String {
    let (columns, table) = (R::COLUMNS, R::TABLE);
    let id = R::KEY.last().copied().unwrap_or_default();
    format!(
        "SELECT {columns} FROM unnest($2::uuid[], $3::uuid[]) AS key(key_org, key_id) \
         CROSS JOIN LATERAL (SELECT {columns} FROM {table} \
         WHERE partition = $1 AND org_id = key_org AND {id} = key_id OFFSET 0) found"
    )
}

/// `INSERT … SELECT` from the head of the partition and not from `unnest` alone: with the tables distributed by
/// partition the whole statement then runs on the partition's node.
fn insert<R: Row>() -> String {
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
fn upsert<R: Row>() -> String {
    let columns = R::INFO.iter().map(|column| column.name);
    let updates: Vec<String> = columns
        .filter(|name| !R::KEY.contains(name))
        .map(|name| format!("{name} = excluded.{name}"))
        .collect();
    let (insert, key, updates) = (insert::<R>(), R::KEY.join(", "), updates.join(", "));
    format!("{insert} ON CONFLICT (partition, {key}) DO UPDATE SET {updates}")
}

fn ensure<R: Row>() -> String {
    let (insert, key) = (insert::<R>(), R::KEY.join(", "));
    format!("{insert} ON CONFLICT (partition, {key}) DO NOTHING")
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::rows::{OrganizationRow, TeamRow};

    #[test]
    fn an_upsert_names_the_partition_and_keeps_the_key() {
        let sql = &of::<TeamRow>().upsert;
        assert!(sql.contains("FROM log_heads h, unnest($2::uuid[], $3::uuid[], $4::text[]"));
        assert!(sql.contains("x.member_ids::uuid[]"));
        assert!(sql.contains(
            "WHERE h.partition = $1 ON CONFLICT (partition, org_id, team_id) DO UPDATE SET name ="
        ));
        let of_organizations = of::<OrganizationRow>();
        assert!(of_organizations.upsert.contains("x.settings::jsonb"));
    }
}
