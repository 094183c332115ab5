//! How far projections and timers are behind the log.

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use schema::projection::CORE;
use schema::table::core::CHECKPOINTS;
use schema::table::{LOG_HEADS, SAGA_CHECKPOINTS, TIMERS};
use tokio_postgres::Client;

use std::collections::HashMap;

/// The positions of a partition.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Of the log.
    pub head: i64,
    /// Of the read models.
    pub shown: i64,
    /// Of the saga.
    pub folded: i64,
}

/// All partitions, and the timers.
#[derive(Debug, Clone)]
pub struct Progress {
    /// By partition.
    pub places: HashMap<i16, Place>,
    /// Timers that are due and not done.
    pub due: i64,
    /// The time of the database.
    pub now: DateTime<Utc>,
}

impl Progress {
    /// Looks.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn look(client: &Client) -> Result<Self> {
        let places = format!(
            "SELECT h.partition, h.position, coalesce(c.position, 0), coalesce(s.position, 0) \
             FROM {LOG_HEADS} h LEFT JOIN {CORE}.{CHECKPOINTS} c ON c.partition = h.partition \
             LEFT JOIN {SAGA_CHECKPOINTS} s ON s.partition = h.partition"
        );
        let timers = format!(
            "SELECT count(*) FILTER (WHERE t.due_at <= clock_timestamp()), clock_timestamp() FROM {TIMERS} t"
        );
        let mut found = HashMap::new();
        for row in client.query(&places, &[]).await? {
            let place = Place {
                head: row.try_get(1)?,
                shown: row.try_get(2)?,
                folded: row.try_get(3)?,
            };
            found.insert(row.try_get(0)?, place);
        }
        let timers = client.query_one(&timers, &[]).await?;
        Ok(Self {
            places: found,
            due: timers.try_get(0)?,
            now: timers.try_get(1)?,
        })
    }

    /// Events that the read models do not show yet.
    #[must_use]
    pub fn lag(&self) -> i64 {
        self.places
            .values()
            .map(|place| place.head - place.shown)
            .sum()
    }

    /// Whether the read models show at least what the log held at an earlier look.
    #[must_use]
    pub fn shows(&self, earlier: &Self) -> bool {
        earlier.places.iter().all(|(partition, then)| {
            self.places
                .get(partition)
                .is_some_and(|now| now.shown >= then.head)
        })
    }

    /// Whether everything is done.
    ///
    /// # Errors
    /// What is not.
    pub fn is_at_rest(&self) -> Result<()> {
        let behind = |what: &str, of: fn(&Place) -> i64| {
            let all = self
                .places
                .iter()
                .filter(|(_, place)| of(place) < place.head);
            let all: Vec<_> = all.map(|(p, place)| format!("{p}: {place:?}")).collect();
            if all.is_empty() {
                Ok(())
            } else {
                bail!("{what} is behind in {}", all.join(", "))
            }
        };
        behind("the projector", |place| place.shown)?;
        behind("the saga", |place| place.folded)?;
        if self.due > 0 {
            bail!("{} timers are due", self.due);
        }
        Ok(())
    }
}
