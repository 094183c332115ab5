//! The report.

use const_format::formatcp;
use domain::calendar::zone::Zone;
use domain::ids::{PolicyId, TeamId, UserId};
use domain::sla::Metric;
use domain::ticket::state::{Channel, Priority};
use futures::try_join;
use platform::rows::{Column, PolicyVersionRow, Row, RowError, TeamRow, UserRow};
use schema::projection::CORE;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;

use super::filter::Grouping;
use super::parts::{self, Part, PartKey, Parts};
use super::periods::Span;
use super::question::AttainmentQuestion;
use super::statement;
use crate::answers::Answer;
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::{Tenant, Viewer};

/// The most groups of a report.
pub(super) const GROUPS_MAX: i64 = 1_000;

pub(super) const TEAM_NAMES: &str = formatcp!(
    "SELECT team_id, name FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND team_id = ANY($3)",
    <TeamRow as Row>::TABLE
);
pub(super) const USER_NAMES: &str = formatcp!(
    "SELECT user_id, name FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND user_id = ANY($3)",
    <UserRow as Row>::TABLE
);
/// What the newest version was called, also once the policy is deleted.
const POLICY_NAMES: &str = formatcp!(
    "SELECT DISTINCT ON (policy_id) policy_id, definition ->> 'name' AS name FROM {CORE}.{} \
      WHERE partition = $1 AND org_id = $2 AND policy_id = ANY($3) ORDER BY policy_id, policy_version DESC",
    <PolicyVersionRow as Row>::TABLE
);

/// How many waits there are of each outcome, and what those that were reached had used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// They go on.
    pub running: i64,
    /// Reached in time.
    pub met: i64,
    /// Missed.
    pub breached: i64,
    /// Ended otherwise.
    pub cancelled: i64,
    /// What the median, the ninetieth and the ninety-ninth of a hundred had used, in whole seconds, by the nearest rank.
    pub used_seconds: Option<[i64; 3]>,
}

impl Counts {
    /// The part of the promises that was kept, of those that were kept or missed.
    #[must_use]
    pub fn attainment(&self) -> Option<f64> {
        let decided = self.met + self.breached;
        #[allow(
            clippy::cast_precision_loss,
            reason = "counts of rows are far below 2^52"
        )]
        (decided > 0).then(|| self.met as f64 / decided as f64)
    }
}

/// Something with its name of now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named<Id> {
    /// Its id.
    pub id: Id,
    /// Its name, if it is known.
    pub name: Option<String>,
}

/// Waits that have in common what the report groups by. The rest is none; so is what the waits do not have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// The period in which they are counted.
    pub span: Option<Span>,
    /// The policy.
    pub policy: Option<Named<PolicyId>>,
    /// The priority.
    pub priority: Option<Priority>,
    /// The team.
    pub team: Option<Named<TeamId>>,
    /// The agent.
    pub agent: Option<Named<UserId>>,
    /// The metric.
    pub metric: Option<Metric>,
    /// The channel of their tickets.
    pub channel: Option<Channel>,
    /// The tag that their tickets have.
    pub tag: Option<String>,
    /// The numbers.
    pub counts: Counts,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct AttainmentReport {
    /// The numbers of everything.
    pub total: Counts,
    /// The groups in the order of what they are grouped by; none where it is nothing.
    pub groups: Vec<Group>,
}

/// What came of the question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Attainment {
    /// The numbers.
    Report(AttainmentReport),
    /// More groups than a report has.
    TooManyGroups {
        /// The most that it has.
        max: i64,
    },
}

impl Answer for Attainment {
    const KIND: &'static str = "report_sla";

    fn len(&self) -> usize {
        match self {
            Self::Report(report) => report.groups.len(),
            Self::TooManyGroups { .. } => 0,
        }
    }
}

