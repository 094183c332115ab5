//! Where the feed goes on. A cursor is a position of the partition that the organization lives in, for ever, and belongs to
//! the organization alone: it is good with whatever filter.

use event_store::{OrgId, Position};
use platform::cursor::{self, Fingerprint, InvalidCursor};

/// The word for the end of the feed as it is now.
const LATEST: &str = "latest";

/// Where to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// After this position; [`Position::START`] is the beginning.
    After(Position),
    /// After what there is now.
    Latest,
}

impl Start {
    /// What a client asked for: a cursor, `latest`, or the beginning.
    ///
    /// # Errors
    /// [`InvalidCursor`] when it is none, or of another organization.
    pub fn parse(org_id: OrgId, text: Option<&str>) -> Result<Self, InvalidCursor> {
        match text {
            None => Ok(Self::After(Position::START)),
            Some(LATEST) => Ok(Self::Latest),
            Some(text) => decode(org_id, text).map(Self::After),
        }
    }
}

fn fingerprint(org_id: OrgId) -> Fingerprint {
    Fingerprint::of("events", &org_id.0)
}

/// The cursor of a position.
pub(crate) fn encode(org_id: OrgId, position: Position) -> String {
    cursor::encode(&fingerprint(org_id), position.get())
}

/// The position of a cursor.
fn decode(org_id: OrgId, text: &str) -> Result<Position, InvalidCursor> {
    let position = cursor::decode::<i64>(&fingerprint(org_id), text)?;
    Position::new(position).map_err(|_| InvalidCursor::Malformed)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use uuid::Uuid;

    /// Consumers keep cursors for years: what this version reads, every later one has to.
    #[test]
    fn a_cursor_that_was_given_out_once_is_read_for_ever() {
        let org_id = OrgId(Uuid::from_u128(1));
        let given_out = "eyJmIjoiLXVKWG1YVGRDVWciLCJrIjo0Mn0";
        assert_eq!(encode(org_id, Position::new(42).unwrap()), given_out);
        assert_eq!(decode(org_id, given_out).unwrap().get(), 42);
    }

    #[test]
    fn a_cursor_of_another_organization_or_list_is_none() {
        let cursor = encode(OrgId(Uuid::from_u128(1)), Position::START.next());
        let other = OrgId(Uuid::from_u128(2));
        assert_eq!(decode(other, &cursor), Err(InvalidCursor::OtherQuery));
        let of_list = cursor::encode(&Fingerprint::of("history", &Uuid::from_u128(1)), 1_i64);
        let own = OrgId(Uuid::from_u128(1));
        assert_eq!(decode(own, &of_list), Err(InvalidCursor::OtherQuery));
        let negative = cursor::encode(&fingerprint(own), -1_i64);
        assert_eq!(decode(own, &negative), Err(InvalidCursor::Malformed));
        assert_eq!(Start::parse(own, Some("latest")).unwrap(), Start::Latest);
    }
}
