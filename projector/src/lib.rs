//! The projector: turns the log into the core read models and their caches.
//!
//! Invariants:
//! - The rows of a batch and its checkpoint are one transaction: no event is lost, none is applied twice.
//! - A row depends on the events before it alone, so that following, catching up and rebuilding give the same rows.
//! - One process at a time makes, rebuilds or checks read models, and none writes to those of another version.
//! - An event that cannot be applied stops its partition, says why, and is tried again; none is skipped.
//! - A cache entry that may be old is never read again: its generation is raised.
//!
//! Never: commands, events of its own, HTTP, an answer to a query.

mod access;
mod bar;
pub mod batch;
mod calendars;
mod cells;
pub mod check;
pub mod checkpoint;
pub mod counts;
mod erase;
mod error;
pub mod event;
mod exclusive;
mod fill;
mod flush;
pub mod fold;
pub mod keys;
mod lag;
mod load;
mod measures;
mod message_cells;
mod namespace;
mod options;
mod projector;
pub mod rebuild;
pub mod replay;
pub mod state;
mod statements;
mod status;
mod wait_cells;
mod worker;
mod write;

pub use bar::Bar;
pub use checkpoint::Poison;
pub use error::{BatchError, RebuildError};
pub use fill::{Phase, RebuildProgress, Report};
pub use lag::Lag;
pub use options::Options;
pub use projector::Projector;
pub use rebuild::{Ensured, ensure_core};
pub use status::{Activity, PartitionStatus};
