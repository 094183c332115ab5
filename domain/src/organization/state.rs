//! An organization as its events tell it.

use super::settings::Settings;
use crate::text::{Name, Slug};

/// The state of an organization's stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Organization {
    /// No event yet.
    #[default]
    Absent,
    /// It exists.
    Present(PresentOrganization),
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
}
