//! The language in which people say which tickets they mean: `status:open priority:>=high assignee:me -tag:spam updated:<2d`.
//!
//! A text is read into terms by [`Query::parse`] and written by `Display`; what was written reads back as the same terms.
//! What the terms mean for a viewer at a moment (who `me` is, when `2d` ago was) is said where they are carried out.

mod called;
mod fault;
mod field;
mod parse;
mod pieces;
mod print;
mod text;
mod time;

pub use called::{Called, NameOf};
pub use fault::{Fault, QueryError};
pub use field::FieldIs;
pub use text::QueryText;
pub use time::{Span, TimeField, TimeTest, TimeValue, Unit};

use super::state::{Channel, Priority, Status};
use crate::ids::{TeamId, UserId};
use crate::sla::Metric;
use crate::text::{FieldKey, Tag};

/// Conditions that a ticket fulfils all of. Without any it means every ticket.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// The conditions, as they were written: at most [`Query::MAX_TERMS`].
    pub terms: Vec<Term>,
}

/// A condition, or that it does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// Whether the condition must not hold.
    pub negated: bool,
    /// The condition.
    pub condition: Condition,
}

/// Something that holds for a ticket or does not. Lists are never empty, but for that of the metrics: one of their values
/// has to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Where it stands: `status:open,pending`.
    Status(Vec<Status>),
    /// How urgent it is: `priority:high,urgent`.
    Priority(Vec<Priority>),
    /// The same against one of them: `priority:>=high`.
    PriorityCompared(Comparison, Priority),
    /// How it came in: `channel:email,web`.
    Channel(Vec<Channel>),
    /// Who works on it: `assignee:me`, `assignee:none`, `assignee:"Ada Byron"`.
    Assignee(Vec<Person>),
    /// Which team works on it: `team:none`, `team:"Second level"`.
    Team(Vec<TeamOf>),
    /// Whose it is: `requester:me`.
    Requester(Vec<Requester>),
    /// What it is tagged with: `tag:vip,gold`.
    Tag(Vec<Tag>),
    /// Its number: `number:12,15` or `#12`.
    Number(Vec<i64>),
    /// What a custom field of it says: `field.floor:third,none`.
    Field(FieldKey, Vec<FieldIs>),
    /// Which promises of it were missed, every metric without any: `missed:first_reply`, `missed:any`.
    Missed(Vec<Metric>),
    /// When something was: `updated:<2d`.
    Time(TimeField, TimeTest),
    /// A word to be searched for.
    Word(String),
    /// Words to be searched for as they stand: `"out of paper"`.
    Phrase(String),
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// An agent of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// Who asks.
    Me,
    /// Nobody.
    Nobody,
    /// This one.
    One(UserId),
    /// Who is called so.
    Called(Called),
}

/// A team of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TeamOf {
    /// None.
    None,
    /// This one.
    One(TeamId),
    /// That of this name.
    Called(Called),
}

/// A requester of a ticket; every ticket has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requester {
    /// Who asks.
    Me,
    /// This one.
    One(UserId),
    /// Who is called so.
    Called(Called),
}

impl Query {
    /// The most terms of a query.
    pub const MAX_TERMS: usize = 40;
    /// The most values of a list.
    pub const MAX_VALUES: usize = 40;

    /// Reads a text.
    ///
    /// # Errors
    /// The first character that does not fit, and why.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        parse::query(text)
    }

    /// True when a condition is measured from the moment of asking, such as an age: tickets begin and cease to fit by themselves.
    #[must_use]
    pub fn is_of_the_moment(&self) -> bool {
        let mut conditions = self.terms.iter().map(|term| &term.condition);
        conditions.any(
            |condition| matches!(condition, Condition::Time(_, test) if test.is_of_the_moment()),
        )
    }

    /// True when a condition looks at what customers do not see.
    #[must_use]
    pub fn is_for_staff(&self) -> bool {
        let mut conditions = self.terms.iter().map(|term| &term.condition);
        conditions.any(|condition| {
            matches!(
                condition,
                Condition::Team(_)
                    | Condition::Tag(_)
                    | Condition::Field(..)
                    | Condition::Missed(_)
                    | Condition::Time(TimeField::Due, _)
            )
        }) || self.names().next().is_some()
    }
}

impl Comparison {
    /// Whether `left` stands to `right` as it says.
    #[must_use]
    pub fn holds<T: Ord>(self, left: &T, right: &T) -> bool {
        match self {
            Self::Less => left < right,
            Self::AtMost => left <= right,
            Self::Greater => left > right,
            Self::AtLeast => left >= right,
        }
    }
}
