//! The plans that PostgreSQL makes for reports: of the time that is asked for, and no more, is read; a page is not sorted; and
//! of tickets as they are now no table is read whole.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use domain::actor::Role;
use domain::calendar::zone::Zone;
use domain::ids::{TeamId, UserId};
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use domain::ticket::query::Query;
use domain::ticket::state::Channel;
use event_store::Position;
use platform::cursor::Moment;
use platform::page::{Direction, Limit};
use uuid::Uuid;

use super::figures::Period;
use super::list::MeasureKey;
use super::{
    AttainmentQuestion, Grouping, MeasureFilter, Periods, ReportRange, TicketsNow, statement,
};
use crate::database::Statement;
use crate::explain::{database, plan, viewer};
use crate::tickets::{Holder, Terms, TicketFilter};
use crate::viewer::Viewer;

/// Twenty thousand waits of two organizations, over two weeks.
const WAITS: &str = "
    INSERT INTO core.sla_measures (partition, org_id, ticket_id, metric, round, version, number, outcome, target_ms, priority,
        team_id, agent_id, started_at, counted_at, known_from, known_until)
    SELECT 1, ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, gen_random_uuid(), 1 + n % 7, 0, 1, n,
        CASE WHEN n % 3 = 0 THEN 'met' ELSE 'breached' END, 60000, 1 + n % 4,
        ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid,
        ('00000000-0000-0000-0000-' || lpad((n % 30)::text, 12, '0'))::uuid, t, t, t,
        CASE WHEN n % 5 = 0 THEN t + interval '1 hour' END
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
        tickets: TicketsNow::default(),
        as_of: None,
    }
}

fn of_waits(
    viewer: &Viewer,
    filter: &MeasureFilter,
    groups: &[Grouping],
    periods: Option<&Periods>,
) -> Statement {
    let question = AttainmentQuestion::new(filter.clone(), groups.to_vec(), periods.cloned());
    statement::parts(viewer, &question, None)
}

/// Sums of three months of two organizations, of all that is counted of waits.
const SUMS: &str = "
    INSERT INTO core.report_cells (partition, org_id, figure, cut, day, team_id, key, label, count, total, times)
    SELECT 1, ('00000000-0000-0000-0000-00000000000' || o)::uuid, f, c, date '2026-01-01' + d,
        ('00000000-0000-0000-0000-' || lpad(k::text, 12, '0'))::uuid, gen_random_uuid(), '', 1, 0, ''
    FROM generate_series(1, 2) AS o, generate_series(110, 173) AS f, generate_series(3, 11) AS c, generate_series(0, 89) AS d,
        generate_series(1, 2) AS k";

#[tokio::test]
async fn sums_of_waits_are_read_by_their_key() {
    let client = database("plans_of_sums_of_waits", SUMS).await;
    let at = |day: &str| format!("2026-{day}T00:00:00Z").parse().unwrap();
    let filter = MeasureFilter {
        counted: ReportRange::new(at("01-10"), at("03-20")).unwrap(),
        ..filter()
    };
    let months = Periods::of(filter.counted, Period::Month, Zone::UTC).unwrap();
    let groups: [&[Grouping]; 4] = [
        &[Grouping::Priority, Grouping::Metric],
        &[Grouping::Team],
        &[Grouping::Agent],
        &[Grouping::Team, Grouping::Agent],
    ];
    for groups in groups {
        let filter = filter.clone();
        let question = AttainmentQuestion::new(filter, groups.to_vec(), Some(months.clone()));
        let summed = question.summed(Zone::UTC).unwrap();
        let statement = statement::parts(&viewer(Role::Admin), &question, Some(&summed));
        let plan = plan(&client, &statement).await;
        assert!(plan.contains("report_cells_pkey"), "{groups:?} {plan}");
        assert!(!plan.contains("Seq Scan"), "{groups:?} {plan}");
    }
}

