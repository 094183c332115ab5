//! One row of the log: an update of an incident, parsed into typed values or refused with a reason.

use chrono::{DateTime, Datelike, NaiveDateTime, Utc};
use domain::text::{Subject, TextError};
use domain::ticket::state::{Channel, Priority, Status};
use std::ops::RangeInclusive;
use thiserror::Error;

use super::log_file::Columns;
use super::reference::{Kind, Reference, labelled};

/// How the log writes "none".
const NONE: &str = "?";
const TIME_FORMAT: &str = "%d/%m/%Y %H:%M";
/// The longest field.
const FIELD_MAX_CHARS: usize = 1_000;
/// Years of four digits: what RFC 3339 can write, and the database keeps.
const YEARS: RangeInclusive<i32> = 1..=9_999;

/// An update of an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Where it stands in the file, 1-based; the header is line 1.
    pub line: u64,
    /// The incident.
    pub number: Box<str>,
    /// The how-manieth update it is. Rows of an incident are in this order, then in the file's.
    pub modification: u32,
    /// When the incident was opened.
    pub opened_at: DateTime<Utc>,
    /// When this update was made.
    pub updated_at: DateTime<Utc>,
    /// Who made it, in the log's words.
    pub updated_by: Option<Box<str>>,
    /// The status that it had afterwards; none when the state is not one of ours.
    pub status: Option<Status>,
    /// Its priority afterwards.
    pub priority: Priority,
    /// Its subject afterwards.
    pub subject: Subject,
    /// How it came in.
    pub channel: Channel,
    /// Who called.
    pub caller: Reference,
    /// Who works on it.
    pub agent: Option<Reference>,
    /// Which team works on it.
    pub team: Option<Reference>,
}

/// Why a row was refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RowError {
    /// A field too many or too few.
    #[error("it has {found} fields, the header has {expected}")]
    FieldCount { found: usize, expected: usize },
    /// Bytes that are no text.
    #[error("{column} is not UTF-8")]
    Encoding { column: &'static str },
    /// A field that every row needs.
    #[error("{column} is missing")]
    Missing { column: &'static str },
    /// A field of another form.
    #[error("{column} is {value:?}, not {expected}")]
    Form {
        column: &'static str,
        value: String,
        expected: &'static str,
    },
    /// A field that is no good name or subject.
    #[error("{column} {source}")]
    Text {
        column: &'static str,
        source: TextError,
    },
}

/// The incident of a record, if the record names one, whatever else is wrong with it.
#[must_use]
pub fn number_of<'r>(record: &'r csv::ByteRecord, columns: &Columns) -> Option<&'r str> {
    Fields { record }
        .optional("number", Some(columns.number))
        .ok()
        .flatten()
}

impl Row {
    /// Parses a record.
    ///
    /// # Errors
    /// When a field that every row needs is missing, or a field is not of its form.
    pub fn parse(record: &csv::ByteRecord, columns: &Columns, line: u64) -> Result<Self, RowError> {
        if record.len() != columns.count {
            return Err(RowError::FieldCount {
                found: record.len(),
                expected: columns.count,
            });
        }
        let fields = Fields { record };
        let number = fields.required("number", columns.number)?;
        let category = fields.optional("category", columns.category)?;
        let subcategory = fields.optional("subcategory", columns.subcategory)?;
        let symptom = fields.optional("u_symptom", columns.symptom)?;
        Ok(Self {
            line,
            number: number.into(),
            modification: modification(fields.required("sys_mod_count", columns.modification)?)?,
            opened_at: time(
                "opened_at",
                fields.required("opened_at", columns.opened_at)?,
            )?,
            updated_at: time(
                "sys_updated_at",
                fields.required("sys_updated_at", columns.updated_at)?,
            )?,
            updated_by: fields
                .optional("sys_updated_by", columns.updated_by)?
                .map(Into::into),
            status: fields
                .optional("incident_state", Some(columns.state))?
                .and_then(status),
            priority: priority(fields.required("priority", columns.priority)?)?,
            subject: subject(number, category, subcategory, symptom)?,
            channel: fields
                .optional("contact_type", columns.contact_type)?
                .map_or(Channel::Other, channel),
            caller: match fields.reference(Kind::Caller, "caller_id", columns.caller)? {
                Some(caller) => caller,
                None => Reference::unknown_caller().map_err(|source| RowError::Text {
                    column: "caller_id",
                    source,
                })?,
            },
            agent: fields.reference(Kind::Agent, "assigned_to", columns.agent)?,
            team: fields.reference(Kind::Team, "assignment_group", columns.group)?,
        })
    }
}

