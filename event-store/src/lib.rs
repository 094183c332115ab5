//! The append-only log on PostgreSQL: append, read, subscribe, verify, and checkpoints that pin it down.
//!
//! Invariants:
//! - **Gapless, in commit order.** Positions of a partition are 1, 2, 3 … in the order of commit.
//! - **Atomic, optimistic.** One append may touch several streams of one organization: all or nothing, each stream at
//!   its expected version. A refused append never harms its neighbours in a batch.
//! - **Exactly once.** A command's idempotency key and answer are stored in the transaction of its events.
//! - **Tamper-evident.** Every event carries a hash over its content and the hash before it, see [`chain`].
//!
//! Never: knowledge of tickets or any other feature, HTTP, a change to what was appended, a success answered on a
//! guess, an unbounded queue or wait.

pub mod append;
pub mod chain;
pub mod checkpoint;
mod error;
mod event;
pub mod eventually_adapter;
mod expiry;
mod ids;
mod mark;
mod options;
mod placement;
mod read;
pub mod restore;
mod selection;
mod store;
mod subscribe;
pub mod verify;
mod wakeups;
mod writer;

pub use append::{
    AppendError, AppendRequest, Appended, Cause, CommandResult, InvalidAppend, StreamAppend,
};
pub use error::{ReadError, StartError};
pub use event::{NewEvent, RecordedEvent};
pub use ids::{IdempotencyKey, InvalidId, OrgId, Partition, Position, StreamId, Version};
pub use mark::Mark;
pub use options::Options;
pub use placement::{Placement, PlacementError};
pub use read::StoredResult;
pub use selection::{Selected, Selection};
pub use store::EventStore;
pub use subscribe::Subscription;
pub use wakeups::Wakeups;
pub use writer::Connector;
