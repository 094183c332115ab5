//! The plans that PostgreSQL makes for reports: of the time that is asked for, and no more, is read; a page is not sorted.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use domain::actor::Role;
use domain::calendar::zone::Zone;
use domain::ids::TeamId;
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use platform::cursor::Moment;
use platform::page::{Direction, Limit};
use uuid::Uuid;

use super::list::MeasureKey;
use super::{Days, Grouping, MeasureFilter, ReportRange, statement};
use crate::explain::{database, plan, viewer};
use crate::tickets::Holder;

/// Twenty thousand waits of two organizations, over two weeks.
const WAITS: &str = "
    INSERT INTO core.sla_measures (partition, org_id, ticket_id, metric, round, number, outcome, target_ms, priority,
        team_id, agent_id, started_at, counted_at)
    SELECT 1, ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, gen_random_uuid(), 1 + n % 7, 0, n,
        CASE WHEN n % 3 = 0 THEN 'met' ELSE 'breached' END, 60000, 1 + n % 4,
        ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid,
        ('00000000-0000-0000-0000-' || lpad((n % 30)::text, 12, '0'))::uuid, t, t
    FROM (SELECT n, timestamptz '2026-01-01' + n * interval '1 minute' AS t FROM generate_series(1, 20000) AS n) AS x";

fn filter() -> MeasureFilter {
    let at = |day: &str| format!("2026-01-{day}T00:00:00Z").parse().unwrap();
    MeasureFilter {
        counted: ReportRange::new(at("05"), at("06")).unwrap(),
        metrics: Vec::new(),
        priorities: Vec::new(),
        outcomes: Vec::new(),
        policy: None,
        team: None,
        agent: None,
    }
}

#[tokio::test]
async fn a_page_is_read_along_the_time_and_a_report_within_it() {
    let client = database("plans_of_reports", WAITS).await;
    let filters = [
        filter(),
        MeasureFilter {
            metrics: vec![Metric::AgentWork],
            outcomes: vec![Outcome::Breached],
            ..filter()
        },
        MeasureFilter {
            team: Some(Holder::One(TeamId(Uuid::from_u128(3)))),
            agent: Some(Holder::Nobody),
            ..filter()
        },
    ];
    let key = MeasureKey {
        counted_at: Moment::new("2026-01-05T12:00:00Z".parse().unwrap()).unwrap(),
        ticket_id: Uuid::from_u128(5),
        metric: 3,
        round: 1,
    };
    for filter in &filters {
        let days = Days::of(filter.counted, Zone::UTC).unwrap();
        for role in [Role::Agent, Role::Admin] {
            let viewer = viewer(role);
            for direction in [Direction::Ascending, Direction::Descending] {
                let page = statement::page(&viewer, filter, direction, Limit::DEFAULT, Some(key));
                let plan = plan(&client, &page).await;
                assert!(plan.contains("sla_measures_by_time"), "{plan}");
                // The few of a rare kind may be sorted.
                let is_rare = !filter.metrics.is_empty();
                assert!(is_rare || !plan.contains("Sort"), "{plan}");
                assert!(!plan.contains("Seq Scan on sla_measures"), "{plan}");
            }
            let whole = [
                statement::report(&viewer, filter, &Grouping::ALL, &days),
                statement::report(&viewer, filter, &[], &days),
                statement::count(&viewer, filter),
            ];
            for statement in &whole {
                let plan = plan(&client, statement).await;
                assert!(plan.contains("sla_measures_by_time"), "{plan}");
                assert!(!plan.contains("Seq Scan on sla_measures"), "{plan}");
            }
        }
    }
}
