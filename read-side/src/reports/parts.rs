//! From the rows of statements to the numbers of groups of waits.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use domain::sla::measure::Outcome;
use platform::rows::{Column, Counted, RowError, Times};
use tokio_postgres::Row as SqlRow;
use uuid::Uuid;

use super::attainment::Counts;
use super::figures::percentiles;
use crate::error::ReadError;

/// What a group may not have. None comes behind everything, as PostgreSQL orders it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NoneLast<T>(pub(super) Option<T>);

impl<T: Ord> Ord for NoneLast<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => one.cmp(other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        }
    }
}

impl<T: Ord> PartialOrd for NoneLast<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What the waits of a part have in common, in the order of the groups. What is not grouped by is none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PartKey {
    pub(super) period: NoneLast<i32>,
    pub(super) policy_id: NoneLast<Uuid>,
    pub(super) priority: NoneLast<i16>,
    pub(super) team_id: NoneLast<Uuid>,
    pub(super) agent_id: NoneLast<Uuid>,
    pub(super) metric: NoneLast<i16>,
    pub(super) channel: NoneLast<String>,
    pub(super) tag: NoneLast<String>,
}

impl PartKey {
    fn of(row: &SqlRow) -> Result<Self, ReadError> {
        Ok(Self {
            period: NoneLast(row.try_get("period")?),
            policy_id: NoneLast(row.try_get("policy_id")?),
            priority: NoneLast(row.try_get("priority")?),
            team_id: NoneLast(row.try_get("team_id")?),
            agent_id: NoneLast(row.try_get("agent_id")?),
            metric: NoneLast(row.try_get("metric")?),
            channel: NoneLast(row.try_get("channel")?),
            tag: NoneLast(row.try_get("tag")?),
        })
    }
}

/// The waits of a group, or of everything.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    running: i64,
    met: i64,
    breached: i64,
    cancelled: i64,
    /// What those that were reached had used, in seconds. The rest used nothing up.
    used: Vec<u32>,
}

impl Part {
    fn add(&mut self, outcome: Outcome, count: i64, used: &[u32]) {
        let sum = match outcome {
            Outcome::Running => &mut self.running,
            Outcome::Met => &mut self.met,
            Outcome::Breached => &mut self.breached,
            Outcome::Cancelled => &mut self.cancelled,
        };
        *sum += count;
        self.used.extend_from_slice(used);
    }

    pub(super) fn counts(mut self) -> Counts {
        Counts {
            running: self.running,
            met: self.met,
            breached: self.breached,
            cancelled: self.cancelled,
            used_seconds: percentiles(&mut self.used),
        }
    }
}

impl<'a> FromIterator<&'a Part> for Part {
    fn from_iter<I: IntoIterator<Item = &'a Part>>(parts: I) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.running += part.running;
            all.met += part.met;
            all.breached += part.breached;
            all.cancelled += part.cancelled;
            all.used.extend_from_slice(&part.used);
        }
        all
    }
}

/// The parts of a report, in the order of its groups.
pub(super) type Parts = BTreeMap<PartKey, Part>;

/// Adds a row of [`super::statement::parts`].
pub(super) fn add(parts: &mut Parts, row: &SqlRow, is_by_metric: bool) -> Result<(), ReadError> {
    let summed: Option<i16> = row.try_get("figure")?;
    let (metric, outcome, used) = match summed {
        Some(figure) => {
            let Counted::Waits(metric, outcome) = Counted::from_stored(figure)? else {
                let value = figure.to_string();
                return Err(RowError::Value { value }.into());
            };
            let used = Times(row.try_get("times")?).left();
            (Some(metric.parameter()), outcome, used)
        }
        None => {
            let outcome = Outcome::from_stored(row.try_get("outcome")?)?;
            (row.try_get("metric")?, outcome, seconds(row)?)
        }
    };
    let key = PartKey {
        metric: NoneLast(metric.filter(|_| is_by_metric)),
        ..PartKey::of(row)?
    };
    let part = parts.entry(key).or_default();
    part.add(outcome, row.try_get("count")?, &used);
    Ok(())
}

/// What waits used, which is no time before nothing.
fn seconds(row: &SqlRow) -> Result<Vec<u32>, ReadError> {
    let used: Option<Vec<i32>> = row.try_get("used")?;
    let used = used.unwrap_or_default().into_iter();
    Ok(used.map(i32::unsigned_abs).collect())
}
