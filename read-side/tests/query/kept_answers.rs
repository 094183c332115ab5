//! Answers of many rows that one process made and another gives out, while nothing moves.

use std::time::Duration;

use domain::actor::Role;
use domain::ids::{TeamId, UserId};
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use domain::ticket::state::Channel;
use fred::interfaces::ClientLike;
use fred::types::scripts::Script;
use platform::private::{Durability, PrivateServers, test_dir, test_servers};
use platform::rows::{Column, Counted, TeamRow, TicketRow};
use read_side::tickets::TicketFilter;
use read_side::{Options, Tenant, Viewer};
use serde_json::Value;

use crate::cache::{opened, persistent, rests_at, valkey};
use crate::desk::{Desk, Org};
use crate::rows::{id, organization, team, ticket};

const DAYS: &str = "from=2025-01-01&to=2025-02-01";
/// Tries until a busy machine has had time for Valkey.
const TRIES: i64 = 10;

/// So many of everything that reports count: `$1` is the partition, `$2` the organization, `$3` how many, `$4` a wait that was met.
const NUMBERS: [&str; 5] = [
    "INSERT INTO core.message_cells (partition, org_id, author_id, day, kind, team_id, count)
     SELECT $1, $2, 'ffffffff-ffff-ffff-ffff-ffffffffffff', date '2025-01-01', 2, '00000000-0000-0000-0000-000000000000', $3::integer
      WHERE $4::smallint IS NOT NULL",
    "INSERT INTO core.report_cells (partition, org_id, figure, cut, day, team_id, key, label, count, total, times)
     SELECT $1, $2, 1, cut, date '2025-01-01', '00000000-0000-0000-0000-000000000000', key, label, $3::integer, 0, ''
       FROM (VALUES (6, '00000000-0000-0000-0000-000000000000'::uuid, ''),
                    (7, '00000000-0000-0000-0000-000000000201', 'normal api'),
                    (8, '00000000-0000-0000-0000-00000000000a', '')) AS of_cut(cut, key, label)
      WHERE $4::smallint IS NOT NULL",
    "INSERT INTO core.report_cells (partition, org_id, figure, cut, day, team_id, key, label, count, total, times)
     SELECT $1, $2, $4::smallint, 11, date '2025-01-01', '00000000-0000-0000-0000-000000000000',
            '00000000-0000-0000-0000-000000000201', '', $3::integer, 0, ''",
    "INSERT INTO core.ticket_counts (partition, org_id, holder_id, team_id, priority, new_count, open_count, pending_count,
        on_hold_count, resolved_count, closed_count)
     SELECT $1, $2, holder, '00000000-0000-0000-0000-000000000000', 2, 0, $3::integer, 0, 0, 0, 0
       FROM unnest(ARRAY['00000000-0000-0000-0000-000000000000', 'ffffffff-ffff-ffff-ffff-ffffffffffff']::uuid[]) AS holder
      WHERE $4::smallint IS NOT NULL",
    "INSERT INTO core.ticket_facts (partition, org_id, ticket_id, version, number, status, priority, channel, requester_id,
        tags, opened_at, reopen_count, reassign_count, since_at, known_from)
     SELECT $1, $2, gen_random_uuid(), 1, n, 'open', 2, 'api', gen_random_uuid(), '{}', timestamptz '2025-01-01 12:00Z', 0, 0,
            timestamptz '2025-01-01 12:00Z', timestamptz '2025-01-01 12:00Z'
       FROM generate_series(1, $3::integer) AS n WHERE $4::smallint IS NOT NULL",
];
const TABLES: [&str; 4] = [
    "message_cells",
    "report_cells",
    "ticket_counts",
    "ticket_facts",
];

