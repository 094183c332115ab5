//! What an import did, counted.

use std::fmt;
use std::time::Duration;

use indicatif::HumanCount;

/// The figures of one run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Rows read, bad ones too.
    pub rows: u64,
    /// Rows that went to the rejects.
    pub rejected_rows: u64,
    /// Tickets made.
    pub tickets: u64,
    /// Tickets that were there already, and their rows.
    pub tickets_there: u64,
    /// Events appended.
    pub events: u64,
    /// Tickets of this run that came back from resolved or closed at least once.
    pub tickets_reopened: u64,
    /// How often they did.
    pub reopenings: u64,
    /// Changes of priority.
    pub priority_changes: u64,
    /// Changes of the caller, which are left out: the first caller stays the requester.
    pub caller_changes: u64,
    /// Users made.
    pub users: u64,
    /// Teams made.
    pub teams: u64,
    /// How long it took.
    pub elapsed: Duration,
}

impl Summary {
    /// True when everything that the file has was there already.
    #[must_use]
    pub fn is_nothing_new(&self) -> bool {
        self.events == 0 && self.tickets_there > 0
    }

    fn a_second(&self, count: u64) -> HumanCount {
        // Truncation only drops the fraction; a rate is far below 2^53.
        HumanCount((count as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)) as u64)
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_nothing_new() {
            writeln!(
                f,
                "Nothing to import: everything in this file is there already."
            )?;
        }
        let lines = [
            ("rows", self.rows),
            ("rows rejected", self.rejected_rows),
            ("tickets imported", self.tickets),
            ("tickets already there", self.tickets_there),
            ("tickets reopened", self.tickets_reopened),
            ("reopenings", self.reopenings),
            ("priority changes", self.priority_changes),
            ("caller changes left out", self.caller_changes),
            ("users made", self.users),
            ("teams made", self.teams),
            ("events appended", self.events),
        ];
        for (name, count) in lines {
            writeln!(f, "{name:<24}{:>10}", HumanCount(count).to_string())?;
        }
        let seconds = self.elapsed.as_secs_f64();
        let (rows, events) = (self.a_second(self.rows), self.a_second(self.events));
        write!(
            f,
            "{:<24}{seconds:>10.1}   ({rows} rows/s, {events} events/s)",
            "seconds"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_found_everything_there_says_so() {
        let summary = Summary {
            rows: 141_712,
            tickets_there: 24_918,
            ..Summary::default()
        };
        let text = summary.to_string();
        assert!(text.starts_with("Nothing to import"), "{text}");
        assert!(text.contains("24,918"), "{text}");
    }

    #[test]
    fn rates_are_by_the_second() {
        let summary = Summary {
            rows: 50_000,
            tickets: 1,
            events: 60_000,
            elapsed: Duration::from_secs(2),
            ..Summary::default()
        };
        let text = summary.to_string();
        assert!(
            text.contains("2.0   (25,000 rows/s, 30,000 events/s)"),
            "{text}"
        );
        assert!(!text.contains("Nothing"), "{text}");
    }
}
