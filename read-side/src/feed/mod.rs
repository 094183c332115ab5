//! The feed: every event of an organization that the caller may see, in the order of the log, once, from any cursor on.
//!
//! An organization lives in one partition of the log, whose positions have no gaps and are in the order of commit. A cursor
//! is such a position, so nothing is lost between two pages, and a cursor stays good over restarts, rebuilds and upgrades.
//!
//! Invariants:
//! - The feed goes as far as the read models do: what it tells is to be found by the other queries.
//! - What the caller may see is decided by the rights of now, from the rows of now: whoever may not read a ticket reads no
//!   event of it, whenever it happened. What was redacted or erased since is gone from its old events, too.
//! - The cursor moves also where the caller sees nothing.
//!
//! Never here: a position that is passed over because an event could not be read, or because what it is about is not in the
//! read models yet.

mod cursor;
mod event;
mod facts;
mod filter;
mod page;
#[cfg(test)]
mod plans;
mod reads;
mod seats;
mod sight;

use std::sync::Arc;
use std::time::Duration;

use event_store::EventStore;
use platform::permission::PermissionSet;
use platform::shutdown::Shutdown;
use sealing::Keyring;

use crate::models::ReadModels;
use crate::viewer::Viewer;
pub use cursor::Start;
pub(crate) use cursor::encode;
pub use event::FeedEvent;
pub use filter::{FeedFilter, UnknownType};
pub use page::FeedPage;
use reads::SharedReads;
use seats::Seats;
pub use seats::{NoSeat, Seat, SeatLimits};

/// The log as queries read it.
#[derive(Debug, Clone)]
pub struct Log {
    /// Reads through connections that see one organization at a time.
    pub store: EventStore,
    /// Opens what is sealed.
    pub keys: Keyring,
}

/// Who reads the feed, by the rights of now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub viewer: Viewer,
    /// What they may do.
    pub permissions: PermissionSet,
}

/// The feed of a server. Clones share its reads and its seats.
#[derive(Clone)]
pub struct Feed {
    pub(crate) models: ReadModels,
    log: Log,
    reads: SharedReads,
    seats: Arc<Seats>,
    /// Set off when the server ends: streams end then.
    pub(crate) shutdown: Shutdown,
    /// The longest that a request may wait.
    pub(crate) wait_max: Duration,
}

impl Feed {
    /// The feed of these read models and this log, until `shutdown`.
    #[must_use]
    pub fn new(
        models: ReadModels,
        log: Log,
        limits: SeatLimits,
        shutdown: Shutdown,
        wait_max: Duration,
    ) -> Self {
        Self {
            models,
            log,
            reads: SharedReads::new(),
            seats: Arc::new(Seats::new(limits)),
            shutdown,
            wait_max,
        }
    }

    /// A place for a stream or a wait, until it is dropped.
    ///
    /// # Errors
    /// [`NoSeat`] when there are as many as there may be.
    pub fn seat(&self, viewer: &Viewer) -> Result<Seat, NoSeat> {
        seats::take(&self.seats, viewer)
    }
}
