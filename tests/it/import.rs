//! The import of an incident log, on a real database.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::ids::OrganizationId;
use domain::text::{Name, Slug};
use event_store::{Position, RecordedEvent, verify};
use flate2::Compression;
use flate2::write::GzEncoder;
use indicatif::ProgressBar;
use insightdesk::import::{Import, Rejects, Summary};
use insightdesk::node::Node;
use platform::clock::SystemClock;
use std::io::Write;

use crate::harness::Database;

const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/incidents.csv");

struct Desk {
    node: Node,
    import: Import,
    dir: tempfile::TempDir,
    /// Last, so that it is dropped last.
    database: Database,
}

impl Desk {
    async fn open() -> Self {
        let database = Database::create().await;
        let node = Node::start(&database.config(), Arc::new(SystemClock))
            .await
            .unwrap();
        let (name, slug) = (Name::parse("Acme").unwrap(), Slug::parse("acme").unwrap());
        let organization_id: OrganizationId = node
            .dispatcher
            .create_organization(name, slug)
            .await
            .unwrap();
        let partition = node.dispatcher.partition(organization_id).await.unwrap();
        let import = Import {
            dispatcher: node.dispatcher.clone(),
            organization_id,
            partition,
        };
        Self {
            node,
            import,
            dir: tempfile::tempdir().unwrap(),
            database,
        }
    }

    fn rejects_path(&self) -> PathBuf {
        self.dir.path().join("rejects.csv")
    }

    async fn run(&self, log: &Path) -> Summary {
        let mut rejects = Rejects::at(self.rejects_path());
        let summary = self
            .import
            .run(log, &mut rejects, &ProgressBar::hidden())
            .await
            .unwrap();
        rejects.finish().unwrap();
        summary
    }

    async fn events(&self) -> Vec<RecordedEvent> {
        self.node
            .log()
            .read_partition(self.import.partition, Position::START, 1_000)
            .await
            .unwrap()
    }

