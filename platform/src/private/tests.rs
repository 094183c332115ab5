#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};

use tokio::time::Instant;
use tokio_postgres::{Client, NoTls};

use super::*;
use crate::valkey::Valkey;

const DEADLINE: Duration = Duration::from_secs(60);
/// Tells the helper process where to start its servers.
const HELPER_DIR: &str = "INSIGHTDESK_PRIVATE_TEST_DIR";
const HELPER_DURABILITY: &str = "INSIGHTDESK_PRIVATE_TEST_DURABILITY";

/// A directory that is removed at the end of a test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        Self(test_dir())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within {DEADLINE:?}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

/// Whether any process works below `dir`.
fn has_server_below(dir: &Path) -> bool {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes.filter_map(Result::ok).any(|process| {
        std::fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(dir))
    })
}

#[tokio::test]
async fn data_survives_a_restart_and_nothing_keeps_running_after_a_stop() {
    let scratch = Scratch::new();
    let servers = PrivateServers::start(&scratch.0, Durability::Full)
        .await
        .unwrap();
    let client = connect(&servers.owner_url_of(DATABASE)).await;
    let stored = "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)";
    client.batch_execute(stored).await.unwrap();
    servers.stop().await.unwrap();
    assert!(!has_server_below(servers.data_dir()));

    let again = PrivateServers::start(&scratch.0, Durability::Full)
        .await
        .unwrap();
    let client = connect(&again.owner_url_of(DATABASE)).await;
    let row = client.query_one("SELECT n FROM kept", &[]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 7);
    again.stop().await.unwrap();
}

#[tokio::test]
async fn a_directory_in_use_is_refused() {
    let scratch = Scratch::new();
    let servers = PrivateServers::start(&scratch.0, Durability::Full)
        .await
        .unwrap();
    let second = PrivateServers::start(&scratch.0, Durability::Full).await;
    assert!(
        matches!(second, Err(PrivateError::AlreadyRunning { .. })),
        "{second:?}"
    );
    servers.stop().await.unwrap();
}

