//! Checks of what a command refers to: people and teams must exist in the organization, be active and have the role.
//!
//! A reference is checked as the log had it within the last second; it is not guarded by the append, since a person who is
//! deactivated in the same moment would be refused one moment later as well.

use super::error::{CommandError, Refusal};
use super::work::Work;
use domain::actor::{Actor, Role};
use domain::company::state::Company;
use domain::ids::{CompanyId, TeamId, UserId};
use domain::organization::state::Standing;
use domain::team::state::Team;
use domain::ticket::state::Assignment;
use domain::user::state::User;
use std::collections::BTreeSet;

impl Work<'_> {
    /// A person acts only while active and in the role that they have, and while their organization is open: a token may be
    /// older than that. Timers of a shut organization go on, so that nothing is late once it is opened again.
    pub(super) async fn check_actor(&self) -> Result<(), CommandError> {
        match (self.actor(), self.standing()) {
            (Actor::User { .. }, Standing::Suspended | Standing::Deleted)
            | (Actor::Import { .. }, Standing::Deleted) => {
                Err(Refusal::OrganizationSuspended.into())
            }
            (Actor::User { id, role }, Standing::Active) => self.check_person(*id, *role).await,
            (Actor::Import { .. } | Actor::Timer | Actor::Operator | Actor::Identity, _) => Ok(()),
        }
    }

    /// Refuses a person who may no longer act, or whose role changed since their token was made.
    async fn check_person(&self, id: UserId, role: Role) -> Result<(), CommandError> {
        let is_current = self.active_role(id).await? == Some(role);
        if is_current {
            return Ok(());
        }
        let detail = "the user of this token is unknown or inactive, or has another role by now: use a new token";
        Err(Refusal::Forbidden(detail.to_owned()).into())
    }

    /// Refuses an assignment to somebody who is no active agent, lead or admin, or to an unknown team.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] naming `/agent_id` or `/team_id` under `pointer`.
    pub async fn check_assignment(
        &self,
        assignment: Assignment,
        pointer: &str,
    ) -> Result<(), CommandError> {
        if let Some(agent_id) = assignment.agent_id {
            self.check_staff(agent_id, &format!("{pointer}/agent_id"))
                .await?;
        }
        if let Some(team_id) = assignment.team_id {
            self.check_team(team_id, &format!("{pointer}/team_id"))
                .await?;
        }
        Ok(())
    }

    /// Refuses an assignment to somebody who could not see the ticket: no member of its private team, and no admin.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] naming `/agent_id` under `pointer`.
    pub async fn check_membership(
        &self,
        assignment: Assignment,
        pointer: &str,
    ) -> Result<(), CommandError> {
        let (Some(agent_id), Some(team_id)) = (assignment.agent_id, assignment.team_id) else {
            return Ok(());
        };
        let team = self.reference::<Team>(team_id.0).await?;
        let user = self.reference::<User>(agent_id.0).await?;
        let (Team::Present(team), User::Present(user)) = (&team.state, &user.state) else {
            return Ok(());
        };
        let agent = Actor::User {
            id: agent_id,
            role: user.role,
        };
        if team.is_hidden_from(&agent) {
            let detail = "must be a member of the private team, or an admin";
            return Err(Refusal::invalid(format!("{pointer}/agent_id"), detail).into());
        }
        Ok(())
    }

    /// The team, if it is a private one: what continues its tickets stays with it.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn private_team(&self, id: Option<TeamId>) -> Result<Option<TeamId>, CommandError> {
        let Some(id) = id else {
            return Ok(None);
        };
        match &self.current::<Team>(id.0).await?.state {
            Team::Present(team) if team.private => Ok(Some(id)),
            Team::Present(_) | Team::Absent => Ok(None),
        }
    }

    /// Refuses a requester who is no active customer.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] naming `pointer`.
    pub async fn check_customer(&self, id: UserId, pointer: &str) -> Result<(), CommandError> {
        match self.active_role(id).await? {
            Some(Role::Customer) => Ok(()),
            Some(Role::Agent | Role::Lead | Role::Admin) | None => Err(Refusal::invalid(
                pointer,
                "must be an active customer of this organization",
            )
            .into()),
        }
    }

    /// Refuses members who are no active agents, leads or admins.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] naming `/member_ids`; the detail says who it is.
    pub async fn check_members(&self, members: &BTreeSet<UserId>) -> Result<(), CommandError> {
        for member in members {
            if !self.is_active_staff(*member).await? {
                let detail = format!(
                    "must be active agents, leads or admins of this organization, {member} is none"
                );
                return Err(Refusal::invalid("/member_ids", detail).into());
            }
        }
        Ok(())
    }

    /// Refuses a company that is not there.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] naming `/company_id`.
    pub async fn check_company(&self, id: CompanyId) -> Result<(), CommandError> {
        match &self.reference::<Company>(id.0).await?.state {
            Company::Present(_) => Ok(()),
            Company::Absent => {
                let detail = "must be a company of this organization";
                Err(Refusal::invalid("/company_id", detail).into())
            }
        }
    }

    async fn check_staff(&self, id: UserId, pointer: &str) -> Result<(), CommandError> {
        if self.is_active_staff(id).await? {
            return Ok(());
        }
        Err(Refusal::invalid(
            pointer,
            "must be an active agent, lead or admin of this organization",
        )
        .into())
    }

    /// Refuses a team that is not there, or that the actor must not know of.
    ///
    /// # Errors
    /// [`Refusal::Invalid`] naming `pointer`.
    pub async fn check_team(&self, id: TeamId, pointer: &str) -> Result<(), CommandError> {
        match &self.reference::<Team>(id.0).await?.state {
            Team::Present(team) if !team.is_hidden_from(self.actor()) => Ok(()),
            // Of a team that is hidden the answer says no more than of one that is not there.
            Team::Present(_) | Team::Absent => {
                Err(Refusal::invalid(pointer, "must be a team of this organization").into())
            }
        }
    }

    async fn is_active_staff(&self, id: UserId) -> Result<bool, CommandError> {
        Ok(self.active_role(id).await?.is_some_and(Role::is_staff))
    }

    async fn active_role(&self, id: UserId) -> Result<Option<Role>, CommandError> {
        match &self.reference::<User>(id.0).await?.state {
            User::Present(user) if user.active => Ok(Some(user.role)),
            User::Present(_) | User::Absent => Ok(None),
        }
    }
}
