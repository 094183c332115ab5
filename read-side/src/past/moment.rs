//! The moment of the past that is asked for.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use event_store::{Position, RecordedEvent};

/// A moment of a ticket's past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// What had been recorded by this time.
    Time(DateTime<Utc>),
    /// While the ticket had this version.
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
    /// The cut of a moment, by the events of the ticket's own stream; none when it never had such a version.
    pub(super) fn of<'a>(
        as_of: AsOf,
        stream: impl Iterator<Item = &'a RecordedEvent>,
    ) -> Option<Self> {
        let version = match as_of {
            AsOf::Time(time) => return Some(Self::At(time)),
            AsOf::Version(version) => version,
        };
        let mut was_there = false;
        for event in stream {
            if event.version.get() > version {
                return was_there.then_some(Self::Before(event.position));
            }
            was_there |= event.version.get() == version;
        }
        was_there.then_some(Self::Never)
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
