//! A report of attainment as a table.

use super::{Rows, Sheet, name};
use crate::http::report_views::first_day;
use crate::reports::figures::Period;
use crate::reports::{AttainmentReport, Group};

/// The groups of a report, a row each; where nothing is grouped by, one row with the total. What the report does not group by
/// is empty.
pub(in crate::http) fn attainment_sheet(report: &AttainmentReport, is_grouped: bool) -> Sheet {
    if is_grouped {
        return sheet(&report.groups);
    }
    sheet(&[Group {
        span: None,
        policy: None,
        priority: None,
        team: None,
        agent: None,
        metric: None,
        channel: None,
        tag: None,
        counts: report.total,
    }])
}

fn sheet(groups: &[Group]) -> Sheet {
    let rows = Rows(groups);
    let percentile =
        |index: usize| move |group: &Group| group.counts.used_seconds.map(|used| used[index]);
    Sheet {
        name: "attainment_report",
        columns: vec![
            rows.optional("day", |group| first_day(group.span, Period::Day)),
            rows.optional("week", |group| first_day(group.span, Period::Week)),
            rows.optional("month", |group| first_day(group.span, Period::Month)),
            rows.optional("policy_id", |group| Some(group.policy.as_ref()?.id.0)),
            rows.optional("policy", |group| name(group.policy.as_ref())),
            rows.optional("priority", |group| {
                Some(group.priority?.as_str().to_owned())
            }),
            rows.optional("team_id", |group| Some(group.team.as_ref()?.id.0)),
            rows.optional("team", |group| name(group.team.as_ref())),
            rows.optional("agent_id", |group| Some(group.agent.as_ref()?.id.0)),
            rows.optional("agent", |group| name(group.agent.as_ref())),
            rows.optional("metric", |group| Some(group.metric?.as_str().to_owned())),
            rows.optional("channel", |group| Some(group.channel?.as_str().to_owned())),
            rows.optional("tag", |group| group.tag.clone()),
            rows.required("running", |group| group.counts.running),
            rows.required("met", |group| group.counts.met),
            rows.required("breached", |group| group.counts.breached),
            rows.required("cancelled", |group| group.counts.cancelled),
            rows.optional("attainment", |group| group.counts.attainment()),
            rows.optional("p50_seconds", percentile(0)),
            rows.optional("p90_seconds", percentile(1)),
            rows.optional("p99_seconds", percentile(2)),
        ],
    }
}
