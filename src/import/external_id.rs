//! Ids of what comes from another system: the same for the same thing, on every run and machine.

use chrono::{DateTime, Utc};
use domain::ids::OrganizationId;
use uuid::{Builder, Uuid};

/// Separates these hashes from all others (BLAKE3's key derivation mode).
const CONTEXT: &str = "InsightDesk 2026 ids of imported things";
/// The bytes of a UUIDv7 behind its 48 bits of time (RFC 9562, section 5.7).
const RANDOM_BYTES: usize = 10;

/// The id of the `kind` thing that `source` calls `external_id`: a UUIDv7 of `at` whose other bits are a hash of the
/// organization and the three names, so that a second import of the same thing meets the first.
#[must_use]
pub fn derive(
    organization: OrganizationId,
    source: &str,
    kind: &str,
    external_id: &str,
    at: DateTime<Utc>,
) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
    hasher.update(organization.0.as_bytes());
    for part in [source, kind, external_id] {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut random = [0; RANDOM_BYTES];
    hasher.finalize_xof().fill(&mut random);
    // A UUIDv7 has no times before 1970; such a history sorts first.
    let at_ms = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    Builder::from_unix_timestamp_millis(at_ms, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    const ORGANIZATION: OrganizationId = OrganizationId(Uuid::from_u128(7));

    fn id(kind: &str, external_id: &str, at: i64) -> Uuid {
        let at = DateTime::from_timestamp(at, 0).unwrap();
        derive(ORGANIZATION, "servicenow-log", kind, external_id, at)
    }

    #[test]
    fn the_same_thing_has_the_same_id_and_it_never_changes() {
        let first = id("ticket", "0000045", 1_456_708_560);
        assert_eq!(first, id("ticket", "0000045", 1_456_708_560));
        assert_eq!(first.get_version_num(), 7);
        assert_eq!(first.get_timestamp().unwrap().to_unix().0, 1_456_708_560);
    }

    #[test]
    fn kind_name_source_and_organization_each_make_another_id() {
        let at = DateTime::from_timestamp(0, 0).unwrap();
        let other = OrganizationId(Uuid::from_u128(8));
        let ids = [
            id("ticket", "45", 0),
            id("caller", "45", 0),
            id("ticket", "450", 0),
            derive(other, "servicenow-log", "ticket", "45", at),
            derive(ORGANIZATION, "another-log", "ticket", "45", at),
        ];
        let distinct: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
    }

    #[test]
    fn a_time_before_1970_is_kept_out_of_the_id() {
        assert_eq!(
            id("ticket", "1", -5).get_timestamp().unwrap().to_unix().0,
            0
        );
    }
}
