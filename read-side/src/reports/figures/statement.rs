//! The statements of reports of tickets and of the lists behind them, put together from a closed set of fragments.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use platform::rows::{Column, Counted, Cut, FactsRow, Figure, Row};
use tokio_postgres::types::Type;

use super::filter::{FigureFilter, FigureQuery, Split};
use super::list::{FactsKey, FactsQuery};
use super::periods::Frame;
use super::report::PARTS_MAX;
use super::rules::{self, FACTS};
use crate::conditions::push_holder_in_sums;
use crate::database::Statement;
use crate::privacy::push_visible_sums;
use crate::reports::sums::{push_sums, stretches};
use crate::viewer::Viewer;

const COLUMNS: &str = <FactsRow as Row>::COLUMNS;
/// Every tag of a ticket, and for one without an empty word.
pub(in crate::reports) const EACH_TAG: &str =
    " CROSS JOIN LATERAL unnest(CASE WHEN tags = '{}' THEN '{\"\"}' ELSE tags END) AS split(tag)";

/// The parts of a report from the sums: a row for each period and what it is split by, with columns `period` (from 1; 0 is
/// before the first), `key` of a team or agent, `label`, `count`, `total` and packed `times`.
pub(super) fn of_cells(viewer: &Viewer, query: &FigureQuery, cut: Cut, frame: &Frame) -> Statement {
    let (key, label) = match query.split {
        None => ("NULL::uuid", "''"),
        Some(Split::Team) => ("team_id", "''"),
        Some(Split::Agent) => ("key", "''"),
        Some(Split::Priority) if cut == Cut::PriorityAndChannel => {
            ("NULL::uuid", "split_part(label, ' ', 1)")
        }
        Some(Split::Channel) if cut == Cut::PriorityAndChannel => {
            ("NULL::uuid", "split_part(label, ' ', 2)")
        }
        Some(Split::Tag | Split::Channel | Split::Priority) => ("NULL::uuid", "label"),
    };
    let times = match rules::seconds(query.figure) {
        Some(_) => "string_agg(times, ''::bytea)",
        None => "NULL::bytea",
    };
    let mut statement = Statement::default();
    statement
        .push("SELECT width_bucket(day, ")
        .bind(frame.first_days().to_vec(), Type::DATE_ARRAY)
        .push(&format!(
            ") AS period, {key} AS key, {label} AS label, sum(count)::bigint AS count, sum(total)::bigint AS total, \
             {times} AS times"
        ));
    push_cells(&mut statement, viewer, query, cut, frame);
    push_groups(&mut statement, "count");
    statement
}

/// How many count in each hour of each weekday, from the sums: `weekday` (Monday is 1), `hour` (from 1), `count`.
pub(super) fn hours_of_cells(
    viewer: &Viewer,
    query: &FigureQuery,
    cut: Cut,
    frame: &Frame,
) -> Statement {
    let mut statement = Statement::default();
    statement.push(
        "SELECT extract(isodow FROM day)::integer AS weekday, key, sum(count)::bigint AS count",
    );
    push_cells(&mut statement, viewer, query, cut, frame);
    statement.push(" GROUP BY 1, 2");
    statement
}

/// The sums of the frame's days, and for the backlog of all days before.
fn push_cells(
    statement: &mut Statement,
    viewer: &Viewer,
    query: &FigureQuery,
    cut: Cut,
    frame: &Frame,
) {
    let from = (query.figure != Figure::Backlog).then(|| query.filter.days.from());
    let counted = [Counted::Tickets(query.figure).parameter()];
    let stretches = stretches(cut, from, frame.day_after());
    statement.push(" FROM ");
    push_sums(statement, viewer, &counted, &stretches, |statement, cut| {
        if let Some(keys) = query.filter.keys(cut) {
            statement
                .push(" AND key = ANY(")
                .bind(keys, Type::UUID_ARRAY)
                .push(")");
        }
        if cut.is_by_team() {
            push_team(statement, viewer, &query.filter);
        }
    });
}

fn push_team(statement: &mut Statement, viewer: &Viewer, filter: &FigureFilter) {
    let team = filter.tickets.team.map(|it| it.map(|id| id.0));
    push_holder_in_sums(statement, "team_id", team);
    push_visible_sums(statement, viewer);
}

/// Parts that came and went in one period stand for nothing, and are no reason to refuse a report for its size.
fn push_groups(statement: &mut Statement, counted: &str) {
    statement
        .push(&format!(
            " GROUP BY 1, 2, 3 HAVING sum({counted}) <> 0 ORDER BY 1, 2, 3 LIMIT "
        ))
        .bind(PARTS_MAX + 1, Type::INT8);
}

