//! People.

use domain::actor::Role;
use domain::ids::UserId;
use domain::personal::ERASED;
use domain::user::event::{UserCreated, UserEvent};
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
        state.users.insert(key, joined(event, id, created));
        return Ok(());
    }
    let row = state
        .users
        .change(key)
        .ok_or_else(|| ApplyError::missing(event, "user", id))?;
    match change {
        UserEvent::Created(_) => {}
        UserEvent::Renamed(renamed) => {
            row.name = renamed.to.to_string();
            state.renamed_users.insert(key);
        }
        UserEvent::EmailChanged(changed) => {
            row.email = changed.to.as_ref().map(ToString::to_string)
        }
        UserEvent::RoleChanged(changed) => {
            row.role = changed.to;
            row.company_id = row.company_id.filter(|_| changed.to == Role::Customer);
            row.role_id = changed.to_role_id;
            state.lost_access.insert(key, (event.version, Lost::Role));
        }
        UserEvent::CompanySet(set) => row.company_id = set.to,
        UserEvent::Deactivated(_) => {
            row.active = false;
            state
                .lost_access
                .insert(key, (event.version, Lost::Activity));
        }
        UserEvent::Reactivated(_) => row.active = true,
        UserEvent::Erased(_) => {
            row.name = ERASED.to_owned();
            row.email = None;
            row.company_id = None;
            row.role_id = None;
            row.active = false;
            state.renamed_users.insert(key);
            state.erased_users.insert(key);
            state
                .lost_access
                .insert(key, (event.version, Lost::Everything));
        }
    }
    row.version = event.version;
    row.updated_at = row.updated_at.max(event.occurred_at);
    Ok(())
}

fn joined(event: &Event, id: UserId, created: &UserCreated) -> UserRow {
    UserRow {
        org_id: event.org_id,
        user_id: id,
        name: created.name.to_string(),
        email: created.email.as_ref().map(ToString::to_string),
        role: created.role,
        role_id: None,
        kind: created.kind,
        company_id: None,
        active: true,
        version: event.version,
        created_at: event.occurred_at,
        updated_at: event.occurred_at,
    }
}
