//! A query from its text, character by character, so that a fault knows its column.

use super::pieces::{Piece, Value, fault, quoted};
use super::{
    Comparison, Condition, Fault, FieldIs, Person, Query, QueryError, QueryText, Requester, Span,
    TeamOf, Term, TimeField, TimeTest, TimeValue, Unit,
};
use crate::ids::{TeamId, UserId};
use crate::sla::Metric;
use crate::text::{FieldKey, FieldText, Tag, full_date};
use crate::ticket::state::{Channel, Priority, Status};
use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

pub(super) fn query(text: &str) -> Result<Query, QueryError> {
    let chars: Vec<char> = text.chars().collect();
    if chars.len() > QueryText::MAX_CHARS {
        return Err(fault(QueryText::MAX_CHARS, Fault::TooLong));
    }
    if let Some(at) = chars
        .iter()
        .position(|c| c.is_control() && !c.is_whitespace())
    {
        return Err(fault(at, Fault::ControlCharacter));
    }
    let mut reader = Reader {
        chars: &chars,
        at: 0,
    };
    let mut terms = Vec::new();
    while reader.skip_blanks() {
        if terms.len() >= Query::MAX_TERMS {
            return Err(fault(reader.at, Fault::TooManyTerms));
        }
        terms.push(reader.term()?);
    }
    Ok(Query { terms })
}

struct Reader<'a> {
    chars: &'a [char],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Goes on to the next term; false at the end.
    fn skip_blanks(&mut self) -> bool {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
        self.peek().is_some()
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn term(&mut self) -> Result<Term, QueryError> {
        let negated = self.peek() == Some('-');
        if negated {
            self.at += 1;
        }
        let condition = match self.peek() {
            Some('"') => self.phrase()?,
            Some(c) if !c.is_whitespace() => condition(self.run()?)?,
            _ => return Err(fault(self.at - 1, Fault::NothingNegated)),
        };
        Ok(Term { negated, condition })
    }

    /// The characters up to the next blank that stands in no quotes.
    fn run(&mut self) -> Result<Piece<'a>, QueryError> {
        let begin = self.at;
        while let Some(c) = self.peek().filter(|c| !c.is_whitespace()) {
            match c {
                '"' => self.quoted_value(begin)?,
                _ => self.at += 1,
            }
        }
        Ok(Piece {
            chars: &self.chars[begin..self.at],
            at: begin,
        })
    }

    /// Goes behind the quotes of a value. They stand behind the colon of the run that begins at an index, or behind a comma.
    fn quoted_value(&mut self, begin: usize) -> Result<(), QueryError> {
        let before = &self.chars[begin..self.at];
        let colon = before.iter().position(|c| *c == ':');
        let begins_value = match (colon, before.last()) {
            (Some(_), Some(',')) => true,
            (Some(colon), Some(_)) => colon + 1 == before.len(),
            _ => false,
        };
        if !begins_value {
            return Err(fault(self.at, Fault::QuoteWithin));
        }
        self.quoted()?;
        match self.peek() {
            Some(c) if !c.is_whitespace() && c != ',' => Err(fault(self.at, Fault::NoComma)),
            _ => Ok(()),
        }
    }

    /// Words between quotes.
    fn phrase(&mut self) -> Result<Condition, QueryError> {
        let begin = self.at;
        let words = self.quoted()?;
        if words.trim().is_empty() {
            return Err(fault(begin, Fault::NoWords));
        }
        if self.peek().is_some_and(|c| !c.is_whitespace()) {
            return Err(fault(self.at, Fault::NoBlank));
        }
        Ok(Condition::Phrase(words))
    }

    /// What stands between quotes.
    fn quoted(&mut self) -> Result<String, QueryError> {
        let (words, length) =
            quoted(&self.chars[self.at..]).ok_or(fault(self.at, Fault::OpenQuotes))?;
        self.at += length;
        Ok(words)
    }
}

/// What stands before the name of a custom field.
const FIELD: &str = "field.";

/// A word, `#12`, or a name and values.
fn condition(run: Piece<'_>) -> Result<Condition, QueryError> {
    if run.chars[0] == '#' && run.chars.len() > 1 {
        let number = run.from(1);
        let values = number.each(ticket_number, &Fault::Number);
        return values.map(Condition::Number);
    }
    let Some(colon) = run.find(':') else {
        return Ok(Condition::Word(run.text()));
    };
    let name: String = run.chars[..colon].iter().collect();
    let name = name.to_ascii_lowercase();
    let value = run.from(colon + 1);
    let (comparison, compared) = value.comparison();
    let plain = |read: fn(Piece<'_>) -> Result<Condition, QueryError>| match comparison {
        None => read(value),
        Some(_) => Err(value.fault(Fault::NoOrder)),
    };
    if let Some(key) = name.strip_prefix(FIELD) {
        let key = FieldKey::parse(key);
        let key = key.map_err(|why| run.from(FIELD.len()).fault(Fault::FieldName(why)))?;
        return match comparison {
            None => Ok(Condition::Field(key, field_values(value)?)),
            Some(_) => Err(value.fault(Fault::NoOrder)),
        };
    }
    match name.as_str() {
        "status" => plain(|it| it.each(status, &Fault::Status).map(Condition::Status)),
        "channel" => plain(|it| it.each(channel, &Fault::Channel).map(Condition::Channel)),
        "assignee" => plain(|it| it.each_named(person).map(Condition::Assignee)),
        "team" => plain(|it| it.each_named(team).map(Condition::Team)),
        "requester" => plain(|it| it.each_named(requester).map(Condition::Requester)),
        "number" => plain(|it| {
            it.each(ticket_number, &Fault::Number)
                .map(Condition::Number)
        }),
        "tag" => plain(tags),
        "missed" => plain(missed),
        "priority" => priorities(comparison, compared),
        "created" => time(TimeField::Created, comparison, compared),
        "updated" => time(TimeField::Updated, comparison, compared),
        "due" => time(TimeField::Due, comparison, compared),
        _ => Err(run.fault(Fault::UnknownCondition)),
    }
}

