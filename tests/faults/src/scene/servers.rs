//! What is done to PostgreSQL and Valkey beside stopping and starting them.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, anyhow};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use super::Scene;
use super::process::signal;
use super::proxy::{Proxy, Target};
use super::wait::{PATIENCE, eventually};

impl Scene {
    /// Leads the servers that are started from now on to PostgreSQL through a proxy.
    ///
    /// # Errors
    /// When the proxy cannot listen.
    pub async fn proxy_postgres(&mut self) -> Result<Proxy> {
        let config: Config = self.servers.database_url().parse()?;
        let [Host::Unix(directory)] = config.get_hosts() else {
            return Err(anyhow!("the private PostgreSQL listens on a socket"));
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        let socket = directory.join(format!(".s.PGSQL.{port}"));
        let proxy = Proxy::start(Target::Unix(socket)).await?;
        let user = config.get_user().context("the URL names a user")?;
        let database = config.get_dbname().context("the URL names a database")?;
        let url = format!("postgresql://{user}@{}/{database}", proxy.address);
        self.set("DATABASE_URL", url);
        Ok(proxy)
    }

    /// The same for Valkey.
    ///
    /// # Errors
    /// When the proxy cannot listen.
    pub async fn proxy_valkey(&mut self) -> Result<Proxy> {
        let (password, address) = self.valkey()?;
        let proxy = Proxy::start(Target::Tcp(address.parse()?)).await?;
        self.set(
            "VALKEY_URL",
            format!("valkey://:{password}@{}", proxy.address),
        );
        Ok(proxy)
    }

    /// Sends a command to Valkey and gives what it says.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn tell_valkey(&self, command: &str) -> Result<String> {
        let (password, address) = self.valkey()?;
        let mut stream = TcpStream::connect(address).await?;
        let commands = format!("AUTH {password}\r\n{command}\r\nQUIT\r\n");
        stream.write_all(commands.as_bytes()).await?;
        let mut said = String::new();
        stream.read_to_string(&mut said).await?;
        let (_, said) = said.split_once('\n').context("Valkey says nothing")?;
        Ok(said.to_owned())
    }

    /// How many keys Valkey holds.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn valkey_keys(&self) -> Result<u64> {
        let said = self.tell_valkey("DBSIZE").await?;
        let count = said
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches(':');
        count
            .trim()
            .parse()
            .with_context(|| format!("no count: {said}"))
    }

    fn valkey(&self) -> Result<(&str, &str)> {
        let url = self.servers.valkey_url();
        let rest = url.strip_prefix("valkey://:").context("a URL of Valkey")?;
        rest.split_once('@').context("a URL with a password")
    }

    fn postgres_data(&self) -> PathBuf {
        self.servers.data_dir().join("postgres/data")
    }

    /// Stops PostgreSQL and starts it again in this environment, on the same data and with the same arguments. Starting the
    /// private one ends it.
    ///
    /// # Errors
    /// When it does not stop, or does not answer.
    pub async fn replace_postgres(&self, environment: &[(&str, String)]) -> Result<Child> {
        let data = self.postgres_data();
        // The whole command of the last start, quoted for a shell.
        let command = std::fs::read_to_string(data.join("postmaster.opts"))?;
        let owner = std::fs::metadata(&data)?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.dir.join("postgres.log"))?;
        self.servers.stop_postgres().await?;
        let mut child = Command::new("/bin/sh")
            .args(["-c", &format!("exec {command}")])
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&data)
            .uid(owner.uid())
            .gid(owner.gid())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let answers = async || self.superuser().await;
        if let Err(error) = eventually("PostgreSQL answers", PATIENCE, answers).await {
            child.kill()?;
            child.wait()?;
            return Err(error);
        }
        Ok(child)
    }

    /// Stops PostgreSQL at once, without a checkpoint: SIGQUIT to the postmaster. Returns when it has ended.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn stop_postgres_immediately(&self) -> Result<()> {
        let text = std::fs::read_to_string(self.postgres_data().join("postmaster.pid"))?;
        let pid: u32 = text.lines().next().unwrap_or_default().trim().parse()?;
        signal("QUIT", pid)?;
        let process = PathBuf::from(format!("/proc/{pid}"));
        let ended = async || (!process.exists()).then_some(()).context("it still runs");
        eventually("PostgreSQL has ended", PATIENCE, ended).await
    }

    /// Kills one of the sessions of the product with SIGKILL, which makes PostgreSQL end all of them and recover.
    ///
    /// # Errors
    /// When there is none.
    pub async fn kill_a_session(&self) -> Result<()> {
        let client = self.superuser().await?;
        let statement = "SELECT pid FROM pg_stat_activity \
             WHERE usename = 'insightdesk' AND backend_type = 'client backend' ORDER BY state, random() LIMIT 1";
        let row = client.query_one(statement, &[]).await?;
        signal("KILL", row.try_get::<_, i32>(0)?.unsigned_abs())
    }
}
