//! Reports over sums and facts that the tests write: how large a report may be, and what filters mean.

use chrono::{SecondsFormat, Utc};
use domain::actor::Role;
use serde_json::Value;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::answer::Answer;
use crate::desk::Desk;
use crate::rows::organization;

const DAYS: &str = "from=2025-01-01&to=2026-02-05";
/// As many periods as a report has.
const DAYS_COUNT: u64 = 400;
const KINDS: [&str; 3] = ["public_replies", "customer_messages", "internal_notes"];

/// Messages of every kind on every day, once as sums and once as facts: `$1` is the partition, `$2` the organization, `$3` how
/// many teams there are.
const MESSAGES_OF_TEAMS: [&str; 2] = [
    "INSERT INTO core.message_cells (partition, org_id, author_id, day, kind, team_id, count)
     SELECT $1, $2, 'ffffffff-ffff-ffff-ffff-ffffffffffff', date '2025-01-01' + d, k, lpad(t::text, 32, '0')::uuid, 1
       FROM generate_series(1, $3::integer) AS t, generate_series(0, 399) AS d, generate_series(1, 3) AS k",
    "INSERT INTO core.message_facts (partition, org_id, message_id, ticket_id, kind, author_id, team_id, written_at, known_from)
     SELECT $1, $2, gen_random_uuid(), gen_random_uuid(), k, gen_random_uuid(), lpad(t::text, 32, '0')::uuid,
            timestamptz '2025-01-01 12:00Z' + d * interval '1 day', timestamptz '2025-01-01 00:00Z'
       FROM generate_series(1, $3::integer) AS t, generate_series(0, 399) AS d, generate_series(1, 3) AS k",
];
/// Replies and notes of so many agents.
const MESSAGES_OF_AGENTS: &str =
    "INSERT INTO core.message_cells (partition, org_id, author_id, day, kind, team_id, count)
     SELECT $1, $2, lpad(a::text, 32, '0')::uuid, date '2025-01-01', k, '00000000-0000-0000-0000-000000000000', 1
       FROM generate_series(1, $3::integer) AS a, unnest(ARRAY[1, 3]) AS k";
/// A team more on one day.
const ONE_MORE: [&str; 2] = [
    "INSERT INTO core.message_cells (partition, org_id, author_id, day, kind, team_id, count)
     VALUES ($1, $2, 'ffffffff-ffff-ffff-ffff-ffffffffffff', date '2025-01-01', 1, gen_random_uuid(), 1)",
    "INSERT INTO core.message_facts (partition, org_id, message_id, ticket_id, kind, author_id, team_id, written_at, known_from)
     VALUES ($1, $2, gen_random_uuid(), gen_random_uuid(), 1, gen_random_uuid(), gen_random_uuid(),
             timestamptz '2025-01-01 12:00Z', timestamptz '2025-01-01 00:00Z')",
];

/// Reports need the organization, whose days are counted.
async fn desk() -> Desk {
    let desk = Desk::open().await;
    let row = organization(desk.ours, "Ours");
    desk.insert(desk.ours.partition, &[row]).await;
    desk
}

async fn write(desk: &Desk, statement: &str, more: &[&(dyn ToSql + Sync)]) {
    let (partition, org) = (desk.ours.partition.get(), desk.ours.id.0);
    let own: [&(dyn ToSql + Sync); 2] = [&partition, &org];
    let values = [&own, more].concat();
    desk.client.execute(statement, &values).await.unwrap();
}

/// Asks as somebody who asks for the first time: nobody is given an answer that was kept.
async fn ask(desk: &Desk, path: &str) -> Answer {
    let admin = desk.person(desk.ours, Role::Admin);
    desk.get(&admin, path).await
}

fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn sums<'a>(numbers: impl Iterator<Item = &'a Value>) -> [u64; 3] {
    let mut sums = [0; 3];
    for numbers in numbers {
        for (sum, kind) in sums.iter_mut().zip(KINDS) {
            *sum += numbers[kind].as_u64().unwrap();
        }
    }
    sums
}

#[tokio::test]
async fn a_report_of_messages_is_whole_up_to_its_most_groups_and_refused_beyond() {
    let desk = desk().await;
    let path = format!("/reports/messages?{DAYS}&group=day&split=team");
    let paths = [path.clone(), format!("{path}&as_of={}", now())];
    for ((path, many), more) in paths.iter().zip(MESSAGES_OF_TEAMS).zip(ONE_MORE) {
        write(&desk, many, &[&25]).await;
        let report = ask(&desk, path).await.ok();
        let groups = report["groups"].as_array().unwrap();
        assert_eq!(groups.len() as u64, 25 * DAYS_COUNT);
        let of_groups = sums(groups.iter().map(|group| &group["numbers"]));
        assert_eq!(of_groups, [25 * DAYS_COUNT; 3], "{path}");
        assert_eq!(sums([&report["total"]].into_iter()), of_groups, "{path}");
        write(&desk, more, &[]).await;
        ask(&desk, path).await.bad("split");
    }
}

#[tokio::test]
async fn the_work_of_agents_is_told_of_all_of_them_or_refused() {
    let desk = desk().await;
    let path = format!("/reports/workload?{DAYS}&by=agent");
    write(&desk, MESSAGES_OF_AGENTS, &[&6_000]).await;
    let workload = ask(&desk, &path).await.ok();
    let workers = workload["workers"].as_array().unwrap();
    let written = sums(workers.iter().map(|worker| &worker["messages"]));
    assert_eq!((workers.len(), written), (6_000, [6_000, 0, 6_000]));
    let none = "DELETE FROM core.message_cells WHERE partition = $1 AND org_id = $2";
    write(&desk, none, &[]).await;
    write(&desk, MESSAGES_OF_AGENTS, &[&10_001]).await;
    ask(&desk, &path).await.bad("split");
}