#[tokio::test]
async fn only_the_owner_may_read_what_is_published() {
    use std::os::unix::fs::PermissionsExt;

    let scratch = Scratch::new();
    let servers = PrivateServers::start(&scratch.0, Durability::Full)
        .await
        .unwrap();
    for name in ["database-url", "valkey-url", "owner"] {
        let mode = scratch
            .0
            .join(name)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let home = servers.data_dir().join("postgres").metadata().unwrap();
    assert_eq!(home.permissions().mode() & 0o777, 0o700);
    servers.stop().await.unwrap();
}

#[tokio::test]
async fn loopback_asks_for_the_password() {
    let servers = test_servers().await.unwrap();
    let url = servers.database_url();
    let port = url.split("port=").nth(1).unwrap();
    let open = format!("postgresql://{DATABASE}@127.0.0.1:{port}/{DATABASE}");
    assert!(tokio_postgres::connect(&open, NoTls).await.is_err());
}

#[tokio::test]
async fn a_killed_postgres_comes_back_with_its_data() {
    let scratch = Scratch::new();
    let servers = PrivateServers::start(&scratch.0, Durability::Full)
        .await
        .unwrap();
    let client = connect(&servers.owner_url_of(DATABASE)).await;
    let stored = "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)";
    client.batch_execute(stored).await.unwrap();
    servers.kill_postgres().await.unwrap();
    assert!(client.simple_query("SELECT 1").await.is_err());

    servers.start_postgres().await.unwrap();
    let client = connect(&servers.owner_url_of(DATABASE)).await;
    let row = client.query_one("SELECT n FROM kept", &[]).await.unwrap();
    assert_eq!(row.get::<_, i32>(0), 7);
    servers.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_is_copied_from_its_template_and_dropped_with_its_sessions() {
    let servers = test_servers().await.unwrap();
    servers.create_database("copy_source").await.unwrap();
    let client = connect(&servers.owner_url_of("copy_source")).await;
    client
        .batch_execute("CREATE TABLE copied (n int)")
        .await
        .unwrap();
    drop(client);

    let copy = copy_when_free(servers, "copy_target", "copy_source").await;
    assert_eq!(copy, servers.database_url_of("copy_target"));
    let client = connect(&servers.owner_url_of("copy_target")).await;
    client.simple_query("SELECT n FROM copied").await.unwrap();
    servers.drop_database("copy_target").await.unwrap();
    assert!(!servers.has_database("copy_target").await.unwrap());
    assert!(client.simple_query("SELECT 1").await.is_err());
    servers.drop_database("copy_target").await.unwrap();
}

/// The session that filled the template ends a moment after its client was dropped.
async fn copy_when_free(servers: &PrivateServers, name: &str, template: &str) -> String {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match servers.create_database_from_template(name, template).await {
            Ok(url) => return url,
            Err(error) => assert!(Instant::now() < deadline, "{error:?}"),
        }
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}

#[tokio::test]
async fn a_name_that_needs_quoting_is_refused() {
    let servers = test_servers().await.unwrap();
    for name in ["", "1a", "a-b", "a\"; DROP DATABASE postgres", "Upper"] {
        let refused = servers.create_database(name).await;
        assert!(matches!(refused, Err(PrivateError::Name(_))), "{name:?}");
    }
}

#[tokio::test]
async fn the_role_of_the_product_is_no_superuser() {
    let servers = test_servers().await.unwrap();
    let client = connect(&servers.owner_url_of(DATABASE)).await;
    let row = client
        .query_one("SELECT current_setting('is_superuser')", &[])
        .await;
    assert_eq!(row.unwrap().get::<_, &str>(0), "off");
}

#[tokio::test]
async fn the_servers_die_with_a_killed_parent_and_tests_leave_nothing() {
    let scratch = Scratch::new();
    let parent = Helper::start(&scratch.0, Durability::Test);
    let dir = scratch.0.clone();
    until("both servers run", || has_servers_in(&dir)).await;

    drop(parent);
    until("the servers end", || !has_server_below(&dir)).await;
    until("the data is removed", || !dir.exists()).await;
}

#[tokio::test]
async fn servers_that_were_left_running_are_stopped_before_a_start() {
    let scratch = Scratch::new();
    let parent = Helper::start(&scratch.0, Durability::Full);
    let dir = scratch.0.clone();
    until("both servers run", || has_servers_in(&dir)).await;
    let left = [
        dir.join("postgres/data/postmaster.pid"),
        dir.join("valkey/valkey.pid"),
    ];
    let left = left.map(|file| std::fs::read_to_string(file).unwrap());
    let left = left.map(|text| text.lines().next().unwrap().to_owned());
    kill_watchdogs(&dir);
    drop(parent);
    assert!(left.iter().all(|pid| is_running(pid)));

    let servers = PrivateServers::start(&dir, Durability::Full).await.unwrap();
    assert!(!left.iter().any(|pid| is_running(pid)));
    connect(&servers.owner_url_of(DATABASE)).await;
    servers.stop().await.unwrap();
}

/// Whether a process works; one that has ended and was not yet waited for has no directory.
fn is_running(pid: &str) -> bool {
    std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok()
}

/// A process that starts servers and keeps them until it is dropped, which kills it.
struct Helper(Child);

impl Helper {
    fn start(dir: &Path, durability: Durability) -> Self {
        let helper = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "private::tests::keeps_servers_for_another_test",
                "--ignored",
            ])
            .env(HELPER_DIR, dir)
            .env(HELPER_DURABILITY, format!("{durability:?}"))
            .stdout(Stdio::null())
            .spawn();
        Self(helper.unwrap())
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Whether somebody listens on a PostgreSQL socket below `dir` and Valkey has written its id.
fn has_servers_in(dir: &Path) -> bool {
    let entries = std::fs::read_dir(dir.join("postgres"))
        .into_iter()
        .flatten();
    let listens = entries
        .filter_map(Result::ok)
        .any(|entry| UnixStream::connect(entry.path()).is_ok());
    let valkey = std::fs::read_to_string(dir.join("valkey/valkey.pid"));
    listens && valkey.is_ok_and(|pid| !pid.trim().is_empty())
}

/// Kills the watchdogs of the servers below `dir`, so that nothing stops these.
fn kill_watchdogs(dir: &Path) {
    let processes = std::fs::read_dir("/proc").unwrap();
    for process in processes.filter_map(Result::ok) {
        let cwd = std::fs::read_link(process.path().join("cwd")).unwrap_or_default();
        let command = std::fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        if cwd.starts_with(dir) && command.contains("insightdesk-watchdog") {
            let pid = process.file_name();
            let killed = Command::new("/bin/sh")
                .args(["-c", "kill -9 \"$0\""])
                .arg(pid)
                .status();
            killed.unwrap();
        }
    }
}

#[tokio::test]
#[ignore = "run by another test, as the process that is killed"]
async fn keeps_servers_for_another_test() {
    let dir = std::env::var_os(HELPER_DIR).expect("set by the other test");
    let durability = match std::env::var(HELPER_DURABILITY).as_deref() {
        Ok("Full") => Durability::Full,
        _ => Durability::Test,
    };
    let _servers = PrivateServers::start(Path::new(&dir), durability)
        .await
        .unwrap();
    std::future::pending::<()>().await;
}

/// Asks Valkey until it answers: a machine that stood still for a moment loses an answer.
async fn persistent<T, E: std::fmt::Debug>(mut ask: impl AsyncFnMut() -> Result<T, E>) -> T {
    let begun = std::time::Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return answer,
            Err(error) => assert!(begun.elapsed() < DEADLINE, "{error:?}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_client_survives_the_loss_of_valkey_and_counts_it() {
    let scratch = Scratch::new();
    let servers = PrivateServers::start(&scratch.0, Durability::Test)
        .await
        .unwrap();
    let valkey = Valkey::connect(servers.valkey_url(), None).unwrap();
    tokio::time::timeout(DEADLINE, valkey.connected())
        .await
        .unwrap();
    let minute = Duration::from_secs(60);
    persistent(async || valkey.set("k", "v".into(), minute).await).await;
    assert_eq!(
        persistent(async || valkey.get("k").await).await.unwrap(),
        "v"
    );
    let losses_before = *valkey.connection_losses().borrow();

    servers.kill_valkey().await.unwrap();
    until("the loss is noticed", || !valkey.is_connected()).await;
    let refused = valkey.get("k").await;
    assert!(
        matches!(refused, Err(crate::valkey::ValkeyError::Unavailable)),
        "{refused:?}"
    );

    servers.start_valkey().await.unwrap();
    tokio::time::timeout(DEADLINE, valkey.connected())
        .await
        .unwrap();
    until("commands work", || valkey.is_connected()).await;
    assert!(*valkey.connection_losses().borrow() > losses_before);
    assert_eq!(persistent(async || valkey.get("k").await).await, None);
    servers.stop().await.unwrap();
}

#[tokio::test]
async fn connecting_does_not_wait_for_valkey() {
    let valkey = Valkey::connect("valkey://127.0.0.1:1", None).unwrap();
    assert!(!valkey.is_connected());
    assert!(valkey.get("k").await.is_err());
}

#[tokio::test]
async fn a_forgotten_script_is_loaded_again() {
    let servers = test_servers().await.unwrap();
    let valkey = Valkey::connect(servers.valkey_url(), None).unwrap();
    tokio::time::timeout(DEADLINE, valkey.connected())
        .await
        .unwrap();
    until("commands work", || valkey.is_connected()).await;
    let script = fred::types::scripts::Script::from_lua("return {KEYS[1], ARGV[1]}");
    let run = async || -> Result<Vec<String>, _> {
        let (keys, arguments) = (vec!["k".to_owned()], vec!["a".to_owned()]);
        valkey.run_script(&script, keys, arguments).await
    };
    let answer = persistent(run).await;
    assert_eq!(answer, ["k", "a"]);
}
