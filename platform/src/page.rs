//! One page of a list.

use crate::cursor::{self, Fingerprint};
use serde::Serialize;

/// How many items a page may have: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(u8);

/// A number of items that no page has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 100")]
pub struct InvalidLimit;

impl Limit {
    /// The most items of a page.
    pub const MAX: u8 = 100;
    /// As many as a page may have.
    pub const LARGEST: Self = Self(Self::MAX);
    /// What a client gets that does not ask for a number.
    pub const DEFAULT: Self = Self(25);

    /// A limit that a client asked for.
    ///
    /// # Errors
    /// [`InvalidLimit`] when it is not 1 to 100.
    pub fn new(items: i64) -> Result<Self, InvalidLimit> {
        let items = u8::try_from(items).map_err(|_| InvalidLimit)?;
        if (1..=Self::MAX).contains(&items) {
            Ok(Self(items))
        } else {
            Err(InvalidLimit)
        }
    }

    /// The most items.
    #[must_use]
    pub fn items(self) -> usize {
        usize::from(self.0)
    }

    /// Rows to ask for: one more than the page has, to know whether there is a next.
    #[must_use]
    pub fn rows(self) -> i64 {
        i64::from(self.0) + 1
    }
}

/// Some items of a list in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the list goes on, if it does.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page of the rows that were asked for with [`Limit::rows`]; `key` is what the order compares.
    #[must_use]
    pub fn cut<K: Serialize>(
        mut rows: Vec<T>,
        limit: Limit,
        query: &Fingerprint,
        key: impl Fn(&T) -> K,
    ) -> Self {
        let has_more = rows.len() > usize::from(limit.0);
        rows.truncate(usize::from(limit.0));
        let last = rows.last().filter(|_| has_more);
        let next_cursor = last.map(|row| cursor::encode(query, key(row)));
        Self {
            items: rows,
            next_cursor,
        }
    }

    /// The same page with other items.
    #[must_use]
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(convert).collect(),
            next_cursor: self.next_cursor,
        }
    }
}

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the lowest, the oldest.
    #[default]
    Ascending,
    /// From the highest, the newest.
    Descending,
}

impl Direction {
    /// The position before the first of a list that goes by position.
    #[must_use]
    pub fn before_first(self) -> i64 {
        match self {
            Self::Ascending => 0,
            Self::Descending => i64::MAX,
        }
    }

    /// The comparison that what comes after a key fulfils.
    #[must_use]
    pub fn after(self) -> &'static str {
        match self {
            Self::Ascending => ">",
            Self::Descending => "<",
        }
    }

    /// The word of `ORDER BY`.
    #[must_use]
    pub fn order(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    fn page(rows: std::ops::Range<i64>) -> Page<i64> {
        Page::cut(
            rows.collect(),
            Limit::new(2).unwrap(),
            &Fingerprint::of("numbers", &()),
            |row| *row,
        )
    }

    #[test]
    fn a_page_has_at_most_its_limit_and_a_cursor_only_when_there_is_more() {
        assert_eq!(
            page(0..0),
            Page {
                items: vec![],
                next_cursor: None
            }
        );
        assert_eq!(
            page(0..2),
            Page {
                items: vec![0, 1],
                next_cursor: None
            }
        );
        let first = page(0..3);
        assert_eq!(first.items, [0, 1]);
        let key: i64 = cursor::decode(
            &Fingerprint::of("numbers", &()),
            &first.next_cursor.unwrap(),
        )
        .unwrap();
        assert_eq!(key, 1);
    }

    #[test]
    fn a_limit_is_1_to_100() {
        assert_eq!(Limit::new(100).unwrap().rows(), 101);
        for wrong in [i64::MIN, -1, 0, 101, 256, i64::MAX] {
            assert_eq!(Limit::new(wrong), Err(InvalidLimit));
        }
    }
}