fn status(word: &str) -> Option<Status> {
    Status::ALL.into_iter().find(|it| it.as_str() == word)
}

fn priority(word: &str) -> Option<Priority> {
    Priority::ALL.into_iter().find(|it| it.as_str() == word)
}

fn channel(word: &str) -> Option<Channel> {
    Channel::ALL.into_iter().find(|it| it.as_str() == word)
}

fn person(value: &Value) -> Person {
    match value.word() {
        Some("me") => Person::Me,
        Some("none") => Person::Nobody,
        word => word.and_then(id_of).map_or_else(
            || Person::Called(value.called()),
            |id| Person::One(UserId(id)),
        ),
    }
}

fn team(value: &Value) -> TeamOf {
    match value.word() {
        Some("none") => TeamOf::None,
        word => word.and_then(id_of).map_or_else(
            || TeamOf::Called(value.called()),
            |id| TeamOf::One(TeamId(id)),
        ),
    }
}

fn requester(value: &Value) -> Requester {
    match value.word() {
        Some("me") => Requester::Me,
        word => word.and_then(id_of).map_or_else(
            || Requester::Called(value.called()),
            |id| Requester::One(UserId(id)),
        ),
    }
}

fn field_values(values: Piece<'_>) -> Result<Vec<FieldIs>, QueryError> {
    let values = values.values()?.into_iter();
    let values = values.map(|value| match value.word() {
        Some("none") => Ok(FieldIs::Empty),
        _ => FieldText::parse(&value.text)
            .map(FieldIs::Said)
            .map_err(|why| value.fault(Fault::FieldValue(why))),
    });
    values.collect()
}

/// Metrics; `any` alone stands for every one.
fn missed(values: Piece<'_>) -> Result<Condition, QueryError> {
    let values = values.values()?;
    if let [value] = values.as_slice()
        && value.text == "any"
    {
        return Ok(Condition::Missed(Vec::new()));
    }
    let metric = |value: &Value| {
        let mut all = Metric::ALL.into_iter();
        all.find(|it| it.as_str() == value.text)
            .ok_or(value.fault(Fault::Metric))
    };
    let metrics = values.iter().map(metric);
    metrics.collect::<Result<_, _>>().map(Condition::Missed)
}

/// An id in its usual form, with hyphens.
fn id_of(word: &str) -> Option<Uuid> {
    const LENGTH: usize = 36;
    word.parse().ok().filter(|_| word.len() == LENGTH)
}

fn ticket_number(word: &str) -> Option<i64> {
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|number| is_number && *number > 0)
}

fn tags(values: Piece<'_>) -> Result<Condition, QueryError> {
    let values = values.values()?.into_iter();
    let tags =
        values.map(|value| Tag::parse(&value.text).map_err(|error| value.fault(Fault::Tag(error))));
    tags.collect::<Result<_, _>>().map(Condition::Tag)
}

fn priorities(comparison: Option<Comparison>, value: Piece<'_>) -> Result<Condition, QueryError> {
    let Some(comparison) = comparison else {
        return value
            .each(priority, &Fault::Priority)
            .map(Condition::Priority);
    };
    let word = value.compared()?;
    let priority = priority(&word).ok_or(value.fault(Fault::Priority))?;
    Ok(Condition::PriorityCompared(comparison, priority))
}

fn time(
    field: TimeField,
    comparison: Option<Comparison>,
    value: Piece<'_>,
) -> Result<Condition, QueryError> {
    let word = value.compared()?;
    if comparison.is_none() && field == TimeField::Due && word == "none" {
        return Ok(Condition::Time(field, TimeTest::Never));
    }
    let time = time_value(&word).ok_or(value.fault(Fault::Time))?;
    let test = match (comparison, time) {
        (Some(comparison), _) => TimeTest::Compared(comparison, time),
        (None, TimeValue::Age(_)) => return Err(value.fault(Fault::BareAge)),
        (None, TimeValue::Instant(_)) => return Err(value.fault(Fault::BareInstant)),
        (None, TimeValue::Today | TimeValue::Yesterday | TimeValue::Day(_)) => TimeTest::On(time),
    };
    Ok(Condition::Time(field, test))
}

fn time_value(word: &str) -> Option<TimeValue> {
    match word {
        "today" => Some(TimeValue::Today),
        "yesterday" => Some(TimeValue::Yesterday),
        _ => full_date(word)
            .map(TimeValue::Day)
            .or_else(|| span(word).map(TimeValue::Age))
            .or_else(|| instant(word).map(TimeValue::Instant)),
    }
}

fn span(word: &str) -> Option<Span> {
    let unit = match word.chars().last()? {
        'm' => Unit::Minute,
        'h' => Unit::Hour,
        'd' => Unit::Day,
        'w' => Unit::Week,
        _ => return None,
    };
    let digits = &word[..word.len() - 1];
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let amount: u32 = digits.parse().ok()?;
    let fits = is_number && (1..=Span::MAX_AMOUNT).contains(&amount);
    fits.then_some(Span { amount, unit })
}

/// A point in time of the years that four digits write.
fn instant(word: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_rfc3339(word).ok()?.to_utc();
    let first = DateTime::parse_from_rfc3339("0000-01-02T00:00:00Z").ok()?;
    let last = DateTime::parse_from_rfc3339("9999-12-30T00:00:00Z").ok()?;
    let is_written = (first.to_utc()..last.to_utc()).contains(&at);
    is_written.then(|| at.trunc_subsecs(6))
}
