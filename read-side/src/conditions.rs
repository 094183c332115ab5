//! Conditions of a statement on one column. An absent condition adds nothing.

use platform::cursor::Moment;
use platform::rows::{Column, NOBODY, WHOEVER};
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

/// The id that kept sums have for somebody, or for nobody. Who is asked for by an id that stands there for nobody or for whoever
/// is not there.
pub(crate) fn id_in_sums(holder: Holder<Uuid>) -> Option<Uuid> {
    match holder {
        Holder::Nobody => Some(NOBODY),
        Holder::One(id) => Some(id).filter(|id| ![NOBODY, WHOEVER].contains(id)),
    }
}

/// This one, or none, in kept sums.
pub(crate) fn push_holder_in_sums(
    statement: &mut Statement,
    column: &str,
    holder: Option<Holder<Uuid>>,
) {
    let Some(holder) = holder else {
        return;
    };
    match id_in_sums(holder) {
        Some(id) => statement
            .push(&format!(" AND {column} = "))
            .bind(id, Type::UUID),
        None => statement.push(" AND false"),
    };
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
