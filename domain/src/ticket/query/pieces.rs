//! Parts of a query's text, each with its column: values between commas, in quotes or not, and comparisons.

use super::{Called, Comparison, Fault, Query, QueryError};

/// The fault of the character at an index.
pub(super) fn fault(at: usize, fault: Fault) -> QueryError {
    QueryError {
        column: at + 1,
        fault,
    }
}

/// A part of the text, and the index where it begins.
#[derive(Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) chars: &'a [char],
    pub(super) at: usize,
}

/// What stands between the quote that the characters begin with and the next, and how many characters that is with both; `\`
/// takes the next character as it is. None where they are not closed.
pub(super) fn quoted(chars: &[char]) -> Option<(String, usize)> {
    let mut words = String::new();
    let mut at = 1;
    loop {
        match *chars.get(at)? {
            '"' => return Some((words, at + 1)),
            '\\' => {
                at += 1;
                words.push(*chars.get(at)?);
            }
            c => words.push(c),
        }
        at += 1;
    }
}

/// A value of a condition, and the index where it begins.
pub(super) struct Value {
    pub(super) text: String,
    /// Whether it stands in quotes, and so is no word of the language.
    is_quoted: bool,
    at: usize,
}

impl Value {
    /// The word of the language that it is, if it is one.
    pub(super) fn word(&self) -> Option<&str> {
        (!self.is_quoted).then_some(self.text.as_str())
    }

    pub(super) fn fault(&self, why: Fault) -> QueryError {
        fault(self.at, why)
    }

    pub(super) fn called(&self) -> Called {
        Called {
            name: self.text.trim().to_owned(),
            column: self.at + 1,
        }
    }
}

impl<'a> Piece<'a> {
    pub(super) fn text(self) -> String {
        self.chars.iter().collect()
    }

    pub(super) fn find(self, wanted: char) -> Option<usize> {
        self.chars.iter().position(|c| *c == wanted)
    }

    /// The part from an index on.
    pub(super) fn from(self, index: usize) -> Self {
        Self {
            chars: &self.chars[index..],
            at: self.at + index,
        }
    }

    pub(super) fn fault(self, why: Fault) -> QueryError {
        fault(self.at, why)
    }

    /// The parts between commas.
    pub(super) fn values(self) -> Result<Vec<Value>, QueryError> {
        let mut values = Vec::new();
        let mut rest = self;
        loop {
            let (value, end) = rest.value();
            if value.text.trim().is_empty() {
                return Err(value.fault(Fault::NoValue));
            }
            if values.len() >= Query::MAX_VALUES {
                return Err(value.fault(Fault::TooManyValues));
            }
            values.push(value);
            if end == rest.chars.len() {
                return Ok(values);
            }
            rest = rest.from(end + 1);
        }
    }

    /// The part before the first comma that stands in no quotes, and the index of the comma or of the end.
    pub(super) fn value(self) -> (Value, usize) {
        let in_quotes = self.chars.first().filter(|c| **c == '"');
        let quoted = in_quotes.and_then(|_| quoted(self.chars));
        let is_quoted = quoted.is_some();
        let (text, end) = quoted.unwrap_or_else(|| {
            let end = self.find(',').unwrap_or(self.chars.len());
            (self.chars[..end].iter().collect(), end)
        });
        let at = self.at;
        let value = Value {
            text,
            is_quoted,
            at,
        };
        (value, end)
    }

    /// Every value of a list, read in the same way.
    pub(super) fn each<T>(
        self,
        read: impl Fn(&str) -> Option<T>,
        why: &Fault,
    ) -> Result<Vec<T>, QueryError> {
        let values = self.values()?.into_iter();
        let values = values.map(|value| read(&value.text).ok_or(value.fault(why.clone())));
        values.collect()
    }

    /// Every value of a list whose words may be names.
    pub(super) fn each_named<T>(self, read: impl Fn(&Value) -> T) -> Result<Vec<T>, QueryError> {
        Ok(self.values()?.iter().map(read).collect())
    }

    /// The comparison that it begins with, if it does, and the rest.
    pub(super) fn comparison(self) -> (Option<Comparison>, Self) {
        let first = self.chars.first().copied();
        let with_equal = self.chars.get(1) == Some(&'=');
        let comparison = match (first, with_equal) {
            (Some('<'), false) => Comparison::Less,
            (Some('<'), true) => Comparison::AtMost,
            (Some('>'), false) => Comparison::Greater,
            (Some('>'), true) => Comparison::AtLeast,
            _ => return (None, self),
        };
        (Some(comparison), self.from(1 + usize::from(with_equal)))
    }

    /// The only value behind a comparison.
    pub(super) fn compared(self) -> Result<String, QueryError> {
        if let Some(comma) = self.find(',') {
            return Err(self.from(comma).fault(Fault::ComparedList));
        }
        if self.chars.is_empty() {
            return Err(self.fault(Fault::NoValue));
        }
        Ok(self.text())
    }
}
