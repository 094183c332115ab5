//! The table that a bench prints.

use super::measure::{Sample, median};

/// The two sides of one line.
#[derive(Debug, Default)]
pub struct Line {
    /// How many clients.
    pub clients: usize,
    /// Each round of ours.
    pub ours: Vec<Sample>,
    /// Each round of the reference.
    pub reference: Vec<Sample>,
    /// Events and commits of all rounds of ours.
    pub commits: Commits,
}

/// What the log wrote.
#[derive(Debug, Default, Clone, Copy)]
pub struct Commits {
    /// Events.
    pub rows: i64,
    /// Transactions that carried them.
    pub count: i64,
}

/// Prints the header; `ours` names what is measured.
pub fn print_header(ours: &str) {
    println!(
        "{:>7}  {:^34}  {:^26}  {:>6}  {:>10}",
        "", ours, "plain INSERT", "", "rows a"
    );
    println!(
        "{:>7}  {:>10} {:>11} {:>11}  {:>10} {:>7} {:>7}  {:>6}  {:>10}",
        "clients",
        "a second",
        "p50 ms",
        "p99 ms",
        "a second",
        "p50 ms",
        "p99 ms",
        "ratio",
        "commit"
    );
}

/// Prints a line: medians of both sides, their ratio, and how many rows a commit carried.
pub fn print_line(line: Line) {
    let (Some(ours), Some(reference)) = (median(line.ours), median(line.reference)) else {
        return;
    };
    let rows_per_commit = line.commits.rows as f64 / line.commits.count.max(1) as f64;
    println!(
        "{:>7}  {:>10.0} {:>11.2} {:>11.2}  {:>10.0} {:>7.2} {:>7.2}  {:>5.2}x  {:>10.1}",
        line.clients,
        ours.rate,
        ours.p50_ms,
        ours.p99_ms,
        reference.rate,
        reference.p50_ms,
        reference.p99_ms,
        ours.rate / reference.rate,
        rows_per_commit,
    );
}
