//! What an organization's events mean.

use super::event::{OrganizationEvent, OrganizationRoleCreated};
use super::role::CustomRole;
use super::state::{Organization, PresentOrganization, Standing};
use crate::ids::RoleId;
use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, BTreeSet};

/// The state after an event. An event that its stream cannot begin with leaves an absent organization absent.
#[must_use]
pub fn evolve(state: Organization, event: &OrganizationEvent, _at: DateTime<Utc>) -> Organization {
    match (state, event) {
        (_, OrganizationEvent::Created(e)) => {
            Organization::Present(Box::new(PresentOrganization {
                name: e.name.clone(),
                slug: e.slug.clone(),
                settings: e.settings.clone(),
                standing: Standing::Active,
                roles: BTreeMap::new(),
            }))
        }
        (Organization::Absent, _) => Organization::Absent,
        (Organization::Present(mut organization), OrganizationEvent::Renamed(e)) => {
            organization.name = e.to.clone();
            Organization::Present(organization)
        }
        (Organization::Present(mut organization), OrganizationEvent::SettingsChanged(e)) => {
            organization.settings = e.settings.clone();
            Organization::Present(organization)
        }
        (Organization::Present(mut organization), OrganizationEvent::RoleCreated(e)) => {
            organization.roles.insert(e.role_id, created(e));
            Organization::Present(organization)
        }
        (Organization::Present(organization), OrganizationEvent::RoleChanged(e)) => {
            with_role(organization, e.role_id, |role| {
                role.name = e.name.clone();
                role.permissions = e.permissions.clone();
            })
        }
        (Organization::Present(mut organization), OrganizationEvent::RoleDeleted(e)) => {
            organization.roles.remove(&e.role_id);
            Organization::Present(organization)
        }
        (Organization::Present(organization), OrganizationEvent::RoleGiven(e)) => {
            with_role(organization, e.role_id, |role| {
                role.holders.insert(e.user_id);
            })
        }
        (Organization::Present(organization), OrganizationEvent::RoleTaken(e)) => {
            with_role(organization, e.role_id, |role| {
                role.holders.remove(&e.user_id);
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

fn created(event: &OrganizationRoleCreated) -> CustomRole {
    CustomRole {
        name: event.name.clone(),
        base: event.base,
        permissions: event.permissions.clone(),
        holders: BTreeSet::new(),
    }
}

fn with_role(
    mut organization: Box<PresentOrganization>,
    role_id: RoleId,
    change: impl FnOnce(&mut CustomRole),
) -> Organization {
    if let Some(role) = organization.roles.get_mut(&role_id) {
        change(role);
    }
    Organization::Present(organization)
}

fn standing(mut organization: Box<PresentOrganization>, standing: Standing) -> Organization {
    organization.standing = standing;
    Organization::Present(organization)
}
