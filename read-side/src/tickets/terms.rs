//! What the terms of a query mean for a viewer at a moment: conditions on columns.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::calendar::zone::Zone;
use domain::ids::{TeamId, UserId};
use domain::sla::Metric;
use domain::text::{FieldKey, Tag};
use domain::ticket::field::FieldValue;
use domain::ticket::query::{
    Condition, FieldIs, Person, Query, Requester, TeamOf, Term, TimeField, TimeTest,
};
use domain::ticket::state::{Channel, Priority, Status};
use event_store::Position;
use platform::cursor::Moment;
use serde::Serialize;

use super::filter::{Holder, TicketFilter, TimeRange};

/// Terms with what they are read by.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    /// What is asked, with ids for names: a name that nobody looked up is nobody's.
    pub query: Query,
    /// Who `me` is.
    pub me: UserId,
    /// When ages end.
    pub now: DateTime<Utc>,
    /// Whose days are meant.
    pub zone: Zone,
    /// What the answer has to show.
    pub at_least: Position,
}

/// A condition that the fields of a filter cannot say. Lists are never empty.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub enum Clause {
    /// Holds for no ticket.
    Nothing,
    /// One of these agents, or none of them.
    Assignee(OneOf<Holder<UserId>>),
    /// One of these teams, or none of them.
    Team(OneOf<Holder<TeamId>>),
    /// One of these requesters, or none of them.
    Requester(OneOf<UserId>),
    /// One of these tags, or none of them.
    Tag(OneOf<Tag>),
    /// A custom field holds one of these values or, for no value, nothing; or it does not.
    Field(FieldKey, OneOf<Option<FieldValue>>),
    /// A promise of one of these metrics was missed, or none was.
    Missed(OneOf<Metric>),
    /// One of these numbers, or none of them.
    Number(OneOf<i64>),
    /// Opened outside of this time.
    CreatedOutside(TimeRange),
    /// Changed last outside of this time.
    UpdatedOutside(TimeRange),
    /// The next deadline lies in this time.
    DueWithin(TimeRange),
    /// The next deadline lies outside of this time, or there is none.
    DueOutside(TimeRange),
    /// There is a deadline, or there is none.
    Due(bool),
}

impl Clause {
    /// Whether it looks at what is known of tickets as they are, and not as they were.
    pub(crate) fn is_of_now(&self) -> bool {
        match self {
            Self::Field(..)
            | Self::Missed(_)
            | Self::UpdatedOutside(_)
            | Self::DueWithin(_)
            | Self::DueOutside(_)
            | Self::Due(_) => true,
            Self::Nothing
            | Self::Assignee(_)
            | Self::Team(_)
            | Self::Requester(_)
            | Self::Tag(_)
            | Self::Number(_)
            | Self::CreatedOutside(_) => false,
        }
    }
}

/// Whether one of some values has to fit, or none of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OneOf<T> {
    /// The values.
    pub values: Vec<T>,
    /// Whether none of them may fit.
    pub negated: bool,
}

impl Terms {
    /// The filter with every term as a condition more. Words are left to [`Wording`](crate::search::Wording).
    #[must_use]
    pub fn narrow(&self, filter: TicketFilter) -> TicketFilter {
        let terms = self.query.terms.iter();
        terms.fold(filter, |filter, term| self.add(filter, term))
    }

    fn add(&self, mut filter: TicketFilter, term: &Term) -> TicketFilter {
        let negated = term.negated;
        match &term.condition {
            Condition::Status(values) => filter.narrow_statuses(negated, values),
            Condition::Priority(values) => filter.narrow_priorities(negated, values),
            Condition::PriorityCompared(comparison, than) => {
                let fitting = Priority::ALL.into_iter();
                let fitting = fitting.filter(|it| comparison.holds(it, than));
                filter.narrow_priorities(negated, &fitting.collect::<Vec<_>>());
            }
            Condition::Channel(values) => filter.narrow_channels(negated, values),
            Condition::Assignee(values) => {
                let values: Vec<_> = values.iter().filter_map(|it| self.holder(it)).collect();
                match (values.as_slice(), filter.assignee) {
                    ([one], None) if !negated => filter.assignee = Some(*one),
                    _ => filter
                        .clauses
                        .push(Clause::Assignee(OneOf { values, negated })),
                }
            }
            Condition::Team(values) => {
                let values: Vec<_> = values.iter().filter_map(team).collect();
                match (values.as_slice(), filter.team) {
                    ([one], None) if !negated => filter.team = Some(*one),
                    _ => filter.clauses.push(Clause::Team(OneOf { values, negated })),
                }
            }
            Condition::Requester(values) => {
                let values: Vec<_> = values.iter().filter_map(|it| self.requester(it)).collect();
                match (values.as_slice(), filter.requester) {
                    ([one], None) if !negated => filter.requester = Some(*one),
                    _ => filter
                        .clauses
                        .push(Clause::Requester(OneOf { values, negated })),
                }
            }
            Condition::Tag(values) => match values.as_slice() {
                [one] if !negated => filter.tags.push(one.clone()),
                _ => {
                    let values = values.clone();
                    filter.clauses.push(Clause::Tag(OneOf { values, negated }));
                }
            },
            Condition::Field(key, said) => {
                let values = said.iter().flat_map(held).collect();
                let values = OneOf { values, negated };
                filter.clauses.push(Clause::Field(key.clone(), values));
            }
            Condition::Missed(metrics) => {
                let values = match metrics.as_slice() {
                    [] => Metric::ALL.to_vec(),
                    some => some.to_vec(),
                };
                filter
                    .clauses
                    .push(Clause::Missed(OneOf { values, negated }));
            }
            Condition::Number(values) => {
                let values = values.clone();
                filter
                    .clauses
                    .push(Clause::Number(OneOf { values, negated }));
            }
            Condition::Time(field, test) => self.add_time(&mut filter, negated, *field, test),
            Condition::Word(_) | Condition::Phrase(_) => {}
        }
        filter
    }

