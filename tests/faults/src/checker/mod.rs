//! The judge. It reads the ledger of the load client and the tables, and nothing else: no code of the product, so that a
//! fault there cannot hide itself here. What events mean, how the chain is computed and when a deadline falls is written
//! anew from the documentation.

mod chain;
mod clocks;
mod commands;
mod log;
mod read_models;
pub mod tables;
mod ticket;

use std::fmt;

use anyhow::Result;
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio_postgres::Client;

use crate::ledger::Line;
use log::Log;

pub use chain::{GENESIS, Hash, hash};
pub use tables::EventRow;

/// A rule that can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// What was acknowledged is in the log.
    AcknowledgedIsThere,
    /// What was acknowledged is there once.
    Once,
    /// What is there is what was meant.
    AsMeant,
    /// What was refused is not there.
    RefusedIsAbsent,
    /// A repetition tells what became of a command whose answer was lost.
    UnknownIsResolved,
    /// Nobody's command is in the log.
    Asked,
    /// Positions are 1, 2, 3 … and the head is the last.
    Positions,
    /// Versions are 1, 2, 3 ….
    Versions,
    /// Every hash follows from the one before.
    Chain,
    /// No event was ever changed or removed.
    AppendOnly,
    /// The read models show what the events say.
    ReadModels,
    /// A query shows what happened, and at least what its token asks for.
    Queries,
    /// No deadline is told before its time.
    NeverEarly,
    /// Each deadline that was missed is told once, as it was.
    DeadlinesOnce,
    /// A clock that is promised anew keeps the time that it had used.
    TimeUsed,
    /// Meanwhile the server says 503 and when to come back, never 500.
    Answers,
    /// It recovers by itself in time.
    Recovery,
    /// The fault did hit work in flight.
    Hit,
}

/// A broken rule.
#[derive(Debug, Clone, Serialize)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// Where and how.
    pub detail: String,
}

impl Violation {
    /// Of a rule.
    #[must_use]
    pub fn new(rule: Rule, detail: String) -> Self {
        Self { rule, detail }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}: {}", self.rule, self.detail)
    }
}

/// What a fault does to the rules.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Deadlines before this must have been told.
    pub told_until: DateTime<Utc>,
    /// Whether the clocks of all processes went as usual, so that times of the ledger and the log can be compared.
    pub clocks_are_steady: bool,
    /// Updates of events that the fault itself did, by the superuser's hand.
    pub own_updates: i64,
}

/// What was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Findings {
    /// Events in the log.
    pub events: u64,
    /// Commands that were acknowledged, at once or by a repetition.
    pub acknowledged: u64,
    /// Commands that were refused.
    pub refused: u64,
    /// Commands whose first answer was lost.
    pub unknown: u64,
    /// Of those, how many the first attempt had carried out.
    pub unknown_carried_out: u64,
    /// Deadlines that the log tells: breaches and automatic closings.
    pub deadlines: u64,
    /// Broken rules.
    pub violations: Vec<Violation>,
}

impl Findings {
    /// How often a rule was broken.
    #[must_use]
    pub fn count(&self, rule: Rule) -> usize {
        self.violations.iter().filter(|v| v.rule == rule).count()
    }
}

/// Judges the tables by the ledger. Nothing may be written meanwhile.
///
/// # Errors
/// When the tables cannot be read.
pub async fn check(client: &Client, ledger: &[Line], terms: Terms) -> Result<Findings> {
    let mut log = Log::default();
    tables::each_event(client, |event| log.take(&event)).await?;
    let tables = tables::Tables::read(client).await?;
    let mut findings = Findings::default();
    log.finish(&tables, terms);
    findings.events = log.events;
    findings.deadlines = log.deadlines;
    commands::check(ledger, &log, &tables, terms, &mut findings);
    read_models::check(&log, &tables, &mut findings.violations);
    read_models::check_queries(ledger, &log, &mut findings.violations);
    findings.violations.append(&mut log.violations);
    Ok(findings)
}
