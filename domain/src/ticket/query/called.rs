//! Names of people and teams in queries: they mean what is called so when the query is carried out.

use super::{Condition, Fault, Person, Query, QueryError, Requester, TeamOf};
use crate::ids::{TeamId, UserId};
use uuid::Uuid;

/// What somebody or something is called, and where the query says so. Where it stands makes no other query of it.
#[derive(Debug, Clone)]
pub struct Called {
    /// The whole name, or a person's e-mail address.
    pub name: String,
    /// Where it begins, as in [`QueryError`].
    pub column: usize,
}

impl PartialEq for Called {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Called {}

/// Of what something is the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NameOf {
    /// Of somebody who works on tickets.
    Assignee,
    /// Of anybody.
    Requester,
    /// Of a team.
    Team,
}

impl Query {
    /// Every name in it.
    pub fn names(&self) -> impl Iterator<Item = (NameOf, &Called)> {
        self.terms.iter().flat_map(|term| term.condition.names())
    }

    /// The same query with ids for names.
    ///
    /// # Errors
    /// The first name of which `id_of` knows no id, and why.
    pub fn with_ids(
        mut self,
        id_of: impl Fn(NameOf, &str) -> Result<Uuid, Fault>,
    ) -> Result<Self, QueryError> {
        let found = |of: NameOf, called: &Called| {
            id_of(of, &called.name).map_err(|fault| QueryError {
                column: called.column,
                fault,
            })
        };
        for term in &mut self.terms {
            term.condition.put_ids(found)?;
        }
        Ok(self)
    }
}

impl Condition {
    fn names(&self) -> Vec<(NameOf, &Called)> {
        match self {
            Self::Assignee(values) => {
                let called = values.iter().filter_map(|value| match value {
                    Person::Called(called) => Some((NameOf::Assignee, called)),
                    Person::Me | Person::Nobody | Person::One(_) => None,
                });
                called.collect()
            }
            Self::Requester(values) => {
                let called = values.iter().filter_map(|value| match value {
                    Requester::Called(called) => Some((NameOf::Requester, called)),
                    Requester::Me | Requester::One(_) => None,
                });
                called.collect()
            }
            Self::Team(values) => {
                let called = values.iter().filter_map(|value| match value {
                    TeamOf::Called(called) => Some((NameOf::Team, called)),
                    TeamOf::None | TeamOf::One(_) => None,
                });
                called.collect()
            }
            _ => Vec::new(),
        }
    }

    fn put_ids(
        &mut self,
        found: impl Fn(NameOf, &Called) -> Result<Uuid, QueryError>,
    ) -> Result<(), QueryError> {
        match self {
            Self::Assignee(values) => {
                for value in values {
                    if let Person::Called(called) = value {
                        *value = Person::One(UserId(found(NameOf::Assignee, called)?));
                    }
                }
            }
            Self::Requester(values) => {
                for value in values {
                    if let Requester::Called(called) = value {
                        *value = Requester::One(UserId(found(NameOf::Requester, called)?));
                    }
                }
            }
            Self::Team(values) => {
                for value in values {
                    if let TeamOf::Called(called) = value {
                        *value = TeamOf::One(TeamId(found(NameOf::Team, called)?));
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}
