//! The product as its users run it: the binary beside this one, in processes of its own.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tokio::time::sleep;

use crate::http::Api;
use crate::servers::{BenchServers, WRITER_COUNT};

const PROGRAM: &str = "insightdesk";
/// Wraps keys that seal nobody's data.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const TOKEN_SECRET: &str = "a-secret-of-the-bench-which-guards-nothing-at-all";
const START_DEADLINE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How the product is told where its servers are.
#[derive(Debug, Clone)]
pub struct Installation {
    program: PathBuf,
    settings: Vec<(&'static str, String)>,
}

impl Installation {
    /// On these servers.
    ///
    /// # Errors
    /// When the product was not built.
    pub fn new(servers: &BenchServers) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name(PROGRAM);
        ensure!(
            program.exists(),
            "{} is missing: run ./dev bench, which builds it",
            program.display()
        );
        let settings = vec![
            ("DATABASE_URL", servers.database_url()),
            ("VALKEY_URL", servers.valkey_url().to_owned()),
            ("INSIGHTDESK_TOKEN_SECRET", TOKEN_SECRET.to_owned()),
            ("INSIGHTDESK_MASTER_KEY", MASTER_KEY.to_owned()),
            ("INSIGHTDESK_WRITER_COUNT", WRITER_COUNT.to_string()),
            // All load comes from one address and a few people.
            ("INSIGHTDESK_RATE_LIMITS", "off".to_owned()),
        ];
        Ok(Self { program, settings })
    }

    /// The same with one more setting.
    pub fn with(mut self, name: &'static str, value: String) -> Self {
        self.settings.push((name, value));
        self
    }

    /// The same with one setting less.
    pub fn without(mut self, name: &str) -> Self {
        self.settings.retain(|(set, _)| *set != name);
        self
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(words)
            .envs(self.settings.clone())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs it to its end and gives what it printed, without the line's end.
    ///
    /// # Errors
    /// When it fails.
    pub fn run(&self, words: &[&str]) -> Result<String> {
        let output = self
            .command(words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()?;
        ensure!(
            output.status.success(),
            "insightdesk {words:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Runs it to its end; how long that took, and the most memory that it had.
    ///
    /// # Errors
    /// When it fails.
    pub async fn time(&self, words: &[&str]) -> Result<(Duration, Memory)> {
        let begun = Instant::now();
        let mut child = self.command(words).spawn()?;
        let mut memory = Memory::default();
        loop {
            if let Some(status) = child.try_wait()? {
                ensure!(status.success(), "insightdesk {words:?} failed: {status}");
                return Ok((begun.elapsed(), memory));
            }
            memory = Memory::of(child.id()).unwrap_or(memory);
            sleep(POLL_INTERVAL).await;
        }
    }

    /// Starts `serve` with these roles and waits until it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn serve(&self, roles: &str) -> Result<Server> {
        let port = free_port()?;
        let child = self
            .command(&["serve", "--role", roles])
            .env("INSIGHTDESK_HTTP_ADDR", format!("127.0.0.1:{port}"))
            .spawn()
            .context("the product cannot be started")?;
        let mut server = Server { child, port };
        server.ready().await?;
        Ok(server)
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A server in a process of its own. It is killed with this value.
#[derive(Debug)]
pub struct Server {
    child: Child,
    port: u16,
}

impl Server {
    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its process.
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    async fn ready(&mut self) -> Result<()> {
        let ready = format!("{}/health/ready", self.url());
        let deadline = Instant::now() + START_DEADLINE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                bail!("the product ended while starting: {status}");
            }
            if Api::is_ok(&ready).await {
                return Ok(());
            }
            sleep(POLL_INTERVAL).await;
        }
        bail!("the product was not ready within {START_DEADLINE:?}")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended; the private servers go with their data in any case.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Resident memory of a process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory {
    /// Now.
    pub resident_mib: f64,
    /// The most so far.
    pub highest_mib: f64,
}

impl Memory {
    /// As the kernel tells it; `None` when the process has ended.
    pub fn of(process_id: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
        let mebibytes = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            let kibibytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
            Some(kibibytes / 1_024.0)
        };
        Some(Self {
            resident_mib: mebibytes("VmRSS:")?,
            highest_mib: mebibytes("VmHWM:")?,
        })
    }
}
