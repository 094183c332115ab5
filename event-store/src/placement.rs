//! Which partition an organization lives in: decided once, stored as a row, never changed.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use const_format::formatcp;
use metrics::gauge;
use schema::table::{LOG_HEADS, ORGANIZATION_PLACEMENTS, ORGANIZATION_SLUGS};

use crate::error::ReadError;
use crate::ids::{OrgId, Partition};
use crate::read::{Reader, column, partition_column};

/// Longest slug, as a DNS label (RFC 1035).
const SLUG_LENGTH_MAX: usize = 63;

const BY_ORGANIZATION: &str =
    formatcp!("SELECT p.partition FROM {ORGANIZATION_PLACEMENTS} p WHERE p.org_id = $1");

const ORGANIZATION_OF_SLUG: &str =
    formatcp!("SELECT s.org_id FROM {ORGANIZATION_SLUGS} s WHERE s.slug = $1");

const ORGANIZATIONS: &str =
    formatcp!("SELECT s.slug, s.org_id FROM {ORGANIZATION_SLUGS} s ORDER BY s.slug");

const LEAST_FILLED: &str = formatcp!(
    "SELECT h.partition FROM {LOG_HEADS} h LEFT JOIN {ORGANIZATION_PLACEMENTS} p ON p.partition = h.partition \
      GROUP BY h.partition ORDER BY count(p.org_id), h.partition LIMIT 1"
);

const PLACE: &str = formatcp!(
    "INSERT INTO {ORGANIZATION_PLACEMENTS} (org_id, partition) VALUES ($1, $2) ON CONFLICT (org_id) DO NOTHING"
);

const NAME: &str = formatcp!(
    "INSERT INTO {ORGANIZATION_SLUGS} (slug, org_id) VALUES ($1, $2) ON CONFLICT (slug) DO NOTHING"
);

/// Where an organization lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The organization.
    pub org_id: OrgId,
    /// Its partition.
    pub partition: Partition,
}

/// Why an organization could not be placed.
#[derive(Debug, thiserror::Error)]
pub enum PlacementError {
    /// The slug is not one.
    #[error("a slug must be 1 to {SLUG_LENGTH_MAX} lower-case letters, digits and inner hyphens")]
    InvalidSlug,
    /// The log has no partition to place it in.
    #[error("the log has no partition: run the migrations")]
    NoPartition,
    /// The database cannot be used now: retry later.
    #[error("the placement of the organization cannot be stored: retry later")]
    Store(#[from] ReadError),
}

/// Placements as rows, and those already seen in memory.
#[derive(Debug, Clone)]
pub(crate) struct Placements {
    reader: Reader,
    cache_limit: usize,
    // A std lock: the critical sections are one look-up and never wait.
    cache: Arc<RwLock<HashMap<OrgId, Partition>>>,
}

impl Placements {
    pub(crate) fn new(reader: Reader, cache_limit: usize) -> Self {
        Self {
            reader,
            cache_limit,
            cache: Arc::default(),
        }
    }

    /// Places the organization in the partition with the fewest, unless the slug is taken: then its placement.
    /// Three single statements and no transaction, because the two tables may live on different nodes. A crash between
    /// them leaves at most a placement without a slug, which the next call takes up.
    pub(crate) async fn place(
        &self,
        org_id: OrgId,
        slug: &str,
    ) -> Result<Placement, PlacementError> {
        if !is_slug(slug) {
            return Err(PlacementError::InvalidSlug);
        }
        if let Some(placement) = self.by_slug(slug).await? {
            return Ok(placement);
        }
        let rows = self.reader.query(LEAST_FILLED, &[]).await?;
        let partition = partition_column(rows.first().ok_or(PlacementError::NoPartition)?)?;
        self.reader
            .query(PLACE, &[&org_id.0, &partition.get()])
            .await?;
        self.reader.query(NAME, &[&slug, &org_id.0]).await?;
        self.by_slug(slug).await?.ok_or(PlacementError::NoPartition)
    }

    pub(crate) async fn by_organization(
        &self,
        org_id: OrgId,
    ) -> Result<Option<Partition>, ReadError> {
        let cached = self
            .cache
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&org_id)
            .copied();
        if cached.is_some() {
            return Ok(cached);
        }
        let rows = self.reader.query(BY_ORGANIZATION, &[&org_id.0]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let partition = partition_column(row)?;
        self.remember(org_id, partition);
        Ok(Some(partition))
    }

    pub(crate) async fn by_slug(&self, slug: &str) -> Result<Option<Placement>, ReadError> {
        let rows = self.reader.query(ORGANIZATION_OF_SLUG, &[&slug]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let org_id = OrgId(column(row, 0)?);
        Ok(self
            .by_organization(org_id)
            .await?
            .map(|partition| Placement { org_id, partition }))
    }

    /// Every organization with its slug, in the order of the slugs.
    pub(crate) async fn all(&self) -> Result<Vec<(String, OrgId)>, ReadError> {
        let rows = self.reader.query(ORGANIZATIONS, &[]).await?;
        rows.iter()
            .map(|row| Ok((column(row, 0)?, OrgId(column(row, 1)?))))
            .collect()
    }

    /// Says how many placements are kept.
    pub(crate) fn measure(&self) {
        let kept = self
            .cache
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        gauge!("insightdesk_placements_kept").set(kept as f64);
    }

    /// A full cache starts over: placements never change, so forgetting costs one look-up each.
    fn remember(&self, org_id: OrgId, partition: Partition) {
        let mut cache = self.cache.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= self.cache_limit {
            cache.clear();
        }
        cache.insert(org_id, partition);
    }
}

fn is_slug(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let has_hyphen_outside = text.starts_with('-') || text.ends_with('-');
    (1..=SLUG_LENGTH_MAX).contains(&text.len()) && text.bytes().all(is_inner) && !has_hyphen_outside
}

#[cfg(test)]
mod tests {
    use super::is_slug;

    #[test]
    fn a_slug_is_a_lower_case_dns_label() {
        for right in ["a", "acme", "acme-2", &"x".repeat(63)] {
            assert!(is_slug(right), "{right}");
        }
        for wrong in ["", "-a", "a-", "Acme", "a b", "a_b", "é", &"x".repeat(64)] {
            assert!(!is_slug(wrong), "{wrong}");
        }
    }
}
