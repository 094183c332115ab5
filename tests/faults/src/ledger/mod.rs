//! What the load client sent and what it was told, a line each, on disk before it goes on.

mod intent;
mod writer;

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use intent::{Intent, Status};
pub use writer::Ledger;

/// A line of the ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum Line {
    /// A command is about to be sent.
    Sent(Sent),
    /// What came of it.
    Answered(Answered),
    /// What a query showed.
    Seen(Seen),
}

/// A command that is sent, for the first time or again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sent {
    /// Its idempotency key.
    pub key: String,
    /// 1 for the first time.
    pub attempt: u32,
    /// Whose command it is.
    pub organization: Uuid,
    /// What it should do.
    pub intent: Intent,
    /// The version that it demands.
    pub if_match: Option<i64>,
    /// When.
    pub at: DateTime<Utc>,
}

/// The end of an attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Answered {
    /// The command.
    pub key: String,
    /// Which attempt.
    pub attempt: u32,
    /// What came of it.
    pub outcome: Outcome,
    /// When.
    pub at: DateTime<Utc>,
}

/// What the client knows after an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Outcome {
    /// 2xx: it happened.
    Acknowledged {
        /// The ticket that the answer names.
        ticket: Uuid,
        /// The version of the ticket that the answer names.
        version: i64,
        /// The last part of the consistency token.
        position: i64,
        /// Whether the answer is that of an earlier attempt.
        replayed: bool,
    },
    /// 4xx: it did not happen.
    Refused {
        /// The status.
        status: u16,
    },
    /// 5xx, or no answer: it happened or not.
    Unknown {
        /// The status, if there was an answer.
        status: Option<u16>,
        /// Whether the answer said when to come back.
        retry_after: bool,
        /// What went wrong.
        why: String,
    },
}

/// A ticket as a query showed it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Seen {
    /// Which.
    pub ticket: Uuid,
    /// Its version.
    pub version: i64,
    /// The oldest version that the query may show: it carried the token of a command that led to it.
    pub at_least: i64,
    /// Its status.
    pub status: String,
    /// Its priority.
    pub priority: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// When the answer came.
    pub at: DateTime<Utc>,
}

/// Reads a ledger back.
///
/// # Errors
/// When it cannot be read, or a line is none.
pub fn read(path: &Path) -> Result<Vec<Line>> {
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let lines = BufReader::new(file).lines();
    lines
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}
