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

/// The end of a moment, looked for along the appends of a stream and maybe those of others. A version within an append stands
/// for all of it: nobody saw the stream in between.
pub(super) struct End {
    as_of: AsOf,
    stream: Uuid,
    /// Whether the stream has had the version.
    is_reached: bool,
}

impl End {
    pub(super) fn new(as_of: AsOf, stream: Uuid) -> Self {
        Self {
            as_of,
            stream,
            is_reached: false,
        }
    }

    /// Looks at the next append: the cut, if it is the first that does not belong to the moment.
    pub(super) fn look(&mut self, append: &[Told]) -> Option<Cut> {
        let first = append.first()?;
        let version = match self.as_of {
            AsOf::Time(time) => {
                return (first.recorded.recorded_at > time).then_some(Cut::At(time));
            }
            AsOf::Version(version) => version,
        };
        let mut own = append
            .iter()
            .filter(|told| told.recorded.stream_id == self.stream);
        if self.is_reached {
            return own.next().map(|_| Cut::Before(first.recorded.position));
        }
        self.is_reached = own.any(|told| told.recorded.version.get() == version);
        None
    }

    /// The cut where no append is left; none when the stream never had such a version.
    pub(super) fn at_last(&self) -> Option<Cut> {
        match self.as_of {
            AsOf::Time(time) => Some(Cut::At(time)),
            AsOf::Version(_) => self.is_reached.then_some(Cut::Never),
        }
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
