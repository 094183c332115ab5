//! Rows that come from the cache when it has them new enough, else from the tables.

use std::future::Future;

use event_store::{Partition, Position};
use metrics::counter;
use platform::cache::Cached;

use crate::error::ReadError;
use crate::models::ReadModels;

/// A row, and what is known of its age.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown<R> {
    /// The row.
    pub row: R,
    /// A cached row may lack events that the tables show already: it shows its partition up to here and perhaps no
    /// further. None for a row of the tables.
    pub up_to: Option<Position>,
}

impl<R> Shown<R> {
    fn by_tables(row: R) -> Self {
        Self { row, up_to: None }
    }
}

impl<R: Cached> Shown<R> {
    /// A row of a cache, which may be older than the tables by the time between commit and put; none when it does not
    /// show `at_least` this position.
    pub(crate) fn by_cache(row: R, at_least: Position) -> Option<Self> {
        let up_to = Position::new(row.position()).ok();
        (row.position() >= at_least.get()).then_some(Self { row, up_to })
    }
}

/// Where a row came from, as the metrics name it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Outcome {
    /// This process had it.
    Near,
    Hit,
    Miss,
    /// The cache had it, older than the client has to be shown.
    TooOld,
    /// The cache could not be trusted or reached.
    Bypass,
}

impl Outcome {
    pub(crate) fn count(self, kind: &'static str) {
        let outcome = match self {
            Self::Near => "near",
            Self::Hit => "hit",
            Self::Miss => "miss",
            Self::TooOld => "too_old",
            Self::Bypass => "bypass",
        };
        counter!("insightdesk_cache_reads_total", "kind" => kind, "outcome" => outcome)
            .increment(1);
    }
}

impl ReadModels {
    /// The row that `look_up` finds in the cache under a generation, if it shows `at_least` this position; else the one
    /// that `select` finds in the tables, which then fills the cache.
    pub(crate) async fn cached<R: Cached, Found: Future<Output = Option<R>>>(
        &self,
        kind: &'static str,
        partition: Partition,
        at_least: Position,
        look_up: impl FnOnce(i64) -> Found,
        select: impl Future<Output = Result<Option<R>, ReadError>>,
    ) -> Result<Option<Shown<R>>, ReadError> {
        // Taken before the row is selected: what is put under it later cannot be older than it says.
        let Some(generation) = self.cache.generation(partition) else {
            Outcome::Bypass.count(kind);
            return Ok(select.await?.map(Shown::by_tables));
        };
        match look_up(generation).await {
            Some(row) => {
                if let Some(shown) = Shown::by_cache(row, at_least) {
                    Outcome::Hit.count(kind);
                    return Ok(Some(shown));
                }
                Outcome::TooOld.count(kind);
            }
            None => Outcome::Miss.count(kind),
        }
        let row = select.await?;
        if let Some(row) = &row {
            // A fill that fails costs the next reader a statement, nothing else.
            let _ = self.cache.put(generation, partition, &[row]).await;
        }
        Ok(row.map(Shown::by_tables))
    }
}
