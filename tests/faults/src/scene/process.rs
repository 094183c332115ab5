//! The program in a process of its own, which can be killed, stopped for a while and started again.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use hyper::Method;

use super::wait::{PATIENCE, eventually};
use crate::load::Http;

/// The name of the program.
const PROGRAM: &str = "insightdesk";

/// The program beside this one, or above it for a test: cargo builds both into the same directory.
///
/// # Errors
/// When it has not been built.
pub fn program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let beside = own.ancestors().skip(1).take(2).map(|dir| dir.join(PROGRAM));
    let found = beside.into_iter().find(|path| path.is_file());
    found.with_context(|| {
        format!(
            "there is no program {PROGRAM} beside {}: build it first with `cargo build --bin {PROGRAM}` (or --release)",
            own.display()
        )
    })
}

/// A server process. It is killed with this value.
#[derive(Debug)]
pub struct Server {
    /// Where it serves.
    pub address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts `serve` with these settings, and its output going to `log`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(
        program: &Path,
        roles: &str,
        address: SocketAddr,
        settings: &[(String, String)],
        log: &Path,
    ) -> Result<Self> {
        let output = File::options().create(true).append(true).open(log)?;
        let child = Command::new(program)
            .args(["serve", "--role", roles])
            .envs(settings.iter().cloned())
            .env("INSIGHTDESK_HTTP_ADDR", address.to_string())
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot run {}", program.display()))?;
        Ok(Self { address, child })
    }

    /// Waits until it says that it is ready.
    ///
    /// # Errors
    /// When it has ended, or takes too long.
    pub async fn is_ready(&mut self) -> Result<()> {
        let http = Http::new(self.address);
        let child = std::sync::Mutex::new(&mut self.child);
        let look = async || {
            let ended = child
                .lock()
                .ok()
                .and_then(|mut child| child.try_wait().ok()?);
            if let Some(status) = ended {
                bail!("the server ended with {status}: see its log");
            }
            match http.send(Method::GET, "/health/ready", &[], None).await {
                Ok(answer) if answer.status == 200 => Ok(()),
                other => bail!("not ready: {other:?}"),
            }
        };
        eventually("the server is ready", PATIENCE, look).await
    }

    /// SIGKILL: no last word.
    ///
    /// # Errors
    /// When it cannot be waited for.
    pub fn kill(&mut self) -> Result<()> {
        // It may have ended by itself, which the wait tells.
        let _ = self.child.kill();
        self.child.wait()?;
        Ok(())
    }

    /// SIGSTOP: it does nothing until [`Server::resume`], and does not know it.
    ///
    /// # Errors
    /// When it has ended.
    pub fn freeze(&self) -> Result<()> {
        signal("STOP", self.child.id())
    }

    /// SIGCONT.
    ///
    /// # Errors
    /// When it has ended.
    pub fn resume(&self) -> Result<()> {
        signal("CONT", self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.kill();
    }
}

/// Sends a signal to a process.
///
/// # Errors
/// When there is no such process.
pub fn signal(name: &str, pid: u32) -> Result<()> {
    let status = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status()?;
    if !status.success() {
        bail!("cannot send SIG{name} to process {pid}");
    }
    Ok(())
}

/// A port that is free at this moment.
///
/// # Errors
/// When there is none.
pub fn free_address() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
