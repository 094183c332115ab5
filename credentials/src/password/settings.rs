//! What a hash may cost.

use std::num::NonZero;
use std::thread;

/// KiB of the largest memory of one hash, configured or stored: 1 GiB.
pub(super) const MEMORY_KIB_MAX: u32 = 1024 * 1024;
/// Passes of the longest hash, configured or stored.
pub(super) const ITERATIONS_MAX: u32 = 64;
/// Lanes of the widest hash, configured or stored.
pub(super) const PARALLELISM_MAX: u32 = 64;
/// The least that OWASP's password storage cheat sheet allows for Argon2id, of equal worth: memory in KiB, iterations.
const OWASP_MINIMA: [(u32, u32); 5] = [
    (47_104, 1),
    (19_456, 2),
    (12_288, 3),
    (9_216, 4),
    (7_168, 5),
];

/// What one hash of a password costs, and how many are made at once. The memory of all is at most
/// `concurrent_max` x `memory_kib`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Settings {
    /// Memory of one hash, in KiB (m).
    pub memory_kib: u32,
    /// Passes over the memory (t).
    pub iterations: u32,
    /// Lanes (p). They are computed one after another here, so one is best.
    pub parallelism: u32,
    /// Hashes made at once, each on a thread of its own.
    pub concurrent_max: usize,
    /// Callers that may wait for their turn. One more is refused as busy.
    pub waiting_max: usize,
}

impl Default for Argon2Settings {
    /// OWASP's minimum with 19 MiB, one hash for each core, 256 waiting.
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
            concurrent_max: thread::available_parallelism().map_or(1, NonZero::get),
            waiting_max: 256,
        }
    }
}

/// Which setting cannot be used, and what it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Cheaper than OWASP's minimum.
    #[error(
        "{memory_kib} KiB with {iterations} iterations is weaker than OWASP's minimum: use at least 19456 KiB with 2 iterations"
    )]
    TooWeak {
        /// As configured.
        memory_kib: u32,
        /// As configured.
        iterations: u32,
    },
    /// More than a server should spend on one hash.
    #[error(
        "use at most {MEMORY_KIB_MAX} KiB of memory, {ITERATIONS_MAX} iterations and 1 to {PARALLELISM_MAX} lanes"
    )]
    TooCostly,
    /// No hash could ever be made.
    #[error("at least one hash at once must be allowed")]
    NoneAtOnce,
    /// More than a semaphore counts.
    #[error("at most 65536 hashes may be made or waited for at once")]
    TooMany,
}

impl Argon2Settings {
    /// Whether a server may run with these.
    ///
    /// # Errors
    /// When they are weaker than OWASP's minimum or not usable.
    pub fn check(&self) -> Result<(), SettingsError> {
        let (memory_kib, iterations) = (self.memory_kib, self.iterations);
        let enough = |(least_kib, least_passes): (u32, u32)| {
            memory_kib >= least_kib && iterations >= least_passes
        };
        if !OWASP_MINIMA.into_iter().any(enough) {
            return Err(SettingsError::TooWeak {
                memory_kib,
                iterations,
            });
        }
        self.check_form()
    }

    /// The bounds without the demand of strength, which tests do without.
    pub(super) fn check_form(&self) -> Result<(), SettingsError> {
        let costly = self.memory_kib > MEMORY_KIB_MAX
            || self.iterations > ITERATIONS_MAX
            || !(1..=PARALLELISM_MAX).contains(&self.parallelism);
        if costly {
            return Err(SettingsError::TooCostly);
        }
        if self.concurrent_max == 0 {
            return Err(SettingsError::NoneAtOnce);
        }
        if self.concurrent_max.saturating_add(self.waiting_max) > 65_536 {
            return Err(SettingsError::TooMany);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(change: impl FnOnce(&mut Argon2Settings)) -> Result<(), SettingsError> {
        let mut settings = Argon2Settings::default();
        change(&mut settings);
        settings.check()
    }

    #[test]
    fn the_defaults_are_owasps_minimum_or_better() {
        assert_eq!(Argon2Settings::default().check(), Ok(()));
    }

    #[test]
    fn less_memory_is_allowed_only_for_more_passes() {
        for (memory_kib, iterations) in OWASP_MINIMA {
            let set = |s: &mut Argon2Settings, m, t| (s.memory_kib, s.iterations) = (m, t);
            assert_eq!(checked(|s| set(s, memory_kib, iterations)), Ok(()));
            let weaker = checked(|s| set(s, memory_kib - 1, iterations));
            assert!(matches!(weaker, Err(SettingsError::TooWeak { .. })));
        }
    }

    #[test]
    fn what_no_server_should_spend_is_refused() {
        let too_costly = Err(SettingsError::TooCostly);
        assert_eq!(checked(|s| s.memory_kib = MEMORY_KIB_MAX + 1), too_costly);
        assert_eq!(checked(|s| s.iterations = ITERATIONS_MAX + 1), too_costly);
        assert_eq!(checked(|s| s.parallelism = 0), too_costly);
    }

    #[test]
    fn a_pool_that_never_hashes_or_never_ends_is_refused() {
        assert_eq!(
            checked(|s| s.concurrent_max = 0),
            Err(SettingsError::NoneAtOnce)
        );
        assert_eq!(
            checked(|s| s.waiting_max = usize::MAX),
            Err(SettingsError::TooMany)
        );
    }
}
