//! What a team's events mean.

use super::event::TeamEvent;
use super::state::{PresentTeam, Team};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;

/// The state after an event. An event that its stream cannot begin with leaves an absent team absent.
#[must_use]
pub fn evolve(state: Team, event: &TeamEvent, _at: DateTime<Utc>) -> Team {
    let mut team = match (state, event) {
        (_, TeamEvent::Created(e)) => PresentTeam {
            name: e.name.clone(),
            private: false,
            members: BTreeSet::new(),
        },
        (Team::Absent, _) => return Team::Absent,
        (Team::Present(team), _) => team,
    };
    match event {
        TeamEvent::Created(_) => {}
        TeamEvent::Renamed(e) => team.name = e.to.clone(),
        TeamEvent::PrivacySet(e) => team.private = e.private,
        TeamEvent::MemberAdded(e) => {
            team.members.insert(e.user_id);
        }
        TeamEvent::MemberRemoved(e) => {
            team.members.remove(&e.user_id);
        }
    }
    Team::Present(team)
}
