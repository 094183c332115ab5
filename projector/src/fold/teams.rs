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
        let row = TeamRow::made(&event.moment(), id, created);
        state.teams.insert(key, row);
        return Ok(());
    }
    let row = state
        .teams
        .change(key)
        .ok_or_else(|| ApplyError::missing(event, "team", id))?;
    row.evolve(&event.moment(), change);
    if matches!(change, TeamEvent::Renamed(_)) {
        state.renamed_teams.insert(key);
    }
    Ok(())
}
