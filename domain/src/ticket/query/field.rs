//! What a query says of a custom field.

use crate::text::FieldText;
use crate::ticket::field::{FieldValue, FiniteNumber};

/// A value of a custom field in a query, or that there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldIs {
    /// It is empty.
    Empty,
    /// It holds this, as people write it.
    Said(FieldText),
}

impl FieldIs {
    /// What a field may hold that is written so: a text, or a number, or yes and no.
    #[must_use]
    pub fn values(&self) -> Vec<FieldValue> {
        let Self::Said(text) = self else {
            return Vec::new();
        };
        let number = text.as_str().parse::<f64>().ok();
        let number = number.and_then(|number| FiniteNumber::try_from(number).ok());
        let yes = text.as_str().parse::<bool>().ok();
        let mut values = vec![FieldValue::Text(text.clone())];
        values.extend(number.map(FieldValue::Number));
        values.extend(yes.map(FieldValue::Boolean));
        values
    }
}
