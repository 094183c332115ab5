//! Time-based one-time passwords (RFC 6238) as authenticator apps make them: SHA-1, six digits, steps of 30 seconds.

mod secret;

pub use secret::{EnrolmentError, SECRET_BYTES, TotpSecret, UnreadableSecret};

/// Seconds of a step.
pub const STEP_SECONDS: u64 = 30;
/// Steps before and after the present one that are accepted, for clocks that differ.
const DRIFT_STEPS: u64 = 1;

/// A span of 30 seconds, counted from 1970. The last one whose code was used is stored with the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Step(u64);

impl Step {
    /// Takes back what was stored. None for what no step is.
    #[must_use]
    pub fn from_stored(step: i64) -> Option<Self> {
        u64::try_from(step).ok().map(Self)
    }

    /// What is stored.
    #[must_use]
    pub fn to_stored(self) -> i64 {
        // A step is a time in seconds, which chrono counts in an i64, divided by 30.
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests;
