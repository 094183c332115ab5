//! Follows a partition: page after page, waiting at its head.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::error::ReadError;
use crate::event::RecordedEvent;
use crate::ids::{Partition, Position};
use crate::read::Reader;

/// A reader of one partition that remembers how far it is.
#[derive(Debug)]
pub struct Subscription {
    reader: Reader,
    partition: Partition,
    after: Position,
    wakeup: watch::Receiver<Position>,
    poll_interval: Duration,
}

impl Subscription {
    pub(crate) fn new(
        reader: Reader,
        partition: Partition,
        after: Position,
        wakeup: watch::Receiver<Position>,
        poll_interval: Duration,
    ) -> Self {
        Self {
            reader,
            partition,
            after,
            wakeup,
            poll_interval,
        }
    }

    /// The position of the last event that it gave out.
    #[must_use]
    pub fn position(&self) -> Position {
        self.after
    }

    /// The next events, at least one and at most `limit`; waits for them. Dropping the future loses nothing.
    ///
    /// # Errors
    /// [`ReadError`]; the subscription stays where it is and can be asked again.
    pub async fn next_page(&mut self, limit: u32) -> Result<Vec<RecordedEvent>, ReadError> {
        loop {
            // Marked as seen before the read: an event that comes after it wakes the wait below.
            self.wakeup.borrow_and_update();
            let page = self
                .reader
                .partition(self.partition, self.after, limit.max(1))
                .await?;
            if let Some(last) = page.last() {
                self.after = last.position;
                return Ok(page);
            }
            // Woken, out of time or without a sender: in every case the log itself is asked next.
            if !matches!(
                timeout(self.poll_interval, self.wakeup.changed()).await,
                Ok(Err(_))
            ) {
                continue;
            }
            tokio::time::sleep(self.poll_interval).await;
        }
    }
}
