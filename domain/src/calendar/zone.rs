//! Time zones by their IANA names, and when their clocks are set.

use chrono::{DateTime, NaiveDate, NaiveTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::OnceLock;
use thiserror::Error;

/// A time zone of the IANA database, such as `Europe/Berlin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone(Tz);

/// The name is not one of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must be the IANA name of a time zone, such as Europe/Berlin")]
pub struct UnknownZone;

/// A setting of a zone's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transition {
    /// The first second of the new offset, in seconds of the Unix epoch.
    pub(super) at_s: i64,
    /// Local time less UTC from here on, in seconds.
    pub(super) offset_s: i64,
}

/// The first second whose transitions are known: 1970. Before it the offset of that second holds.
const KNOWN_FROM_S: i64 = 0;
/// The second up to which transitions are known: 2100. After it the offset of that second holds.
const KNOWN_UNTIL_S: i64 = 4_102_444_800;
/// No zone sets its clock twice within so little time and back to the same offset; a test looks closer.
const STEP_S: i64 = 4 * 86_400;
/// The longest time that a zone skipped is a day; an hour more is looked at.
const SKIP_MAX_MINUTES: i64 = 25 * 60;

impl Zone {
    /// Universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone of this name, exactly as the database spells it.
    ///
    /// # Errors
    /// [`UnknownZone`] when there is none.
    pub fn parse(name: &str) -> Result<Self, UnknownZone> {
        name.parse().map(Self).map_err(|_| UnknownZone)
    }

    /// True for the default, which is not written.
    #[must_use]
    pub fn is_utc(&self) -> bool {
        *self == Self::UTC
    }

    /// The name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0.name()
    }

    /// The zone as the time library has it.
    #[must_use]
    pub fn tz(self) -> Tz {
        self.0
    }

    /// The first instant of a local day. Where clocks skip midnight, the instant of the skip; where they skip the whole day,
    /// that is the first of the next.
    #[must_use]
    pub fn first_instant(self, day: NaiveDate) -> DateTime<Utc> {
        let midnight = day.and_time(NaiveTime::MIN);
        let read_at = |minutes| {
            let local = midnight.checked_add_signed(TimeDelta::minutes(minutes))?;
            self.0.from_local_datetime(&local).earliest()
        };
        let first = (0..=SKIP_MAX_MINUTES).find_map(read_at);
        first.map_or(midnight.and_utc(), |first| first.to_utc())
    }

    /// The local day of an instant.
    #[must_use]
    pub fn day_of(self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.0).date_naive()
    }

    /// When the clock is set, in order; the first tells the offset of the beginning. Found once a zone and process.
    pub(super) fn transitions(self) -> &'static [Transition] {
        static KNOWN: [OnceLock<Box<[Transition]>>; TZ_VARIANTS.len()] =
            [const { OnceLock::new() }; TZ_VARIANTS.len()];
        KNOWN[self.0 as usize].get_or_init(|| self.find_transitions(STEP_S).into())
    }

    pub(super) fn find_transitions(self, step_s: i64) -> Vec<Transition> {
        let mut found = vec![Transition {
            at_s: i64::MIN,
            offset_s: self.offset_s(KNOWN_FROM_S),
        }];
        let mut at_s = KNOWN_FROM_S;
        let mut offset_s = found[0].offset_s;
        while at_s < KNOWN_UNTIL_S {
            let next_s = at_s + step_s;
            let next_offset_s = self.offset_s(next_s);
            if next_offset_s != offset_s {
                found.push(self.bisect(at_s, next_s));
                offset_s = next_offset_s;
            }
            at_s = next_s;
        }
        found
    }

    /// The transition after `before_s` and not after `after_s`.
    fn bisect(self, mut before_s: i64, mut after_s: i64) -> Transition {
        let old_s = self.offset_s(before_s);
        while after_s - before_s > 1 {
            let middle_s = before_s + (after_s - before_s) / 2;
            if self.offset_s(middle_s) == old_s {
                before_s = middle_s;
            } else {
                after_s = middle_s;
            }
        }
        Transition {
            at_s: after_s,
            offset_s: self.offset_s(after_s),
        }
    }

    fn offset_s(self, at_s: i64) -> i64 {
        let at = DateTime::<Utc>::from_timestamp(at_s, 0).unwrap_or_default();
        let offset = self.0.offset_from_utc_datetime(&at.naive_utc());
        i64::from(offset.fix().local_minus_utc())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for Zone {
    type Error = UnknownZone;
    fn try_from(name: String) -> Result<Self, UnknownZone> {
        Self::parse(&name)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.as_str().to_owned()
    }
}
