//! A server process that ends when this process ends, however that happens.
//!
//! Beside each server runs a few lines of shell that hold the other end of a pipe. They
//! obey the orders `stop` and `kill`; the end of the pipe, which comes even when this
//! process is killed, counts as `stop`.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tokio::time::Instant;

use super::account::Account;
use super::{Durability, POLL_INTERVAL, PrivateError, STOP_DEADLINE};

const SHELL: &str = "/bin/sh";
/// How long a killed process may take to vanish.
const KILL_DEADLINE: Duration = Duration::from_secs(5);
/// A log beyond this size is begun anew at the next start.
const LOG_LIMIT_BYTES: u64 = 16 << 20;
/// How much of a log an error quotes.
const LOG_TAIL_BYTES: u64 = 2_000;

/// Arguments: the signal that stops the server in order; what to remove at the end of the
/// pipe, or nothing; the server and its arguments. A reader that was not killed by us has
/// seen the end of the pipe.
const SCRIPT: &str = r#"
signal=$1 remove=$2
shift 2
exec 3<&0 </dev/null
"$@" 3<&- &
server=$!
trap 'kill -s "$signal" "$server" 2>/dev/null' HUP INT TERM
(
    trap - HUP INT TERM
    while read -r order; do
        case $order in
        kill) kill -s KILL "$server" 2>/dev/null ;;
        *) kill -s "$signal" "$server" 2>/dev/null ;;
        esac
    done
    kill -s "$signal" "$server" 2>/dev/null
    exit 0
) <&3 &
reader=$!
exec 3<&-
while kill -0 "$server" 2>/dev/null; do
    wait "$server"
    status=$?
done
kill "$reader" 2>/dev/null
if wait "$reader" && [ -n "$remove" ]; then rm -rf "$remove"; fi
exit "$status"
"#;

/// What to run.
#[derive(Debug)]
pub(super) struct Server<'a> {
    /// For people: PostgreSQL or Valkey.
    pub(super) name: &'static str,
    pub(super) program: &'a Path,
    pub(super) arguments: Vec<String>,
    /// The signal that stops it in order, such as `INT`.
    pub(super) stop_signal: &'static str,
    /// Its working directory, with its log.
    pub(super) home: &'a Path,
    pub(super) account: Account,
    /// What to remove when this process ends.
    pub(super) remove: Option<&'a Path>,
}

/// A server under its watchdog. Dropping it stops the server in the background.
#[derive(Debug)]
pub(super) struct Watched {
    name: &'static str,
    watchdog: Child,
    orders: ChildStdin,
    log: PathBuf,
}

impl Watched {
    /// Starts the server; it may take a while until it answers.
    pub(super) fn start(server: &Server<'_>) -> Result<Self, PrivateError> {
        let log = server.home.join("server.log");
        let output = open_log(&log)?;
        server.account.own(&log)?;
        let errors = output
            .try_clone()
            .map_err(PrivateError::file("open", &log))?;
        let failed = |source: std::io::Error| PrivateError::Program {
            program: server.program.display().to_string(),
            detail: source.to_string(),
        };
        let mut command = server.account.command(Path::new(SHELL));
        clean_environment(&mut command)
            .args(["-c", SCRIPT, "insightdesk-watchdog", server.stop_signal])
            .arg(server.remove.unwrap_or(Path::new("")))
            .arg(server.program)
            .args(&server.arguments)
            .current_dir(server.home)
            .stdin(Stdio::piped())
            .stdout(output)
            .stderr(errors)
            // Ctrl-C in a terminal reaches our process group; the servers are stopped by us, in order.
            .process_group(0);
        let mut watchdog = command.spawn().map_err(failed)?;
        let orders = watchdog.stdin.take();
        let orders = orders.ok_or_else(|| failed(std::io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self {
            name: server.name,
            watchdog,
            orders,
            log,
        })
    }

    /// Whether the server has ended.
    pub(super) fn has_ended(&mut self) -> bool {
        // An error means that it was waited for already.
        !matches!(self.watchdog.try_wait(), Ok(None))
    }

    /// Stops the server in order and waits; kills it when it takes too long, which is an error.
    pub(super) async fn stop(mut self) -> Result<(), PrivateError> {
        self.order("stop");
        if self.ended_within(STOP_DEADLINE).await {
            return Ok(());
        }
        self.order("kill");
        self.ended_within(KILL_DEADLINE).await;
        Err(self.overdue("stop"))
    }

    /// Kills the server and waits until it is gone.
    pub(super) async fn kill(mut self) -> Result<(), PrivateError> {
        self.order("kill");
        if self.ended_within(KILL_DEADLINE).await {
            Ok(())
        } else {
            Err(self.overdue("end"))
        }
    }

    /// The error of a server that did not `what` in time.
    pub(super) fn overdue(&self, what: &'static str) -> PrivateError {
        PrivateError::Deadline {
            server: self.name,
            what,
            log: self.log.clone(),
        }
    }

    /// The error of a server that ended by itself, with the end of its log.
    pub(super) fn ended_early(&self) -> PrivateError {
        PrivateError::Program {
            program: self.name.to_owned(),
            detail: log_tail(&self.log),
        }
    }

    fn order(&mut self, order: &str) {
        // A broken pipe means that the watchdog, and so the server, has ended.
        let _ = writeln!(self.orders, "{order}");
    }

    async fn ended_within(&mut self, deadline: Duration) -> bool {
        let deadline = Instant::now() + deadline;
        while !self.has_ended() {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        true
    }
}

/// What to remove at the end: nothing that should last.
pub(super) fn removal(base: &Path, durability: Durability) -> Option<&Path> {
    match durability {
        Durability::Full => None,
        Durability::Test => Some(base),
    }
}

/// Leaves only what the server programs need: variables such as PGDATA would mislead them.
pub(super) fn clean_environment(command: &mut Command) -> &mut Command {
    command
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
        .env("LC_ALL", "C")
}

fn open_log(path: &Path) -> Result<File, PrivateError> {
    let full = path.metadata().is_ok_and(|log| log.len() > LOG_LIMIT_BYTES);
    if full {
        std::fs::remove_file(path).map_err(PrivateError::file("remove", path))?;
    }
    let log = OpenOptions::new().create(true).append(true).open(path);
    log.map_err(PrivateError::file("open", path))
}

fn log_tail(path: &Path) -> String {
    let read = || -> std::io::Result<String> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL_BYTES)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        Ok(String::from_utf8_lossy(&tail).trim().to_owned())
    };
    read().unwrap_or_else(|_| format!("see {}", path.display()))
}
