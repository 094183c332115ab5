//! The numbers of all days at a glance.

use std::collections::HashMap;

use super::choice::Choice;
use super::promises::DECIDED;
use crate::reported::{Attainment, FigureReport, Numbers};
use crate::words;

/// A number with what it is of, that leads to what it counts.
pub(super) struct Tile {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) detail: String,
    pub(super) link: Option<String>,
}

/// What a tile shows of a figure.
#[derive(Clone, Copy)]
enum Show {
    Count(&'static str),
    Time,
    Rate,
}

const TILES: [(&str, &str, Show); 7] = [
    ("Opened", "opened", Show::Count("tickets")),
    ("Resolved", "resolution", Show::Count("and not back since")),
    (
        "Backlog",
        "backlog",
        Show::Count("at the end of the last day"),
    ),
    ("First response", "first_response", Show::Time),
    ("Resolution", "resolution", Show::Time),
    ("Came back", "reopened", Show::Rate),
    ("Passed on", "reassigned", Show::Rate),
];

pub(super) fn of(
    choice: &Choice,
    reports: &HashMap<&'static str, FigureReport>,
    attainment: &Attainment,
) -> Vec<Tile> {
    let tile = |(name, figure, show): &(&'static str, &'static str, Show)| {
        let numbers = reports.get(figure).map(|report| report.total.clone());
        let numbers = numbers.unwrap_or_default();
        Tile {
            name,
            value: show.value(&numbers),
            detail: show.detail(&numbers),
            link: (numbers.count > 0).then(|| choice.tickets(figure, choice.days, &[])),
        }
    };
    let figures = TILES.iter().map(tile);
    figures.chain([promises(choice, attainment)]).collect()
}

fn promises(choice: &Choice, attainment: &Attainment) -> Tile {
    let counts = &attainment.total;
    let is_there = counts.met + counts.breached > 0;
    Tile {
        name: "Promises kept",
        value: counts.attainment.map_or_else(none, words::percent),
        detail: format!("{} met, {} missed", counts.met, counts.breached),
        link: is_there.then(|| choice.waits(None, &DECIDED)),
    }
}

impl Show {
    fn value(self, numbers: &Numbers) -> String {
        match self {
            Self::Count(_) => numbers.count.to_string(),
            Self::Time => {
                let half = numbers.seconds.map(|seconds| words::duration(seconds.p50));
                half.unwrap_or_else(none)
            }
            Self::Rate => numbers.rate.map_or_else(none, words::percent),
        }
    }

    fn detail(self, numbers: &Numbers) -> String {
        match (self, numbers.seconds) {
            (Self::Count(detail), _) => detail.to_owned(),
            (Self::Time, None) => "no ticket".to_owned(),
            (Self::Time, Some(seconds)) => {
                let most = words::duration(seconds.p90);
                format!("half of {}; nine of ten {most}", numbers.count)
            }
            (Self::Rate, _) => numbers.of_resolved(),
        }
    }
}

fn none() -> String {
    "-".to_owned()
}
