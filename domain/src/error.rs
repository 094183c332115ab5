//! What kind of refusal an aggregate's error is, so that an edge can pick its status without knowing every error.

use std::borrow::Cow;

/// The kind of a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// There is nothing there, or nothing that this actor may know of.
    NotFound,
    /// The actor may know of it, but may not do this.
    Forbidden,
    /// The command itself cannot be right, whatever the state.
    Invalid {
        /// The path of the field at fault, without a leading slash: `status`, `settings/sla_targets/urgent`.
        field: Cow<'static, str>,
    },
    /// The command does not fit the state as it is now.
    Conflict,
}

impl Kind {
    /// A refusal because of one field.
    #[must_use]
    pub fn invalid(field: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid {
            field: field.into(),
        }
    }
}
