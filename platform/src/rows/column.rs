//! How the types of this program lie in columns, and the macro that declares a row.

use std::collections::BTreeMap;

use super::words::ActorKind;
use chrono::{DateTime, NaiveDate, Utc};
use domain::actor::Role;
use domain::ids::{
    CalendarId, CompanyId, MessageId, OrganizationId, PolicyId, RoleId, TeamId, TicketId, UserId,
    ViewId,
};
use domain::message::state::Visibility;
use domain::organization::language::SearchLanguage;
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use domain::ticket::state::{Channel, Priority, Status};
use domain::user::state::UserKind;
use domain::view::definition::{TicketColumn, TicketOrder};
use serde::Serialize;
use serde::de::value::{Error as WordError, StrDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};
use tokio_postgres::Row as SqlRow;
use tokio_postgres::types::{FromSqlOwned, Json, ToSql};
use uuid::Uuid;

/// Why a row of a read model could not be read: it was written by another version of this program.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// A column is missing or has another type.
    #[error("a row of a read model does not have the expected columns")]
    Column(#[from] tokio_postgres::Error),
    /// A column holds a word or number that its type does not know.
    #[error("a row of a read model holds the unknown value {value:?}")]
    Value {
        /// What it holds.
        value: String,
    },
}

/// A type that lies in one column.
pub trait Column: Sized {
    /// The SQL type of the elements of its array parameter.
    const TYPE: &'static str;
    /// What turns a parameter's element into the column's type, with the `::`; empty when it is that already.
    const CAST: &'static str = "";
    /// What is sent.
    type Parameter: ToSql + Sync + Send + 'static;
    /// What is received.
    type Stored: FromSqlOwned;

    /// The value as it is sent.
    fn parameter(&self) -> Self::Parameter;

    /// The value from what was received.
    ///
    /// # Errors
    /// [`RowError::Value`] when the type does not know it.
    fn from_stored(stored: Self::Stored) -> Result<Self, RowError>;

    /// Reads the value from a row.
    ///
    /// # Errors
    /// When the column is not there or does not fit.
    fn read(row: &SqlRow, index: usize) -> Result<Self, RowError> {
        Self::from_stored(row.try_get(index)?)
    }
}

impl<T: Column> Column for Option<T> {
    const TYPE: &'static str = T::TYPE;
    const CAST: &'static str = T::CAST;
    type Parameter = Option<T::Parameter>;
    type Stored = Option<T::Stored>;

    fn parameter(&self) -> Self::Parameter {
        self.as_ref().map(Column::parameter)
    }

    fn from_stored(stored: Self::Stored) -> Result<Self, RowError> {
        stored.map(T::from_stored).transpose()
    }
}

macro_rules! plain {
    ($($type:ty = $sql:literal),+ $(,)?) => {
        $(impl Column for $type {
            const TYPE: &'static str = $sql;
            type Parameter = Self;
            type Stored = Self;

            fn parameter(&self) -> Self {
                self.clone()
            }

            fn from_stored(stored: Self) -> Result<Self, RowError> {
                Ok(stored)
            }
        })+
    };
}

plain! {
    bool = "boolean",
    i32 = "integer",
    i64 = "bigint",
    String = "text",
    Uuid = "uuid",
    DateTime<Utc> = "timestamptz",
    NaiveDate = "date",
}

macro_rules! ids {
    ($($type:ident),+) => {
        $(impl Column for $type {
            const TYPE: &'static str = "uuid";
            type Parameter = Uuid;
            type Stored = Uuid;

            fn parameter(&self) -> Uuid {
                self.0
            }

            fn from_stored(stored: Uuid) -> Result<Self, RowError> {
                Ok(Self(stored))
            }
        })+
    };
}

ids!(
    OrganizationId,
    UserId,
    CalendarId,
    CompanyId,
    PolicyId,
    TeamId,
    TicketId,
    MessageId,
    RoleId,
    ViewId
);

macro_rules! words {
    ($($type:ident),+) => {
        $(impl Column for $type {
            const TYPE: &'static str = "text";
            type Parameter = &'static str;
            type Stored = String;

            fn parameter(&self) -> &'static str {
                self.as_str()
            }

            fn from_stored(stored: String) -> Result<Self, RowError> {
                word(stored)
            }
        })+
    };
}

