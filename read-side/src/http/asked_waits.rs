//! What waits are asked for: the parameters of reports of attainment and of the lists behind them.

use chrono::{DateTime, Utc};
use domain::ids::{PolicyId, TeamId, UserId};
use platform::auth::Principal;
use platform::cursor::Moment;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::{ChannelView, PriorityView};
use uuid::Uuid;

use super::asked;
use super::conditions::{all, parse_holder, parse_tags};
use super::figures::parse_as_of;
use super::report_views::{Grouped, GroupingView, OutcomeView};
use super::session::{Session, bad};
use super::sla_views::MetricView;
use super::zone::organizations_zone;
use crate::models::ReadModels;
use crate::reports::figures::Period;
use crate::reports::{Grouping, MeasureFilter, ReportRange, TicketsNow};
use crate::tickets::{Terms, TicketFilter};

/// What to group by, and the one kind of period among it.
pub(super) fn parse_groups(
    views: &[GroupingView],
) -> Result<(Vec<Grouping>, Option<Period>), Problem> {
    let (mut groups, mut period) = (Vec::new(), None);
    for view in views {
        match Grouped::from(*view) {
            Grouped::By(group) => groups.push(group),
            Grouped::In(kind) if period.is_some_and(|other| other != kind) => {
                return Err(bad("group_by", "takes one of day, week and month"));
            }
            Grouped::In(kind) => period = Some(kind),
        }
    }
    Ok((groups, period))
}

/// Why it is not there beside `as_of`.
pub(super) const OF_NOW: &str = "asks for what tickets are now: leave it out, or as_of";

/// The conditions as they were asked for.
pub(super) struct Asked {
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
    pub(super) metric: Option<Vec<MetricView>>,
    pub(super) priority: Option<Vec<PriorityView>>,
    pub(super) outcome: Option<Vec<OutcomeView>>,
    pub(super) policy: Option<String>,
    pub(super) team: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) channel: Option<Vec<ChannelView>>,
    pub(super) tag: Option<Vec<String>>,
    pub(super) query: Option<String>,
    pub(super) view: Option<Uuid>,
    pub(super) as_of: Option<DateTime<Utc>>,
}

impl Asked {
    /// What is meant by it: the parameters that have a condition each, and those that have a query.
    ///
    /// # Errors
    /// 400 with what does not fit; 404 when the view is not there.
    pub(super) async fn meant(
        self,
        models: &ReadModels,
        session: &Session,
        principal: &Principal,
    ) -> Result<(MeasureFilter, Option<Terms>), QueryProblem> {
        self.is_told_of_then()?;
        let (query, view) = (self.query.as_deref(), self.view);
        let query = asked::wordless(models, session, principal, query, view).await?;
        let filter = self.filter()?;
        let as_of = filter.as_of.map(Moment::get);
        session.wait_for_moment(models, as_of).await?;
        let Some(query) = query else {
            return Ok((filter, None));
        };
        let zone = organizations_zone(models, session).await?;
        Ok((filter, Some(asked::terms(models, session, query, zone))))
    }

    /// What a ticket was at a moment is not known to its waits.
    fn is_told_of_then(&self) -> Result<(), Problem> {
        let of_now = [
            ("tag", self.tag.is_some()),
            ("query", self.query.is_some()),
            ("view", self.view.is_some()),
        ];
        let refused = of_now.into_iter().find(|(_, is_asked)| *is_asked);
        match refused.filter(|_| self.as_of.is_some()) {
            Some((field, _)) => Err(bad(field, OF_NOW)),
            None => Ok(()),
        }
    }

    fn filter(self) -> Result<MeasureFilter, Problem> {
        let counted = ReportRange::new(self.from, self.to).map_err(|error| bad("to", error))?;
        Ok(MeasureFilter {
            counted,
            metrics: all(self.metric),
            priorities: all(self.priority),
            outcomes: all(self.outcome),
            policy: parse_holder("policy", self.policy.as_deref(), PolicyId)?,
            team: parse_holder("team", self.team.as_deref(), TeamId)?,
            agent: parse_holder("agent", self.agent.as_deref(), UserId)?,
            tickets: TicketsNow {
                tickets: TicketFilter {
                    channels: all(self.channel),
                    tags: parse_tags(&self.tag.unwrap_or_default())?,
                    ..TicketFilter::default()
                },
            },
            as_of: parse_as_of(self.as_of)?,
        })
    }
}
