//! Who may do what with which rows: grants and row policies, stated anew with every migration.
//!
//! Invariants:
//! - `rights` is the one place that says it. A table without a row there can be used by its owner alone.
//! - Every table has row-level security. Where a right is of the organization at hand, rows of others are not there, and
//!   none are without one: see [`begin`].
//! - Who signs in has no organization yet and sees the ways in of all; once a transaction names one, its own alone: see [`name`].
//! - Nobody but the owner may change or remove an event.

mod install;
mod rights;
mod statements;

pub use install::{AccessError, administrator, grant_all, prepare};
pub use rights::{Access, READ_MODELS, Right, Rows, TABLES};
pub use statements::{begin, grants, name};
