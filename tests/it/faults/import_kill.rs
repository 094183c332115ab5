//! An import that is killed half-way, twice, and run again.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use super::Desk;
use crate::harness::{DEADLINE, eventually};

const INCIDENTS: usize = 4_000;

/// A log of many incidents: each is opened, assigned, resolved, and closed; every tenth is reopened before.
fn write_log(dir: &Path) -> PathBuf {
    let mut text = "number,incident_state,sys_mod_count,caller_id,opened_at,sys_updated_at,priority,assigned_to\n".to_owned();
    for number in 0..INCIDENTS {
        let (caller, agent) = (number % 37, number % 5);
        let mut row = |state: &str, count: u32, hour: u32| {
            text += &format!(
                "INC{number},{state},{count},{caller},1/3/2016 09:00,1/3/2016 {hour}:05,3,{agent}\n"
            );
        };
        row("New", 0, 9);
        row("Resolved", 1, 10);
        if number.is_multiple_of(10) {
            row("Active", 2, 11);
            row("Resolved", 3, 12);
        }
        row("Closed", 4, 13);
    }
    let path = dir.join("incidents.csv");
    std::fs::write(&path, text).unwrap();
    path
}

/// Kills it as soon as the log of events is so long.
async fn kill_at(desk: &Desk, mut import: Child, position: i64) {
    let look = async || match desk.node.store.head(desk.partition).await.unwrap() {
        head if head.get() >= position => Ok(()),
        head => Err(format!("position {head}")),
    };
    eventually(look, 4 * DEADLINE).await;
    assert!(
        import.try_wait().unwrap().is_none(),
        "the import was over before it could be killed"
    );
    import.kill().unwrap();
    import.wait().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_is_completed_by_running_it_again() {
    let desk = Desk::open().await;
    let log = write_log(desk.dir.path());
    let words = [
        "import",
        "servicenow-log",
        log.to_str().unwrap(),
        "--organization",
        "acme",
    ];
    for position in [500, 2_000] {
        let mut command = desk.binary.command(&words);
        let import = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        kill_at(&desk, import, position).await;
    }
    desk.binary.succeed(&words).await;

    let events = desk.log().await;
    let count = |event_type: &str| {
        events
            .iter()
            .filter(|event| event.event_type == event_type)
            .count()
    };
    assert_eq!(count("ticket.opened"), INCIDENTS);
    assert_eq!(count("ticket.closed"), INCIDENTS);
    assert_eq!(count("ticket.reopened"), INCIDENTS / 10);
    assert_eq!(count("ticket.resolved"), INCIDENTS + INCIDENTS / 10);
    assert_eq!(count("ticket.assigned"), INCIDENTS);
    // Six people are there before; 37 callers and 5 agents came.
    assert_eq!(count("user.created"), 6 + 37 + 5);

    let again = desk.binary.succeed(&words).await;
    assert!(again.contains("Nothing to import"), "{again}");
    assert_eq!(desk.log().await.len(), events.len());
    desk.is_sound().await;
}
