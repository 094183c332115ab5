//! The rows of `report_cells` that a question reads: sums of days, or of whole months with days at both ends.

use chrono::{Datelike, NaiveDate};
use const_format::formatcp;
use platform::rows::{CellRow, Column, Cut, Row};
use schema::projection::CORE;
use tokio_postgres::types::Type;

use crate::database::Statement;
use crate::viewer::Viewer;

const CELLS: &str = formatcp!("{CORE}.{}", <CellRow as Row>::TABLE);

/// Sums of a cut from a day on, or from ever, to before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) cut: Cut,
    pub(super) from: Option<NaiveDate>,
    pub(super) to: NaiveDate,
}

/// The sums of a cut between two days. Where they are of months, what is cut off at both ends is put together from days.
pub(super) fn stretches(cut: Cut, from: Option<NaiveDate>, to: NaiveDate) -> Vec<Stretch> {
    let of_days = match cut {
        Cut::AgentByMonth => Cut::Agent,
        Cut::TagByMonth => Cut::Tag,
        _ => return vec![Stretch { cut, from, to }],
    };
    let days = |from, to| Stretch {
        cut: of_days,
        from,
        to,
    };
    let (first, last) = (from.map(first_of_month), cut.day_of(to));
    if first.is_some_and(|first| first >= last) {
        return vec![days(from, to)];
    }
    let months = Stretch {
        cut,
        from: first,
        to: last,
    };
    let before = first.map(|first| days(from, first));
    let all = before.into_iter().chain([months, days(Some(last), to)]);
    all.filter(|stretch| stretch.from != Some(stretch.to))
        .collect()
}

/// The first day of a month that is this one or follows it.
fn first_of_month(day: NaiveDate) -> NaiveDate {
    let mut days = day.iter_days().take(31);
    // A first is among so many days, but at the end of the calendar, which no range reaches.
    days.find(|day| day.day() == 1).unwrap_or(day)
}

/// Adds the sums of what is counted as rows `sums`. `narrow` adds what else a row has to be.
pub(super) fn push_sums(
    statement: &mut Statement,
    viewer: &Viewer,
    counted: &[i16],
    stretches: &[Stretch],
    narrow: impl Fn(&mut Statement, Cut),
) {
    statement.push("(");
    for (index, stretch) in stretches.iter().enumerate() {
        if index > 0 {
            statement.push(" UNION ALL ");
        }
        push_stretch(statement, viewer, counted, *stretch);
        narrow(statement, stretch.cut);
    }
    statement.push(") AS sums");
}

fn push_stretch(statement: &mut Statement, viewer: &Viewer, counted: &[i16], stretch: Stretch) {
    statement
        .push(formatcp!(
            "SELECT figure, day, team_id, key, label, count, total, times FROM {CELLS} WHERE partition = "
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(" AND figure = ANY(")
        .bind(counted.to_vec(), Type::INT2_ARRAY)
        .push(") AND cut = ")
        .bind(stretch.cut.parameter(), Type::INT2)
        .push(" AND day < ")
        .bind(stretch.to, Type::DATE);
    if let Some(from) = stretch.from {
        statement.push(" AND day >= ").bind(from, Type::DATE);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(cut: Cut, from: Option<&str>, to: &str) -> Vec<(Cut, String)> {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let told = |stretch: Stretch| {
            let from = stretch.from.map(|day| day.to_string());
            let days = format!("{}/{}", from.unwrap_or_default(), stretch.to);
            (stretch.cut, days)
        };
        let all = stretches(cut, from.map(day), day(to)).into_iter();
        all.map(told).collect()
    }

    fn expected(all: &[(Cut, &str)]) -> Vec<(Cut, String)> {
        let all = all.iter();
        all.map(|(cut, days)| (*cut, (*days).to_owned())).collect()
    }

    #[test]
    fn what_months_cannot_tell_at_the_ends_is_read_from_days() {
        assert_eq!(
            read(Cut::AgentByMonth, Some("2026-01-15"), "2026-03-10"),
            expected(&[
                (Cut::Agent, "2026-01-15/2026-02-01"),
                (Cut::AgentByMonth, "2026-02-01/2026-03-01"),
                (Cut::Agent, "2026-03-01/2026-03-10"),
            ])
        );
        assert_eq!(
            read(Cut::TagByMonth, Some("2026-01-01"), "2026-03-01"),
            expected(&[(Cut::TagByMonth, "2026-01-01/2026-03-01")])
        );
    }

    #[test]
    fn a_range_without_a_whole_month_is_read_from_days_alone() {
        assert_eq!(
            read(Cut::TagByMonth, Some("2026-01-02"), "2026-02-01"),
            expected(&[(Cut::Tag, "2026-01-02/2026-02-01")])
        );
        assert_eq!(
            read(Cut::TagByMonth, Some("2026-12-02"), "2027-01-20"),
            expected(&[(Cut::Tag, "2026-12-02/2027-01-20")])
        );
    }

    #[test]
    fn what_began_long_ago_is_read_from_months_up_to_the_last_day() {
        assert_eq!(
            read(Cut::AgentByMonth, None, "2026-03-10"),
            expected(&[
                (Cut::AgentByMonth, "/2026-03-01"),
                (Cut::Agent, "2026-03-01/2026-03-10"),
            ])
        );
    }

    #[test]
    fn sums_of_days_are_read_as_they_are() {
        assert_eq!(
            read(Cut::Team, Some("2026-01-15"), "2026-03-10"),
            expected(&[(Cut::Team, "2026-01-15/2026-03-10")])
        );
    }
}
