//! People.

use domain::ids::UserId;
use domain::user::event::UserEvent;
use platform::rows::UserRow;

use super::ApplyError;
use crate::access::Lost;
use crate::event::Event;
use crate::state::State;

/// Applies an event of a user's stream.
///
/// # Errors
/// When the user never joined.
pub fn apply(
    state: &mut State,
    event: &Event,
    id: UserId,
    change: &UserEvent,
) -> Result<(), ApplyError> {
    let key = (event.org_id, id);
    if let UserEvent::Created(created) = change {
        let row = UserRow::joined(&event.moment(), id, created);
        state.users.insert(key, row);
        return Ok(());
    }
    let row = state
        .users
        .change(key)
        .ok_or_else(|| ApplyError::missing(event, "user", id))?;
    row.evolve(&event.moment(), change);
    match change {
        UserEvent::Renamed(_) => {
            state.renamed_users.insert(key);
        }
        UserEvent::RoleChanged(_) => {
            state.lost_access.insert(key, (event.version, Lost::Role));
        }
        UserEvent::Deactivated(_) => {
            state
                .lost_access
                .insert(key, (event.version, Lost::Activity));
        }
        UserEvent::Erased(_) => {
            state.renamed_users.insert(key);
            state.erased_users.insert(key);
            state
                .lost_access
                .insert(key, (event.version, Lost::Everything));
        }
        UserEvent::Created(_)
        | UserEvent::EmailChanged(_)
        | UserEvent::CompanySet(_)
        | UserEvent::Reactivated(_) => {}
    }
    Ok(())
}
