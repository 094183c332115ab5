//! The read models: the namespace of each projection, its version and the statements that make its tables.

use crate::access::{READ_MODELS, grants};
use crate::role;
use crate::table::core::{
    SEARCHABLE_MESSAGES, SEARCHABLE_TICKETS, SEARCHABLE_USERS, TAGGABLE_TICKETS,
};

/// The namespace of the live core read models.
pub const CORE: &str = "core";
/// The namespace in which the next core read models are built beside the live ones.
pub const CORE_NEXT: &str = "core_next";
/// The namespace of the former core read models, between a switch and their removal.
pub const CORE_OLD: &str = "core_old";
/// The shape and meaning of the core read models. Raised with every change of the SQL files below or of what is folded
/// into their tables; a server that finds another version rebuilds.
pub const CORE_VERSION: i32 = 25;
/// Key of the advisory lock that whoever makes, rebuilds or checks read models holds, so that one process at a time works
/// on the namespaces. The value is the ASCII text `insight2` read as a big-endian integer.
///
/// An advisory lock and not a row: it ends with its session, however that ends, and holds no transaction open for the
/// length of a rebuild. Namespaces are made, renamed and dropped through one node alone, so no two nodes share it.
pub const NAMESPACE_LOCK: i64 = i64::from_be_bytes(*b"insight2");
/// Makes the tables, with their primary keys, in the first namespace of the search path.
pub const CORE_TABLES: &str = include_str!("../projections/core.sql");
/// Makes the other indexes.
pub const CORE_INDEXES: &str = include_str!("../projections/core_indexes.sql");

/// What every statement for a list of tickets says, so that it may use their indexes: see `core_indexes.sql`.
pub const LISTED_TICKETS: &str = "number > 0";
/// The same for messages.
pub const LISTED_MESSAGES: &str = "position > 0";
/// The same for users.
pub const LISTED_USERS: &str = "version > 0";

/// The statements that make an empty `namespace` with its tables, the rights on them and a checkpoint a partition, to be run
/// by the owner in a transaction.
/// The version is kept as the comment of the namespace, and in each checkpoint, where whoever projects meets it.
#[must_use]
pub fn create_tables(namespace: &str) -> String {
    let heads = crate::table::LOG_HEADS;
    let checkpoints = crate::table::core::CHECKPOINTS;
    let rights: String = READ_MODELS.iter().map(grants).collect();
    let usage = let_in(namespace);
    let views = [
        TAGGABLE_TICKETS,
        SEARCHABLE_TICKETS,
        SEARCHABLE_MESSAGES,
        SEARCHABLE_USERS,
    ];
    let views = views.join(", ");
    let query = role::QUERY;
    format!(
        "CREATE SCHEMA {namespace};
         COMMENT ON SCHEMA {namespace} IS '{CORE_VERSION}';
         SET LOCAL search_path TO {namespace}, public;
         {CORE_TABLES}
         {usage}; {rights} GRANT SELECT ON {views} TO {query};
         INSERT INTO {checkpoints} (partition, core_version) SELECT partition, {CORE_VERSION} FROM {heads};"
    )
}

/// The statement that lets every role name what is in `namespace`.
#[must_use]
pub(crate) fn let_in(namespace: &str) -> String {
    let roles: Vec<&str> = role::ALL.iter().map(|role| role.name()).collect();
    format!("GRANT USAGE ON SCHEMA {namespace} TO {}", roles.join(", "))
}

/// The statements that make the indexes of `namespace`, to be run in a transaction.
#[must_use]
pub fn create_indexes(namespace: &str) -> String {
    format!("SET LOCAL search_path TO {namespace}, public; {CORE_INDEXES}")
}

/// The same one by one, each to be run in a transaction of its own, in any order.
#[must_use]
pub fn create_each_index(namespace: &str) -> Vec<String> {
    let statements = CORE_INDEXES.lines().filter(|line| is_statement(line));
    let within = |line| format!("SET LOCAL search_path TO {namespace}, public; {line}");
    statements.map(within).collect()
}

/// The file of indexes has a line a statement.
fn is_statement(line: &str) -> bool {
    !line.is_empty() && !line.starts_with("--")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_index_is_made_by_a_line_of_its_own() {
        for line in CORE_INDEXES.lines().filter(|line| is_statement(line)) {
            assert!(line.starts_with("CREATE "), "{line}");
            assert_eq!(line.find(';'), Some(line.len() - 1), "{line}");
        }
    }
}
