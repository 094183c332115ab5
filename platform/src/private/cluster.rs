//! The private PostgreSQL cluster.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;
use tokio_postgres::NoTls;

use super::account::Account;
use super::databases::{ROLE, SUPERUSER};
use super::place::{Place, random_password, write_private};
use super::port::free_port;
use super::watchdog::{Server, Watched, clean_environment, removal};
use super::{Durability, POLL_INTERVAL, PrivateError, START_DEADLINE, binaries};

const NAME: &str = "PostgreSQL";
const USUAL_PORT: u16 = 5432;
/// A port can be taken between choosing and using it, and after a kill the sessions of the
/// old postmaster take a moment to end.
const START_ATTEMPTS: u32 = 3;
const RETRY_DELAY: Duration = Duration::from_millis(500);
const LEFTOVER_STOP_TIMEOUT_S: &str = "30";
/// The longest name of a socket: `.s.PGSQL.65535`, and `.lock` after it.
const LONGEST_SOCKET_NAME: usize = 19;

const SETTINGS: [&str; 15] = [
    "listen_addresses=127.0.0.1",
    "max_connections=200",
    "max_wal_size=4GB",
    "min_wal_size=512MB",
    "checkpoint_timeout=15min",
    "checkpoint_completion_target=0.9",
    "wal_compression=on",
    // No replica is served from here.
    "wal_level=minimal",
    "max_wal_senders=0",
    "random_page_cost=1.1",
    // Compiling costs more than these statements run.
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_line_prefix=%m [%p] %a ",
    "cluster_name=insightdesk",
];
/// A search reads some thousand pages wherever they lie: from this memory they come ten times as fast as from the kernel's.
const FULL_SETTINGS: [&str; 2] = ["shared_buffers=1GB", "fsync=on"];
/// So many pages are asked for before they are needed. PostgreSQL can do so on Linux alone, and refuses the setting elsewhere.
#[cfg(target_os = "linux")]
const READ_AHEAD: &[&str] = &["effective_io_concurrency=64"];
#[cfg(not(target_os = "linux"))]
const READ_AHEAD: &[&str] = &[];
const TEST_SETTINGS: [&str; 5] = [
    "shared_buffers=128MB",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    // Tests of plans and costs make their statistics themselves, and nothing is to change them in between.
    "autovacuum=off",
];

/// The cluster, running or not.
#[derive(Debug)]
pub(super) struct Cluster {
    account: Account,
    durability: Durability,
    bin: PathBuf,
    base: PathBuf,
    home: PathBuf,
    data: PathBuf,
    socket_dir: PathBuf,
    /// Chosen at the first start, then kept: it is part of the URL.
    port: Option<u16>,
    running: Option<Watched>,
}

impl Cluster {
    /// Prepares a cluster in `place`; nothing is started yet.
    pub(super) fn new(place: &Place) -> Result<Self, PrivateError> {
        let home = place.home("postgres")?;
        let data = home.join("data");
        Ok(Self {
            account: place.account,
            durability: place.durability,
            bin: binaries::postgres_dir(data_version(&data))?,
            base: place.base().to_path_buf(),
            socket_dir: place.socket_dir(&home, LONGEST_SOCKET_NAME)?,
            data,
            home,
            port: None,
            running: None,
        })
    }

    /// The URL of our role, with `{database}` for the name of the database.
    pub(super) fn url_base(&self) -> String {
        self.url(ROLE, "{database}")
    }

