//! Makes the people and teams that histories name, before the tickets that name them.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use chrono::{DateTime, Utc};
use domain::actor::Role;
use futures::stream::{self, StreamExt, TryStreamExt};
use uuid::Uuid;
use write_side::commands::{CreateTeam, CreateUser};
use write_side::dispatch::{CommandContext, CommandError, Refusal};

use super::history::History;
use super::reference::{Kind, Reference};
use super::retry::retrying;
use super::run::{Import, stopped};

/// People and teams being made at once.
const IN_FLIGHT: usize = 128;

/// How many were made.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Customers and agents.
    pub users: u64,
    /// Teams.
    pub teams: u64,
}

/// The people and teams of an import.
pub struct People {
    import: Import,
    known: HashSet<Reference>,
}

impl People {
    /// Nobody is known yet.
    #[must_use]
    pub fn new(import: Import) -> Self {
        Self {
            import,
            known: HashSet::new(),
        }
    }

    /// The import that they belong to.
    #[must_use]
    pub fn import(&self) -> Import {
        self.import.clone()
    }

    /// Makes whoever the histories name and the log does not have.
    ///
    /// # Errors
    /// When the log cannot be reached for long.
    pub async fn make_all(&mut self, histories: &[History]) -> Result<Made> {
        let new = self.first_named(histories);
        let ids: Vec<Uuid> = new
            .iter()
            .map(|(reference, _)| self.id(reference))
            .collect();
        let there = self.import.streams_there(&ids).await?;
        let absent = new
            .iter()
            .filter(|(reference, _)| !there.contains(&self.id(reference)));
        let made = stream::iter(absent)
            .map(|(reference, at)| self.make(reference, *at))
            .buffer_unordered(IN_FLIGHT)
            .try_fold(Made::default(), |sum, one| async move {
                Ok(Made {
                    users: sum.users + one.users,
                    teams: sum.teams + one.teams,
                })
            })
            .await?;
        self.known
            .extend(new.into_iter().map(|(reference, _)| reference));
        Ok(made)
    }

    /// Those who are not known yet, each with the first time that names them, in the order of their naming.
    fn first_named(&self, histories: &[History]) -> Vec<(Reference, DateTime<Utc>)> {
        let mut new: Vec<(Reference, DateTime<Utc>)> = Vec::new();
        let mut index: HashMap<&Reference, usize> = HashMap::new();
        for history in histories {
            for reference in history
                .references
                .iter()
                .filter(|reference| !self.known.contains(*reference))
            {
                index.entry(reference).or_insert_with(|| {
                    new.push((reference.clone(), history.opened_at));
                    new.len() - 1
                });
            }
        }
        new
    }

    fn id(&self, reference: &Reference) -> Uuid {
        reference.user_id(self.import.organization_id).0
    }

    async fn make(&self, reference: &Reference, at: DateTime<Utc>) -> Result<Made> {
        let context = CommandContext {
            occurred_at: Some(at),
            ..self.import.context()
        };
        let (made, outcome) = match reference.kind {
            Kind::Caller => (
                Made { users: 1, teams: 0 },
                self.make_user(context, reference, Role::Customer).await,
            ),
            Kind::Agent => (
                Made { users: 1, teams: 0 },
                self.make_user(context, reference, Role::Agent).await,
            ),
            Kind::Team => (
                Made { users: 0, teams: 1 },
                self.make_team(context, reference).await,
            ),
        };
        match outcome {
            Ok(()) => Ok(made),
            // Another import made it in this moment.
            Err(CommandError::Refused(Refusal::Conflict { .. })) => Ok(Made::default()),
            Err(error) => Err(stopped(error)),
        }
    }

    async fn make_user(
        &self,
        context: CommandContext,
        reference: &Reference,
        role: Role,
    ) -> Result<(), CommandError> {
        let user_id = reference.user_id(self.import.organization_id);
        let create = CreateUser {
            user_id,
            name: reference.name.clone(),
            email: None,
            role,
        };
        retrying(|| {
            self.import
                .dispatcher
                .dispatch(context.clone(), create.clone())
        })
        .await?;
        Ok(())
    }

    async fn make_team(
        &self,
        context: CommandContext,
        reference: &Reference,
    ) -> Result<(), CommandError> {
        let team_id = reference.team_id(self.import.organization_id);
        let create = CreateTeam {
            team_id,
            name: reference.name.clone(),
            private: false,
            members: Default::default(),
        };
        retrying(|| {
            self.import
                .dispatcher
                .dispatch(context.clone(), create.clone())
        })
        .await?;
        Ok(())
    }
}
