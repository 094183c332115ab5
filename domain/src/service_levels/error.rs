//! Why a command to an organization's service levels was refused.

use super::state::ServiceLevels;
use crate::error::Kind;
use crate::sla::policy::PolicyError;
use thiserror::Error;

/// A refusal. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ServiceLevelsError {
    /// Only admins change them.
    #[error("only an admin may change the service levels")]
    AdminOnly,
    /// There is no such policy.
    #[error("there is no such policy")]
    PolicyNotFound,
    /// It was made before.
    #[error("this policy exists already")]
    PolicyExists,
    /// Another policy has the name.
    #[error("another policy has this name")]
    NameTaken,
    /// Too many policies.
    #[error("an organization has at most {max} policies", max = ServiceLevels::MAX_POLICIES)]
    TooManyPolicies,
    /// All policies together are too much to be kept in memory.
    #[error("all policies together take at most {max} bytes: name fewer values", max = ServiceLevels::MAX_BYTES)]
    TooLarge,
    /// The policy is out of its limits.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A target counts by a calendar that is not there.
    #[error("there is no such calendar, or it is retired")]
    CalendarNotFound {
        /// The target.
        target: usize,
    },
    /// The order leaves policies out, or names some twice or wrongly.
    #[error("the order has to name every policy of the list once")]
    NoPermutation,
    /// It was made before.
    #[error("this calendar exists already")]
    CalendarExists,
    /// Too many calendars.
    #[error("an organization has at most {max} calendars: retire one", max = ServiceLevels::MAX_CALENDARS)]
    TooManyCalendars,
    /// Something counts by the calendar.
    #[error("the policy “{policy}” counts by this calendar: change or delete it first")]
    CalendarInUse {
        /// The first policy that does.
        policy: String,
    },
}

impl ServiceLevelsError {
    /// What kind of refusal it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::AdminOnly => Kind::Forbidden,
            Self::PolicyNotFound => Kind::NotFound,
            Self::PolicyExists
            | Self::NameTaken
            | Self::TooManyPolicies
            | Self::TooLarge
            | Self::CalendarExists
            | Self::TooManyCalendars
            | Self::CalendarInUse { .. } => Kind::Conflict,
            Self::Policy(error) => Kind::invalid(error.field()),
            Self::CalendarNotFound { target } => {
                Kind::invalid(format!("targets/{target}/calendar_id"))
            }
            Self::NoPermutation => Kind::invalid("order"),
        }
    }
}
