//! What a bench found: a table for people, JSON for programs, Markdown and a plot for a page.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Serialize;

use crate::measure::{Sample, median};
use crate::plot;

/// Where JSON and plots go, below the directory that the bench is run in.
const DIRECTORY: &str = "target/bench";

/// What one bench found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Its name on the command line.
    pub bench: &'static str,
    /// The machine, the servers, how often and how long.
    pub conditions: Vec<String>,
    /// Rates beside their references.
    pub lines: Vec<Line>,
    /// Single figures.
    pub facts: Vec<Fact>,
}

/// A rate, and what it is held against.
#[derive(Debug, Clone, Serialize)]
pub struct Line {
    /// What was measured.
    pub what: String,
    /// Each round.
    pub rounds: Vec<Sample>,
    /// The reference, each round, measured by turns with ours.
    pub reference: Option<Reference>,
    /// Rows that one commit carried, on average.
    pub rows_per_commit: Option<f64>,
    /// The ratio to reach.
    pub reach: Option<f64>,
    /// The p99 to stay below, in milliseconds.
    pub p99_limit_ms: Option<f64>,
}

/// What a line is held against.
#[derive(Debug, Clone, Serialize)]
pub struct Reference {
    /// What it does.
    pub what: String,
    /// Each round.
    pub rounds: Vec<Sample>,
}

/// A single figure.
#[derive(Debug, Clone, Serialize)]
pub struct Fact {
    /// What was measured.
    pub what: String,
    /// The figure.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// The most that it should be.
    pub limit: Option<f64>,
}

impl Line {
    /// A line without reference or goal.
    pub fn new(what: impl Into<String>, rounds: Vec<Sample>) -> Self {
        Self {
            what: what.into(),
            rounds,
            reference: None,
            rows_per_commit: None,
            reach: None,
            p99_limit_ms: None,
        }
    }

    /// Held against `what`.
    #[must_use]
    pub fn beside(mut self, what: impl Into<String>, rounds: Vec<Sample>) -> Self {
        let what = what.into();
        self.reference = Some(Reference { what, rounds });
        self
    }

    /// With the ratio to reach.
    #[must_use]
    pub fn reaching(mut self, ratio: f64) -> Self {
        self.reach = Some(ratio);
        self
    }

    /// Ours over the reference, medians of both.
    pub fn ratio(&self) -> Option<f64> {
        let reference = median(&self.reference.as_ref()?.rounds)?;
        Some(median(&self.rounds)?.rate / reference.rate)
    }

    fn markdown(&self) -> Option<String> {
        let ours = median(&self.rounds)?;
        let reference = self.reference.as_ref();
        let reference_rate = reference.and_then(|reference| Some(median(&reference.rounds)?.rate));
        Some(format!(
            "| {} | {:.0} {} | {} | {} | {} | {} | {} | {} | {} | {} {} |\n",
            self.what,
            ours.rate,
            spread(&self.rounds),
            figure(ours.p50_ms, 2),
            figure(ours.p99_ms, 2),
            figure(ours.p999_ms, 2),
            figure(self.rows_per_commit.unwrap_or(f64::NAN), 1),
            reference.map_or("", |reference| reference.what.as_str()),
            figure(reference_rate.unwrap_or(f64::NAN), 0),
            figure(self.ratio().unwrap_or(f64::NAN), 2),
            figure(self.reach.unwrap_or(f64::NAN), 2),
            verdict(self.is_met()),
        ))
    }

    /// Whether it reaches what it should; `None` when nothing is set.
    fn is_met(&self) -> Option<bool> {
        let ratio = self
            .reach
            .map(|reach| self.ratio().is_some_and(|ratio| ratio >= reach));
        let p99 = self
            .p99_limit_ms
            .map(|limit| median(&self.rounds).is_some_and(|sample| sample.p99_ms <= limit));
        match (ratio, p99) {
            (None, None) => None,
            (ratio, p99) => Some(ratio.unwrap_or(true) && p99.unwrap_or(true)),
        }
    }
}

impl Fact {
    /// A figure and what it should be.
    pub fn new(
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
        limit: impl Into<Option<f64>>,
    ) -> Self {
        Self {
            what: what.into(),
            value,
            unit,
            limit: limit.into(),
        }
    }

    fn markdown(&self) -> String {
        format!(
            "| {} | {} {} | {} {} |\n",
            self.what,
            figure(self.value, 2),
            self.unit,
            figure(self.limit.unwrap_or(f64::NAN), 0),
            verdict(self.is_met()),
        )
    }

    fn is_met(&self) -> Option<bool> {
        self.limit.map(|limit| self.value <= limit)
    }
}

impl Report {
    /// An empty one.
    pub fn new(bench: &'static str, conditions: Vec<String>) -> Self {
        Self {
            bench,
            conditions,
            lines: Vec::new(),
            facts: Vec::new(),
        }
    }