    /// Starts the server unless it runs, and waits until it answers.
    pub(super) async fn start(&mut self) -> Result<(), PrivateError> {
        if self
            .running
            .as_mut()
            .is_some_and(|running| !running.has_ended())
        {
            return Ok(());
        }
        self.running = None;
        if !self.data.exists() {
            self.initialize().await?;
        }
        self.stop_leftover().await?;
        let mut attempt = 1;
        loop {
            let error = match self.start_once().await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if attempt == START_ATTEMPTS || matches!(error, PrivateError::Deadline { .. }) {
                return Err(error);
            }
            tracing::warn!(%error, attempt, "PostgreSQL did not start; trying again");
            attempt += 1;
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }

    /// Stops the server if it runs.
    pub(super) async fn stop(&mut self) -> Result<(), PrivateError> {
        match self.running.take() {
            Some(running) => running.stop().await,
            None => Ok(()),
        }
    }

    /// Kills the server if it runs.
    pub(super) async fn kill(&mut self) -> Result<(), PrivateError> {
        match self.running.take() {
            Some(running) => running.kill().await,
            None => Ok(()),
        }
    }

    fn url(&self, user: &str, database: &str) -> String {
        let port = self.port.unwrap_or(USUAL_PORT);
        let socket_dir = self.socket_dir.display();
        format!("postgresql://{user}@/{database}?host={socket_dir}&port={port}")
    }

    async fn start_once(&mut self) -> Result<(), PrivateError> {
        let (port, is_new) = match self.port {
            Some(port) => (port, false),
            None => {
                let usual = (self.durability == Durability::Full).then_some(USUAL_PORT);
                let port =
                    free_port(usual).map_err(PrivateError::file("bind a port for", &self.home))?;
                (port, true)
            }
        };
        let mut watched = Watched::start(&Server {
            name: NAME,
            program: &self.bin.join("postgres"),
            arguments: self.arguments(port),
            stop_signal: "INT",
            home: &self.home,
            account: self.account,
            remove: removal(&self.base, self.durability),
        })?;
        self.port = Some(port);
        let ready = self.wait_until_ready(&mut watched).await;
        if ready.is_err() && is_new {
            self.port = None;
        }
        ready?;
        self.running = Some(watched);
        Ok(())
    }

    fn arguments(&self, port: u16) -> Vec<String> {
        let path = |path: &Path| path.display().to_string();
        let mut arguments = vec!["-D".to_owned(), path(&self.data)];
        arguments.extend(["-k".to_owned(), path(&self.socket_dir)]);
        arguments.extend(["-p".to_owned(), port.to_string()]);
        let (more, read_ahead): (&[&str], &[&str]) = match self.durability {
            Durability::Full => (&FULL_SETTINGS, READ_AHEAD),
            Durability::Test => (&TEST_SETTINGS, &[]),
        };
        for setting in SETTINGS.iter().chain(more).chain(read_ahead) {
            arguments.extend(["-c".to_owned(), (*setting).to_owned()]);
        }
        arguments
    }

    async fn wait_until_ready(&self, watched: &mut Watched) -> Result<(), PrivateError> {
        let url = self.url(SUPERUSER, "postgres");
        let deadline = Instant::now() + START_DEADLINE;
        while !answers(&url).await {
            if watched.has_ended() {
                return Err(watched.ended_early());
            }
            if Instant::now() >= deadline {
                return Err(watched.overdue("start"));
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }

    /// Makes the data directory. It gets its name only when it is complete.
    async fn initialize(&self) -> Result<(), PrivateError> {
        let unfinished = self.home.join("data.unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(PrivateError::file("remove", &unfinished))?;
        }
        let password_file = self.home.join("password");
        write_private(&password_file, &random_password())?;
        self.account.own(&password_file)?;
        let mut arguments = vec![
            format!("--pgdata={}", unfinished.display()),
            format!("--username={SUPERUSER}"),
            format!("--pwfile={}", password_file.display()),
        ];
        // The socket is behind a directory of its owner; loopback is open to every account.
        arguments.extend(
            [
                "--auth-local=trust",
                "--auth-host=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--data-checksums",
            ]
            .map(str::to_owned),
        );
        if self.durability == Durability::Test {
            arguments.push("--no-sync".to_owned());
        }
        self.run("initdb", arguments).await?;
        fs::rename(&unfinished, &self.data).map_err(PrivateError::file("rename", &unfinished))
    }

    /// Stops a server that an earlier process left running on our data.
    async fn stop_leftover(&self) -> Result<(), PrivateError> {
        if !has_postmaster(&self.data) {
            return Ok(());
        }
        tracing::warn!(data = %self.data.display(), "stopping a PostgreSQL that was left running");
        let arguments = [
            "stop",
            "--mode=fast",
            "--timeout",
            LEFTOVER_STOP_TIMEOUT_S,
            "--pgdata",
        ];
        let mut arguments: Vec<String> = arguments.map(str::to_owned).to_vec();
        arguments.push(self.data.display().to_string());
        let stopped = self.run("pg_ctl", arguments).await;
        // It may have ended by itself between the look and the order.
        if has_postmaster(&self.data) {
            stopped
        } else {
            Ok(())
        }
    }

    async fn run(&self, program: &'static str, arguments: Vec<String>) -> Result<(), PrivateError> {
        let mut command = self.account.command(&self.bin.join(program));
        clean_environment(&mut command)
            .args(arguments)
            .current_dir(&self.home);
        let failed = |detail: String| PrivateError::Program {
            program: program.to_owned(),
            detail,
        };
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .map_err(|error| failed(error.to_string()))?
            .map_err(|error| failed(error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ))
    }
}

/// The major version that made the data directory, if there is one.
fn data_version(data: &Path) -> Option<u32> {
    let version = fs::read_to_string(data.join("PG_VERSION")).ok()?;
    version.trim().parse().ok()
}

/// Whether the process that the data directory names still works in it.
fn has_postmaster(data: &Path) -> bool {
    let Ok(pid_file) = fs::read_to_string(data.join("postmaster.pid")) else {
        return false;
    };
    let pid = pid_file.lines().next().unwrap_or_default().trim();
    // A postmaster's working directory is its data; another process with its id is elsewhere.
    fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == data)
}

async fn answers(url: &str) -> bool {
    let Ok(Ok((client, connection))) =
        tokio::time::timeout(Duration::from_secs(2), tokio_postgres::connect(url, NoTls)).await
    else {
        return false;
    };
    let connection = tokio::spawn(connection);
    let answered = client.simple_query("SELECT 1").await.is_ok();
    connection.abort();
    answered
}