    /// The events of the ticket that the log calls `number`: time of day, type.
    async fn told(&self, number: &str) -> Vec<(String, String)> {
        let events = self.events().await;
        let marker = format!(r#""id":"{number}""#);
        let opened = events
            .iter()
            .find(|event| event.data.contains(&marker))
            .unwrap()
            .stream_id;
        let of_ticket = events.into_iter().filter(|event| event.stream_id == opened);
        of_ticket
            .map(|event| {
                (
                    event.occurred_at.format("%d %H:%M").to_string(),
                    event.event_type,
                )
            })
            .collect()
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(at, what)| ((*at).to_owned(), (*what).to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_becomes_tickets_people_and_teams_and_its_bad_rows_are_told() {
    let desk = Desk::open().await;
    let summary = desk.run(Path::new(FIXTURE)).await;
    assert_eq!((summary.rows, summary.rejected_rows), (14, 4));
    assert_eq!((summary.tickets, summary.tickets_there), (3, 0));
    assert_eq!(
        (
            summary.tickets_reopened,
            summary.reopenings,
            summary.priority_changes
        ),
        (1, 1, 1)
    );
    assert_eq!(
        (summary.users, summary.teams, summary.caller_changes),
        (4, 1, 2)
    );
    let rejects = std::fs::read_to_string(desk.rejects_path()).unwrap();
    let told: Vec<_> = rejects
        .lines()
        .map(|line| line.split(',').take(2).collect::<Vec<_>>().join(","))
        .collect();
    let expected = [
        "line,reason",
        "8,\"sys_mod_count is \"\"one\"\"",
        "12,\"opened_at is \"\"32/3/2016 09:20\"\"",
        "14,number is missing",
        "15,\"it has 4 fields",
    ];
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_log_cannot_take_or_nobody_can_show_is_rejected_and_the_rest_goes_on() {
    let desk = Desk::open().await;
    let path = desk.dir.path().join("hard.csv");
    let header =
        "number,incident_state,sys_mod_count,opened_at,sys_updated_at,sys_updated_by,priority";
    let mut log = format!("{header}\n");
    let too_many = event_store::append::EVENTS_MAX + 1;
    for count in 0..too_many {
        let priority = 1 + count % 2;
        log += &format!("long,New,{count},1/3/2016 09:00,1/3/2016 09:00,ana,{priority}\n");
    }
    log += "nul,New,0,1/3/2016 09:00,1/3/2016 09:00,a\0na,1\n";
    log += "early,New,0,1/1/-5000 09:00,1/3/2016 09:00,ana,1\n";
    log += "good,New,0,1/3/2016 09:00,1/3/2016 09:00,ana,1\n";
    std::fs::write(&path, log).unwrap();
    let summary = desk.run(&path).await;
    assert_eq!(summary.tickets, 1);
    assert_eq!(summary.rejected_rows, too_many as u64 + 2);
    let rejects = std::fs::read_to_string(desk.rejects_path()).unwrap();
    assert!(rejects.contains("incident long was refused"));
    assert!(rejects.contains("sys_updated_by must not contain control characters"));
    let shown = desk.events().await;
    assert!(
        shown
            .iter()
            .all(|event| !event.metadata.contains("\\u0000"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_becomes_its_differences_at_its_own_time() {
    let desk = Desk::open().await;
    desk.run(Path::new(FIXTURE)).await;
    let expected = [
        ("01 09:00", "ticket.opened"),
        ("01 10:00", "ticket.priority_changed"),
        ("01 10:00", "ticket.assigned"),
        ("01 10:00", "ticket.status_changed"),
        ("01 11:00", "ticket.status_changed"),
        ("01 12:00", "ticket.resolved"),
        ("02 08:00", "ticket.assigned"),
        ("02 08:00", "ticket.reopened"),
        ("02 09:00", "ticket.closed"),
    ];
    assert_eq!(desk.told("INC01").await, pairs(&expected));
    assert_eq!(
        desk.told("INC03").await,
        pairs(&[("01 09:20", "ticket.opened")])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_events_say_so_and_promise_nothing() {
    let desk = Desk::open().await;
    desk.run(Path::new(FIXTURE)).await;
    let events = desk.events().await;
    let imported: Vec<_> = events
        .iter()
        .filter(|event| !event.event_type.starts_with("organization."))
        .collect();
    assert!(imported.iter().all(|event| {
        event
            .metadata
            .contains(r#""kind":"import","source":"servicenow-log""#)
    }));
    assert!(
        imported
            .iter()
            .all(|event| !event.data.contains("sla_targets")
                && !event.data.contains("auto_close_at"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_imports_nothing_and_says_so() {
    let desk = Desk::open().await;
    desk.run(Path::new(FIXTURE)).await;
    let before = desk.events().await.len();
    let again = desk.run(Path::new(FIXTURE)).await;
    assert!(again.is_nothing_new());
    assert_eq!(
        (again.tickets, again.tickets_there, again.events),
        (0, 3, 0)
    );
    assert_eq!(desk.events().await.len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_at_once_make_nothing_twice() {
    let desk = Desk::open().await;
    let other = Node::start(&desk.database.config(), Arc::new(SystemClock))
        .await
        .unwrap();
    let there = Import {
        dispatcher: other.dispatcher.clone(),
        ..desk.import.clone()
    };
    let log = many_incidents(desk.dir.path(), 300);
    let (mut first, mut second) = (
        Rejects::at(desk.dir.path().join("1")),
        Rejects::at(desk.dir.path().join("2")),
    );
    let bar = ProgressBar::hidden();
    let (here, there) = tokio::join!(
        desk.import.run(&log, &mut first, &bar),
        there.run(&log, &mut second, &bar)
    );
    let (here, there) = (here.unwrap(), there.unwrap());
    assert_eq!(here.tickets + there.tickets, 300);
    assert_eq!(here.tickets_there + there.tickets_there, 300);
    assert_eq!((here.rejected_rows, there.rejected_rows), (0, 0));
    let report = verify::verify(&desk.node.log(), &[desk.import.partition], |_| {})
        .await
        .unwrap();
    assert_eq!(report.faults().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_import_goes_on_where_it_stopped() {
    let desk = Desk::open().await;
    let part = many_incidents(desk.dir.path(), 100);
    desk.run(&part).await;
    let whole = many_incidents(desk.dir.path(), 250);
    let rest = desk.run(&whole).await;
    assert_eq!((rest.tickets, rest.tickets_there), (150, 100));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_compressed_log_is_read_whatever_its_name() {
    let desk = Desk::open().await;
    let path = desk.dir.path().join("log");
    let mut file = GzEncoder::new(std::fs::File::create(&path).unwrap(), Compression::fast());
    file.write_all(&std::fs::read(FIXTURE).unwrap()).unwrap();
    file.finish().unwrap();
    assert_eq!(desk.run(&path).await.tickets, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_follow_the_order_of_the_log() {
    let desk = Desk::open().await;
    desk.run(&many_incidents(desk.dir.path(), 100)).await;
    let events = desk.events().await;
    let opened = events
        .iter()
        .filter(|event| event.event_type == "ticket.opened");
    let numbers: Vec<_> = opened.map(|event| number_of(&event.data)).collect();
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
}

fn number_of(data: &str) -> usize {
    let opened: serde_json::Value = serde_json::from_str(data).unwrap();
    opened["external"]["id"].as_str().unwrap().parse().unwrap()
}

/// A log of `count` incidents with two rows each.
fn many_incidents(dir: &Path, count: usize) -> PathBuf {
    let mut text = "number,incident_state,sys_mod_count,caller_id,opened_at,sys_updated_at,priority,assigned_to\n".to_owned();
    for number in 0..count {
        let (caller, agent) = (number % 17, number % 5);
        text += &format!("{number},New,0,{caller},1/3/2016 09:00,1/3/2016 09:05,3,?\n");
        text += &format!("{number},Closed,1,{caller},1/3/2016 09:00,1/3/2016 10:05,3,{agent}\n");
    }
    let path = dir.join(format!("{count}.csv"));
    std::fs::write(&path, text).unwrap();
    path
}
