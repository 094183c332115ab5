//! What agents and teams have to do, and what they did: one row for each of them.
//!
//! Every number is that of another report, split by agent or by team; docs/METRICS.md defines them.

use std::collections::BTreeMap;

use const_format::formatcp;
use domain::calendar::zone::Zone;
use domain::ids::{TeamId, UserId};
use domain::ticket::state::{Priority, Status};
use platform::cursor::Moment;
use platform::rows::{Column, Figure, NOBODY, Row, TicketCountRow, WHOEVER};
use schema::projection::CORE;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;
use uuid::Uuid;

use super::attainment::{TEAM_NAMES, USER_NAMES};
use super::figures::{
    DayRange, FACTS, FigureFilter, FigureQuery, Frame, Key, Reported, Split, push_open,
};
use super::messages::{MessageFilter, MessageNumbers, MessageSplit};
use super::{Named, TicketsNow};
use crate::answers::Answer;
use crate::conditions::push_holder_in_sums;
use crate::database::Statement;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::privacy::push_visible_sums;
use crate::tickets::{Holder, TicketFilter};
use crate::viewer::Viewer;

const COUNTS: &str = formatcp!("{CORE}.{}", <TicketCountRow as Row>::TABLE);
/// Where a ticket stands that somebody has to work on.
pub const OPEN: [Status; 4] = [Status::New, Status::Open, Status::Pending, Status::OnHold];

/// Whose work it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum WorkloadBy {
    /// Each agent's.
    Agent,
    /// Each team's.
    Team,
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct WorkloadQuery {
    /// Whose work.
    pub by: WorkloadBy,
    /// The days of what was done.
    pub days: DayRange,
    /// What the log knew at this moment; what it knows now when absent.
    pub as_of: Option<Moment>,
    /// Of the tickets of this team, or of none.
    pub team: Option<Holder<TeamId>>,
}

/// The tickets that somebody holds: in the order of [`OPEN`], and of [`Priority::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Held {
    /// How many stand where.
    pub by_status: [i64; 4],
    /// How many are how urgent.
    pub by_priority: [i64; 4],
}

impl Held {
    /// All of them.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.by_status.iter().sum()
    }
}

/// The numbers of one agent or team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Work {
    /// The tickets held.
    pub held: Held,
    /// Those held or done that were given to their agent on these days.
    pub assigned: i64,
    /// Those resolved since these days.
    pub resolved: i64,
    /// The messages written on these days.
    pub messages: MessageNumbers,
}

/// An agent or team with its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Worker {
    /// Who it is, or nobody.
    pub key: Key,
    /// The numbers.
    pub work: Work,
}

/// None where there are too many of them.
impl Answer for Option<Vec<Worker>> {
    const KIND: &'static str = "report_workload";

    fn len(&self) -> usize {
        self.as_ref().map_or(0, Vec::len)
    }
}

type Works = BTreeMap<Option<Uuid>, Work>;

impl ReadModels {
    /// What each agent or team has to do and did, by name; nobody first. Whoever has nothing and did nothing is not there. No
    /// answer where there are more than a report has groups.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn workload(
        &self,
        viewer: &Viewer,
        query: &WorkloadQuery,
        zone: Zone,
    ) -> Result<Option<Vec<Worker>>, ReadError> {
        let question = (query, zone);
        let query = *query;
        let make = move |models: Self, viewer: Viewer| async move {
            models.new_workload(&viewer, &query, zone).await
        };
        self.answered(&self.near_workloads, viewer, &question, make)
            .await
    }

    async fn new_workload(
        &self,
        viewer: &Viewer,
        query: &WorkloadQuery,
        zone: Zone,
    ) -> Result<Option<Vec<Worker>>, ReadError> {
        let mut works = Works::new();
        self.add_held(viewer, query, &mut works).await?;
        let frame = Frame::of(query.days, None, zone);
        for figure in [Figure::Assigned, Figure::Resolution] {
            let query = query.of_figure(figure);
            let report = self.figure_report(viewer, &query, frame.clone()).await?;
            let Reported::Report(report) = report else {
                return Ok(None);
            };
            for group in report.groups {
                let work = works.entry(group.key.as_ref().and_then(id)).or_default();
                match figure {
                    Figure::Assigned => work.assigned = group.numbers.count,
                    _ => work.resolved = group.numbers.count,
                }
            }
        }
        let (filter, split) = query.of_messages();
        let messages = self.message_groups(viewer, &filter, Some(split), &frame);
        let Some(messages) = messages.await? else {
            return Ok(None);
        };
        for ((_, key), numbers) in messages {
            works.entry(key).or_default().messages = numbers;
        }
        Ok(Some(self.workers(viewer, query.by, works).await?))
    }

    async fn add_held(
        &self,
        viewer: &Viewer,
        query: &WorkloadQuery,
        works: &mut Works,
    ) -> Result<(), ReadError> {
        let statement = match query.as_of {
            None => held_now(viewer, query),
            Some(_) => held_then(viewer, query),
        };
        let rows = self
            .database
            .query_composed(viewer.tenant, &statement)
            .await?;
        for row in rows {
            let key: Option<Uuid> = row.try_get("key")?;
            let priority = Priority::from_stored(row.try_get("priority")?)?;
            let counts: Vec<i64> = row.try_get("counts")?;
            if counts.iter().all(|count| *count == 0) {
                continue;
            }
            let work = works.entry(key.filter(|key| *key != NOBODY)).or_default();
            let held = &mut work.held;
            let places = Priority::ALL.into_iter().zip(&mut held.by_priority);
            for (_, place) in places.filter(|(it, _)| *it == priority) {
                *place += counts.iter().sum::<i64>();
            }
            for (place, count) in held.by_status.iter_mut().zip(counts) {
                *place += count;
            }
        }
        Ok(())
    }

    async fn workers(
        &self,
        viewer: &Viewer,
        by: WorkloadBy,
        works: Works,
    ) -> Result<Vec<Worker>, ReadError> {
        let ids = works.keys().filter_map(|id| *id).collect();
        let statement = match by {
            WorkloadBy::Agent => USER_NAMES,
            WorkloadBy::Team => TEAM_NAMES,
        };
        let names = self.names(viewer.tenant, statement, ids).await?;
        let name = |id: &Option<Uuid>| id.and_then(|id| names.get(&id).cloned());
        let mut works: Vec<_> = works.into_iter().collect();
        works.sort_by_key(|(id, _)| (id.is_some(), name(id), *id));
        let worker = |(id, work): (Option<Uuid>, Work)| {
            let name = name(&id);
            let key = match by {
                WorkloadBy::Agent => Key::Agent(id.map(UserId).map(|id| Named { id, name })),
                WorkloadBy::Team => Key::Team(id.map(TeamId).map(|id| Named { id, name })),
            };
            Worker { key, work }
        };
        Ok(works.into_iter().map(worker).collect())
    }
}

