//! The typed numbers and names of the log. A value of these types was checked when it was made.

use std::borrow::Cow;
use std::fmt;

use uuid::Uuid;

/// A partition of the log: the unit of order. Every organization lives in one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partition(i16);

impl Partition {
    /// Names a partition. Whether it exists is a row of the database, not of this type.
    ///
    /// # Errors
    /// [`InvalidId::Partition`] when the number is negative.
    pub const fn new(number: i16) -> Result<Self, InvalidId> {
        if number < 0 {
            return Err(InvalidId::Partition(number));
        }
        Ok(Self(number))
    }

    /// The number of the partition.
    #[must_use]
    pub const fn get(self) -> i16 {
        self.0
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Where an event stands in its partition: 1, 2, 3 … in the order of commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position(i64);

impl Position {
    /// Before the first event.
    pub const START: Self = Self(0);

    /// A position from its number.
    ///
    /// # Errors
    /// [`InvalidId::Position`] when the number is negative.
    pub const fn new(number: i64) -> Result<Self, InvalidId> {
        if number < 0 {
            return Err(InvalidId::Position(number));
        }
        Ok(Self(number))
    }

    /// The number of the position.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// The position in the middle of this and a later one, rounded down.
    #[must_use]
    pub const fn halfway_to(self, later: Self) -> Self {
        Self(i64::midpoint(self.0, later.0))
    }

    /// A number that the database's own CHECK keeps from being negative.
    pub(crate) const fn from_row(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The version of a stream: how many events it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(i64);

impl Version {
    /// No stream yet.
    pub const NONE: Self = Self(0);

    /// A version from its number.
    ///
    /// # Errors
    /// [`InvalidId::Version`] when the number is negative.
    pub const fn new(number: i64) -> Result<Self, InvalidId> {
        if number < 0 {
            return Err(InvalidId::Version(number));
        }
        Ok(Self(number))
    }

    /// The number of the version.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The version after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// A number that the database's own CHECK keeps from being negative.
    pub(crate) const fn from_row(number: i64) -> Self {
        Self(number)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// An organization: the tenant to which an event belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OrgId(pub Uuid);

impl fmt::Display for OrgId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// A stream: the events of one aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StreamId {
    /// The kind of aggregate, such as `ticket`.
    pub stream_type: Cow<'static, str>,
    /// The aggregate's id, unique in the whole log.
    pub id: Uuid,
}

/// A key that a client chose for one command, so that sending it again has no second effect.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// The longest key, in characters.
    pub const LENGTH_MAX: usize = 255;

    /// Accepts 1 to 255 visible ASCII characters (0x21 to 0x7E).
    ///
    /// # Errors
    /// [`InvalidId::IdempotencyKey`] for any other text.
    pub fn new(text: impl Into<String>) -> Result<Self, InvalidId> {
        let text = text.into();
        let length_is_right = (1..=Self::LENGTH_MAX).contains(&text.len());
        if length_is_right && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(text));
        }
        Err(InvalidId::IdempotencyKey)
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why a number or a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidId {
    /// A partition number is negative.
    #[error("{0} is not a partition: it must not be negative")]
    Partition(i16),
    /// A position is negative.
    #[error("{0} is not a position: it must not be negative")]
    Position(i64),
    /// A version is negative.
    #[error("{0} is not a version: it must not be negative")]
    Version(i64),
    /// A key is empty, too long or has a character that is not visible ASCII.
    #[error("an idempotency key must be 1 to 255 visible ASCII characters")]
    IdempotencyKey,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_idempotency_key_is_1_to_255_visible_ascii_characters() {
        assert_eq!(IdempotencyKey::new("a-1").unwrap().as_str(), "a-1");
        assert!(IdempotencyKey::new("x".repeat(255)).is_ok());
        for wrong in ["", "a b", "tab\t", "é", &"x".repeat(256)] {
            assert_eq!(IdempotencyKey::new(wrong), Err(InvalidId::IdempotencyKey));
        }
    }

    #[test]
    fn negative_numbers_are_no_ids() {
        assert_eq!(Partition::new(-1), Err(InvalidId::Partition(-1)));
        assert_eq!(Position::new(-1), Err(InvalidId::Position(-1)));
        assert_eq!(Version::new(-1), Err(InvalidId::Version(-1)));
    }
}