/// A question of every kind that is kept, and one about the past.
fn questions() -> [String; 7] {
    [
        format!("/reports/tickets?figure=opened&{DAYS}"),
        format!("/reports/tickets?figure=opened&{DAYS}&as_of=2025-03-01T00:00:00Z"),
        format!("/reports/tickets/hours?figure=opened&{DAYS}"),
        format!("/reports/messages?{DAYS}"),
        format!("/reports/workload?by=team&{DAYS}"),
        "/reports/sla?from=2025-01-01T00:00:00Z&to=2025-02-01T00:00:00Z".to_owned(),
        "/view-counts?queries=status:open".to_owned(),
    ]
}

/// Two processes over the same read models and one Valkey.
async fn processes(servers: &PrivateServers) -> (Desk, Desk) {
    let desk = Desk::open_with(valkey(servers).await, Options::default()).await;
    desk.insert(desk.ours.partition, &[organization(desk.ours, "Ours")])
        .await;
    let other = desk.beside(valkey(servers).await).await;
    tokio::join!(opened(desk), opened(other))
}

async fn rest_at(processes: &(Desk, Desk), position: i64) {
    tokio::join!(
        rests_at(&processes.0, position),
        rests_at(&processes.1, position)
    );
}

/// Lets there be so many of everything.
async fn count(desk: &Desk, count: i32) {
    let (partition, org) = (desk.ours.partition.get(), desk.ours.id.0);
    for table in TABLES {
        let none = format!("DELETE FROM core.{table} WHERE partition = $1 AND org_id = $2");
        desk.client
            .execute(&none, &[&partition, &org])
            .await
            .unwrap();
    }
    let met = Counted::Waits(Metric::ALL[0], Outcome::Met).parameter();
    for numbers in NUMBERS {
        desk.client
            .execute(numbers, &[&partition, &org, &count, &met])
            .await
            .unwrap();
    }
}

/// What an admin is told, who sees everything.
async fn told(desk: &Desk) -> Vec<Value> {
    let admin = desk.person(desk.ours, Role::Admin);
    let mut told = Vec::new();
    for path in questions() {
        told.push(desk.get(&admin, &path).await.ok());
    }
    told
}

/// The keys of the answers about ours that lie in Valkey.
async fn keys(desk: &Desk) -> Vec<String> {
    let pattern = format!("idk:*:answer:*:{}:*", desk.ours.id.0);
    let find = Script::from_lua("return redis.call('KEYS', ARGV[1])");
    let valkey = desk.cache.valkey();
    persistent(async || {
        let found = valkey.run_script(&find, Vec::new(), vec![pattern.clone()]);
        found.await
    })
    .await
}

#[tokio::test]
async fn what_one_process_told_another_tells_until_something_moves() {
    let processes = processes(test_servers().await.unwrap()).await;
    let (here, there) = &processes;
    let mut position = 10;
    let known = loop {
        assert!(position < 10 + TRIES, "some answers are made by each");
        count(here, 3).await;
        rest_at(&processes, position).await;
        let known = told(here).await;
        // Whoever looks into the tables now finds others.
        count(here, 5).await;
        if told(there).await == known {
            break known;
        }
        position += 1;
    };
    rest_at(&processes, position + 1).await;
    let told_here = told(here).await;
    assert_eq!(told(there).await, told_here);
    for ((path, before), after) in questions().iter().zip(known).zip(told_here) {
        assert_ne!(before, after, "{path}");
    }
}