/// What the sums know of nobody and of everybody: a message and an open ticket of either.
const SUMS_OF_NOBODY: [&str; 3] = [
    "INSERT INTO core.message_cells (partition, org_id, author_id, day, kind, team_id, count)
     SELECT $1, $2, author, date '2025-01-01', 2, '00000000-0000-0000-0000-000000000000', 1
       FROM unnest(ARRAY['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']::uuid[]) AS author",
    "INSERT INTO core.report_cells (partition, org_id, figure, cut, day, team_id, key, label, count, total, times)
     SELECT $1, $2, 1, cut, date '2025-01-01', '00000000-0000-0000-0000-000000000000', key, label, 1, 0, ''
       FROM (VALUES (3, '00000000-0000-0000-0000-000000000000'::uuid, ''),
                    (6, '00000000-0000-0000-0000-000000000000', ''),
                    (7, '00000000-0000-0000-0000-000000000201', 'normal api'),
                    (9, '00000000-0000-0000-0000-000000000000', '')) AS of_cut(cut, key, label)",
    "INSERT INTO core.ticket_counts (partition, org_id, holder_id, team_id, priority, new_count, open_count, pending_count,
        on_hold_count, resolved_count, closed_count)
     SELECT $1, $2, holder, '00000000-0000-0000-0000-000000000000', 2, 1, 0, 0, 0, 0, 0
       FROM unnest(ARRAY['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']::uuid[]) AS holder",
];

#[tokio::test]
async fn an_id_that_sums_use_for_nobody_or_for_everybody_is_no_one() {
    let desk = desk().await;
    for statement in SUMS_OF_NOBODY {
        write(&desk, statement, &[]).await;
    }
    let messages = async |condition: &str| {
        let path = format!("/reports/messages?{DAYS}{condition}");
        let report = ask(&desk, &path).await.ok();
        sums([&report["total"]].into_iter()).iter().sum::<u64>()
    };
    let tickets = async |condition: &str| {
        let path = format!("/reports/tickets?figure=opened&{DAYS}{condition}");
        ask(&desk, &path).await.ok()["total"]["count"].clone()
    };
    let held = async |condition: &str| {
        let path = format!("/reports/workload?by=team&{DAYS}{condition}");
        let workload = ask(&desk, &path).await.ok();
        workload["workers"].as_array().unwrap().len()
    };
    assert_eq!((messages("").await, messages("&team=none").await), (1, 1));
    assert_eq!((tickets("").await, held("&team=none").await), (1.into(), 1));
    assert_eq!(tickets("&agent=none").await, 1);
    assert_eq!(tickets("&team=none").await, 1);
    for id in [Uuid::nil(), Uuid::max()] {
        for field in ["agent", "team"] {
            let condition = format!("&{field}={id}");
            assert_eq!(messages(&condition).await, 0, "{condition}");
            assert_eq!(tickets(&condition).await, 0, "{condition}");
        }
        assert_eq!(held(&format!("&team={id}")).await, 0, "{id}");
    }
}

/// An open ticket of low priority and a closed one of normal, as facts and as sums.
const TICKETS: [&str; 2] = [
    "INSERT INTO core.ticket_facts (partition, org_id, ticket_id, version, number, status, priority, channel, requester_id,
        tags, opened_at, reopen_count, reassign_count, since_at, known_from)
     SELECT $1, $2, gen_random_uuid(), 1, n, status, n, 'api', gen_random_uuid(), '{}', timestamptz '2025-01-01 12:00Z', 0, 0,
            timestamptz '2025-01-01 12:00Z', timestamptz '2025-01-01 12:00Z'
       FROM (VALUES (1, 'open'), (2, 'closed')) AS ticket(n, status)",
    "INSERT INTO core.report_cells (partition, org_id, figure, cut, day, team_id, key, label, count, total, times)
     SELECT $1, $2, 1, 7, date '2025-01-01', '00000000-0000-0000-0000-000000000000', lpad(n || '01', 32, '0')::uuid,
            label || ' api', 1, 0, ''
       FROM (VALUES (1, 'low'), (2, 'normal')) AS priority(n, label)",
];

#[tokio::test]
async fn a_condition_that_is_repeated_is_the_same_condition() {
    let desk = desk().await;
    for statement in TICKETS {
        write(&desk, statement, &[]).await;
    }
    for (query, parameter) in [
        ("status:open", "&status=open"),
        ("priority:low", "&priority=low"),
        ("-status:closed", "&status=open"),
    ] {
        for times in [1, 4, 6] {
            let conditions = format!("&query={query}{}", parameter.repeat(times));
            for kind in ["", "/counted", "/hours"] {
                let path = format!("/reports/tickets{kind}?figure=opened&{DAYS}{conditions}");
                let told = ask(&desk, &path).await.ok();
                let count = match kind {
                    "" => told["total"]["count"].as_u64().unwrap(),
                    "/counted" => told["items"].as_array().unwrap().len() as u64,
                    _ => {
                        let days = told["weekdays"].as_array().unwrap().iter();
                        let hours = days.flat_map(|day| day.as_array().unwrap());
                        hours.map(|count| count.as_u64().unwrap()).sum()
                    }
                };
                assert_eq!(count, 1, "{path}");
            }
        }
    }
}
