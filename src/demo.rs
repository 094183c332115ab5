//! The demo organization of `up`: a customer, two agents, an admin and a team.

use anyhow::Result;
use chrono::DateTime;
use domain::actor::{Actor, Role};
use domain::ids::{OrganizationId, TeamId, UserId};
use domain::text::{Email, Name, Slug};
use uuid::Uuid;
use write_side::commands::{CreateTeam, CreateUser};
use write_side::dispatch::{CommandContext, CommandError, Dispatcher, Refusal};
use write_side::identity::Identity;

use crate::import::external_id::derive;
use crate::state_dir::StateDir;

/// The short name of the demo organization.
pub const SLUG: &str = "demo";
const ORGANIZATION_NAME: &str = "Demo";
const TEAM_NAME: &str = "Support";

/// A person of the demo.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    /// What tokens are named after: `customer` gives `CUSTOMER_TOKEN`.
    pub key: &'static str,
    /// What people read.
    pub name: &'static str,
    /// Their address.
    pub email: &'static str,
    /// What they may do.
    pub role: Role,
}

/// Everybody of the demo.
pub const PEOPLE: [Person; 4] = [
    Person {
        key: "customer",
        name: "Casey Customer",
        email: "casey@demo.example",
        role: Role::Customer,
    },
    Person {
        key: "agent",
        name: "Alex Agent",
        email: "alex@demo.example",
        role: Role::Agent,
    },
    Person {
        key: "agent2",
        name: "Robin Agent",
        email: "robin@demo.example",
        role: Role::Agent,
    },
    Person {
        key: "admin",
        name: "Ada Admin",
        email: "ada@demo.example",
        role: Role::Admin,
    },
];

impl Person {
    /// Their id, the same on every run.
    #[must_use]
    pub fn id(&self, organization: OrganizationId) -> UserId {
        UserId(demo_id(organization, "user", self.email))
    }
}

/// The id of the team.
#[must_use]
pub fn team_id(organization: OrganizationId) -> TeamId {
    TeamId(demo_id(organization, "team", TEAM_NAME))
}

fn demo_id(organization: OrganizationId, kind: &str, name: &str) -> Uuid {
    derive(organization, SLUG, kind, name, DateTime::UNIX_EPOCH)
}

/// Makes what is not there yet.
///
/// # Errors
/// When the log cannot take it.
pub async fn ensure(dispatcher: &Dispatcher) -> Result<OrganizationId> {
    let organization = dispatcher
        .create_organization(Name::parse(ORGANIZATION_NAME)?, Slug::parse(SLUG)?)
        .await?;
    let context = CommandContext::new(organization, Actor::Operator);
    for person in PEOPLE {
        let create = CreateUser {
            user_id: person.id(organization),
            name: Name::parse(person.name)?,
            email: Some(Email::parse(person.email)?),
            role: person.role,
        };
        there_or(dispatcher.dispatch(context.clone(), create).await)?;
    }
    let agents = PEOPLE.iter().filter(|person| person.role == Role::Agent);
    let team = CreateTeam {
        team_id: team_id(organization),
        name: Name::parse(TEAM_NAME)?,
        private: false,
        members: agents.map(|person| person.id(organization)).collect(),
    };
    there_or(dispatcher.dispatch(context, team).await)?;
    Ok(organization)
}

/// Lets the demo's people sign in by a password, made the first time.
///
/// # Errors
/// When the database cannot take it, or the password not be kept.
pub async fn ensure_logins(
    identity: &Identity,
    organization: OrganizationId,
    state: &StateDir,
) -> Result<String> {
    if let Some(password) = state.demo_password() {
        return Ok(password);
    }
    let password = Uuid::new_v4().to_string();
    for person in PEOPLE {
        let (id, email) = (person.id(organization), Email::parse(person.email)?);
        let granted = identity.grant_password(organization, id, &email, &password);
        granted.await?;
    }
    state.keep_demo_password(&password)?;
    Ok(password)
}

/// What an earlier run made stays as it is, whatever became of it since.
fn there_or<T>(outcome: Result<T, CommandError>) -> Result<(), CommandError> {
    match outcome {
        Ok(_) | Err(CommandError::Refused(Refusal::Conflict { .. })) => Ok(()),
        Err(error) => Err(error),
    }
}
