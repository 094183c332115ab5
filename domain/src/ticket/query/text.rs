//! The text of a query as it is kept: bounded, and free of what no query can hold.

use crate::text::TextError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The text of a query, perhaps empty. Whether it reads as a query is asked of [`super::Query::parse`]: a text that was kept
/// stays readable when the language changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct QueryText(String);

impl QueryText {
    /// The longest allowed, in Unicode scalar values.
    pub const MAX_CHARS: usize = 1_000;

    /// What a person typed, trimmed. Who tells them the column of a fault reads the query as they typed it.
    ///
    /// # Errors
    /// When it is too long or holds control characters.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        let text = raw.trim();
        if text.chars().count() > Self::MAX_CHARS {
            let max_chars = Self::MAX_CHARS;
            return Err(TextError::TooLong { max_chars });
        }
        if text.chars().any(char::is_control) {
            return Err(TextError::ControlCharacter);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueryText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for QueryText {
    type Error = TextError;
    fn try_from(raw: String) -> Result<Self, TextError> {
        Self::parse(&raw)
    }
}

impl From<QueryText> for String {
    fn from(text: QueryText) -> Self {
        text.0
    }
}
