//! People by parts of their names and addresses.

use const_format::formatcp;
use platform::rows::{Row, UserRow};
use schema::projection::{CORE, LISTED_USERS};
use schema::table::core::SEARCHABLE_USERS;
use tokio_postgres::types::Type;

use super::turns::Planned;
use super::words::Words;
use super::{Running, statements};
use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Tenant;

/// The most people of an answer.
const PEOPLE_MAX: i64 = 10;
/// How many people are compared to find these.
const COMPARED_MAX: i64 = 200;

const COLUMNS: &str = <UserRow as Row>::COLUMNS;
/// What people are called, as the index has it but for upper case.
const CALLED: &str = "name || ' ' || coalesce(email, '')";
const USERS: &str = formatcp!("{CORE}.{SEARCHABLE_USERS}");

/// People in whose name and address the patterns are, found by their trigrams; those whose names are most like the text first.
pub(super) fn by_name(tenant: Tenant, patterns: Vec<String>, text: String) -> Statement {
    let mut statement = Statement::default();
    statement
        .push(formatcp!(
            "WITH called AS MATERIALIZED (SELECT {COLUMNS} FROM {USERS} WHERE partition = "
        ))
        .bind(tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(tenant.org_id.0, Type::UUID)
        .push(formatcp!(" AND {LISTED_USERS}"));
    statements::push_patterns(&mut statement, formatcp!("lower({CALLED})"), patterns);
    statement
        .push(" LIMIT ")
        .bind(COMPARED_MAX, Type::INT8)
        .push(formatcp!(
            ") SELECT {COLUMNS} FROM called ORDER BY public.similarity({CALLED}, "
        ))
        .bind(text, Type::TEXT)
        .push(") DESC, name, user_id LIMIT ")
        .bind(PEOPLE_MAX, Type::INT8);
    statement
}

impl ReadModels {
    /// People who are called so.
    pub(super) async fn people_called(
        &self,
        running: &Running<'_>,
        words: &Words,
    ) -> Result<Vec<UserRow>, ReadError> {
        let viewer = running.asker.viewer;
        let Some(patterns) = words.patterns() else {
            return Ok(Vec::new());
        };
        let text = words.texts().collect::<Vec<_>>().join(" ");
        let statement = by_name(viewer.tenant, patterns, text);
        let rows = self.run(running, &statement, Planned::ByBitmaps).await?;
        let people = rows.iter().map(UserRow::from_row);
        Ok(people.collect::<Result<_, _>>()?)
    }
}
