//! What an organization's events mean.

use super::event::OrganizationEvent;
use super::state::{Organization, PresentOrganization};
use chrono::{DateTime, Utc};

/// The state after an event. An event that its stream cannot begin with leaves an absent organization absent.
#[must_use]
pub fn evolve(state: Organization, event: &OrganizationEvent, _at: DateTime<Utc>) -> Organization {
    match (state, event) {
        (_, OrganizationEvent::Created(e)) => Organization::Present(PresentOrganization {
            name: e.name.clone(),
            slug: e.slug.clone(),
            settings: e.settings.clone(),
        }),
        (Organization::Absent, _) => Organization::Absent,
        (Organization::Present(organization), OrganizationEvent::Renamed(e)) => {
            Organization::Present(PresentOrganization {
                name: e.to.clone(),
                ..organization
            })
        }
        (Organization::Present(organization), OrganizationEvent::SettingsChanged(e)) => {
            Organization::Present(PresentOrganization {
                settings: e.settings.clone(),
                ..organization
            })
        }
    }
}
