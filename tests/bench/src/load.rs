//! Many connections at once, by wrk: a load generator that takes less of the machine than what it measures.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use tempfile::NamedTempFile;
use tokio::process::Command;
use uuid::Uuid;

use crate::measure::Sample;

/// Sends the requests that its arguments describe, and prints what came of them as one line of JSON.
const SCRIPT: &str = include_str!("load.lua");
/// wrk gives up on a request after this long.
const TIMEOUT: &str = "10s";

/// What every connection sends, again and again.
#[derive(Debug, Clone)]
pub struct Requests {
    /// `http://host:port`.
    pub url: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// The path; `{id}` is replaced by one of the ids after the other.
    pub path: String,
    /// The ids.
    pub ids: Vec<Uuid>,
    /// The access token; empty for none.
    pub token: String,
    /// The body; empty for none.
    pub body: String,
}

#[derive(Deserialize)]
struct Outcome {
    requests: u64,
    duration_us: f64,
    failed: u64,
    p50_us: f64,
    p99_us: f64,
    p999_us: f64,
}

impl Requests {
    /// Keeps `connections` busy for `duration`.
    ///
    /// # Errors
    /// When wrk cannot be run, or any request failed.
    pub async fn run(&self, connections: usize, duration: Duration) -> Result<Sample> {
        let script = file(SCRIPT)?;
        let ids: Vec<String> = self.ids.iter().map(Uuid::to_string).collect();
        let ids = file(&ids.join("\n"))?;
        let output = Command::new("wrk")
            .args(["--threads", "1", "--timeout", TIMEOUT])
            .args(["--connections", &connections.to_string()])
            .args(["--duration", &format!("{}s", duration.as_secs().max(1))])
            .arg("--script")
            .arg(script.path())
            .args([&self.url, "--", self.method, &self.path])
            .arg(ids.path())
            .args([&self.token, &self.body])
            .stdin(Stdio::null())
            .output()
            .await
            .context("wrk cannot be run: ./dev bench installs it")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let outcome = printed
            .lines()
            .rev()
            .find(|line| line.starts_with('{'))
            .with_context(|| {
                format!(
                    "wrk printed no outcome: {printed} {}",
                    String::from_utf8_lossy(&output.stderr)
                )
            })?;
        let outcome: Outcome = serde_json::from_str(outcome)?;
        ensure!(
            outcome.failed == 0,
            "{} of {} requests to {} failed",
            outcome.failed,
            outcome.requests,
            self.path
        );
        Ok(Sample {
            rate: outcome.requests as f64 / (outcome.duration_us / 1e6),
            p50_ms: outcome.p50_us / 1e3,
            p99_ms: outcome.p99_us / 1e3,
            p999_ms: outcome.p999_us / 1e3,
        })
    }
}

fn file(content: &str) -> Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(content.as_bytes())?;
    Ok(file)
}
