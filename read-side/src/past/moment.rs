//! The moment of the past that is asked for.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use event_store::{Position, RecordedEvent};
use uuid::Uuid;

use super::Told;

/// A moment of the past of a ticket, or of another thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// What had been recorded by this time.
    Time(DateTime<Utc>),
    /// While it had this version.
    Version(i64),
}

/// A text is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a time such as 2026-03-02T09:00:00Z, or a version such as 3")]
pub struct InvalidAsOf;

impl FromStr for AsOf {
    type Err = InvalidAsOf;

    fn from_str(text: &str) -> Result<Self, InvalidAsOf> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return text.parse().map(Self::Version).map_err(|_| InvalidAsOf);
        }
        let time = DateTime::parse_from_rfc3339(text).map_err(|_| InvalidAsOf)?;
        Ok(Self::Time(time.to_utc()))
    }
}

/// Up to where events belong to a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// What had been recorded by then.
    At(DateTime<Utc>),
    /// What stands before this position.
    Before(Position),
    /// Everything.
    Never,
}

impl Cut {
    /// The cut of a moment of a stream, by its events and maybe those of others; none when it never had such a version. A version
    /// within an append stands for all of it: nobody saw the stream in between.
    pub(super) fn of(as_of: AsOf, stream: Uuid, events: &[Told]) -> Option<Self> {
        let version = match as_of {
            AsOf::Time(time) => return Some(Self::At(time)),
            AsOf::Version(version) => version,
        };
        let is_own = |told: &Told| told.recorded.stream_id == stream;
        let gave = |told: &Told| is_own(told) && told.recorded.version.get() == version;
        let mut appends = events.chunk_by(Told::is_appended_with);
        appends.find(|append| append.iter().any(gave))?;
        let next = appends.find(|append| append.iter().any(is_own));
        let next = next.and_then(<[Told]>::first);
        Some(next.map_or(Self::Never, |next| Self::Before(next.recorded.position)))
    }

    pub(super) fn admits(&self, event: &RecordedEvent) -> bool {
        match self {
            Self::At(time) => event.recorded_at <= *time,
            Self::Before(position) => event.position < *position,
            Self::Never => true,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_moment_is_a_time_or_a_version() {
        assert_eq!("3".parse(), Ok(AsOf::Version(3)));
        let time: DateTime<Utc> = "2026-03-02T09:00:00Z".parse().unwrap();
        assert_eq!("2026-03-02T10:00:00+01:00".parse(), Ok(AsOf::Time(time)));
        for wrong in ["", "-1", "yesterday", "2026-03-02", "99999999999999999999"] {
            assert_eq!(wrong.parse::<AsOf>(), Err(InvalidAsOf), "{wrong}");
        }
    }
}
