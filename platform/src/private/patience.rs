//! Limits for tests: a machine that does much else is slow, and no fault.

use std::time::Duration;

use crate::config::PoolSettings;

const PATIENCE: Duration = Duration::from_secs(60);

/// Pools of the usual sizes, each of whose waits may last a minute.
#[must_use]
pub fn patient_pools() -> PoolSettings {
    PoolSettings {
        wait_timeout: PATIENCE,
        create_timeout: PATIENCE,
        recycle_timeout: PATIENCE,
        statement_timeout: PATIENCE,
        lock_timeout: PATIENCE,
        ..PoolSettings::default()
    }
}

/// A log each of whose waits may last a minute.
#[must_use]
pub fn patient_log() -> event_store::Options {
    event_store::Options {
        connect_timeout: PATIENCE,
        statement_timeout: PATIENCE,
        lock_timeout: PATIENCE,
        read_timeout: PATIENCE,
        answer_deadline: PATIENCE,
        outcome_deadline: PATIENCE,
        ..event_store::Options::default()
    }
}
