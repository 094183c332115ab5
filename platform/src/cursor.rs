//! Opaque cursors: where a list goes on, bound to the query that it belongs to.
//!
//! A cursor is base64url of compact JSON: the fingerprint of the query and the sort key of the last item.
//! It is not secret and not signed: it grants nothing, since every page is asked under the viewer's own scope.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Datelike, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The longest cursor that is looked at, in characters. The longest made holds a name of 120 characters.
pub const LENGTH_MAX: usize = 2_048;

/// Names a query in its cursors: two queries with other filters or another order have other fingerprints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(String);

/// Bytes of the hash that are kept. A chance equality of two queries would only mix up their pages.
const FINGERPRINT_BYTES: usize = 8;

impl Fingerprint {
    /// The fingerprint of a list's name and everything that decides its items and their order.
    #[must_use]
    pub fn of(list: &str, query: &impl Serialize) -> Self {
        let canonical = serde_json::to_vec(&(list, query));
        // Queries are lists, numbers and texts, all of which have a JSON form. One without would share no other's cursors: its
        // own are good for nothing then.
        let canonical = canonical.unwrap_or_else(|_| Uuid::now_v7().into_bytes().to_vec());
        let hash = blake3::hash(&canonical);
        Self(URL_SAFE_NO_PAD.encode(&hash.as_bytes()[..FINGERPRINT_BYTES]))
    }
}

/// Why a text is not a cursor of this query.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCursor {
    /// It was not made by this program, or was cut.
    #[error("must be a cursor as an earlier page gave it")]
    Malformed,
    /// It belongs to a query with other filters or another order.
    #[error("belongs to another filter or sort; start again without it")]
    OtherQuery,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content<K> {
    #[serde(rename = "f")]
    fingerprint: String,
    #[serde(rename = "k")]
    key: K,
}

/// The cursor that goes on after the item with this key.
#[must_use]
pub fn encode<K: Serialize>(fingerprint: &Fingerprint, key: K) -> String {
    let content = Content {
        fingerprint: fingerprint.0.clone(),
        key,
    };
    // Keys are numbers, ids and texts, all of which have a JSON form. An empty text is no cursor.
    let json = serde_json::to_vec(&content).unwrap_or_default();
    URL_SAFE_NO_PAD.encode(json)
}

/// The key in the cursor.
///
/// # Errors
/// [`InvalidCursor`] when it is not a cursor, its key is of another type, or it belongs to another query.
pub fn decode<K: DeserializeOwned>(
    fingerprint: &Fingerprint,
    text: &str,
) -> Result<K, InvalidCursor> {
    if text.len() > LENGTH_MAX {
        return Err(InvalidCursor::Malformed);
    }
    let json = URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|_| InvalidCursor::Malformed)?;
    // The fingerprint is read first: a cursor of another list has a key of another type.
    let claimed: Content<serde::de::IgnoredAny> =
        serde_json::from_slice(&json).map_err(|_| InvalidCursor::Malformed)?;
    if claimed.fingerprint != fingerprint.0 {
        return Err(InvalidCursor::OtherQuery);
    }
    let content: Content<K> =
        serde_json::from_slice(&json).map_err(|_| InvalidCursor::Malformed)?;
    Ok(content.key)
}

/// A time that a `timestamptz` can hold, kept in a cursor as microseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
pub struct Moment(DateTime<Utc>);

/// A time that no row can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time of the year -4712 or later")]
pub struct InvalidMoment;

impl Moment {
    /// The first whole year of a `timestamptz` (PostgreSQL manual, section "Date/Time Types"). Its last one is beyond
    /// what a `DateTime` can be.
    const YEAR_MIN: i32 = -4_712;

    /// A time from outside.
    ///
    /// # Errors
    /// [`InvalidMoment`] when no row can have it.
    pub fn new(time: DateTime<Utc>) -> Result<Self, InvalidMoment> {
        if time.year() >= Self::YEAR_MIN {
            Ok(Self(time))
        } else {
            Err(InvalidMoment)
        }
    }

