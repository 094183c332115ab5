//! What is given out of an organization, but for what is held about one person.

use super::words::{LogForm, Report, ReportFormat};
use crate::ids::{ExportId, UserId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The most characters of a condition that are told.
const CONDITION_CHARS_MAX: usize = 64;

/// A report was given out as a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDownloaded {
    /// To whom.
    pub user_id: UserId,
    /// Which.
    pub report: Report,
    /// The kind of file.
    pub format: ReportFormat,
    /// Which days, and what else it was narrowed and grouped by.
    pub conditions: Conditions,
}

/// The parameters of a report with their values. Of one that may hold words of people only the name is told.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conditions(BTreeMap<String, Vec<String>>);

impl Conditions {
    /// The names of all parameters, and the values of those that are `plain`: fixed words, ids, times and zones.
    pub fn of<'a>(
        parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
        plain: &[&str],
    ) -> Self {
        let mut told: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in parameters {
            let values = told.entry(name.to_owned()).or_default();
            if plain.contains(&name) && is_plain(value) {
                values.push(value.to_owned());
            }
        }
        Self(told)
    }

    /// Each parameter, by name.
    pub fn each(&self) -> impl Iterator<Item = (&str, &[String])> {
        let each = self.0.iter();
        each.map(|(name, values)| (name.as_str(), values.as_slice()))
    }
}

/// Whether it may be an id, a word of the product, a time or a zone: nobody writes sentences so.
fn is_plain(value: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:+/".contains(&byte);
    value.len() <= CONDITION_CHARS_MAX && value.bytes().all(is_part)
}

/// Events of the organization were given out by the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogExported {
    /// The export: one may hold events of several organizations, and is told in each.
    pub export_id: ExportId,
    /// As what.
    pub form: LogForm,
    /// Those recorded at this time or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Those recorded before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// The moment that read models show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<DateTime<Utc>>,
    /// Those of these types; of all when there is none.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub types: BTreeSet<String>,
}
