//! How many tickets fit some filters, all in one statement and so at one moment.
//!
//! A filter by status, priority, agent and team alone costs a sum over the rows of `ticket_counts`, which the projector
//! keeps. Others are counted one by one along the indexes of lists: first as far as [`COUNTED_MAX`], and where one has more,
//! all of them anew and to their end, for as long as [`COUNT_TIMEOUT`]. Where that is too short for the first, because many rows
//! are looked through for few that fit, each filter is counted by itself, and of what takes too long nothing is known.

use std::slice;
use std::time::{Duration, Instant};

use const_format::formatcp;
use domain::ticket::state::Status;
use platform::rows::{Column, Row, TicketCountRow, WHOEVER};
use schema::projection::CORE;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row as PgRow;
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::clauses::{as_counted, push_listed};
use super::filter::{TicketFilter, TimeRange};
use super::statement::{Asker, push_one_of, push_select, push_where};
use super::terms::{Clause, OneOf};
use crate::answers::Answer;
use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::privacy::push_visible_sums;
use crate::viewer::Viewer;

/// What is not kept is counted so far at first, and where there is no time for more no further.
pub const COUNTED_MAX: i64 = 10_000;
/// How long the tickets of lists and views are counted. On two cores that is about a million of one organization.
pub(super) const COUNT_TIMEOUT: Duration = Duration::from_secs(1);

const COUNTS: &str = formatcp!("{CORE}.{}", <TicketCountRow as Row>::TABLE);

/// How many tickets fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// How many.
    pub tickets: i64,
    /// Whether there are more than these: too many to count them in time.
    pub or_more: bool,
}

impl Answer for Vec<Counted> {
    const KIND: &'static str = "view_counts";

    fn len(&self) -> usize {
        Vec::len(self)
    }
}