#[tokio::test]
async fn a_page_is_read_along_the_time_and_a_report_within_it() {
    let client = database("plans_of_reports", &format!("{WAITS}; {TICKETS}")).await;
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
        let days = Periods::of(filter.counted, Period::Day, Zone::UTC).unwrap();
        for role in [Role::Agent, Role::Admin] {
            let viewer = viewer(role);
            for direction in [Direction::Ascending, Direction::Descending] {
                let shape = (direction, Limit::DEFAULT);
                let page = statement::page(&viewer, filter, shape, Some(key));
                let plan = plan(&client, &page).await;
                assert!(plan.contains("sla_measures_by_time"), "{plan}");
                // The few of a rare kind may be sorted.
                let is_rare = !filter.metrics.is_empty();
                assert!(is_rare || !plan.contains("Sort"), "{plan}");
                assert!(!plan.contains("Seq Scan on sla_measures"), "{plan}");
            }
            let whole = [
                of_waits(&viewer, filter, &Grouping::ALL, Some(&days)),
                of_waits(&viewer, filter, &[], None),
                statement::count(&viewer, filter),
            ];
            for statement in &whole {
                let plan = plan(&client, statement).await;
                assert!(plan.contains("sla_measures_by_time"), "{plan}");
                assert!(!plan.contains("Seq Scan on sla_measures"), "{plan}");
            }
            let then = MeasureFilter {
                as_of: Some(key.counted_at),
                ..filter.clone()
            };
            let shape = (Direction::Descending, Limit::DEFAULT);
            let page = statement::page(&viewer, &then, shape, Some(key));
            for statement in [
                of_waits(&viewer, &then, &Grouping::ALL, Some(&days)),
                statement::count(&viewer, &then),
                page,
            ] {
                let plan = plan(&client, &statement).await;
                assert!(plan.contains("sla_measures_by_former_time"), "{plan}");
                assert!(!plan.contains("Seq Scan on sla_measures"), "{plan}");
                let is_page = plan.contains("Limit");
                let is_rare = !filter.metrics.is_empty() || plan.contains("Aggregate");
                assert!(
                    is_rare || !is_page || plan.contains("Merge Append"),
                    "{plan}"
                );
            }
        }
    }
}

/// A ticket for every wait, of which a half are open, every third came by mail and a few have tags.
const TICKETS: &str = "
    INSERT INTO core.tickets (partition, org_id, ticket_id, number, subject, status, priority, channel, requester_id,
        requester_name, tags, custom_fields, follow_up_ids, public_message_count, note_count, reopen_count, created_at, updated_at,
        public_updated_at, sla, clocks, version, position, language)
    SELECT partition, org_id, ticket_id, n, 'Subject', CASE WHEN n % 4 < 2 THEN 'open' ELSE 'closed' END, 1 + n % 4,
        CASE WHEN n % 3 = 0 THEN 'email' ELSE 'api' END, gen_random_uuid(), 'R',
        CASE WHEN n % 500 < 2 THEN '{vip,new}'::text[] ELSE '{}' END, '{}', '{}', 0, 0, 0, counted_at, counted_at, counted_at,
        '{}', '{}', 1, n, 'simple'
    FROM (SELECT partition, org_id, ticket_id, counted_at, row_number() OVER (ORDER BY counted_at) AS n
          FROM core.sla_measures) AS waits";

fn narrowed(text: &str) -> MeasureFilter {
    let terms = Terms {
        query: Query::parse(text).unwrap(),
        me: UserId(Uuid::from_u128(3)),
        now: "2026-01-20T12:00:00Z".parse().unwrap(),
        zone: Zone::UTC,
        at_least: Position::START,
    };
    filter().narrowed(Some(&terms))
}

#[tokio::test]
async fn waits_of_tickets_as_they_are_now_are_found_by_keys_and_no_table_is_read_whole() {
    let fill = format!("{WAITS}; {TICKETS}");
    let client = database("plans_of_narrowed_reports", &fill).await;
    let mut filters: Vec<_> = [
        "status:open",
        "-status:closed priority:>=high -tag:vip",
        "tag:vip",
    ]
    .map(narrowed)
    .into();
    filters.push(filter());
    filters.push(MeasureFilter {
        tickets: TicketsNow {
            tickets: TicketFilter {
                channels: vec![Channel::Email],
                ..TicketFilter::default()
            },
        },
        ..filter()
    });
    let shape = (Direction::Descending, Limit::DEFAULT);
    for filter in &filters {
        let weeks = Periods::of(filter.counted, Period::Week, Zone::UTC).unwrap();
        for viewer in [viewer(Role::Agent), viewer(Role::Admin)] {
            for statement in [
                of_waits(&viewer, filter, &[Grouping::Channel], Some(&weeks)),
                of_waits(&viewer, filter, &[Grouping::Team, Grouping::Tag], None),
                statement::count(&viewer, filter),
                statement::page(&viewer, filter, shape, None),
            ] {
                let plan = plan(&client, &statement).await;
                // The waits of the few tickets with a tag may be looked up one by one.
                let is_rare = filter.tickets.tickets.asks_for_words();
                let is_along_time = plan.contains("sla_measures_by_time");
                assert!(is_rare || is_along_time, "{plan}");
                assert!(!plan.contains("Seq Scan on tickets"), "{plan}");
                assert!(!plan.contains("Seq Scan on sla_measures"), "{plan}");
            }
        }
    }
}
