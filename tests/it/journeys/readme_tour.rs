//! The README's promise: one command starts everything, every line of the tour works as written, Ctrl-C stops it all.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::harness::{DEADLINE, eventually};

/// Bounds a start, which makes a database cluster the first time.
const START_DEADLINE: Duration = Duration::from_secs(120);
const STOP_DEADLINE: Duration = Duration::from_secs(30);
/// The last line that `up` prints before it serves.
const RUNNING: &str = "Ctrl-C stops everything.";

/// What the server says about itself, kept out of the way of the test's own output.
const LOG: &str = "up.log";

/// The shell lines between the fences of a document, from this line on.
pub(super) fn block_of(document: &str, from: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
    let text = fs::read_to_string(path).unwrap();
    let mut inside = false;
    let mut lines = Vec::new();
    for line in text.lines().skip_while(|line| *line != from) {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            line if inside => lines.push(line),
            _ => {}
        }
    }
    lines.join("\n")
}

/// A directory that the database's own user can reach.
pub(super) fn directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

pub(super) async fn up(directory: &Path) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_insightdesk"))
        .arg("up")
        .current_dir(directory)
        .env_remove("DATABASE_URL")
        .env_remove("VALKEY_URL")
        // A machine that does much else is slow, and no fault.
        .env("INSIGHTDESK_TOKEN_WAIT_MS", "20000")
        .env("INSIGHTDESK_REQUEST_DEADLINE_MS", "60000")
        .env("INSIGHTDESK_POOL_WAIT_TIMEOUT_MS", "60000")
        .stdout(Stdio::piped())
        .stderr(fs::File::create(directory.join(LOG)).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let greeted = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(RUNNING) {
                return true;
            }
        }
        false
    };
    assert!(
        timeout(START_DEADLINE, greeted).await.unwrap(),
        "it ended before it ran: {}",
        fs::read_to_string(directory.join(LOG)).unwrap()
    );
    // Read on, so that a full pipe never stops the server.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    child
}

pub(super) async fn interrupt(mut child: Child) {
    let id = child.id().unwrap().to_string();
    let sent = Command::new("kill")
        .args(["-INT", &id])
        .status()
        .await
        .unwrap();
    assert!(sent.success());
    let status = timeout(STOP_DEADLINE, child.wait()).await.unwrap().unwrap();
    assert!(status.success(), "{status}");
}

/// A refused request is a failure, unless it only reads: what was done a moment ago may not be shown yet. Who asks for the status
/// may be refused.
const CURL: &str = r#"
curl() {
    case " $* " in
        *' -w '*) command curl "$@" ;;
        *' -d '* | *' -X '*) command curl --fail-with-body "$@" ;;
        *) command curl --fail-with-body --retry 30 --retry-delay 1 --retry-all-errors "$@" ;;
    esac
    echo
}
"#;

/// Runs shell lines; what they print.
pub(super) async fn shell(directory: &Path, lines: &str) -> String {
    let script = format!("{CURL}{lines}\n");
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(directory)
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{printed}\n{complaints}");
    printed
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_works_as_written_and_a_second_start_finds_its_data() {
    let directory = directory();
    let first = up(directory.path()).await;
    let printed = shell(directory.path(), &block_of("README.md", "# InsightDesk")).await;
    assert!(
        printed.contains("Casey Customer opened the ticket"),
        "{printed}"
    );
    interrupt(first).await;
    let gone = shell(
        directory.path(),
        ". .insightdesk/tokens.env; if command curl -sS \"$API/organization\" 2>/dev/null; then echo still there; fi",
    )
    .await;
    assert_eq!(gone.trim(), "", "Ctrl-C stops everything");

    let second = up(directory.path()).await;
    let found = async || {
        let lines = ". .insightdesk/tokens.env\ncurl -sS \"$API/tickets?tag=fire\" -H \"Authorization: Bearer $AGENT_TOKEN\"";
        let found = shell(directory.path(), lines).await;
        if found.contains("My printer is on fire") {
            Ok(())
        } else {
            Err(found)
        }
    };
    eventually(found, DEADLINE).await;
    interrupt(second).await;
}
