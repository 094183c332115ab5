//! A query as text.

use super::{
    Called, Comparison, Condition, FieldIs, Person, Query, Requester, Span, TeamOf, Term,
    TimeField, TimeTest, TimeValue, Unit,
};
use chrono::SecondsFormat;
use std::fmt::{self, Display, Formatter};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        separated(f, &self.terms, " ")
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.negated {
            f.write_str("-")?;
        }
        self.condition.fmt(f)
    }
}

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(values) => {
                let words: Vec<_> = values.iter().map(|value| value.as_str()).collect();
                list(f, "status", &words)
            }
            Self::Priority(values) => {
                let words: Vec<_> = values.iter().map(|value| value.as_str()).collect();
                list(f, "priority", &words)
            }
            Self::PriorityCompared(comparison, value) => {
                write!(f, "priority:{comparison}{}", value.as_str())
            }
            Self::Channel(values) => {
                let words: Vec<_> = values.iter().map(|value| value.as_str()).collect();
                list(f, "channel", &words)
            }
            Self::Assignee(values) => list(f, "assignee", values),
            Self::Team(values) => list(f, "team", values),
            Self::Requester(values) => list(f, "requester", values),
            Self::Tag(values) => list(f, "tag", values),
            Self::Number(values) => list(f, "number", values),
            Self::Field(key, values) => list(f, &format!("field.{key}"), values),
            Self::Missed(metrics) if metrics.is_empty() => f.write_str("missed:any"),
            Self::Missed(metrics) => {
                let words: Vec<_> = metrics.iter().map(|metric| metric.as_str()).collect();
                list(f, "missed", &words)
            }
            Self::Time(field, test) => write!(f, "{field}:{test}"),
            Self::Word(word) => f.write_str(word),
            Self::Phrase(words) => quoted(f, words),
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        })
    }
}

impl Display for Person {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => f.write_str("me"),
            Self::Nobody => f.write_str("none"),
            Self::One(id) => id.fmt(f),
            Self::Called(called) => called.fmt(f),
        }
    }
}

impl Display for TeamOf {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::One(id) => id.fmt(f),
            Self::Called(called) => called.fmt(f),
        }
    }
}

impl Display for Requester {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Me => f.write_str("me"),
            Self::One(id) => id.fmt(f),
            Self::Called(called) => called.fmt(f),
        }
    }
}

impl Display for Called {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        quoted(f, &self.name)
    }
}

impl Display for FieldIs {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("none"),
            Self::Said(text) => quoted(f, text.as_str()),
        }
    }
}

impl Display for TimeField {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Due => "due",
        })
    }
}

impl Display for TimeTest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compared(comparison, value) => write!(f, "{comparison}{value}"),
            Self::On(value) => value.fmt(f),
            Self::Never => f.write_str("none"),
        }
    }
}

impl Display for TimeValue {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
            Self::Day(day) => day.fmt(f),
            Self::Instant(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
            Self::Age(span) => span.fmt(f),
        }
    }
}

impl Display for Span {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Minute => "m",
            Unit::Hour => "h",
            Unit::Day => "d",
            Unit::Week => "w",
        };
        write!(f, "{}{unit}", self.amount)
    }
}

fn quoted(f: &mut Formatter<'_>, words: &str) -> fmt::Result {
    let escaped = words.replace('\\', r"\\").replace('"', r#"\""#);
    write!(f, "\"{escaped}\"")
}

fn list<T: Display>(f: &mut Formatter<'_>, name: &str, values: &[T]) -> fmt::Result {
    write!(f, "{name}:")?;
    separated(f, values, ",")
}

fn separated<T: Display>(f: &mut Formatter<'_>, items: &[T], separator: &str) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        item.fmt(f)?;
    }
    Ok(())
}
