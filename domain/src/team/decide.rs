//! What a team's commands may do.

use super::command::TeamCommand;
use super::error::TeamError;
use super::event::{
    TeamCreated, TeamEvent, TeamMemberAdded, TeamMemberRemoved, TeamPrivacySet, TeamRenamed,
};
use super::state::{PresentTeam, Team};
use crate::command::Issued;
use crate::ids::{TeamId, UserId};
use crate::text::Name;
use std::collections::BTreeSet;

/// The events that a command yields; none when it changes nothing.
///
/// # Errors
/// When the command is refused. Permission comes first, so that a refusal does not tell whether the team exists.
pub fn decide(
    state: &Team,
    _id: TeamId,
    issued: &Issued<TeamCommand>,
) -> Result<Vec<TeamEvent>, TeamError> {
    if !issued.actor.sets_teams() && !issued.actor.is_import() {
        return Err(TeamError::NotAllowed);
    }
    match (state, &issued.command) {
        (
            Team::Absent,
            TeamCommand::Create {
                name,
                private,
                members,
            },
        ) => {
            let mut events = vec![TeamCreated { name: name.clone() }.into()];
            events.extend(set_privacy(false, *private));
            events.extend(change_members(&BTreeSet::new(), members)?);
            Ok(events)
        }
        (Team::Present(_), TeamCommand::Create { .. }) => Err(TeamError::AlreadyExists),
        (Team::Absent, TeamCommand::Update { .. }) => Err(TeamError::NotFound),
        (
            Team::Present(team),
            TeamCommand::Update {
                name,
                private,
                members,
            },
        ) => update(team, name.as_ref(), *private, members.as_ref()),
    }
}

fn update(
    team: &PresentTeam,
    name: Option<&Name>,
    private: Option<bool>,
    members: Option<&BTreeSet<UserId>>,
) -> Result<Vec<TeamEvent>, TeamError> {
    let mut events = Vec::new();
    if let Some(to) = name.filter(|name| **name != team.name) {
        events.push(
            TeamRenamed {
                from: team.name.clone(),
                to: to.clone(),
            }
            .into(),
        );
    }
    events.extend(private.and_then(|private| set_privacy(team.private, private)));
    if let Some(members) = members {
        events.extend(change_members(&team.members, members)?);
    }
    Ok(events)
}

fn set_privacy(from: bool, to: bool) -> Option<TeamEvent> {
    (from != to).then(|| TeamPrivacySet { private: to }.into())
}

/// Those who leave, then those who join, each in the order of their ids.
fn change_members(
    from: &BTreeSet<UserId>,
    to: &BTreeSet<UserId>,
) -> Result<Vec<TeamEvent>, TeamError> {
    if to.len() > PresentTeam::MAX_MEMBERS {
        return Err(TeamError::TooManyMembers);
    }
    let leaving = from
        .difference(to)
        .map(|user| TeamMemberRemoved { user_id: *user }.into());
    let joining = to
        .difference(from)
        .map(|user| TeamMemberAdded { user_id: *user }.into());
    Ok(leaving.chain(joining).collect())
}
