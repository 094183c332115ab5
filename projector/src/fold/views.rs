//! Saved views.

use domain::ids::{TeamId, UserId, ViewId};
use domain::view::definition::{ViewDefinition, ViewOwner};
use domain::view::event::{ViewCreated, ViewEvent};
use platform::rows::ViewRow;

use super::ApplyError;
use crate::event::Event;
use crate::state::State;

/// Applies an event of a view's stream.
///
/// # Errors
/// When the view was never made.
pub fn apply(
    state: &mut State,
    event: &Event,
    id: ViewId,
    change: &ViewEvent,
) -> Result<(), ApplyError> {
    let key = (event.org_id, id);
    if let ViewEvent::Created(created) = change {
        state.views.insert(key, made(event, id, created));
        return Ok(());
    }
    let row = state
        .views
        .change(key)
        .ok_or_else(|| ApplyError::missing(event, "view", id))?;
    match change {
        ViewEvent::Created(_) => {}
        ViewEvent::Changed(changed) => say(row, &changed.definition),
        ViewEvent::Deleted(_) => {
            row.deleted = true;
            row.name.clear();
            row.query.clear();
        }
    }
    row.version = event.version;
    row.updated_at = row.updated_at.max(event.occurred_at);
    Ok(())
}

fn made(event: &Event, id: ViewId, created: &ViewCreated) -> ViewRow {
    let (team_id, person_id): (Option<TeamId>, Option<UserId>) = match created.owner {
        ViewOwner::Organization => (None, None),
        ViewOwner::Team { team_id } => (Some(team_id), None),
        ViewOwner::Person { user_id } => (None, Some(user_id)),
    };
    let mut row = ViewRow {
        org_id: event.org_id,
        view_id: id,
        team_id,
        person_id,
        name: String::new(),
        query: String::new(),
        sort: created.definition.order,
        columns: Vec::new(),
        deleted: false,
        version: event.version,
        created_at: event.occurred_at,
        updated_at: event.occurred_at,
    };
    say(&mut row, &created.definition);
    row
}

fn say(row: &mut ViewRow, definition: &ViewDefinition) {
    row.name = definition.name.to_string();
    row.query = definition.query.to_string();
    row.sort = definition.order;
    row.columns.clone_from(&definition.columns);
}
