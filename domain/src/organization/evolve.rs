//! What an organization's events mean.

use super::event::OrganizationEvent;
use super::state::{Organization, PresentOrganization, Standing};
use chrono::{DateTime, Utc};

/// The state after an event. An event that its stream cannot begin with leaves an absent organization absent.
#[must_use]
pub fn evolve(state: Organization, event: &OrganizationEvent, _at: DateTime<Utc>) -> Organization {
    match (state, event) {
        (_, OrganizationEvent::Created(e)) => Organization::Present(PresentOrganization {
            name: e.name.clone(),
            slug: e.slug.clone(),
            settings: e.settings.clone(),
            standing: Standing::Active,
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
        (Organization::Present(organization), OrganizationEvent::Suspended(_)) => {
            standing(organization, Standing::Suspended)
        }
        (Organization::Present(organization), OrganizationEvent::Resumed(_)) => {
            standing(organization, Standing::Active)
        }
        (Organization::Present(organization), OrganizationEvent::Deleted(_)) => {
            standing(organization, Standing::Deleted)
        }
    }
}

fn standing(organization: PresentOrganization, standing: Standing) -> Organization {
    Organization::Present(PresentOrganization {
        standing,
        ..organization
    })
}