    /// A time that came from a row.
    #[must_use]
    pub fn of_row(time: DateTime<Utc>) -> Self {
        Self(time)
    }

    /// The time.
    #[must_use]
    pub fn get(self) -> DateTime<Utc> {
        self.0
    }
}

impl TryFrom<i64> for Moment {
    type Error = InvalidMoment;

    fn try_from(micros: i64) -> Result<Self, InvalidMoment> {
        DateTime::from_timestamp_micros(micros)
            .ok_or(InvalidMoment)
            .and_then(Self::new)
    }
}

impl From<Moment> for i64 {
    fn from(moment: Moment) -> Self {
        moment.0.timestamp_micros()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn fingerprint(query: &str) -> Fingerprint {
        Fingerprint::of("tickets", &query)
    }

    fn of_json(json: &str) -> String {
        URL_SAFE_NO_PAD.encode(json)
    }

    #[test]
    fn a_cursor_gives_its_key_back() {
        let moment = Moment::try_from(1_767_225_600_123_456).unwrap();
        let cursor = encode(&fingerprint("open"), (moment, "Ada"));
        let key: (Moment, String) = decode(&fingerprint("open"), &cursor).unwrap();
        assert_eq!(key, (moment, "Ada".to_owned()));
    }

    #[test]
    fn a_cursor_of_another_query_is_refused_even_if_its_key_has_another_type() {
        let cursor = encode(&fingerprint("open"), "Ada");
        assert_eq!(
            decode::<String>(&fingerprint("closed"), &cursor),
            Err(InvalidCursor::OtherQuery)
        );
        assert_eq!(
            decode::<i64>(&fingerprint("closed"), &cursor),
            Err(InvalidCursor::OtherQuery)
        );
        assert_eq!(
            decode::<i64>(&fingerprint("open"), &cursor),
            Err(InvalidCursor::Malformed)
        );
        assert_ne!(
            Fingerprint::of("tickets", &"open"),
            Fingerprint::of("users", &"open")
        );
    }

    /// Has no JSON form.
    struct Unwritable;

    impl Serialize for Unwritable {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("nothing to write"))
        }
    }

    #[test]
    fn queries_without_a_json_form_share_no_cursors() {
        let cursor = encode(&Fingerprint::of("tickets", &Unwritable), 1);
        let other = Fingerprint::of("tickets", &Unwritable);
        assert_eq!(
            decode::<i64>(&other, &cursor),
            Err(InvalidCursor::OtherQuery)
        );
        let empty = encode(&fingerprint("open"), Unwritable);
        assert_eq!(
            decode::<i64>(&fingerprint("open"), &empty),
            Err(InvalidCursor::Malformed)
        );
    }

    #[test]
    fn what_is_not_a_cursor_is_refused() {
        let Fingerprint(own) = fingerprint("open");
        let longest = "A".repeat(LENGTH_MAX + 1);
        let extra = of_json(&format!(r#"{{"f":"{own}","k":1,"x":2}}"#));
        let trailing = of_json(&format!(r#"{{"f":"{own}","k":1}}1"#));
        for wrong in [
            "", "!", "e30", "bnVsbA", "eyJmIjox", &longest, &extra, &trailing,
        ] {
            assert_eq!(
                decode::<i64>(&fingerprint("open"), wrong),
                Err(InvalidCursor::Malformed),
                "{wrong}"
            );
        }
    }

    #[test]
    fn times_that_the_database_cannot_hold_are_refused() {
        for wrong in [i64::MIN, i64::MAX, -210_866_803_200_000_001] {
            assert_eq!(Moment::try_from(wrong), Err(InvalidMoment));
        }
        assert!(Moment::try_from(0).is_ok());
        assert!(Moment::try_from(253_402_300_799_999_999).is_ok());
    }
}