#[tokio::test]
async fn an_answer_is_given_to_nobody_who_sees_less() {
    let processes = processes(test_servers().await.unwrap()).await;
    let (here, there) = &processes;
    let cleo = UserId(id(900));
    let vault = TeamRow {
        private: true,
        member_ids: vec![UserId(id(901))],
        ..team(here.ours, 950, "Vault")
    };
    let hidden = TicketRow {
        team_id: Some(TeamId(id(950))),
        ..ticket(here.ours, 4)
    };
    let of_another = TicketRow {
        requester_id: UserId(id(903)),
        ..ticket(here.ours, 3)
    };
    let partition = here.ours.partition;
    here.insert(partition, &[vault]).await;
    let tickets = [
        ticket(here.ours, 1),
        ticket(here.ours, 2),
        of_another,
        hidden,
    ];
    here.insert(partition, &tickets).await;
    // Not by sums, which are not written here.
    let mut filter = TicketFilter::default();
    filter.channels.push(Channel::Web);
    let filters = [filter];
    let counted = async |desk: &Desk, org: Org, role, user_id| {
        let tenant = Tenant {
            partition,
            org_id: event_store::OrgId(org.id.0),
        };
        let viewer = Viewer {
            tenant,
            user_id,
            role,
        };
        let counts = desk.models.ticket_counts(&viewer, &filters).await.unwrap();
        counts[0].tickets
    };
    let ours = here.ours;
    for position in 10.. {
        assert!(position < 10 + TRIES, "the answer does not come to Valkey");
        rest_at(&processes, position).await;
        let all = counted(here, ours, Role::Admin, UserId(id(1))).await;
        assert_eq!(all, 4);
        if !keys(here).await.is_empty() {
            break;
        }
    }
    for (org, role, user, count) in [
        (ours, Role::Customer, cleo, 3),
        (ours, Role::Customer, UserId(id(903)), 1),
        (ours, Role::Customer, UserId(id(901)), 0),
        (ours, Role::Agent, UserId(id(902)), 3),
        (ours, Role::Agent, UserId(id(901)), 4),
        (here.theirs, Role::Admin, UserId(id(1)), 0),
    ] {
        let told = counted(there, org, role, user).await;
        assert_eq!(told, count, "{role:?} {user:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_of_this_moment_is_none() {
    let processes = processes(test_servers().await.unwrap()).await;
    let (here, there) = &processes;
    let partition = here.ours.partition;
    here.insert(partition, &[ticket(here.ours, 1)]).await;
    let admin = here.person(here.ours, Role::Admin);
    let mut position = 10;
    let spoil = Script::from_lua("return redis.call('SET', KEYS[1], ARGV[1])");
    let of_before = |position: i64| {
        let position = position - 1;
        format!(r#"{{"position":{position},"row":[{{"tickets":77,"or_more":false}}]}}"#)
    };
    let no_answer =
        |position: i64| format!(r#"{{"position":{position},"row":[{{"tickets":77}}]}}"#);
    let broken = |_: i64| "{".to_owned();
    let spoilt: [&dyn Fn(i64) -> String; 3] = [&of_before, &no_answer, &broken];
    for text in spoilt {
        let path = "/view-counts?queries=channel:web";
        let key = loop {
            assert!(position < 10 + TRIES, "the answer does not come to Valkey");
            position += 1;
            rest_at(&processes, position).await;
            here.get(&admin, path).await.ok();
            if let [key] = keys(here).await.as_slice() {
                break key.clone();
            }
        };
        let text = text(position);
        persistent(async || {
            let values = (vec![key.clone()], vec![text.clone()]);
            let valkey = here.cache.valkey();
            valkey.run_script::<()>(&spoil, values.0, values.1).await
        })
        .await;
        let told = there.get(&admin, path).await.ok();
        assert_eq!(told["queries"][0]["tickets"], 1, "{text}");
    }
}

#[tokio::test]
async fn without_valkey_and_with_one_that_does_not_answer_the_numbers_are_told() {
    let servers = PrivateServers::start(&test_dir(), Durability::Test)
        .await
        .unwrap();
    let processes = processes(&servers).await;
    let (here, there) = &processes;
    count(here, 3).await;
    rest_at(&processes, 10).await;
    told(here).await;
    let pause = vec![
        "PAUSE".to_owned(),
        Duration::from_secs(600).as_millis().to_string(),
    ];
    let client = here.cache.valkey().client().unwrap();
    client
        .custom::<(), _>(fred::cmd!("CLIENT"), pause)
        .await
        .unwrap();
    count(here, 5).await;
    let silent = told(there).await;
    servers.kill_valkey().await.unwrap();
    assert_eq!(told(there).await, silent);
    assert_eq!(silent[0]["total"]["count"], 5);
}