struct Fields<'r> {
    record: &'r csv::ByteRecord,
}

impl<'r> Fields<'r> {
    fn optional(
        &self,
        column: &'static str,
        at: Option<usize>,
    ) -> Result<Option<&'r str>, RowError> {
        let Some(bytes) = at.and_then(|at| self.record.get(at)) else {
            return Ok(None);
        };
        let text = std::str::from_utf8(bytes)
            .map_err(|_| RowError::Encoding { column })?
            .trim();
        check_text(text).map_err(|source| RowError::Text { column, source })?;
        Ok((!text.is_empty() && text != NONE).then_some(text))
    }

    fn required(&self, column: &'static str, at: usize) -> Result<&'r str, RowError> {
        self.optional(column, Some(at))?
            .ok_or(RowError::Missing { column })
    }

    fn reference(
        &self,
        kind: Kind,
        column: &'static str,
        at: Option<usize>,
    ) -> Result<Option<Reference>, RowError> {
        let Some(external_id) = self.optional(column, at)? else {
            return Ok(None);
        };
        Reference::parse(kind, external_id)
            .map(Some)
            .map_err(|source| RowError::Text { column, source })
    }
}

/// Some fields enter events as they are. What no text column can hold, or nobody can read, would stop the projections
/// that show them.
fn check_text(text: &str) -> Result<(), TextError> {
    if text.chars().any(char::is_control) {
        return Err(TextError::ControlCharacter);
    }
    if text.chars().count() > FIELD_MAX_CHARS {
        return Err(TextError::TooLong {
            max_chars: FIELD_MAX_CHARS,
        });
    }
    Ok(())
}

fn modification(text: &str) -> Result<u32, RowError> {
    text.parse().map_err(|_| RowError::Form {
        column: "sys_mod_count",
        value: text.to_owned(),
        expected: "a whole number",
    })
}

fn time(column: &'static str, text: &str) -> Result<DateTime<Utc>, RowError> {
    let time = NaiveDateTime::parse_from_str(text, TIME_FORMAT).ok();
    time.filter(|time| YEARS.contains(&time.year()))
        .map(|time| time.and_utc())
        .ok_or_else(|| RowError::Form {
            column,
            value: text.to_owned(),
            expected: "a time such as 29/2/2016 01:16",
        })
}

/// 1 urgent, 2 high, 3 normal, 4 low, alone or before a label as in `3 - Moderate`.
fn priority(text: &str) -> Result<Priority, RowError> {
    let after_digit = text.get(1..).unwrap_or_default();
    let digit = if after_digit.starts_with(|c: char| c.is_alphanumeric()) {
        None
    } else {
        text.chars().next()
    };
    match digit {
        Some('1') => Ok(Priority::Urgent),
        Some('2') => Ok(Priority::High),
        Some('3') => Ok(Priority::Normal),
        Some('4') => Ok(Priority::Low),
        _ => Err(RowError::Form {
            column: "priority",
            value: text.to_owned(),
            expected: "1 to 4, alone or before a label",
        }),
    }
}

fn status(text: &str) -> Option<Status> {
    match text.to_ascii_lowercase().as_str() {
        "new" => Some(Status::New),
        "active" => Some(Status::Open),
        "awaiting user info" | "awaiting evidence" => Some(Status::Pending),
        "awaiting vendor" | "awaiting problem" => Some(Status::OnHold),
        "resolved" => Some(Status::Resolved),
        "closed" => Some(Status::Closed),
        _ => None,
    }
}

