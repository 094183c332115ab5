//! Rows that come from the cache when it has them new enough, else from the tables.

use std::future::Future;

use event_store::{OrgId, Position};
use metrics::counter;
use platform::cache::Cached;
use platform::freshness::Moment;
use uuid::Uuid;

use crate::error::ReadError;
use crate::flights::Flights;
use crate::models::ReadModels;
use crate::viewer::Tenant;

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
    /// A row of the tables that was looked for before it was asked for, when they showed `at_least` this position.
    fn by_another(row: R, at_least: Position) -> Self {
        let up_to = Position::new(row.position()).ok();
        Self {
            row,
            up_to: up_to.max(Some(at_least)),
        }
    }

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
    /// Another query of the same row was under way, and answered for both.
    Joined,
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
            Self::Joined => "joined",
            Self::Bypass => "bypass",
        };
        counter!("insightdesk_cache_reads_total", "kind" => kind, "outcome" => outcome)
            .increment(1);
    }
}

/// The rows that are being read, by organization, id and the moment in which that began, if it was one.
pub(crate) type RowFlights<R> = Flights<(OrgId, Uuid, Option<Moment>), Option<R>>;

/// A row that may be cached.
pub(crate) struct Wanted<'a, R> {
    /// As the metrics name what it is.
    pub(crate) kind: &'static str,
    /// Where it lives.
    pub(crate) tenant: Tenant,
    /// Its id.
    pub(crate) id: Uuid,
    /// What it has to show.
    pub(crate) at_least: Position,
    /// When it is asked for, if that is a moment.
    pub(crate) now: Option<Moment>,
    /// Those that are being read.
    pub(crate) flights: &'a RowFlights<R>,
}

impl ReadModels {
    /// The row that `look_up` finds in the cache under a generation, if it is new enough; else the one that `select` finds in
    /// the tables, once for all who want it now, which then fills the cache.
    pub(crate) async fn cached<R, Found, Selected>(
        &self,
        wanted: Wanted<'_, R>,
        look_up: impl FnOnce(i64) -> Found,
        select: Selected,
    ) -> Result<Option<Shown<R>>, ReadError>
    where
        R: Cached + Clone + 'static,
        Found: Future<Output = Option<R>>,
        Selected: Future<Output = Result<Option<R>, ReadError>> + Send + 'static,
    {
        let Wanted { kind, at_least, .. } = wanted;
        let partition = wanted.tenant.partition;
        // Taken before the row is selected: what is put under it later cannot be older than it says.
        let generation = self.cache.generation(partition);
        let missed = match generation {
            None => Outcome::Bypass,
            Some(generation) => match look_up(generation).await {
                None => Outcome::Miss,
                Some(row) => match Shown::by_cache(row, at_least) {
                    None => Outcome::TooOld,
                    Some(shown) => {
                        Outcome::Hit.count(kind);
                        return Ok(Some(shown));
                    }
                },
            },
        };
        let cache = self.cache.clone();
        let read = async move {
            let row = select.await?;
            if let (Some(row), Some(generation)) = (&row, generation) {
                // A fill that fails costs the next reader a statement, nothing else.
                let _ = cache.put(generation, partition, &[row]).await;
            }
            Ok(row)
        };
        let key = (wanted.tenant.org_id, wanted.id, wanted.now);
        let (row, joined) = wanted.flights.join_or(key, at_least, read).await?;
        if joined {
            Outcome::Joined.count(kind);
            return Ok(row.map(|row| Shown::by_another(row, at_least)));
        }
        missed.count(kind);
        Ok(row.map(Shown::by_tables))
    }
}
