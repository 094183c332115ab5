//! Organizations and their settings.

use domain::organization::event::OrganizationEvent;
use domain::organization::state::Standing;
use platform::rows::OrganizationRow;
use tokio_postgres::types::Json;

use super::ApplyError;
use crate::event::Event;
use crate::state::State;

/// Applies an event of an organization's stream.
///
/// # Errors
/// When the organization was never made.
pub fn apply(
    state: &mut State,
    event: &Event,
    change: &OrganizationEvent,
) -> Result<(), ApplyError> {
    state.changed_settings.insert(event.org_id);
    if let OrganizationEvent::Created(created) = change {
        state.organizations.insert(
            event.org_id,
            OrganizationRow {
                org_id: event.org_id,
                name: created.name.to_string(),
                slug: created.slug.to_string(),
                settings: Json(created.settings.clone()),
                search_languages: vec![created.settings.search_language],
                ticket_count: 0,
                version: event.version,
                created_at: event.occurred_at,
                updated_at: event.occurred_at,
                position: event.position,
            },
        );
        return Ok(());
    }
    let missing = || ApplyError::missing(event, "organization", event.org_id);
    if let Some(standing) = standing_after(change) {
        let told = (event.version, standing);
        state.standings.insert(event.org_id, told);
    }
    let row = state
        .organizations
        .change(event.org_id)
        .ok_or_else(missing)?;
    match change {
        OrganizationEvent::Created(_) => {}
        OrganizationEvent::Renamed(renamed) => row.name = renamed.to.to_string(),
        OrganizationEvent::SettingsChanged(changed) => {
            if row.settings.0.time_zone != changed.settings.time_zone {
                state.rezoned.insert(event.org_id);
            }
            let language = changed.settings.search_language;
            if !row.search_languages.contains(&language) {
                row.search_languages.push(language);
            }
            row.settings = Json(changed.settings.clone());
        }
        // What its own roles may do is asked of the log, not of a read model.
        OrganizationEvent::RoleCreated(_)
        | OrganizationEvent::RoleChanged(_)
        | OrganizationEvent::RoleDeleted(_)
        | OrganizationEvent::RoleGiven(_)
        | OrganizationEvent::RoleTaken(_)
        | OrganizationEvent::Suspended(_)
        | OrganizationEvent::Resumed(_)
        | OrganizationEvent::Deleted(_) => {}
    }
    row.version = event.version;
    row.updated_at = row.updated_at.max(event.occurred_at);
    row.position = event.position;
    Ok(())
}

fn standing_after(change: &OrganizationEvent) -> Option<Standing> {
    match change {
        OrganizationEvent::Suspended(_) => Some(Standing::Suspended),
        OrganizationEvent::Resumed(_) => Some(Standing::Active),
        OrganizationEvent::Deleted(_) => Some(Standing::Deleted),
        OrganizationEvent::Created(_)
        | OrganizationEvent::Renamed(_)
        | OrganizationEvent::SettingsChanged(_)
        | OrganizationEvent::RoleCreated(_)
        | OrganizationEvent::RoleChanged(_)
        | OrganizationEvent::RoleDeleted(_)
        | OrganizationEvent::RoleGiven(_)
        | OrganizationEvent::RoleTaken(_) => None,
    }
}
