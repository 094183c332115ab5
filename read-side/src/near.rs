//! Tickets that this process keeps for a moment, so that one that many look at is not fetched for each of them.
//!
//! A ticket is kept only while its partition is at rest: from [`QUIET`] after its read models moved last, when what they
//! changed has reached the cache, until they move again. The projector tells that in its own process at once; another
//! process learns it by looking, so nothing is kept longer than [`KEPT_FOR`]. What is kept belongs to a generation of
//! the cache and is trusted no further than the cache itself.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::TicketId;
use event_store::{OrgId, Position};
use moka::sync::Cache;
use platform::rows::TicketRow;

/// How long a change of a ticket may go unseen in a process that does not run the projector.
const KEPT_FOR: Duration = Duration::from_millis(250);
/// The projector writes the cache within a few milliseconds of its commit, or raises the generation.
pub(crate) const QUIET: Duration = Duration::from_millis(50);
/// Tickets that are kept; a few kilobytes each at most.
const TICKETS_MAX: u64 = 4_096;

/// The tickets looked at of late. Clones share them.
#[derive(Clone)]
pub(crate) struct NearTickets(Cache<(OrgId, TicketId), Kept>);

#[derive(Clone)]
struct Kept {
    when: Moment,
    row: Arc<TicketRow>,
}

/// What a kept row is good for: as long as both are still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The generation of the cache that the row was found under.
    pub(crate) generation: i64,
    /// Where the read models of its partition rested.
    pub(crate) rested_at: Position,
}

impl NearTickets {
    pub(crate) fn new() -> Self {
        let cache = Cache::builder()
            .max_capacity(TICKETS_MAX)
            .time_to_live(KEPT_FOR)
            .build();
        Self(cache)
    }

    /// The ticket as it was found at this moment.
    pub(crate) fn get(&self, org: OrgId, id: TicketId, now: Moment) -> Option<TicketRow> {
        let kept = self.0.get(&(org, id))?;
        (kept.when == now).then(|| TicketRow::clone(&kept.row))
    }

    /// Keeps a ticket that the cache or the tables held at this moment.
    pub(crate) fn keep(&self, org: OrgId, id: TicketId, now: Moment, row: &TicketRow) {
        let row = Arc::new(row.clone());
        self.0.insert((org, id), Kept { when: now, row });
    }
}
