//! Values of custom fields.

use crate::text::FieldText;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The value of a custom field. Its kind fits the definition in the organization's settings when it is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "snake_case")]
pub enum FieldValue {
    /// A line of text.
    Text(FieldText),
    /// A finite decimal number.
    Number(FiniteNumber),
    /// Yes or no.
    Boolean(bool),
    /// A day, without a zone.
    Date(NaiveDate),
    /// One of the definition's options.
    Choice(FieldText),
}

/// A number that is neither infinite nor NaN, so that it has a JSON form and equality is an equivalence.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct FiniteNumber(f64);

impl FiniteNumber {
    /// The number.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for FiniteNumber {
    type Error = &'static str;
    fn try_from(number: f64) -> Result<Self, Self::Error> {
        if number.is_finite() {
            Ok(Self(number))
        } else {
            Err("must be a finite number")
        }
    }
}

impl From<FiniteNumber> for f64 {
    fn from(number: FiniteNumber) -> Self {
        number.0
    }
}

impl Eq for FiniteNumber {}
impl Eq for FieldValue {}