    /// Prints it and writes `target/bench/<bench>.json`, `.md` and the plots.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn publish(&self) -> Result<()> {
        self.print();
        let directory = PathBuf::from(DIRECTORY);
        fs::create_dir_all(&directory)
            .with_context(|| format!("{} cannot be made", directory.display()))?;
        let file = |ending: &str| directory.join(format!("{}.{ending}", self.bench));
        write(&file("json"), &serde_json::to_string_pretty(self)?)?;
        write(&file("md"), &self.markdown())?;
        plot::draw(self, &directory)?;
        println!();
        Ok(())
    }

    /// The tables as docs/BENCHMARKS.md quotes them.
    fn markdown(&self) -> String {
        let mut text = self.conditions.join(".\n") + ".\n\n";
        if !self.lines.is_empty() {
            text += "| what | a second (min - max) | p50 ms | p99 ms | p99.9 ms | rows a commit | beside | a second | ratio | reach |\n";
            text += "|---|---|---|---|---|---|---|---|---|---|\n";
            text.extend(self.lines.iter().filter_map(Line::markdown));
            text += "\n";
        }
        if !self.facts.is_empty() {
            text += "| what | figure | at most |\n|---|---|---|\n";
            text.extend(self.facts.iter().map(Fact::markdown));
            text += "\n";
        }
        text
    }

    fn print(&self) {
        println!("# {}", self.bench);
        self.conditions
            .iter()
            .for_each(|condition| println!("{condition}"));
        if !self.lines.is_empty() {
            print_lines(&self.lines);
        }
        if !self.facts.is_empty() {
            print_facts(&self.facts);
        }
    }
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("{} cannot be written", file.display()))
}

fn print_lines(lines: &[Line]) {
    println!(
        "{:<44} {:>9} {:>17} {:>8} {:>8} {:>8} {:>7}  {:<34} {:>9} {:>6} {:>6}",
        "",
        "a second",
        "(min - max)",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "rows/c",
        "beside",
        "a second",
        "ratio",
        "reach"
    );
    for line in lines {
        let Some(ours) = median(&line.rounds) else {
            continue;
        };
        let reference = line.reference.as_ref();
        let reference_rate = reference.and_then(|reference| Some(median(&reference.rounds)?.rate));
        println!(
            "{:<44} {:>9.0} {:>17} {:>8} {:>8} {:>8} {:>7}  {:<34} {:>9} {:>6} {:>6} {}",
            line.what,
            ours.rate,
            spread(&line.rounds),
            figure(ours.p50_ms, 2),
            figure(ours.p99_ms, 2),
            figure(ours.p999_ms, 2),
            figure(line.rows_per_commit.unwrap_or(f64::NAN), 1),
            reference.map_or("", |reference| reference.what.as_str()),
            figure(reference_rate.unwrap_or(f64::NAN), 0),
            figure(line.ratio().unwrap_or(f64::NAN), 2),
            figure(line.reach.unwrap_or(f64::NAN), 2),
            verdict(line.is_met()),
        );
    }
}

fn print_facts(facts: &[Fact]) {
    for fact in facts {
        let goal = fact
            .limit
            .map_or(String::new(), |limit| format!("at most {limit}"));
        println!(
            "{:<72} {:>12} {:<10} {:<14} {}",
            fact.what,
            figure(fact.value, 2),
            fact.unit,
            goal,
            verdict(fact.is_met())
        );
    }
}

fn spread(rounds: &[Sample]) -> String {
    let rates = rounds.iter().map(|sample| sample.rate);
    let (min, max) = rates.fold((f64::INFINITY, 0.0_f64), |(min, max), rate| {
        (min.min(rate), max.max(rate))
    });
    format!("({min:.0} - {max:.0})")
}

fn figure(value: f64, decimals: usize) -> String {
    match value.is_nan() {
        true => String::new(),
        false => format!("{value:.decimals$}"),
    }
}

fn verdict(is_met: Option<bool>) -> &'static str {
    match is_met {
        Some(true) => "met",
        Some(false) => "short",
        None => "",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_ratio_is_of_the_medians() {
        let ours = [10.0, 30.0, 20.0].map(Sample::of_rate).to_vec();
        let reference = [5.0, 4.0, 100.0].map(Sample::of_rate).to_vec();
        let line = Line::new("ours", ours).beside("reference", reference);
        assert_eq!(line.ratio(), Some(4.0));
    }

    #[test]
    fn a_line_is_short_when_either_goal_is_missed() {
        let mut line = Line::new(
            "ours",
            vec![Sample::of(
                vec![2_000; 10],
                std::time::Duration::from_secs(1),
            )],
        )
        .beside("reference", vec![Sample::of_rate(5.0)])
        .reaching(2.0);
        assert_eq!(line.is_met(), Some(true));
        line.p99_limit_ms = Some(1.0);
        assert_eq!(line.is_met(), Some(false));
        line.p99_limit_ms = None;
        line.reach = Some(2.1);
        assert_eq!(line.is_met(), Some(false));
    }

    #[test]
    fn a_figure_that_does_not_exist_meets_no_limit() {
        let fact = |value, limit| Fact::new("", value, "", limit).is_met();
        assert_eq!(fact(1.0, Some(1.0)), Some(true));
        assert_eq!(fact(1.1, Some(1.0)), Some(false));
        assert_eq!(fact(f64::NAN, Some(1.0)), Some(false));
        assert_eq!(fact(1.0, None), None);
    }
}
