//! The plans that PostgreSQL makes for reports of messages: sums are found by their key, facts along their time, and tickets
//! with conditions within their organization.

#![allow(clippy::unwrap_used)]

use domain::actor::Role;
use domain::calendar::zone::Zone;
use domain::ids::UserId;
use domain::ticket::query::Query;
use event_store::Position;
use platform::cursor::Moment;
use platform::page::{Direction, Limit};
use uuid::Uuid;

use super::list::MessageKey;
use super::{MessageFilter, MessageSplit, statement};
use crate::explain::{database, plan, viewer};
use crate::reports::TicketsNow;
use crate::reports::figures::{DayRange, Frame, Period};
use crate::tickets::Terms;

/// Forty thousand messages of two organizations over four weeks, and sums of forty days.
const MESSAGES: &str = "
    INSERT INTO core.message_facts (partition, org_id, message_id, ticket_id, kind, author_id, team_id, written_at, known_from)
    SELECT 1, ('00000000-0000-0000-0000-00000000000' || 1 + n % 2)::uuid, gen_random_uuid(), gen_random_uuid(), 1 + n % 3,
        ('00000000-0000-0000-0000-' || lpad((n % 20)::text, 12, '0'))::uuid, NULL,
        timestamptz '2026-01-01' + n * interval '1 minute', now()
    FROM generate_series(1, 40000) AS n;
    INSERT INTO core.message_cells (partition, org_id, author_id, day, kind, team_id, count)
    SELECT 1, ('00000000-0000-0000-0000-00000000000' || o)::uuid,
        CASE a WHEN 0 THEN 'ffffffff-ffff-ffff-ffff-ffffffffffff' ELSE lpad(a::text, 32, '0') END::uuid,
        date '2026-01-01' + d, k, lpad(t::text, 32, '0')::uuid, 1
    FROM generate_series(1, 2) AS o, generate_series(0, 20) AS a, generate_series(0, 39) AS d, generate_series(1, 3) AS k,
        generate_series(1, 5) AS t";

#[tokio::test]
async fn sums_of_messages_are_read_by_their_key_and_messages_along_their_time() {
    let client = database("plans_of_messages", MESSAGES).await;
    let day = |day: &str| format!("2026-01-{day}").parse().unwrap();
    let filter = MessageFilter {
        days: DayRange::new(day("05"), day("06")).unwrap(),
        as_of: None,
        kinds: Vec::new(),
        agent: None,
        team: None,
        tickets: TicketsNow::default(),
    };
    let of_agent = MessageFilter {
        agent: Some(UserId(Uuid::from_u128(3))),
        ..filter.clone()
    };
    let frame = Frame::of(filter.days, Some(Period::Day), Zone::UTC);
    let splits = [None, Some(MessageSplit::Team), Some(MessageSplit::Agent)];
    for filter in [&filter, &of_agent] {
        for (role, split) in [Role::Agent, Role::Admin]
            .into_iter()
            .flat_map(|role| splits.map(|it| (role, it)))
        {
            let viewer = viewer(role);
            let sums = plan(
                &client,
                &statement::of_cells(&viewer, filter, split, &frame),
            )
            .await;
            assert!(sums.contains("message_cells_pkey"), "{split:?} {sums}");
            let facts = plan(
                &client,
                &statement::of_facts(&viewer, filter, split, &frame),
            )
            .await;
            assert!(facts.contains("message_facts_by_time"), "{split:?} {facts}");
            let key = MessageKey {
                at: Moment::new("2026-01-05T12:00:00Z".parse().unwrap()).unwrap(),
                message_id: Uuid::from_u128(5),
            };
            let shape = (Direction::Descending, Limit::DEFAULT);
            let page = statement::page(&viewer, filter, &frame, shape, Some(key));
            let page = plan(&client, &page).await;
            assert!(page.contains("message_facts_by_time"), "{page}");
            assert!(!page.contains("Sort"), "{page}");
        }
    }
}

/// A ticket for every message, of which a half are open and a few have a tag.
const TICKETS: &str = "
    INSERT INTO core.tickets (partition, org_id, ticket_id, number, subject, status, priority, channel, requester_id,
        requester_name, tags, custom_fields, follow_up_ids, public_message_count, note_count, reopen_count, created_at, updated_at,
        public_updated_at, sla, clocks, version, position, language)
    SELECT partition, org_id, ticket_id, n, 'Subject', CASE WHEN n % 4 < 2 THEN 'open' ELSE 'closed' END, 1 + n % 4, 'api',
        author_id, 'R', CASE WHEN n % 500 < 2 THEN '{vip}'::text[] ELSE '{}' END, '{}', '{}', 0, 0, 0, written_at, written_at,
        written_at, '{}', '{}', 1, n, 'simple'
    FROM (SELECT partition, org_id, ticket_id, author_id, written_at, row_number() OVER (ORDER BY written_at) AS n
          FROM core.message_facts) AS facts";

fn narrowed(filter: &MessageFilter, text: &str) -> MessageFilter {
    let terms = Terms {
        query: Query::parse(text).unwrap(),
        me: UserId(Uuid::from_u128(3)),
        now: "2026-01-20T12:00:00Z".parse().unwrap(),
        zone: Zone::UTC,
        at_least: Position::START,
    };
    filter.clone().narrowed(Some(&terms))
}

#[tokio::test]
async fn messages_on_tickets_with_conditions_are_found_by_keys_and_no_table_is_read_whole() {
    let fill = format!("{MESSAGES}; {TICKETS}");
    let client = database("plans_of_narrowed_messages", &fill).await;
    let day = |day: &str| format!("2026-01-{day}").parse().unwrap();
    let filter = MessageFilter {
        days: DayRange::new(day("05"), day("06")).unwrap(),
        as_of: None,
        kinds: Vec::new(),
        agent: None,
        team: None,
        tickets: TicketsNow::default(),
    };
    let frame = Frame::of(filter.days, Some(Period::Day), Zone::UTC);
    for text in [
        "status:open",
        "-status:closed priority:>=high -tag:vip",
        "tag:vip",
        "requester:me",
        "created:<2026-01-04",
    ] {
        let filter = narrowed(&filter, text);
        for viewer in [viewer(Role::Agent), viewer(Role::Admin)] {
            let shape = (Direction::Descending, Limit::DEFAULT);
            for statement in [
                statement::of_facts(&viewer, &filter, Some(MessageSplit::Agent), &frame),
                statement::count(&viewer, &filter, &frame),
                statement::page(&viewer, &filter, &frame, shape, None),
            ] {
                let plan = plan(&client, &statement).await;
                assert!(plan.contains("message_facts_by_time"), "{text}: {plan}");
                assert!(!plan.contains("Seq Scan on tickets"), "{text}: {plan}");
                assert!(!plan.contains("Seq Scan on message"), "{text}: {plan}");
            }
        }
    }
}
