//! Companies of customers. Who belongs to one is in the rows of the people.

use domain::company::event::CompanyEvent;
use domain::ids::CompanyId;
use platform::rows::CompanyRow;

use super::ApplyError;
use crate::event::Event;
use crate::state::State;

/// Applies an event of a company's stream.
///
/// # Errors
/// When the company was never made.
pub fn apply(
    state: &mut State,
    event: &Event,
    id: CompanyId,
    change: &CompanyEvent,
) -> Result<(), ApplyError> {
    let key = (event.org_id, id);
    if let CompanyEvent::Created(created) = change {
        state.companies.insert(
            key,
            CompanyRow {
                org_id: event.org_id,
                company_id: id,
                name: created.name.to_string(),
                domains: Vec::new(),
                version: event.version,
                created_at: event.occurred_at,
                updated_at: event.occurred_at,
            },
        );
        return Ok(());
    }
    let row = state
        .companies
        .change(key)
        .ok_or_else(|| ApplyError::missing(event, "company", id))?;
    match change {
        CompanyEvent::Created(_) => {}
        CompanyEvent::Renamed(renamed) => row.name = renamed.to.to_string(),
        CompanyEvent::DomainAdded(added) => {
            let domain = added.domain.to_string();
            if let Err(place) = row.domains.binary_search(&domain) {
                row.domains.insert(place, domain);
            }
        }
        CompanyEvent::DomainRemoved(removed) => row
            .domains
            .retain(|domain| domain != removed.domain.as_str()),
    }
    row.version = event.version;
    row.updated_at = row.updated_at.max(event.occurred_at);
    Ok(())
}
