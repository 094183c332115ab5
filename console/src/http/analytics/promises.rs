//! How service levels were kept: by what is promised, by priority and by team.

use futures::future::try_join_all;
use platform::http::problem::Problem;

use super::super::tables::{Cell, Line, Table};
use super::super::visit::Visit;
use super::choice::Choice;
use super::splits;
use crate::reported::{Attainment, AttainmentGroup, Split};
use crate::words;

const TABLES: [(&str, Split); 3] = [
    ("By promise", Split::Metric),
    ("By priority", Split::Priority),
    ("By team", Split::Team),
];
/// The outcomes of which attainment is a part.
pub(super) const DECIDED: [(&str, &str); 2] = [("outcome", "met"), ("outcome", "breached")];
const COLUMNS: [&str; 6] = [
    "Attainment",
    "Met",
    "Missed",
    "Running",
    "Half within",
    "Nine of ten within",
];

pub(super) async fn tables(visit: &Visit<'_>, choice: &Choice) -> Result<Vec<Table>, Problem> {
    let asked = TABLES.map(|(title, split)| async move {
        let cut = [("group_by", split.parameter())];
        let report: Attainment = visit.get(choice.attainment(&cut)).await?;
        let lines = report.groups.iter().map(|group| line(choice, split, group));
        Ok(Table::new(title, COLUMNS.to_vec(), lines.collect()))
    });
    try_join_all(asked).await
}

fn line(choice: &Choice, split: Split, group: &AttainmentGroup) -> Line {
    let counts = &group.counts;
    let id = group.key.condition(split).unwrap_or_default();
    // The page narrows by what a ticket has, which is not a metric.
    let narrowed = (split != Split::Metric).then(|| choice.narrowed(split.parameter(), id.clone()));
    let of_metric = (split == Split::Metric).then_some(("metric", id.as_str()));
    let waits = |count: i64, outcome: &str| {
        let more: Vec<_> = of_metric
            .into_iter()
            .chain([("outcome", outcome)])
            .collect();
        let link = narrowed.as_ref().unwrap_or(choice).waits(None, &more);
        Cell::count(count, Some(link))
    };
    let decided = |told: Option<String>| match told {
        None => Cell::plain("-"),
        Some(told) => {
            let more = of_metric.into_iter().chain(DECIDED);
            let more: Vec<_> = more.collect();
            let link = narrowed.as_ref().unwrap_or(choice).waits(None, &more);
            Cell::of(told, counts.decided(), link)
        }
    };
    let used = counts.used_seconds;
    let [half, most] = [used.map(|it| it.p50), used.map(|it| it.p90)]
        .map(|used| decided(used.map(words::duration)));
    Line {
        name: splits::name(&group.key.name(split), narrowed.as_ref()),
        bar: counts.attainment.map(|part| (part * 100.0).round() as i64),
        cells: vec![
            decided(counts.attainment.map(words::percent)),
            waits(counts.met, "met"),
            waits(counts.breached, "breached"),
            waits(counts.running, "running"),
            half,
            most,
        ],
    }
}
