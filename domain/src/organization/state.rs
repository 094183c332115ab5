//! An organization as its events tell it.

use super::role::CustomRole;
use super::settings::Settings;
use crate::ids::RoleId;
use crate::text::{Name, Slug};
use std::collections::BTreeMap;

/// The state of an organization's stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Organization {
    /// No event yet.
    #[default]
    Absent,
    /// It exists.
    Present(Box<PresentOrganization>),
}

/// An organization that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentOrganization {
    /// What people read.
    pub name: Name,
    /// Its short name.
    pub slug: Slug,
    /// What holds now.
    pub settings: Settings,
    /// Whether its people may act.
    pub standing: Standing,
    /// Its own roles.
    pub roles: BTreeMap<RoleId, CustomRole>,
}

/// Whether the people of an organization may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// They may.
    Active,
    /// Not at present.
    Suspended,
    /// Never again.
    Deleted,
}

impl Standing {
    /// The name on the disk and for operators.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }
}
