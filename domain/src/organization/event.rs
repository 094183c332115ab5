//! Events of an organization's stream.

use super::settings::Settings;
use crate::event::events;
use crate::text::{Name, Slug};
use serde::{Deserialize, Serialize};

events! {
    /// What happened to an organization.
    OrganizationEvent {
        /// It was made.
        Created(OrganizationCreated) = "organization.created" v 1,
        /// It got another name.
        Renamed(OrganizationRenamed) = "organization.renamed" v 1,
        /// Its settings changed. Carries all of them, so that each event stands alone.
        SettingsChanged(OrganizationSettingsChanged) = "organization.settings_changed" v 1,
        /// Its people are shut out for the time being.
        Suspended(OrganizationSuspended) = "organization.suspended" v 1,
        /// Its people may act again.
        Resumed(OrganizationResumed) = "organization.resumed" v 1,
        /// It is shut for ever; its people are erased one by one after this.
        Deleted(OrganizationDeleted) = "organization.deleted" v 1,
    }
}

/// An organization was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationCreated {
    /// What people read.
    pub name: Name,
    /// Its short name, unique in the installation.
    pub slug: Slug,
    /// What it starts with.
    pub settings: Settings,
}

/// An organization got another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationRenamed {
    /// The old name.
    pub from: Name,
    /// The new name.
    pub to: Name,
}

/// An organization's settings changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationSettingsChanged {
    /// All settings from now on.
    pub settings: Settings,
}

/// An organization's people are shut out for the time being.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationSuspended {}

/// An organization's people may act again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationResumed {}

/// An organization is shut for ever.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrganizationDeleted {}
