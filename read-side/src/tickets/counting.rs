//! How many tickets fit some filters, all in one statement and so at one moment.
//!
//! A filter by status, priority, agent and team alone costs a sum over the rows of `ticket_counts`, which the projector
//! keeps. Others are counted one by one along the indexes of lists, as far as [`COUNTED_MAX`].

use const_format::formatcp;
use domain::ticket::state::Status;
use platform::rows::{Column, Row, TicketCountRow, WHOEVER};
use schema::projection::CORE;
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

/// What is not kept is counted no further than this.
pub const COUNTED_MAX: i64 = 10_000;

const COUNTS: &str = formatcp!("{CORE}.{}", <TicketCountRow as Row>::TABLE);

/// How many tickets fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How many.
    pub tickets: i64,
    /// Whether there are more than these.
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
            let (models, viewer, filters) = (self.clone(), *viewer, filters.to_vec());
            async move { models.new_ticket_counts(&viewer, &filters).await }
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
        let statement = counts(Asker { viewer, company }, filters);
        let rows = self
            .database
            .query_composed(viewer.tenant, &statement)
            .await?;
        let mut counted = vec![
            Counted {
                tickets: 0,
                or_more: false
            };
            filters.len()
        ];
        for row in rows {
            let (index, tickets): (i32, i64) = (row.try_get(0)?, row.try_get(1)?);
            let index = usize::try_from(index).ok();
            let Some((place, filter)) =
                index.and_then(|at| Some((counted.get_mut(at)?, filters.get(at)?)))
            else {
                continue;
            };
            let is_cut = tickets > COUNTED_MAX && !is_kept(viewer, filter);
            *place = Counted {
                tickets: if is_cut { COUNTED_MAX } else { tickets },
                or_more: is_cut,
            };
        }
        Ok(counted)
    }
}

/// A row a filter: its place and how many tickets fit.
pub(super) fn counts(asker: Asker<'_>, filters: &[TicketFilter]) -> Statement {
    let mut statement = Statement::default();
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            statement.push(" UNION ALL ");
        }
        statement.push(&format!("SELECT {index}::int, ("));
        if is_kept(asker.viewer, filter) {
            push_sum(&mut statement, asker.viewer, filter);
        } else {
            push_bounded_count(&mut statement, asker, filter);
        }
        statement.push(")");
    }
    statement
}

/// How many tickets fit, however many they are: a sum where it is kept, else one by one.
pub(super) fn total(asker: Asker<'_>, filter: &TicketFilter) -> Statement {
    let mut statement = Statement::default();
    if is_kept(asker.viewer, filter) {
        push_sum(&mut statement, asker.viewer, filter);
    } else {
        push_select(&mut statement, "count(*)", filter);
        push_where(&mut statement, asker, filter);
    }
    statement
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

/// One more than is told, to know whether there are more.
fn push_bounded_count(statement: &mut Statement, asker: Asker<'_>, filter: &TicketFilter) {
    statement.push("SELECT count(*) FROM (");
    push_select(statement, "1", filter);
    push_where(statement, asker, filter);
    statement
        .push(" LIMIT ")
        .bind(COUNTED_MAX + 1, Type::INT8)
        .push(") AS bounded");
}