words!(
    Status,
    Channel,
    Role,
    UserKind,
    Visibility,
    ActorKind,
    Outcome,
    SearchLanguage,
    TicketOrder
);

/// Reads a word of a closed set, spelled as serde spells it.
fn word<T: DeserializeOwned>(text: String) -> Result<T, RowError> {
    let reader: StrDeserializer<'_, WordError> = text.as_str().into_deserializer();
    T::deserialize(reader).map_err(|_| RowError::Value { value: text })
}

impl Column for Priority {
    const TYPE: &'static str = "smallint";
    type Parameter = i16;
    type Stored = i16;

    fn parameter(&self) -> i16 {
        match self {
            Self::Low => 1,
            Self::Normal => 2,
            Self::High => 3,
            Self::Urgent => 4,
        }
    }

    fn from_stored(stored: i16) -> Result<Self, RowError> {
        let known = Self::ALL
            .into_iter()
            .find(|priority| priority.parameter() == stored);
        known.ok_or_else(|| RowError::Value {
            value: stored.to_string(),
        })
    }
}

impl Column for Metric {
    const TYPE: &'static str = "smallint";
    type Parameter = i16;
    type Stored = i16;

    fn parameter(&self) -> i16 {
        match self {
            Self::FirstReply => 1,
            Self::NextReply => 2,
            Self::PeriodicUpdate => 3,
            Self::PausableUpdate => 4,
            Self::RequesterWait => 5,
            Self::AgentWork => 6,
            Self::Resolution => 7,
        }
    }

    fn from_stored(stored: i16) -> Result<Self, RowError> {
        let known = Self::ALL
            .into_iter()
            .find(|metric| metric.parameter() == stored);
        known.ok_or_else(|| RowError::Value {
            value: stored.to_string(),
        })
    }
}

impl Column for Vec<String> {
    const TYPE: &'static str = "text";
    const CAST: &'static str = "::text[]";
    type Parameter = String;
    type Stored = Self;

    fn parameter(&self) -> String {
        array_literal(self.iter().map(String::as_str))
    }

    fn from_stored(stored: Self) -> Result<Self, RowError> {
        Ok(stored)
    }
}

macro_rules! word_lists {
    ($($type:ident),+) => {
        $(impl Column for Vec<$type> {
            const TYPE: &'static str = "text";
            const CAST: &'static str = "::text[]";
            type Parameter = String;
            type Stored = Vec<String>;

            fn parameter(&self) -> String {
                array_literal(self.iter().map(|word| word.as_str()))
            }

            fn from_stored(stored: Vec<String>) -> Result<Self, RowError> {
                stored.into_iter().map(word).collect()
            }
        })+
    };
}

word_lists!(TicketColumn, SearchLanguage);

macro_rules! id_lists {
    ($($type:ident),+) => {
        $(impl Column for Vec<$type> {
            const TYPE: &'static str = "text";
            const CAST: &'static str = "::uuid[]";
            type Parameter = String;
            type Stored = Vec<Uuid>;

            fn parameter(&self) -> String {
                array_literal(self.iter().map(ToString::to_string))
            }

            fn from_stored(stored: Vec<Uuid>) -> Result<Self, RowError> {
                Ok(stored.into_iter().map($type).collect())
            }
        })+
    };
}

id_lists!(UserId, TicketId);

