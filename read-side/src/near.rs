//! Tickets that this process keeps for a moment, so that one that many look at is not fetched for each of them.
//!
//! A ticket is kept for a [`Moment`]: while its partition and the cache are at rest. The projector tells in its own process
//! at once that they move; another process learns it by looking, so nothing is kept longer than [`KEPT_FOR`].

use std::sync::Arc;
use std::time::Duration;

use domain::ids::TicketId;
use event_store::OrgId;
use moka::sync::Cache;
use platform::freshness::Moment;
use platform::kept;
use platform::rows::TicketRow;

/// How long a change of a ticket may go unseen in a process that does not run the projector.
const KEPT_FOR: Duration = Duration::from_millis(250);
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
        kept::count("tickets", &self.0);
    }
}
