//! What agents and teams have to do and did, and the tickets of each channel, tag and priority.

use std::collections::HashMap;

use futures::FutureExt;
use futures::future::{try_join, try_join_all};
use platform::http::problem::Problem;

use super::super::tables::{Cell, Line, Table};
use super::super::visit::Visit;
use super::choice::Choice;
use crate::reported::{FigureGroup, FigureReport, Key, MessageReport, Numbers, Split};
use crate::words;

const TABLES: [(&str, Split); 5] = [
    ("Work of agents", Split::Agent),
    ("Work of teams", Split::Team),
    ("By channel", Split::Channel),
    ("By tag", Split::Tag),
    ("By priority", Split::Priority),
];

const RESOLVED: &str = "resolution";

/// The first figure of a split: what came to whoever has it.
fn came(split: Split) -> (&'static str, &'static str) {
    match split {
        Split::Agent => ("assigned", "Given"),
        _ => ("opened", "Opened"),
    }
}

/// One report for each number of each table.
pub(super) async fn tables(visit: &Visit<'_>, choice: &Choice) -> Result<Vec<Table>, Problem> {
    let asked = TABLES.map(|(title, split)| table(visit, choice, title, split).boxed());
    try_join_all(asked).await
}

async fn table(
    visit: &Visit<'_>,
    choice: &Choice,
    title: &'static str,
    split: Split,
) -> Result<Table, Problem> {
    let figures = [came(split).0, RESOLVED, "backlog"];
    let reports = figures.map(|figure| {
        let cut = [("figure", figure), ("split", split.parameter())];
        visit.get::<FigureReport>(choice.report("/reports/tickets", &cut))
    });
    let (reports, replies) = try_join(try_join_all(reports), replies(visit, choice, split)).await?;
    let mut columns = vec![came(split).1, "Resolved", "Half within", "Backlog"];
    columns.extend(replies.as_ref().map(|_| "Replies"));
    let mut rows = Rows::new(split);
    for (place, report) in reports.into_iter().enumerate() {
        rows.add(place, report.groups);
    }
    Ok(Table::new(
        title,
        columns,
        rows.lines(choice, figures, replies.as_ref()),
    ))
}

/// How many replies the people of each group wrote, or were written while a team had the ticket. Nothing of other groups, and
/// nothing where the choice has a condition that is not known of messages.
async fn replies(
    visit: &Visit<'_>,
    choice: &Choice,
    split: Split,
) -> Result<Option<HashMap<Option<String>, i64>>, Problem> {
    let cut = [("split", split.parameter())];
    let path = choice
        .messages(&cut)
        .filter(|_| matches!(split, Split::Agent | Split::Team));
    let Some(path) = path else {
        return Ok(None);
    };
    let report: MessageReport = visit.get(path).await?;
    let groups = report.groups.into_iter();
    let replies = groups.map(|group| (group.key.condition(split), group.numbers.public_replies));
    Ok(Some(replies.collect()))
}

/// The numbers of every group that has any.
struct Rows {
    split: Split,
    rows: HashMap<Option<String>, (Key, [Numbers; 3])>,
}

impl Rows {
    fn new(split: Split) -> Self {
        let rows = HashMap::new();
        Self { split, rows }
    }

    /// The numbers of a figure, which stands at this place.
    fn add(&mut self, place: usize, groups: Vec<FigureGroup>) {
        for group in groups {
            let id = group.key.condition(self.split);
            let row = self.rows.entry(id);
            let (_, numbers) = row.or_insert_with(|| (group.key, Default::default()));
            if let Some(there) = numbers.get_mut(place) {
                *there = group.numbers;
            }
        }
    }

    /// The busiest first.
    fn lines(
        self,
        choice: &Choice,
        figures: [&str; 3],
        replies: Option<&HashMap<Option<String>, i64>>,
    ) -> Vec<Line> {
        let split = self.split;
        let mut rows: Vec<_> = self.rows.into_iter().collect();
        rows.sort_by_cached_key(|(_, (key, [came, _, backlog]))| {
            (-came.count, -backlog.count, key.name(split))
        });
        let most = rows.first().map_or(0, |(_, (_, [came, ..]))| came.count);
        let line = |(id, (key, numbers)): (Option<String>, (Key, [Numbers; 3]))| {
            let group = id.clone().map(|id| choice.narrowed(split.parameter(), id));
            let [came, resolved, _] = &numbers;
            let bar = (came.count * 100).checked_div(most);
            let half = half_within(resolved, group.as_ref());
            let replies = replies.map(|replies| replies.get(&id).copied().unwrap_or(0));
            let counts = figures.into_iter().zip(&numbers).map(|(figure, numbers)| {
                let link = group
                    .as_ref()
                    .map(|group| group.tickets(figure, group.days, &[]));
                Cell::count(numbers.count, link)
            });
            let mut cells: Vec<Cell> = counts.collect();
            cells.insert(2, half);
            cells.extend(replies.map(|count| {
                let link = group.as_ref().map(Choice::replies);
                Cell::count(count, link)
            }));
            Line {
                name: name(&key.name(split), group.as_ref()),
                bar: Some(bar.unwrap_or(0)),
                cells,
            }
        };
        rows.into_iter().map(line).collect()
    }
}

/// How long half of the resolved took at most, which leads to them.
fn half_within(resolved: &Numbers, group: Option<&Choice>) -> Cell {
    let Some(seconds) = resolved.seconds else {
        return Cell::plain("-");
    };
    let told = words::duration(seconds.p50);
    match group {
        Some(group) => {
            let title = words::some(resolved.count, "ticket");
            Cell::of(told, title, group.tickets(RESOLVED, group.days, &[]))
        }
        None => Cell::plain(told),
    }
}

/// The name of a group, which leads to the page of that group alone.
pub(super) fn name(name: &str, group: Option<&Choice>) -> Cell {
    match group {
        Some(group) => Cell::link(name, group.whole()),
        None => Cell::plain(name),
    }
}
