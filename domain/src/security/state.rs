//! An occurrence as its event tells it.

use crate::ids::UserId;

/// The state of an occurrence's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Occurrence {
    /// Not recorded.
    #[default]
    Absent,
    /// Recorded. Nothing can be added.
    Recorded {
        /// Whose account it concerns.
        user_id: UserId,
    },
}
