//! The program itself, as an operator runs it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use platform::config::Config;

use super::{DEADLINE, MASTER_KEY, SECRET, eventually};

const PROGRAM: &str = env!("CARGO_BIN_EXE_insightdesk");

/// `insightdesk` with the settings of a test.
#[derive(Debug, Clone)]
pub struct Binary {
    settings: Vec<(&'static str, String)>,
    dir: std::path::PathBuf,
}

impl Binary {
    /// It works on the servers of `config`, in the directory `dir`.
    pub fn new(config: &Config, dir: &std::path::Path) -> Self {
        let valkey_url = config
            .valkey_url
            .as_ref()
            .map(|url| url.expose().to_owned());
        let pools = &config.pools;
        let ms = |time: Duration| time.as_millis().to_string();
        let settings = vec![
            ("DATABASE_URL", config.database_url.expose().to_owned()),
            ("VALKEY_URL", valkey_url.unwrap_or_default()),
            ("INSIGHTDESK_TOKEN_SECRET", SECRET.to_owned()),
            ("INSIGHTDESK_MASTER_KEY", MASTER_KEY.to_owned()),
            ("INSIGHTDESK_HTTP_ADDR", "127.0.0.1:0".to_owned()),
            ("INSIGHTDESK_WRITER_COUNT", config.writer_count.to_string()),
            ("INSIGHTDESK_TOKEN_WAIT_MS", ms(config.token_wait)),
            (
                "INSIGHTDESK_REQUEST_DEADLINE_MS",
                ms(config.request_deadline),
            ),
            ("INSIGHTDESK_POOL_WAIT_TIMEOUT_MS", ms(pools.wait_timeout)),
            (
                "INSIGHTDESK_POOL_CREATE_TIMEOUT_MS",
                ms(pools.create_timeout),
            ),
            (
                "INSIGHTDESK_POOL_RECYCLE_TIMEOUT_MS",
                ms(pools.recycle_timeout),
            ),
            (
                "INSIGHTDESK_STATEMENT_TIMEOUT_MS",
                ms(pools.statement_timeout),
            ),
            ("INSIGHTDESK_LOCK_TIMEOUT_MS", ms(pools.lock_timeout)),
            // Under load from one address and a few people.
            ("INSIGHTDESK_RATE_LIMITS", "off".to_owned()),
        ];
        Self {
            settings,
            dir: dir.to_owned(),
        }
    }

    /// With another setting.
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.settings.push((name, value.to_owned()));
        self
    }

    /// Runs it to its end, which must be a failure; gives what it said.
    pub async fn fail(&self, words: &[&str]) -> String {
        let output = self.run(words).await;
        assert!(!output.status.success(), "{words:?} succeeded");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    /// Ready to be started with these words.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(words)
            .envs(self.settings.clone())
            .current_dir(&self.dir)
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub async fn run(&self, words: &[&str]) -> Output {
        let mut command = self.command(words);
        tokio::task::spawn_blocking(move || command.output().unwrap())
            .await
            .unwrap()
    }

    /// Runs it to its end, which must be a success; gives what it printed.
    pub async fn succeed(&self, words: &[&str]) -> String {
        let output = self.run(words).await;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{words:?}: {printed} {}",
            String::from_utf8_lossy(&output.stderr)
        );
        printed
    }

    /// Starts `serve` and waits until it serves.
    pub async fn serve(&self) -> ServerProcess {
        self.serve_logging("json", "info").await
    }

    /// Starts `serve` with a log of this format and filter, and waits until it serves.
    pub async fn serve_logging(&self, format: &str, filter: &str) -> ServerProcess {
        let mut command = self.command(&["serve"]);
        command
            .env("INSIGHTDESK_LOG_FORMAT", format)
            .env("INSIGHTDESK_LOG_FILTER", filter);
        let child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        tokio::task::spawn_blocking(|| ServerProcess::of(child))
            .await
            .unwrap()
    }
}

/// A server in a process of its own. It is killed with this value.
#[derive(Debug)]
pub struct ServerProcess {
    pub address: SocketAddr,
    child: Child,
    said: Arc<Mutex<String>>,
}

impl ServerProcess {
    /// Reads the log until it tells the address, and goes on reading, so that the process never waits for us.
    fn of(mut child: Child) -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        let said = Arc::<Mutex<String>>::default();
        let outputs: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        for output in outputs {
            let (sender, said) = (sender.clone(), said.clone());
            std::thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    let mut said = said.lock().unwrap();
                    said.push_str(&line);
                    said.push('\n');
                    drop(said);
                    // Nobody listens once the address is known.
                    let _ = sender.send(line);
                }
            });
        }
        drop(sender);
        let mut told = Vec::new();
        while let Ok(line) = receiver.recv_timeout(DEADLINE) {
            if let Some(address) = address_in(&line) {
                return Self {
                    address,
                    child,
                    said,
                };
            }
            told.push(line);
        }
        let _ = child.kill();
        panic!("the server did not start: {}", told.join("\n"));
    }

    /// Everything that it has printed and logged so far.
    pub fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    /// SIGKILL: no last word.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM: the polite way.
    pub fn terminate(&self) {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", "TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Waits for its end.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let child = std::sync::Mutex::new(&mut self.child);
        let ask = async || {
            child
                .lock()
                .unwrap()
                .try_wait()
                .unwrap()
                .ok_or("it still runs")
        };
        eventually(ask, within).await
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the line of the log that says that it serves.
fn address_in(line: &str) -> Option<SocketAddr> {
    let Ok(told) = serde_json::from_str::<serde_json::Value>(line) else {
        let (_, told) = line.split_once("serving address=")?;
        return told.split(' ').next()?.parse().ok();
    };
    if told["message"] == "serving" {
        told["address"].as_str()?.parse().ok()
    } else {
        None
    }
}