impl WorkloadQuery {
    fn tickets(&self) -> FigureFilter {
        FigureFilter {
            days: self.days,
            as_of: self.as_of,
            tickets: TicketFilter {
                team: self.team,
                ..TicketFilter::default()
            },
        }
    }

    fn of_figure(&self, figure: Figure) -> FigureQuery {
        FigureQuery {
            figure,
            filter: self.tickets(),
            period: None,
            split: Some(match self.by {
                WorkloadBy::Agent => Split::Agent,
                WorkloadBy::Team => Split::Team,
            }),
        }
    }

    fn of_messages(&self) -> (MessageFilter, MessageSplit) {
        let filter = MessageFilter {
            days: self.days,
            as_of: self.as_of,
            kinds: Vec::new(),
            agent: None,
            team: self.team,
            tickets: TicketsNow::default(),
        };
        match self.by {
            WorkloadBy::Agent => (filter, MessageSplit::Agent),
            WorkloadBy::Team => (filter, MessageSplit::Team),
        }
    }
}

fn id(key: &Key) -> Option<Uuid> {
    match key {
        Key::Team(team) => team.as_ref().map(|team| team.id.0),
        Key::Agent(agent) => agent.as_ref().map(|agent| agent.id.0),
        Key::Tag(_) | Key::Channel(_) | Key::Priority(_) => None,
    }
}

/// The open tickets by key and priority, from the numbers that are kept: `counts` in the order of [`OPEN`].
pub(super) fn held_now(viewer: &Viewer, query: &WorkloadQuery) -> Statement {
    let (key, comparison) = match query.by {
        WorkloadBy::Agent => ("holder_id", "<>"),
        WorkloadBy::Team => ("team_id", "="),
    };
    let sums = OPEN.map(|status| format!("sum({})::bigint", TicketCountRow::column(status)));
    let sums = sums.join(", ");
    let mut statement = Statement::default();
    statement
        .push(&format!(
            "SELECT {key} AS key, priority, ARRAY[{sums}] AS counts FROM {COUNTS} WHERE partition = "
        ))
        .bind(viewer.tenant.partition.get(), Type::INT2)
        .push(" AND org_id = ")
        .bind(viewer.tenant.org_id.0, Type::UUID)
        .push(&format!(" AND holder_id {comparison} "))
        .bind(WHOEVER, Type::UUID);
    let team = query.team.map(|it| it.map(|id| id.0));
    push_holder_in_sums(&mut statement, "team_id", team);
    push_visible_sums(&mut statement, viewer);
    statement.push(" GROUP BY 1, 2");
    statement
}

/// The same as it was at a moment, from the facts.
pub(super) fn held_then(viewer: &Viewer, query: &WorkloadQuery) -> Statement {
    let key = match query.by {
        WorkloadBy::Agent => "agent_id",
        WorkloadBy::Team => "team_id",
    };
    let counts =
        OPEN.map(|status| format!("count(*) FILTER (WHERE status = '{}')", status.as_str()));
    let counts = counts.join(", ");
    let mut statement = Statement::default();
    statement.push(&format!(
        "SELECT {key} AS key, priority, ARRAY[{counts}] AS counts FROM "
    ));
    statement.push(FACTS);
    push_open(&mut statement, viewer, &query.tickets());
    statement.push(" GROUP BY 1, 2");
    statement
}
