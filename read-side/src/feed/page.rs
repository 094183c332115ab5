//! Pages of the feed, and the wait for more.

use std::time::Duration;

use event_store::{Position, Selection};
use platform::consistency::ConsistencyToken;
use tokio::time::{Instant, sleep};

use super::reads::{Place, Read, SHARED_FOR};
use super::sight::Sight;
use super::{Caller, Feed, FeedEvent, FeedFilter, Start};
use crate::error::ReadError;
use crate::viewer::Tenant;

/// Positions that one statement looks through: bounds it, however few of them are the organization's.
const WINDOW_POSITIONS: i64 = 10_000;
/// Events that one statement takes at most, where some are not for the caller.
const ROWS_MAX: u32 = 500;
/// How long a page without an event for the caller looks on before it is given out as it is.
const LOOK_MAX: Duration = Duration::from_millis(500);
/// How soon the read models are looked at again where no hint comes.
const POLL_INTERVAL: Duration = Duration::from_millis(200);
/// How long the read models are waited for after a hint that the log has grown.
const PROJECTION_WAIT: Duration = Duration::from_secs(1);

/// Some events for a caller.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedPage {
    /// In the order of the log.
    pub events: Vec<FeedEvent>,
    /// Where the feed goes on: all that is theirs up to here was given out.
    pub reached: Position,
    /// Whether there is more of the log already, seen or not.
    pub has_more: bool,
}

impl Feed {
    /// Where a start is.
    pub async fn position(&self, tenant: Tenant, start: Start) -> Position {
        match start {
            Start::After(position) => position,
            Start::Latest => self.models.now(tenant).await.position,
        }
    }

    /// What comes after a position for the caller, `limit` events at most, by rights that show `at_least` this position. A
    /// page may be empty and have moved.
    ///
    /// # Errors
    /// When the log or the read models cannot be read.
    pub async fn page(
        &self,
        caller: &Caller,
        filter: &FeedFilter,
        after: Position,
        limit: usize,
        at_least: Position,
    ) -> Result<FeedPage, ReadError> {
        if filter.ticket.is_some() {
            return self
                .page_of_ticket(caller, filter, after, limit, at_least)
                .await;
        }
        let tenant = caller.viewer.tenant;
        let types = filter.types(caller);
        let up_to = self.models.now(tenant).await.position;
        let began_at = Instant::now();
        let mut page = FeedPage::at(after, up_to);
        while page.has_more && !types.is_empty() {
            let place = Place {
                tenant,
                after: page.reached,
                types: types.clone(),
                rows: rows(caller, limit),
            };
            let window_end = end_of_window(page.reached, up_to);
            let read = self.read_shared(place, window_end, at_least).await?;
            let teams_at = at_least.max(up_to).max(read.newest_fact);
            let sight = self.sight(caller, &read.events, teams_at).await?;
            let has_moved = read.reached > page.reached;
            page.take(&read, &sight, limit);
            if !page.events.is_empty() || !has_moved || began_at.elapsed() >= LOOK_MAX {
                break;
            }
            page.has_more = page.reached < up_to;
        }
        if types.is_empty() {
            page.reached = page.reached.max(up_to);
        }
        page.has_more = page.reached < up_to;
        Ok(page)
    }

    /// The events of one ticket and its messages, by their streams: how long the log is does not matter.
    async fn page_of_ticket(
        &self,
        caller: &Caller,
        filter: &FeedFilter,
        after: Position,
        limit: usize,
        at_least: Position,
    ) -> Result<FeedPage, ReadError> {
        let tenant = caller.viewer.tenant;
        let up_to = self.models.now(tenant).await.position;
        let mut page = FeedPage::at(after, up_to);
        let Some(ticket) = filter.ticket.filter(|_| page.has_more) else {
            return Ok(page);
        };
        let types = filter.types(caller);
        let shown = self.models.ticket(&caller.viewer, ticket, at_least).await?;
        if shown.is_none() || types.is_empty() {
            return Ok(FeedPage::at(up_to, up_to));
        }
        let streams = self.models.streams_of_ticket(tenant, ticket).await?;
        let selection = Selection {
            partition: tenant.partition,
            org_id: tenant.org_id,
            after,
            up_to,
            streams: Some(&streams),
            types: Some(&types),
            limit: rows(caller, limit),
        };
        let read = self.read(tenant, &selection).await?;
        let teams_at = at_least.max(up_to).max(read.newest_fact);
        let sight = self.sight(caller, &read.events, teams_at).await?;
        page.take(&read, &sight, limit);
        page.has_more = page.reached < up_to;
        Ok(page)
    }

    /// Returns once there may be more after a page that reached a position. Dropping the future loses nothing.
    pub(crate) async fn may_have_more(&self, tenant: Tenant, reached: Position, is_held: bool) {
        if is_held {
            // The read models are beyond it already. The read that ended there is shared so long: sooner, there is nothing else.
            sleep(SHARED_FOR).await;
        } else {
            self.moved_beyond(tenant, reached).await;
        }
    }

    /// Returns once the read models show something after a position.
    async fn moved_beyond(&self, tenant: Tenant, after: Position) {
        let mut hints = self.log.store.wakeups().subscribe(tenant.partition);
        loop {
            // Marked as seen before the look: what comes after it wakes the wait below.
            let hint = *hints.borrow_and_update();
            if self.models.now(tenant).await.position > after {
                return;
            }
            if hint > after {
                let next = ConsistencyToken {
                    partition: tenant.partition,
                    position: after.next(),
                };
                // Too late is as good as a look in vain: the next is not far.
                if self
                    .models
                    .wait_at_most(Some(next), PROJECTION_WAIT)
                    .await
                    .is_ok()
                {
                    return;
                }
            }
            tokio::select! {
                // The sender lives as long as the store, so this is always news.
                _ = hints.changed() => {}
                () = sleep(POLL_INTERVAL) => {}
            }
        }
    }
}

impl FeedPage {
    /// Whether a page that began after this position stands still before an append that is in the read models by half.
    pub(crate) fn is_held(&self, after: Position) -> bool {
        self.has_more && self.reached == after
    }

    /// Nothing yet.
    fn at(reached: Position, up_to: Position) -> Self {
        Self {
            events: Vec::new(),
            reached,
            has_more: reached < up_to,
        }
    }

    /// Takes in what was read, up to the limit.
    fn take(&mut self, read: &Read, sight: &Sight, limit: usize) {
        for event in &read.events {
            if self.events.len() >= limit {
                return;
            }
            self.events.extend(sight.of(event));
            self.reached = event.position;
        }
        self.reached = read.reached;
    }
}

/// Staff see nearly all that is read; of what customers see there may be little among much.
fn rows(caller: &Caller, limit: usize) -> u32 {
    if caller.viewer.is_staff() {
        u32::try_from(limit).unwrap_or(ROWS_MAX).min(ROWS_MAX)
    } else {
        ROWS_MAX
    }
}

fn end_of_window(after: Position, up_to: Position) -> Position {
    let end = after.get().saturating_add(WINDOW_POSITIONS);
    Position::new(end).map_or(up_to, |end| end.min(up_to))
}
