//! The private Valkey.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::account::Account;
use super::binaries::{self, CacheProgram};
use super::place::{Place, random_password, write_private};
use super::port::free_port;
use super::watchdog::{Server, Watched, clean_environment, removal};
use super::{Durability, POLL_INTERVAL, PrivateError, START_DEADLINE};
use crate::config::Secret;

const NAME: &str = "Valkey";
const USUAL_PORT: u16 = 6379;
/// A port can be taken between choosing and using it.
const START_ATTEMPTS: u32 = 2;
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
const LEFTOVER_DEADLINE: Duration = Duration::from_secs(5);

const CONFIG_FILE: &str = "valkey.conf";
const PID_FILE: &str = "valkey.pid";

/// The server, running or not.
#[derive(Debug)]
pub(super) struct Cache {
    account: Account,
    durability: Durability,
    program: CacheProgram,
    base: PathBuf,
    home: PathBuf,
    password: Secret,
    /// Chosen at the first start, then kept: it is part of the URL.
    port: Option<u16>,
    running: Option<Watched>,
}

impl Cache {
    /// Prepares a server in `place`; nothing is started yet.
    pub(super) fn new(place: &Place) -> Result<Self, PrivateError> {
        Ok(Self {
            account: place.account,
            durability: place.durability,
            program: binaries::cache_program()?,
            base: place.base().to_path_buf(),
            home: place.home("valkey")?,
            password: Secret::new(random_password()),
            port: None,
            running: None,
        })
    }

    /// Its name and version.
    pub(super) fn version(&self) -> &str {
        &self.program.version
    }

    /// The URL, with the password.
    pub(super) fn url(&self) -> String {
        let port = self.port.unwrap_or(USUAL_PORT);
        format!("valkey://:{}@127.0.0.1:{port}", self.password.expose())
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
        self.stop_leftover().await?;
        let mut attempt = 1;
        loop {
            let error = match self.start_once().await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if attempt == START_ATTEMPTS {
                return Err(error);
            }
            tracing::warn!(%error, attempt, "Valkey did not start; trying again");
            attempt += 1;
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

    async fn start_once(&mut self) -> Result<(), PrivateError> {
        let port = match self.port {
            Some(port) => port,
            None => {
                let usual = (self.durability == Durability::Full).then_some(USUAL_PORT);
                free_port(usual).map_err(PrivateError::file("bind a port for", &self.home))?
            }
        };
        let config_file = self.home.join(CONFIG_FILE);
        write_private(&config_file, &self.config(port))?;
        self.account.own(&config_file)?;
        let mut watched = Watched::start(&Server {
            name: NAME,
            program: &self.program.path,
            arguments: vec![config_file.display().to_string()],
            stop_signal: "TERM",
            home: &self.home,
            account: self.account,
            remove: removal(&self.base, self.durability),
        })?;
        self.wait_until_ready(&mut watched, port).await?;
        self.port = Some(port);
        self.running = Some(watched);
        Ok(())
    }

    /// Nothing is saved: what is here can be lost at any time.
    fn config(&self, port: u16) -> String {
        let password = self.password.expose();
        format!(
            "bind 127.0.0.1\nport {port}\nrequirepass {password}\ndaemonize no\npidfile {PID_FILE}\n\
             save \"\"\nappendonly no\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n"
        )
    }

    async fn wait_until_ready(&self, watched: &mut Watched, port: u16) -> Result<(), PrivateError> {
        let deadline = Instant::now() + START_DEADLINE;
        while !answers(port, self.password.expose()).await {
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

    /// Stops a server that an earlier process left running in our home.
    async fn stop_leftover(&self) -> Result<(), PrivateError> {
        let pid = fs::read_to_string(self.home.join(PID_FILE)).unwrap_or_default();
        let deadline = Instant::now() + LEFTOVER_DEADLINE;
        while works_in(&self.home, pid.trim()) {
            tracing::warn!(pid = pid.trim(), "stopping a Valkey that was left running");
            let mut command = self.account.command(Path::new("/bin/sh"));
            clean_environment(&mut command).args([
                "-c",
                "kill -s TERM \"$0\" 2>/dev/null",
                pid.trim(),
            ]);
            // It may have ended between the look and the signal; the next look tells.
            let _ = command.current_dir("/").status();
            if Instant::now() >= deadline {
                return Err(PrivateError::Deadline {
                    server: NAME,
                    what: "stop",
                    log: self.home.join("server.log"),
                });
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        Ok(())
    }
}

fn works_in(home: &Path, pid: &str) -> bool {
    !pid.is_empty() && fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == home)
}

/// Whether a server with our password listens on `port`: another one would refuse it.
async fn answers(port: u16, password: &str) -> bool {
    let probe = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!("AUTH {password}\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = [0; 3];
        stream.read_exact(&mut answer).await?;
        std::io::Result::Ok(&answer == b"+OK")
    };
    matches!(timeout(PROBE_TIMEOUT, probe).await, Ok(Ok(true)))
}