    fn add_time(
        &self,
        filter: &mut TicketFilter,
        negated: bool,
        field: TimeField,
        test: &TimeTest,
    ) {
        let Some(bounds) = test.bounds(field, self.now, self.zone) else {
            filter.clauses.push(Clause::Due(negated));
            return;
        };
        // Times of the language have four digits of a year at most: rows can have all of them.
        let moment = |at: Option<DateTime<Utc>>| at.map(Moment::of_row);
        let range = TimeRange {
            from: moment(bounds.0),
            to: moment(bounds.1),
        };
        let (column, outside): (&mut TimeRange, fn(TimeRange) -> Clause) = match field {
            TimeField::Created => (&mut filter.created, Clause::CreatedOutside),
            TimeField::Updated => (&mut filter.updated, Clause::UpdatedOutside),
            TimeField::Due if negated => return filter.clauses.push(Clause::DueOutside(range)),
            TimeField::Due => return filter.clauses.push(Clause::DueWithin(range)),
        };
        match (negated, range.from, range.to) {
            (false, _, _) => *column = column.within(range),
            (true, from, None) => {
                *column = column.within(TimeRange {
                    from: None,
                    to: from,
                })
            }
            (true, None, to) => *column = column.within(TimeRange { from: to, to: None }),
            (true, Some(_), Some(_)) => filter.clauses.push(outside(range)),
        }
    }

    fn holder(&self, person: &Person) -> Option<Holder<UserId>> {
        match person {
            Person::Me => Some(Holder::One(self.me)),
            Person::Nobody => Some(Holder::Nobody),
            Person::One(id) => Some(Holder::One(*id)),
            Person::Called(_) => None,
        }
    }

    fn requester(&self, requester: &Requester) -> Option<UserId> {
        match requester {
            Requester::Me => Some(self.me),
            Requester::One(id) => Some(*id),
            Requester::Called(_) => None,
        }
    }
}

fn team(team: &TeamOf) -> Option<Holder<TeamId>> {
    match team {
        TeamOf::None => Some(Holder::Nobody),
        TeamOf::One(id) => Some(Holder::One(*id)),
        TeamOf::Called(_) => None,
    }
}

/// What a field holds that is said to be so.
fn held(is: &FieldIs) -> Vec<Option<FieldValue>> {
    match is {
        FieldIs::Empty => vec![None],
        FieldIs::Said(_) => is.values().into_iter().map(Some).collect(),
    }
}

impl TimeRange {
    /// The part that both have.
    fn within(self, other: Self) -> Self {
        let key = |moment: &Moment| moment.get();
        let both = |one: Option<Moment>, other: Option<Moment>| one.into_iter().chain(other);
        Self {
            from: both(self.from, other.from).max_by_key(key),
            to: both(self.to, other.to).min_by_key(key),
        }
    }
}

impl TicketFilter {
    fn narrow_statuses(&mut self, negated: bool, values: &[Status]) {
        match narrowed(&self.statuses, &Status::ALL, negated, values) {
            Some(statuses) => self.statuses = statuses,
            None => self.clauses.push(Clause::Nothing),
        }
    }

    fn narrow_channels(&mut self, negated: bool, values: &[Channel]) {
        match narrowed(&self.channels, &Channel::ALL, negated, values) {
            Some(channels) => self.channels = channels,
            None => self.clauses.push(Clause::Nothing),
        }
    }

    fn narrow_priorities(&mut self, negated: bool, values: &[Priority]) {
        match narrowed(&self.priorities, &Priority::ALL, negated, values) {
            Some(priorities) => self.priorities = priorities,
            None => self.clauses.push(Clause::Nothing),
        }
    }
}

/// Those of `before`, which is all when empty, that are in `values`, or that are not. None when there are none.
fn narrowed<T: Copy + Ord>(before: &[T], all: &[T], negated: bool, values: &[T]) -> Option<Vec<T>> {
    let set = |values: &[T]| values.iter().copied().collect::<BTreeSet<T>>();
    let (values, all) = (set(values), set(all));
    let mut left = if before.is_empty() {
        all.clone()
    } else {
        set(before)
    };
    left.retain(|value| values.contains(value) != negated);
    if left.is_empty() {
        return None;
    }
    if left == all {
        // What is always so is no condition.
        left.clear();
    }
    Some(left.into_iter().collect())
}
