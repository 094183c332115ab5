//! Teams and who is in them.

use domain::ids::TeamId;
use domain::team::event::TeamEvent;
use platform::rows::TeamRow;

use super::ApplyError;
use crate::event::Event;
use crate::state::State;

/// Applies an event of a team's stream.
///
/// # Errors
/// When the team was never made.
pub fn apply(
    state: &mut State,
    event: &Event,
    id: TeamId,
    change: &TeamEvent,
) -> Result<(), ApplyError> {
    let key = (event.org_id, id);
    if let TeamEvent::Created(created) = change {
        state.teams.insert(
            key,
            TeamRow {
                org_id: event.org_id,
                team_id: id,
                name: created.name.to_string(),
                private: false,
                member_ids: Vec::new(),
                version: event.version,
                created_at: event.occurred_at,
                updated_at: event.occurred_at,
            },
        );
        return Ok(());
    }
    let row = state
        .teams
        .change(key)
        .ok_or_else(|| ApplyError::missing(event, "team", id))?;
    match change {
        TeamEvent::Created(_) => {}
        TeamEvent::Renamed(renamed) => {
            row.name = renamed.to.to_string();
            state.renamed_teams.insert(key);
        }
        TeamEvent::PrivacySet(set) => row.private = set.private,
        TeamEvent::MemberAdded(added) => {
            if let Err(place) = row.member_ids.binary_search(&added.user_id) {
                row.member_ids.insert(place, added.user_id);
            }
        }
        TeamEvent::MemberRemoved(removed) => {
            row.member_ids.retain(|member| *member != removed.user_id)
        }
    }
    row.version = event.version;
    row.updated_at = row.updated_at.max(event.occurred_at);
    Ok(())
}
