//! How the console says names, times and durations.

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::zone::Zone;

/// A word of the API for people: `on_hold` is "on hold".
pub fn plain(word: &str) -> String {
    word.replace('_', " ")
}

/// What became of a promise: the API's word for a missed one is said like the others.
pub fn outcome(word: &str) -> String {
    plain(if word == "breached" { "missed" } else { word })
}

/// A moment of a zone, to the minute.
pub fn at(time: &DateTime<Utc>, zone: Zone) -> String {
    let local = time.with_timezone(&zone.tz());
    local.format("%Y-%m-%d %H:%M").to_string()
}

/// A moment as machines read it.
pub fn machine(time: &DateTime<Utc>) -> String {
    time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// How long ago or how far ahead a moment is: "3 h ago", "in 20 min".
pub fn from_now(time: &DateTime<Utc>, now: DateTime<Utc>) -> String {
    let ahead = *time - now;
    if ahead < TimeDelta::zero() {
        format!("{} ago", duration(-ahead.num_seconds()))
    } else {
        format!("in {}", duration(ahead.num_seconds()))
    }
}

/// Seconds in the two largest units that say something: "2 d 3 h".
pub fn duration(seconds: i64) -> String {
    let (sign, seconds) = (if seconds < 0 { "-" } else { "" }, seconds.unsigned_abs());
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    let text = match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, 0) => format!("{hours} h"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        (_, 0, _) => format!("{days} d"),
        (_, _, _) => format!("{days} d {hours} h"),
    };
    format!("{sign}{text}")
}

/// So many of something, of which more than one have an s: "1 ticket", "2 tickets".
pub fn some(count: i64, one: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {one}{plural}")
}

/// A part of one, of a hundred.
pub fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_said_in_its_two_largest_units() {
        let said = [0, 59, 60, 3_599, 3_600, 5_400, 86_400, 97_300, -90].map(duration);
        assert_eq!(
            said,
            [
                "0 s",
                "59 s",
                "1 min",
                "59 min",
                "1 h",
                "1 h 30 min",
                "1 d",
                "1 d 3 h",
                "-1 min"
            ]
        );
    }

    #[test]
    fn one_has_no_s() {
        let said = [0, 1, 2].map(|count| some(count, "ticket"));
        assert_eq!(said, ["0 tickets", "1 ticket", "2 tickets"]);
    }

    #[test]
    fn a_moment_is_ahead_or_behind() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(from_now(&(now + TimeDelta::minutes(20)), now), "in 20 min");
        assert_eq!(from_now(&(now - TimeDelta::hours(3)), now), "3 h ago");
    }
}
