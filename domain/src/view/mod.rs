//! Saved views: a query for tickets with a name, an order and columns, of a person, a team or the whole organization.
//!
//! Each view has a stream of its own. How many views an owner has is said by the stream of their shelf, which is appended
//! together with the view's first and last event, so that the limit is exact.

pub mod command;
pub mod decide;
pub mod definition;
pub mod error;
pub mod event;
pub mod evolve;
pub mod shelf;
pub mod state;

/// The type of a view's stream.
pub const STREAM_TYPE: &str = "view";
/// The type of the stream that says which views an owner has.
pub const SHELF_STREAM_TYPE: &str = "view_shelf";