impl<T> Column for Json<T>
where
    T: Serialize + DeserializeOwned + std::fmt::Debug,
{
    const TYPE: &'static str = "text";
    const CAST: &'static str = "::jsonb";
    type Parameter = String;
    type Stored = Self;

    fn parameter(&self) -> String {
        // The types in our rows have string keys and finite numbers: serde_json cannot refuse them.
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    fn from_stored(stored: Self) -> Result<Self, RowError> {
        Ok(stored)
    }
}

/// An array as PostgreSQL reads it from text: `unnest` flattens arrays of arrays, so that these travel as text.
/// Source: PostgreSQL manual, section "Array Input and Output Syntax".
fn array_literal<T: AsRef<str>>(items: impl Iterator<Item = T>) -> String {
    let mut literal = String::from("{");
    for item in items {
        if literal.len() > 1 {
            literal.push(',');
        }
        literal.push('"');
        for character in item.as_ref().chars() {
            if matches!(character, '"' | '\\') {
                literal.push('\\');
            }
            literal.push(character);
        }
        literal.push('"');
    }
    literal.push('}');
    literal
}

/// A column as a statement needs it.
#[derive(Debug, Clone, Copy)]
pub struct ColumnInfo {
    /// Its name.
    pub name: &'static str,
    /// The SQL type of the elements of its array parameter.
    pub element_type: &'static str,
    /// What turns an element into the column's type, with the `::`.
    pub cast: &'static str,
}

/// A row of a read model, but for its `partition`, which every statement names.
pub trait Row: Sized {
    /// The table.
    const TABLE: &'static str;
    /// The primary key after `partition`.
    const KEY: &'static [&'static str];
    /// The columns in the order of the fields, for a select list.
    const COLUMNS: &'static str;
    /// The columns in the order of the fields.
    const INFO: &'static [ColumnInfo];

    /// Reads a row that was selected with [`Row::COLUMNS`].
    ///
    /// # Errors
    /// When a column is not there or does not fit.
    fn from_row(row: &SqlRow) -> Result<Self, RowError>;

    /// One array a column, for `unnest`.
    fn parameters(rows: &[&Self]) -> Vec<Box<dyn ToSql + Sync + Send>>;
}

/// Declares a row: the struct, its select list, its reader and its array parameters, from one list of fields.
macro_rules! row {
    ($(#[$doc:meta])* $name:ident in $table:expr, key [$($key:ident),+] {
        $(#[$first_doc:meta])* $first:ident: $first_type:ty,
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $(#[$first_doc])* pub $first: $first_type,
            $($(#[$field_doc])* pub $field: $type,)+
        }

        impl $crate::rows::Row for $name {
            const TABLE: &'static str = $table;
            const KEY: &'static [&'static str] = &[$(stringify!($key)),+];
            const COLUMNS: &'static str = concat!(stringify!($first) $(, ", ", stringify!($field))+);
            const INFO: &'static [$crate::rows::ColumnInfo] = &[
                $crate::rows::column::info::<$first_type>(stringify!($first)),
                $($crate::rows::column::info::<$type>(stringify!($field)),)+
            ];

            fn from_row(row: &tokio_postgres::Row) -> Result<Self, $crate::rows::RowError> {
                let mut index = 0..;
                // The range never ends: the fallback is never taken.
                let mut next = || index.next().unwrap_or_default();
                Ok(Self {
                    $first: <$first_type as $crate::rows::Column>::read(row, next())?,
                    $($field: <$type as $crate::rows::Column>::read(row, next())?,)+
                })
            }

            fn parameters(rows: &[&Self]) -> Vec<Box<dyn tokio_postgres::types::ToSql + Sync + Send>> {
                use $crate::rows::Column;
                vec![
                    Box::new(rows.iter().map(|row| row.$first.parameter()).collect::<Vec<_>>()),
                    $(Box::new(rows.iter().map(|row| row.$field.parameter()).collect::<Vec<_>>()),)+
                ]
            }
        }
    };
}
pub(crate) use row;

/// What a statement needs to know of a column of this type.
pub(crate) const fn info<T: Column>(name: &'static str) -> ColumnInfo {
    ColumnInfo {
        name,
        element_type: T::TYPE,
        cast: T::CAST,
    }
}

/// Custom fields as a row keeps them.
pub type CustomFields = Json<BTreeMap<domain::text::FieldKey, domain::ticket::field::FieldValue>>;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn array_literals_quote_what_postgresql_would_read_as_syntax() {
        let none: [&str; 0] = [];
        assert_eq!(array_literal(none.iter()), "{}");
        assert_eq!(
            array_literal(["a", r#"b"c\"#, "NULL", "d,}"].iter()),
            r#"{"a","b\"c\\","NULL","d,}"}"#
        );
    }

    #[test]
    fn words_and_priorities_come_back_as_they_went() {
        for status in Status::ALL {
            assert_eq!(
                Status::from_stored(status.parameter().to_owned()).unwrap(),
                status
            );
        }
        for priority in Priority::ALL {
            assert_eq!(
                Priority::from_stored(priority.parameter()).unwrap(),
                priority
            );
        }
        assert!(Status::from_stored("lost".to_owned()).is_err());
        assert!(Priority::from_stored(5).is_err());
    }
}