/// The same parts from the facts; here `times` are numbers.
pub(super) fn of_facts(viewer: &Viewer, query: &FigureQuery, frame: &Frame) -> Statement {
    let (key, label) = match query.split {
        None => ("NULL::uuid", "''"),
        Some(Split::Team) => ("team_id", "''"),
        Some(Split::Agent) => ("agent_id", "''"),
        Some(Split::Tag) => ("NULL::uuid", "tag"),
        Some(Split::Channel) => ("NULL::uuid", "channel"),
        Some(Split::Priority) => (
            "NULL::uuid",
            "(ARRAY['low', 'normal', 'high', 'urgent'])[priority]",
        ),
    };
    let mut statement = Statement::default();
    statement
        .push("SELECT width_bucket(at, ")
        .bind(frame.first_instants().to_vec(), Type::TIMESTAMPTZ_ARRAY)
        .push(&format!(
            ") AS period, {key} AS key, {label} AS label, sum(change)::bigint AS count, \
             sum(change * total)::bigint AS total, \
             array_agg(seconds) FILTER (WHERE seconds IS NOT NULL) AS times FROM ("
        ));
    push_sources(&mut statement, viewer, query, frame);
    statement.push(") AS counted");
    if query.split == Some(Split::Tag) {
        statement.push(EACH_TAG);
    }
    push_groups(&mut statement, "change");
    statement
}

/// How many count from each of these instants on, from the facts: `hour` (from 1), `count`.
pub(super) fn hours_of_facts(
    viewer: &Viewer,
    query: &FigureQuery,
    frame: &Frame,
    hours: Vec<DateTime<Utc>>,
) -> Statement {
    let mut statement = Statement::default();
    statement
        .push("SELECT width_bucket(at, ")
        .bind(hours, Type::TIMESTAMPTZ_ARRAY)
        .push(") AS hour, sum(change)::bigint AS count FROM (");
    push_sources(&mut statement, viewer, query, frame);
    statement.push(") AS counted GROUP BY 1");
    statement
}

/// What counts, with the instant and by how much. The backlog counts by what came and went, also before the frame.
fn push_sources(statement: &mut Statement, viewer: &Viewer, query: &FigureQuery, frame: &Frame) {
    if query.figure == Figure::Backlog {
        push_source(statement, Figure::Backlog, "since_at", 1);
        rules::push_changes(statement, viewer, &query.filter, "since_at", frame);
        statement.push(" UNION ALL ");
        push_source(statement, Figure::Backlog, "until_at", -1);
        rules::push_changes(statement, viewer, &query.filter, "until_at", frame);
    } else {
        push_source(statement, query.figure, rules::at(query.figure), 1);
        rules::push_counted(statement, viewer, query.figure, &query.filter, frame);
    }
}

fn push_source(statement: &mut Statement, figure: Figure, at: &str, change: i32) {
    let seconds = rules::seconds(figure).unwrap_or("NULL::bigint");
    let total = rules::total(figure);
    statement.push(&format!(
        "SELECT {at} AS at, {change} AS change, {total} AS total, {seconds} AS seconds, team_id, agent_id, tags, channel, \
         priority FROM {FACTS}"
    ));
}

/// The tickets after `after`, at most `limit.rows()`, in the order of when they count.
pub(super) fn page(viewer: &Viewer, query: &FactsQuery, after: Option<FactsKey>) -> Statement {
    let at = rules::at(query.figure);
    let mut statement = Statement::default();
    statement.push(formatcp!("SELECT {COLUMNS} FROM {FACTS}"));
    push_listed(&mut statement, viewer, query);
    if let Some(key) = after {
        let comparison = query.direction.after();
        statement
            .push(&format!(" AND ({at}, ticket_id) {comparison} ("))
            .bind(key.at.get(), Type::TIMESTAMPTZ)
            .push(", ")
            .bind(key.ticket_id, Type::UUID)
            .push(")");
    }
    let order = query.direction.order();
    statement
        .push(&format!(" ORDER BY {at} {order}, ticket_id {order} LIMIT "))
        .bind(query.limit.rows(), Type::INT8);
    statement
}

/// Counts all tickets that count.
pub(super) fn count(viewer: &Viewer, query: &FactsQuery) -> Statement {
    let mut statement = Statement::default();
    statement.push(formatcp!("SELECT count(*) FROM {FACTS}"));
    push_listed(&mut statement, viewer, query);
    statement
}

/// What counts, and of it what happened in the hour that is asked for.
fn push_listed(statement: &mut Statement, viewer: &Viewer, query: &FactsQuery) {
    if query.is_of_moment() {
        rules::push_open(statement, viewer, &query.filter);
        return;
    }
    let frame = query.frame();
    rules::push_counted(statement, viewer, query.figure, &query.filter, &frame);
    if let Some(hour) = query.hour {
        // The hour begins and ends in turn: in it is what comes after an odd number of these instants.
        statement
            .push(&format!(" AND width_bucket({}, ", rules::at(query.figure)))
            .bind(hour.bounds(&frame), Type::TIMESTAMPTZ_ARRAY)
            .push(") % 2 = 1");
    }
}
