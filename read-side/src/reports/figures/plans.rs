//! The plans that PostgreSQL makes for reports of tickets: sums and facts are found by their index, and a page is not sorted.

#![allow(clippy::unwrap_used)]

use domain::actor::Role;
use domain::calendar::zone::Zone;
use domain::ids::TeamId;
use domain::ticket::state::Status;
use platform::cursor::Moment;
use platform::page::{Direction, Limit};
use platform::rows::{Cut, Figure};
use uuid::Uuid;

use super::list::FactsKey;
use super::{
    DayRange, FactsQuery, FigureFilter, FigureQuery, Frame, HourOfWeek, Period, Split, rules,
    statement,
};
use crate::explain::{database, plan, viewer};
use crate::tickets::{Holder, TicketFilter};

/// Twenty thousand tickets of two organizations over two weeks, two rows each, half of them done; and sums of forty days.
const FACTS: &str = "
    INSERT INTO core.ticket_facts (partition, org_id, ticket_id, version, number, status, priority, channel, requester_id,
        team_id, tags, opened_at, first_response_at, first_resolved_at, resolved_at, closed_at, assigned_at, reopen_count,
        reassign_count, since_at, until_at, known_from, known_until)
    SELECT 1, ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid,
        ('00000000-0000-0000-0001-' || lpad(n::text, 12, '0'))::uuid, v, n,
        CASE WHEN n % 4 > 1 AND v = 2 THEN 'closed' ELSE 'open' END, 1 + n % 4, 'api', gen_random_uuid(),
        ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid, '{}', t, t,
        CASE WHEN n % 4 > 1 AND v = 2 THEN t END, CASE WHEN n % 4 > 1 AND v = 2 THEN t END,
        CASE WHEN n % 4 > 1 AND v = 2 THEN t END, CASE WHEN v = 2 THEN t END, 0, 0, t, CASE WHEN v = 1 THEN t END, t, CASE WHEN v = 1 THEN t END
    FROM (SELECT n, v, timestamptz '2026-01-01' + n * interval '1 minute' AS t
            FROM generate_series(1, 20000) AS n, generate_series(1, 2) AS v) AS x;
    INSERT INTO core.report_cells (partition, org_id, figure, cut, day, team_id, key, label, count, total, times)
    SELECT 1, ('00000000-0000-0000-0000-00000000000' || o)::uuid, f, c, date '2026-01-01' + d,
        ('00000000-0000-0000-0000-' || lpad(k::text, 12, '0'))::uuid, gen_random_uuid(), '', 1, 0, ''
    FROM generate_series(1, 2) AS o, generate_series(1, 9) AS f, unnest(ARRAY[1, 2, 3, 4, 9]) AS c, generate_series(0, 39) AS d,
        generate_series(1, 10) AS k";

fn query(figure: Figure) -> FigureQuery {
    let day = |day: &str| format!("2026-01-{day}").parse().unwrap();
    FigureQuery {
        figure,
        filter: FigureFilter {
            days: DayRange::new(day("05"), day("06")).unwrap(),
            as_of: None,
            tickets: TicketFilter::default(),
        },
        period: Some(Period::Day),
        split: Some(Split::Team),
    }
}

/// By agent over months, of which the ends are put together from days.
fn of_months(figure: Figure) -> FigureQuery {
    let day = |day: &str| day.parse().unwrap();
    let mut query = query(figure);
    query.filter.days = DayRange::new(day("2025-12-05"), day("2026-02-06")).unwrap();
    (query.period, query.split) = (None, Some(Split::Agent));
    query
}

#[tokio::test]
async fn sums_are_read_by_their_key_and_facts_along_their_time() {
    let client = database("plans_of_figures", FACTS).await;
    for role in [Role::Agent, Role::Admin] {
        let viewer = viewer(role);
        for figure in Figure::ALL {
            let mut query = query(figure);
            let frame = Frame::of(query.filter.days, query.period, Zone::UTC);
            let sums = statement::of_cells(&viewer, &query, Cut::Priority, &frame);
            let of_days = plan(&client, &sums).await;
            assert!(
                of_days.contains("report_cells_pkey"),
                "{figure:?} {of_days}"
            );
            assert!(
                !of_days.contains("Seq Scan on report_cells"),
                "{figure:?} {of_days}"
            );

            let months = of_months(figure);
            let in_months = Frame::of(months.filter.days, months.period, Zone::UTC);
            let sums = statement::of_cells(&viewer, &months, Cut::AgentByMonth, &in_months);
            let plan = plan(&client, &sums).await;
            assert!(plan.contains("report_cells_pkey"), "{figure:?} {plan}");
            assert!(
                !plan.contains("Seq Scan on report_cells"),
                "{figure:?} {plan}"
            );

            for team in [None, Some(Holder::One(TeamId(Uuid::from_u128(3))))] {
                query.filter.tickets.team = team;
                query.filter.tickets.statuses = vec![Status::Open, Status::Closed];
                is_found_by_time(&client, &viewer, &query, &frame).await;
            }
        }
    }
}

async fn is_found_by_time(
    client: &tokio_postgres::Client,
    viewer: &crate::viewer::Viewer,
    query: &FigureQuery,
    frame: &Frame,
) {
    let (figure, filter) = (query.figure, &query.filter);
    // What was open may have been so for long: it is looked for among all that was ever open.
    let is_of_time = figure != Figure::Backlog;
    let report = statement::of_facts(viewer, query, frame);
    let mut listed = FactsQuery {
        figure,
        filter: filter.clone(),
        terms: None,
        hour: None,
        direction: Direction::Descending,
        limit: Limit::DEFAULT,
        zone: Zone::UTC,
    };
    let count = statement::count(viewer, &listed);
    for statement in [report, count] {
        let plan = plan(client, &statement).await;
        assert!(!is_of_time || plan.contains("ticket_facts_by_"), "{plan}");
        assert!(
            !is_of_time || !plan.contains("Seq Scan on ticket_facts"),
            "{plan}"
        );
    }
    let key = FactsKey {
        at: Moment::new("2026-01-05T12:00:00Z".parse().unwrap()).unwrap(),
        ticket_id: Uuid::from_u128(5),
    };
    let hours = [None, HourOfWeek::new(1, 12)];
    for (direction, hour) in [Direction::Ascending, Direction::Descending]
        .into_iter()
        .flat_map(|direction| hours.map(|hour| (direction, hour)))
    {
        (listed.direction, listed.hour) = (direction, hour);
        let page = statement::page(viewer, &listed, Some(key));
        let plan = plan(client, &page).await;
        assert!(plan.contains("Index Scan"), "{plan}");
        // The few of a team or an hour may be sorted.
        let is_rare = filter.tickets.team.is_some()
            || hour.is_some()
            || matches!(figure, Figure::Reopened | Figure::Reassigned);
        assert!(
            is_rare || !plan.contains("Sort"),
            "{} {plan}",
            rules::at(figure)
        );
        assert!(!plan.contains("Seq Scan on ticket_facts"), "{plan}");
    }
}
