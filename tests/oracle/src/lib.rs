//! Random histories of tickets under calendars and policies that change, with the clocks that the product makes of them.
//!
//! Each command goes through the domain's own `decide` and `evolve`, as the dispatcher calls them. What comes out is one
//! JSON object an organization and line, in the shapes of `docs/EVENTS.md`; `oracle.py` beside this crate plays the same
//! histories by rules of its own and compares.
//!
//! Invariants:
//! - The same seed makes the same histories.
//! - A command that the product refuses leaves no trace, as in the product.
//!
//! Never here: what a clock should say. That is the other implementation's part.

pub mod answer;
pub mod calendars;
pub mod chance;
pub mod imported;
pub mod life;
pub mod organization;
pub mod policies;
pub mod story;

use anyhow::Result;
use chance::Chance;
use life::Life;
use organization::{Fact, Organization};
use serde::Serialize;

/// How many tickets each organization has.
pub const TICKETS_OF_ORGANIZATION: u64 = 10;

#[derive(Serialize)]
struct Line<'a> {
    facts: &'a [Fact],
    tickets: Vec<Life>,
}

/// The histories of one organization's tickets, as a line of JSON.
///
/// # Errors
/// When the domain refuses what nobody may refuse, a fault of this crate.
pub fn organization_line(seed: u64, number: u64) -> Result<String> {
    let mut chance = Chance::of(seed, number);
    let organization = Organization::random(&mut chance)?;
    let tickets = (0..TICKETS_OF_ORGANIZATION)
        .map(|ticket| Life::random(&mut chance, &organization, format!("{number}.{ticket}")))
        .collect::<Result<_>>()?;
    Ok(serde_json::to_string(&Line {
        facts: &organization.facts,
        tickets,
    })?)
}
