//! Values of custom fields as people send them, before the organization's definition says of which kind they are.

use crate::dispatch::{CommandError, Refusal, Work};
use domain::organization::settings::FieldKind;
use domain::text::{FieldKey, FieldText, full_date};
use domain::ticket::field::{FieldValue, FiniteNumber};

/// A value without its kind: a text may be a line, a day or a choice.
#[derive(Debug, Clone, PartialEq)]
pub enum RawFieldValue {
    /// Yes or no.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A text, a day or a choice.
    Text(String),
}

/// The value of the kind that the organization defined.
///
/// # Errors
/// [`Refusal::Invalid`] naming `/custom_fields/<key>` when there is no such field or the value is not of its kind.
pub(super) fn resolve(
    work: &Work<'_>,
    key: &FieldKey,
    raw: &RawFieldValue,
) -> Result<FieldValue, CommandError> {
    let refuse = |detail: String| {
        CommandError::from(Refusal::invalid(format!("/custom_fields/{key}"), detail))
    };
    let Some(definition) = work.settings().custom_fields.get(key) else {
        return Err(refuse(
            "is not a custom field of this organization".to_owned(),
        ));
    };
    let text = |text: &str| FieldText::parse(text).map_err(|error| refuse(error.to_string()));
    match (&definition.kind, raw) {
        (FieldKind::Text, RawFieldValue::Text(raw)) => text(raw).map(FieldValue::Text),
        (FieldKind::Choice { .. }, RawFieldValue::Text(raw)) => text(raw).map(FieldValue::Choice),
        (FieldKind::Date, RawFieldValue::Text(raw)) => {
            let day = full_date(raw);
            day.map(FieldValue::Date)
                .ok_or_else(|| refuse("must be a date such as 2026-03-01".to_owned()))
        }
        (FieldKind::Number, RawFieldValue::Number(raw)) => FiniteNumber::try_from(*raw)
            .map(FieldValue::Number)
            .map_err(|error| refuse(error.to_owned())),
        (FieldKind::Boolean, RawFieldValue::Boolean(yes)) => Ok(FieldValue::Boolean(*yes)),
        (kind, _) => Err(refuse(format!("must be {}", in_words(kind)))),
    }
}

fn in_words(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text => "a text",
        FieldKind::Number => "a number",
        FieldKind::Boolean => "true or false",
        FieldKind::Date => "a date such as 2026-03-01",
        FieldKind::Choice { .. } => "one of the field's options",
    }
}