impl ReadModels {
    /// The numbers of the waits that fit, without those that are hidden from the viewer. `own_zone` is the organization's.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn attainment(
        &self,
        viewer: &Viewer,
        question: &AttainmentQuestion,
        own_zone: Zone,
    ) -> Result<Attainment, ReadError> {
        let periods = question.periods.as_ref();
        let periods = periods.map(|periods| (periods.kind(), periods.zone()));
        let asked = (&question.filter, &question.groups, periods, own_zone);
        let make = {
            let question = question.clone();
            move |models: Self, viewer: Viewer| async move {
                models.new_attainment(&viewer, &question, own_zone).await
            }
        };
        self.answered(&self.near_attainments, viewer, &asked, make)
            .await
    }

    async fn new_attainment(
        &self,
        viewer: &Viewer,
        question: &AttainmentQuestion,
        own_zone: Zone,
    ) -> Result<Attainment, ReadError> {
        let (parts, total) = self.parts_of_waits(viewer, question, own_zone).await?;
        if parts.len() > usize::try_from(GROUPS_MAX).unwrap_or(usize::MAX) {
            return Ok(Attainment::TooManyGroups { max: GROUPS_MAX });
        }
        let is_grouped = question.periods.is_some() || !question.groups.is_empty();
        let groups = parts.into_iter().filter(|_| is_grouped);
        let groups = groups.map(|(key, part)| group(key, part.counts(), question));
        let mut report = AttainmentReport {
            total: total.counts(),
            groups: groups.collect::<Result<_, _>>()?,
        };
        self.name_groups(viewer.tenant, &mut report.groups).await?;
        Ok(Attainment::Report(report))
    }

    /// The parts that the waits come to, from sums as far as they tell, and the rest from the waits; and what they come to
    /// together.
    async fn parts_of_waits(
        &self,
        viewer: &Viewer,
        question: &AttainmentQuestion,
        own_zone: Zone,
    ) -> Result<(Parts, Part), ReadError> {
        let summed = match question.summed(own_zone) {
            // Sums do not tell the tickets of a team that is hidden from others.
            Some(summed) if !self.hides_any_team(viewer).await? => Some(summed),
            _ => None,
        };
        let statement = statement::parts(viewer, question, summed.as_ref());
        let rows = self
            .database
            .query_composed(viewer.tenant, &statement)
            .await?;
        let is_by_metric = question.groups.contains(&Grouping::Metric);
        let (mut parts, mut total) = (Parts::new(), Parts::new());
        for row in &rows {
            let of_all: bool = row.try_get("is_total")?;
            parts::add(
                if of_all { &mut total } else { &mut parts },
                row,
                is_by_metric,
            )?;
        }
        // By tag groups do not add up, and the total is told beside them.
        let whole = if total.is_empty() { &parts } else { &total };
        let total = whole.values().collect();
        Ok((parts, total))
    }

    async fn name_groups(&self, tenant: Tenant, groups: &mut [Group]) -> Result<(), ReadError> {
        let (mut policies, mut teams, mut agents) = (Vec::new(), Vec::new(), Vec::new());
        for group in groups.iter() {
            policies.extend(group.policy.as_ref().map(|policy| policy.id.0));
            teams.extend(group.team.as_ref().map(|team| team.id.0));
            agents.extend(group.agent.as_ref().map(|agent| agent.id.0));
        }
        let (policies, teams, agents) = try_join!(
            self.names(tenant, POLICY_NAMES, policies),
            self.names(tenant, TEAM_NAMES, teams),
            self.names(tenant, USER_NAMES, agents),
        )?;
        for group in groups {
            if let Some(policy) = &mut group.policy {
                policy.name = policies.get(&policy.id.0).cloned();
            }
            if let Some(team) = &mut group.team {
                team.name = teams.get(&team.id.0).cloned();
            }
            if let Some(agent) = &mut group.agent {
                agent.name = agents.get(&agent.id.0).cloned();
            }
        }
        Ok(())
    }

    /// The names of what these ids are of.
    pub(super) async fn names(
        &self,
        tenant: Tenant,
        statement: &str,
        mut ids: Vec<Uuid>,
    ) -> Result<HashMap<Uuid, String>, ReadError> {
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        ids.sort_unstable();
        ids.dedup();
        let (partition, org_id) = (tenant.partition.get(), tenant.org_id.0);
        let values: crate::database::Values<'_> = &[&partition, &org_id, &ids];
        let rows = self.database.query(tenant, statement, values).await?;
        let names = rows
            .iter()
            .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        names.collect()
    }
}

fn group(key: PartKey, counts: Counts, question: &AttainmentQuestion) -> Result<Group, ReadError> {
    // Buckets are numbered from 1.
    let index = key.period.0.and_then(|it| usize::try_from(it - 1).ok());
    Ok(Group {
        span: index.and_then(|index| question.periods.as_ref()?.get(index)),
        policy: named(key.policy_id.0, PolicyId),
        priority: word(key.priority.0)?,
        team: named(key.team_id.0, TeamId),
        agent: named(key.agent_id.0, UserId),
        metric: word(key.metric.0)?,
        channel: word(key.channel.0)?,
        // The empty word stands for none.
        tag: key.tag.0.filter(|tag| !tag.is_empty()),
        counts,
    })
}

fn named<Id>(id: Option<Uuid>, wrap: impl Fn(Uuid) -> Id) -> Option<Named<Id>> {
    id.map(|id| Named {
        id: wrap(id),
        name: None,
    })
}

fn word<T: Column>(stored: Option<T::Stored>) -> Result<Option<T>, RowError> {
    stored.map(T::from_stored).transpose()
}