fn channel(text: &str) -> Channel {
    match text.to_ascii_lowercase().as_str() {
        "phone" | "ivr" => Channel::Phone,
        "email" => Channel::Email,
        "self service" | "self-service" => Channel::Web,
        "chat" => Channel::Chat,
        _ => Channel::Other,
    }
}

/// For example `Category 55 / Subcategory 170: Symptom 72`; the incident's number when the log says nothing.
fn subject(
    number: &str,
    category: Option<&str>,
    subcategory: Option<&str>,
    symptom: Option<&str>,
) -> Result<Subject, RowError> {
    let area: Vec<String> = [("Category", category), ("Subcategory", subcategory)]
        .into_iter()
        .filter_map(|(label, value)| Some(labelled(label, value?)))
        .collect();
    let parts: Vec<String> = [
        area.join(" / "),
        symptom
            .map(|value| labelled("Symptom", value))
            .unwrap_or_default(),
    ]
    .into_iter()
    .filter(|part| !part.is_empty())
    .collect();
    let text = if parts.is_empty() {
        labelled("Incident", number)
    } else {
        parts.join(": ")
    };
    let text: String = text.chars().take(Subject::MAX_CHARS).collect();
    Subject::parse(&text).map_err(|source| RowError::Text {
        column: "category",
        source,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn times_are_day_month_year_and_utc() {
        assert_eq!(
            time("opened_at", "29/2/2016 01:16").unwrap().to_rfc3339(),
            "2016-02-29T01:16:00+00:00"
        );
        assert_eq!(
            time("opened_at", "03/04/2016 9:05").unwrap().to_rfc3339(),
            "2016-04-03T09:05:00+00:00"
        );
        for wrong in [
            "2016-02-29 01:16",
            "30/2/2016 01:16",
            "29/2/2016",
            "29/2/2016 25:00",
            "1/1/-5000 00:00",
            "1/1/+10000 00:00",
        ] {
            assert!(time("opened_at", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_priority_is_its_digit_with_or_without_a_label() {
        assert_eq!(priority("1").unwrap(), Priority::Urgent);
        assert_eq!(priority("2 - High").unwrap(), Priority::High);
        assert_eq!(priority("3 - Moderate").unwrap(), Priority::Normal);
        assert_eq!(priority("4-Low").unwrap(), Priority::Low);
        for wrong in ["0", "5", "12", "high", "-1", "é1"] {
            assert!(priority(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn states_become_statuses_and_unknown_ones_none() {
        let table = [
            ("New", Some(Status::New)),
            ("Active", Some(Status::Open)),
            ("Awaiting User Info", Some(Status::Pending)),
            ("Awaiting Evidence", Some(Status::Pending)),
            ("Awaiting Vendor", Some(Status::OnHold)),
            ("Awaiting Problem", Some(Status::OnHold)),
            ("Resolved", Some(Status::Resolved)),
            ("Closed", Some(Status::Closed)),
            ("-100", None),
        ];
        for (state, expected) in table {
            assert_eq!(status(state), expected, "{state}");
        }
    }

    #[test]
    fn the_subject_says_what_the_log_says() {
        let text = |c, s, y| subject("0000045", c, s, y).unwrap().to_string();
        assert_eq!(
            text(Some("55"), Some("170"), Some("72")),
            "Category 55 / Subcategory 170: Symptom 72"
        );
        assert_eq!(text(Some("Network"), None, None), "Network");
        assert_eq!(text(None, None, Some("Symptom 72")), "Symptom 72");
        assert_eq!(text(None, None, None), "Incident 0000045");
        assert_eq!(
            text(Some(&"x".repeat(300)), None, None).chars().count(),
            Subject::MAX_CHARS
        );
    }
}