impl ReadModels {
    /// How many tickets that the viewer may see fit each of the filters.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn ticket_counts(
        &self,
        viewer: &Viewer,
        filters: &[TicketFilter],
    ) -> Result<Vec<Counted>, ReadError> {
        if filters.is_empty() {
            return Ok(Vec::new());
        }
        let make = {
            let filters = filters.to_vec();
            move |models: Self, viewer: Viewer| async move {
                models.new_ticket_counts(&viewer, &filters).await
            }
        };
        self.answered(&self.near_counts, viewer, &filters, make)
            .await
    }

    async fn new_ticket_counts(
        &self,
        viewer: &Viewer,
        filters: &[TicketFilter],
    ) -> Result<Vec<Counted>, ReadError> {
        let company = self.company_in_sight(viewer).await?;
        let asker = Asker { viewer, company };
        let tenant = viewer.tenant;
        let bounded = counts(asker, filters, Some(COUNTED_MAX));
        let rows = self
            .database
            .query_composed_for(tenant, &bounded, COUNT_TIMEOUT);
        let bounded = match rows.await {
            Ok(rows) => numbers(&rows, filters.len())?,
            Err(ReadError::TooSlow) => return self.counted_apart(asker, filters).await,
            Err(error) => return Err(error),
        };
        let is_cut = |filter, tickets| tickets > COUNTED_MAX && !is_kept(viewer, filter);
        let cut = filters.iter().zip(&bounded);
        let cut: Vec<bool> = cut
            .map(|(filter, tickets)| is_cut(filter, *tickets))
            .collect();
        if cut.contains(&true) {
            let all = counts(asker, filters, None);
            let rows = self
                .database
                .query_composed_for(tenant, &all, COUNT_TIMEOUT);
            match rows.await {
                Ok(rows) => {
                    let all = numbers(&rows, filters.len())?.into_iter();
                    return Ok(all.map(Counted::exactly).collect());
                }
                Err(ReadError::TooSlow) => {}
                Err(error) => return Err(error),
            }
        }
        let counted = bounded.into_iter().zip(cut);
        let counted = counted.map(|(tickets, or_more)| Counted {
            tickets: if or_more { COUNTED_MAX } else { tickets },
            or_more,
        });
        Ok(counted.collect())
    }

    /// The sums together, and every other filter by itself for an even share of the time that is left: what takes too long
    /// takes no number from the others.
    async fn counted_apart(
        &self,
        asker: Asker<'_>,
        filters: &[TicketFilter],
    ) -> Result<Vec<Counted>, ReadError> {
        let mut counted = vec![Counted::UNKNOWN; filters.len()];
        let places = counted.iter_mut().zip(filters);
        let (kept, others): (Vec<_>, Vec<_>) =
            places.partition(|(_, filter)| is_kept(asker.viewer, filter));
        let (sums, kept): (Vec<_>, Vec<_>) = kept
            .into_iter()
            .map(|(counted, filter)| (counted, filter.clone()))
            .unzip();
        for (counted, sum) in sums.into_iter().zip(self.sums(asker, &kept).await?) {
            *counted = Counted::exactly(sum);
        }
        let end = Instant::now() + COUNT_TIMEOUT;
        let left = 1..=u32::try_from(others.len()).unwrap_or(u32::MAX);
        for (left, (counted, filter)) in left.rev().zip(others) {
            let share = end.saturating_duration_since(Instant::now()) / left;
            *counted = self.counted_within(asker, filter, share).await?;
        }
        Ok(counted)
    }

    /// The numbers of filters that are kept.
    async fn sums(&self, asker: Asker<'_>, kept: &[TicketFilter]) -> Result<Vec<i64>, ReadError> {
        if kept.is_empty() {
            return Ok(Vec::new());
        }
        let sums = counts(asker, kept, None);
        let rows = self.database.query_composed(asker.viewer.tenant, &sums);
        numbers(&rows.await?, kept.len())
    }

    /// The number of one filter, as far as it is counted at first; nothing is known of it when that takes longer.
    async fn counted_within(
        &self,
        asker: Asker<'_>,
        filter: &TicketFilter,
        limit: Duration,
    ) -> Result<Counted, ReadError> {
        let bounded = counts(asker, slice::from_ref(filter), Some(COUNTED_MAX));
        let tenant = asker.viewer.tenant;
        let rows = self.database.query_composed_for(tenant, &bounded, limit);
        match rows.await {
            Ok(rows) => {
                let tickets = numbers(&rows, 1)?.pop().unwrap_or_default();
                Ok(Counted::up_to_max(tickets))
            }
            Err(ReadError::TooSlow) => Ok(Counted::UNKNOWN),
            Err(error) => Err(error),
        }
    }
}

impl Counted {
    /// At least none: nothing was counted in time.
    const UNKNOWN: Self = Self {
        tickets: 0,
        or_more: true,
    };

    fn up_to_max(tickets: i64) -> Self {
        Self {
            tickets: tickets.min(COUNTED_MAX),
            or_more: tickets > COUNTED_MAX,
        }
    }

    fn exactly(tickets: i64) -> Self {
        let or_more = false;
        Self { tickets, or_more }
    }
}

/// The numbers of rows with a place and a number each.
fn numbers(rows: &[PgRow], count: usize) -> Result<Vec<i64>, ReadError> {
    let mut numbers = vec![0; count];
    for row in rows {
        let place: i32 = row.try_get(0)?;
        let place = usize::try_from(place).ok();
        if let Some(number) = place.and_then(|place| numbers.get_mut(place)) {
            *number = row.try_get(1)?;
        }
    }
    Ok(numbers)
}

/// A row a filter: its place and how many tickets fit, of what is not kept one more than `most` at most, to know whether there
/// are more.
pub(super) fn counts(asker: Asker<'_>, filters: &[TicketFilter], most: Option<i64>) -> Statement {
    let mut statement = Statement::default();
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            statement.push(" UNION ALL ");
        }
        statement.push(&format!("SELECT {index}::int, ("));
        push_count(&mut statement, asker, filter, most);
        statement.push(")");
    }
    statement
}

/// How many tickets fit, however many they are.
pub(super) fn total(asker: Asker<'_>, filter: &TicketFilter) -> Statement {
    let mut statement = Statement::default();
    push_count(&mut statement, asker, filter, None);
    statement
}

