//! What the disk and the wire promise: the names of tables, keys and channels, the migrations that make them, and the roles
//! that may use them.
//!
//! Invariants: a name is spelled here and nowhere else; a migration that was released is never edited, a new one follows it.
//! Never: queries, connections of its own, or any decision. This crate is names, files and the runner that applies them.

pub mod access;
pub mod channel;
pub mod function;
pub mod key;
pub mod migrations;
pub mod projection;
pub mod role;
pub mod table;

/// A recorded request and answer of each operation of the API, a JSON object by operation. The description shows them.
pub const OPERATION_EXAMPLES: &str = include_str!("../examples.json");
