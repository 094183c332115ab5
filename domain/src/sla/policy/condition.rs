//! What a policy asks of a ticket.

use crate::ids::{CompanyId, TeamId};
use crate::text::{FieldKey, Tag};
use crate::ticket::field::FieldValue;
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
    pub test: Presence<FieldValue>,
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
            Self::CustomField(field) => field.test.holds(facts.custom_fields.get(&field.key)),
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
                let of_values: usize = values.map(field_bytes).sum();
                field.key.as_str().len() + of_values
            }
        }
    }
}

fn field_bytes(value: &FieldValue) -> usize {
    match value {
        FieldValue::Text(text) | FieldValue::Choice(text) => text.as_str().len(),
        FieldValue::Number(_) | FieldValue::Boolean(_) | FieldValue::Date(_) => 0,
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

impl<T: PartialEq> Presence<T> {
    /// The values that it names, if it names any by its nature.
    #[must_use]
    pub fn values(&self) -> Option<&[T]> {
        match self {
            Self::IsOneOf(values) | Self::IsNoneOf(values) => Some(values),
            Self::IsSet | Self::IsNotSet => None,
        }
    }

    fn holds<'a>(&self, present: impl IntoIterator<Item = &'a T>) -> bool
    where
        T: 'a,
    {
        let mut present = present.into_iter();
        match self {
            Self::IsOneOf(values) => present.any(|value| values.contains(value)),
            Self::IsNoneOf(values) => !present.any(|value| values.contains(value)),
            Self::IsSet => present.next().is_some(),
            Self::IsNotSet => present.next().is_none(),
        }
    }
}