/// A sum where it is kept, else one by one.
fn push_count(
    statement: &mut Statement,
    asker: Asker<'_>,
    filter: &TicketFilter,
    most: Option<i64>,
) {
    if is_kept(asker.viewer, filter) {
        push_sum(statement, asker.viewer, filter);
        return;
    }
    let Some(most) = most else {
        push_select(statement, "count(*)", filter);
        push_where(statement, asker, filter);
        return;
    };
    statement.push("SELECT count(*) FROM (");
    push_select(statement, "1", filter);
    push_where(statement, asker, filter);
    statement
        .push(" LIMIT ")
        .bind(most + 1, Type::INT8)
        .push(") AS bounded");
}

/// Whether the numbers that the projector keeps tell how many fit. They know nothing of requesters, so a customer's tickets
/// are not among them.
fn is_kept(viewer: &Viewer, filter: &TicketFilter) -> bool {
    let is_by_kept = |clause: &Clause| {
        matches!(
            clause,
            Clause::Nothing | Clause::Assignee(_) | Clause::Team(_)
        )
    };
    viewer.is_staff()
        && filter.requester.is_none()
        && filter.channels.is_empty()
        && filter.tags.is_empty()
        && filter.created == TimeRange::default()
        && filter.updated == TimeRange::default()
        && filter.said.is_empty()
        && filter.clauses.iter().all(is_by_kept)
}

fn push_sum(statement: &mut Statement, viewer: &Viewer, filter: &TicketFilter) {
    let statuses = match filter.statuses.as_slice() {
        [] => &Status::ALL[..],
        some => some,
    };
    let columns: Vec<&str> = statuses
        .iter()
        .map(|it| TicketCountRow::column(*it))
        .collect();
    statement
        .push(&format!(
            "SELECT coalesce(sum({}), 0)::bigint FROM {COUNTS}",
            columns.join(" + ")
        ))
        .push(" WHERE partition = ")
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID);
    push_agents(statement, filter);
    push_teams(statement, viewer, filter);
    push_one_of(
        statement,
        "priority",
        filter.priorities.iter().map(Column::parameter).collect(),
        Type::INT2,
        Type::INT2_ARRAY,
    );
    if filter.clauses.contains(&Clause::Nothing) {
        statement.push(" AND false");
    }
}

fn push_agents(statement: &mut Statement, filter: &TicketFilter) {
    let clauses = filter.clauses.iter().filter_map(|clause| match clause {
        Clause::Assignee(agents) => Some(agents.clone()),
        _ => None,
    });
    let one = filter.assignee.map(|holder| OneOf {
        values: vec![holder],
        negated: false,
    });
    let all: Vec<_> = one.into_iter().chain(clauses).collect();
    if all.is_empty() {
        statement
            .push(" AND holder_id = ")
            .bind(WHOEVER, Type::UUID);
        return;
    }
    // The sums over all would count everybody's twice.
    push_ids(statement, "holder_id", true, vec![WHOEVER]);
    for agents in all {
        let values = as_counted(&agents.values);
        push_ids(statement, "holder_id", agents.negated, values);
    }
}

fn push_teams(statement: &mut Statement, viewer: &Viewer, filter: &TicketFilter) {
    let clauses = filter.clauses.iter().filter_map(|clause| match clause {
        Clause::Team(teams) => Some(teams.clone()),
        _ => None,
    });
    let one = filter.team.map(|holder| OneOf {
        values: vec![holder],
        negated: false,
    });
    for teams in one.into_iter().chain(clauses) {
        let values = as_counted(&teams.values);
        push_ids(statement, "team_id", teams.negated, values);
    }
    push_visible_sums(statement, viewer);
}

fn push_ids(statement: &mut Statement, column: &str, negated: bool, ids: Vec<Uuid>) {
    push_listed(statement, column, negated)
        .bind(ids, Type::UUID_ARRAY)
        .push(")");
}
