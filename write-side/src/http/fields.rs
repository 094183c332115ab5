//! Parsing of the fields of a body into the domain's types, all at once: every field at fault is named.

use domain::text::{FieldKey, TextError};
use platform::http::problem::{FieldError, Problem};

/// Collects what is wrong with a body.
#[derive(Debug, Default)]
pub(super) struct Fields {
    errors: Vec<FieldError>,
}

/// A field that was at fault; [`Fields`] knows why.
#[derive(Debug)]
pub(super) struct AtFault;

impl Fields {
    /// Parses a text.
    pub(super) fn text<T>(
        &mut self,
        pointer: &str,
        raw: &str,
        parse: impl Fn(&str) -> Result<T, TextError>,
    ) -> Result<T, AtFault> {
        parse(raw).map_err(|error| self.add(pointer, error.to_string()))
    }

    /// Parses a text if there is one.
    pub(super) fn optional<T>(
        &mut self,
        pointer: &str,
        raw: Option<&str>,
        parse: impl Fn(&str) -> Result<T, TextError>,
    ) -> Result<Option<T>, AtFault> {
        raw.map(|raw| self.text(pointer, raw, parse)).transpose()
    }

    /// Parses every text of a list.
    pub(super) fn each<T>(
        &mut self,
        pointer: &str,
        raw: &[String],
        parse: impl Fn(&str) -> Result<T, TextError>,
    ) -> Result<Vec<T>, AtFault> {
        let parsed: Vec<_> = raw
            .iter()
            .enumerate()
            .map(|(index, raw)| self.text(&format!("{pointer}/{index}"), raw, &parse))
            .collect();
        parsed.into_iter().collect()
    }

    /// Parses a custom field's key.
    pub(super) fn key(&mut self, pointer: &str, raw: &str) -> Result<FieldKey, AtFault> {
        self.text(&format!("{pointer}/{raw}"), raw, FieldKey::parse)
    }

    /// What was parsed as a whole, with all its fields at fault.
    pub(super) fn parsed<T>(&mut self, parsed: Result<T, Vec<FieldError>>) -> Result<T, AtFault> {
        parsed.map_err(|errors| {
            self.errors.extend(errors);
            AtFault
        })
    }

    /// Notes a field at fault.
    pub(super) fn add(&mut self, pointer: &str, detail: impl Into<String>) -> AtFault {
        self.errors.push(FieldError {
            pointer: pointer.to_owned(),
            detail: detail.into(),
        });
        AtFault
    }

    /// What was parsed, unless something was at fault.
    pub(super) fn finish<T>(self, parsed: Result<T, AtFault>) -> Result<T, Problem> {
        match parsed {
            Ok(parsed) if self.errors.is_empty() => Ok(parsed),
            _ => Err(Problem::invalid_fields(self.errors)),
        }
    }
}
