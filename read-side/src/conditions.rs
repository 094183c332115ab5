//! Conditions of a statement on one column. An absent condition adds nothing.

use platform::cursor::Moment;
use platform::rows::Column;
use tokio_postgres::types::{ToSql, Type};
use uuid::Uuid;

use crate::database::Statement;
use crate::tickets::Holder;

/// One of these values; none of them is no condition.
pub(crate) fn push_one_of<T: Column>(
    statement: &mut Statement,
    column: &str,
    values: &[T],
    many: Type,
) where
    T::Parameter: ToSql,
{
    if values.is_empty() {
        return;
    }
    let values: Vec<T::Parameter> = values.iter().map(Column::parameter).collect();
    statement
        .push(&format!(" AND {column} = ANY("))
        .bind(values, many)
        .push(")");
}

/// This one, or none.
pub(crate) fn push_holder(statement: &mut Statement, column: &str, holder: Option<Holder<Uuid>>) {
    match holder {
        None => {}
        Some(Holder::Nobody) => {
            statement.push(&format!(" AND {column} IS NULL"));
        }
        Some(Holder::One(id)) => {
            statement
                .push(&format!(" AND {column} = "))
                .bind(id, Type::UUID);
        }
    }
}

/// Compared with an instant.
pub(crate) fn push_compared(
    statement: &mut Statement,
    column: &str,
    comparison: &str,
    moment: Moment,
) {
    statement
        .push(&format!(" AND {column} {comparison} "))
        .bind(moment.get(), Type::TIMESTAMPTZ);
}
