//! Teams are made and changed.

use super::TeamAnswer;
use crate::dispatch::{CommandError, UseCase, Work};
use domain::ids::{TeamId, UserId};
use domain::team::command::TeamCommand;
use domain::team::state::Team;
use domain::text::Name;
use std::collections::BTreeSet;

/// Makes a team.
#[derive(Debug, Clone)]
pub struct CreateTeam {
    /// Its id, fresh.
    pub team_id: TeamId,
    /// What people read.
    pub name: Name,
    /// Whether only its members, and admins, see it and its tickets.
    pub private: bool,
    /// Who is in it.
    pub members: BTreeSet<UserId>,
}

impl UseCase for CreateTeam {
    type Answer = TeamAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<TeamAnswer, CommandError> {
        work.check_members(&self.members).await?;
        work.create::<Team>(self.team_id.0);
        let command = TeamCommand::Create {
            name: self.name.clone(),
            private: self.private,
            members: self.members.clone(),
        };
        work.issue::<Team>(self.team_id, command).await?;
        TeamAnswer::of(work, self.team_id).await
    }
}

/// Changes what is given of a team.
#[derive(Debug, Clone)]
pub struct ChangeTeam {
    /// The team.
    pub team_id: TeamId,
    /// The new name.
    pub name: Option<Name>,
    /// Whether only its members, and admins, see it and its tickets, from now on.
    pub private: Option<bool>,
    /// Who is in it from now on.
    pub members: Option<BTreeSet<UserId>>,
}

impl UseCase for ChangeTeam {
    type Answer = TeamAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<TeamAnswer, CommandError> {
        work.address(self.team_id.0);
        if let (Some(members), Team::Present(team)) =
            (&self.members, work.state::<Team>(self.team_id.0).await?)
        {
            // Only who joins is checked: a team may keep a member who was deactivated meanwhile.
            let joining = members.difference(&team.members).copied().collect();
            work.check_members(&joining).await?;
        }
        let command = TeamCommand::Update {
            name: self.name.clone(),
            private: self.private,
            members: self.members.clone(),
        };
        work.issue::<Team>(self.team_id, command).await?;
        TeamAnswer::of(work, self.team_id).await
    }
}
