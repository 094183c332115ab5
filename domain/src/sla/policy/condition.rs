//! What a policy asks of a ticket.

use crate::ids::{CompanyId, TeamId};
use crate::organization::settings::FieldKind;
use crate::text::{FieldKey, FieldText, Tag, full_date};
use crate::ticket::field::{FieldValue, FiniteNumber};
use crate::ticket::state::{Channel, Priority};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What of a ticket decides which policy it is under.
#[derive(Debug, Clone, Copy)]
pub struct TicketFacts<'a> {
    /// How urgent it is.
    pub priority: Priority,
    /// How it came in.
    pub channel: Channel,
    /// The team that works on it.
    pub team_id: Option<TeamId>,
    /// Its tags.
    pub tags: &'a BTreeSet<Tag>,
    /// The company that its requester belongs to.
    pub company_id: Option<CompanyId>,
    /// Its custom fields.
    pub custom_fields: &'a BTreeMap<FieldKey, FieldValue>,
}

/// One condition. A value that a ticket does not have is none of any list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "field", rename_all = "snake_case")]
pub enum Condition {
    /// On how urgent it is.
    Priority(Choice<Priority>),
    /// On how it came in.
    Channel(Choice<Channel>),
    /// On the team that works on it.
    Team(Presence<TeamId>),
    /// On its tags: `is_one_of` asks for one of them at least, `is_none_of` for none of them.
    Tag(Presence<Tag>),
    /// On the company that its requester belongs to.
    Company(Presence<CompanyId>),
    /// On a custom field.
    CustomField(FieldTest),
}

/// A condition on what every ticket has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operator", content = "values", rename_all = "snake_case")]
pub enum Choice<T> {
    /// It is one of these.
    IsOneOf(Vec<T>),
    /// It is something else.
    IsNoneOf(Vec<T>),
}

/// A condition on what a ticket may lack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "operator", content = "values", rename_all = "snake_case")]
pub enum Presence<T> {
    /// It is one of these.
    IsOneOf(Vec<T>),
    /// It is something else, or nothing.
    IsNoneOf(Vec<T>),
    /// It is something.
    IsSet,
    /// It is nothing.
    IsNotSet,
}

/// A condition on a custom field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldTest {
    /// Which.
    pub key: FieldKey,
    /// What of it.
    #[serde(flatten)]
    pub test: Presence<FieldWord>,
}

/// A value of a custom field as people write it: a text stands for a line, a day or a choice, whichever the field holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FieldWord {
    /// Yes or no.
    Boolean(bool),
    /// A number.
    Number(FiniteNumber),
    /// A text, a day such as `2026-03-01`, or a choice.
    Text(FieldText),
}

impl FieldWord {
    /// Whether a field of this kind can hold it.
    #[must_use]
    pub fn fits(&self, kind: &FieldKind) -> bool {
        match (self, kind) {
            (Self::Text(text), FieldKind::Choice { options }) => options.contains(text),
            (Self::Text(text), FieldKind::Date) => full_date(text.as_str()).is_some(),
            (Self::Text(_), FieldKind::Text)
            | (Self::Number(_), FieldKind::Number)
            | (Self::Boolean(_), FieldKind::Boolean) => true,
            _ => false,
        }
    }

    fn is(&self, value: &FieldValue) -> bool {
        match (self, value) {
            (Self::Boolean(yes), FieldValue::Boolean(value)) => yes == value,
            (Self::Number(number), FieldValue::Number(value)) => number == value,
            (Self::Text(text), FieldValue::Text(value) | FieldValue::Choice(value)) => {
                text == value
            }
            (Self::Text(text), FieldValue::Date(value)) => full_date(text.as_str()) == Some(*value),
            _ => false,
        }
    }
}

impl Condition {
    /// Whether it holds for a ticket.
    #[must_use]
    pub fn holds(&self, facts: &TicketFacts<'_>) -> bool {
        match self {
            Self::Priority(test) => test.holds(&facts.priority),
            Self::Channel(test) => test.holds(&facts.channel),
            Self::Team(test) => test.holds(facts.team_id.as_slice()),
            Self::Tag(test) => test.holds(facts.tags),
            Self::Company(test) => test.holds(facts.company_id.as_slice()),
            Self::CustomField(field) => {
                let present = facts.custom_fields.get(&field.key);
                field.test.holds_by(present, FieldWord::is)
            }
        }
    }

    /// How many values it names; none for those that name none by their nature.
    pub(super) fn values_len(&self) -> Option<usize> {
        match self {
            Self::Priority(test) => Some(test.values().len()),
            Self::Channel(test) => Some(test.values().len()),
            Self::Team(test) => test.values().map(<[_]>::len),
            Self::Tag(test) => test.values().map(<[_]>::len),
            Self::Company(test) => test.values().map(<[_]>::len),
            Self::CustomField(field) => field.test.values().map(<[_]>::len),
        }
    }

    /// The bytes of the words in it.
    pub(super) fn text_bytes(&self) -> usize {
        match self {
            Self::Priority(_) | Self::Channel(_) | Self::Team(_) | Self::Company(_) => 0,
            Self::Tag(test) => {
                let tags = test.values().unwrap_or_default().iter();
                tags.map(|tag| tag.as_str().len()).sum()
            }
            Self::CustomField(field) => {
                let values = field.test.values().unwrap_or_default().iter();
                let of_values: usize = values.map(word_bytes).sum();
                field.key.as_str().len() + of_values
            }
        }
    }
}

fn word_bytes(word: &FieldWord) -> usize {
    match word {
        FieldWord::Text(text) => text.as_str().len(),
        FieldWord::Number(_) | FieldWord::Boolean(_) => 0,
    }
}

impl<T: PartialEq> Choice<T> {
    fn values(&self) -> &[T] {
        match self {
            Self::IsOneOf(values) | Self::IsNoneOf(values) => values,
        }
    }

    fn holds(&self, value: &T) -> bool {
        match self {
            Self::IsOneOf(values) => values.contains(value),
            Self::IsNoneOf(values) => !values.contains(value),
        }
    }
}

impl<T> Presence<T> {
    /// The values that it names, if it names any by its nature.
    #[must_use]
    pub fn values(&self) -> Option<&[T]> {
        match self {
            Self::IsOneOf(values) | Self::IsNoneOf(values) => Some(values),
            Self::IsSet | Self::IsNotSet => None,
        }
    }

    fn holds_by<'a, V: 'a>(
        &self,
        present: impl IntoIterator<Item = &'a V>,
        is: impl Fn(&T, &V) -> bool,
    ) -> bool {
        let mut present = present.into_iter();
        let is_one_of = |values: &[T], value: &V| values.iter().any(|named| is(named, value));
        match self {
            Self::IsOneOf(values) => present.any(|value| is_one_of(values, value)),
            Self::IsNoneOf(values) => !present.any(|value| is_one_of(values, value)),
            Self::IsSet => present.next().is_some(),
            Self::IsNotSet => present.next().is_none(),
        }
    }
}

impl<T: PartialEq> Presence<T> {
    fn holds<'a>(&self, present: impl IntoIterator<Item = &'a T>) -> bool
    where
        T: 'a,
    {
        self.holds_by(present, T::eq)
    }
}
