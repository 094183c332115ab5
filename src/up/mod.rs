//! `insightdesk up`: the whole product from one command.

mod greeting;

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use platform::config::{Config, Settings};
use platform::private::{Durability, PrivateServers};
use platform::shutdown::Shutdown;
use platform::telemetry;
use tokio::net::TcpListener;

use crate::operate::until_shutdown;
use crate::server::{self, Overrides, RunningServer};
use crate::state_dir::StateDir;
use crate::{demo, node};

/// How many ports after the configured one are tried when it is taken.
const PORTS_TRIED: u16 = 20;

/// What a person at a terminal wants to see: their requests, the end, and what goes wrong.
const LOG_FILTER: &str = "warn,platform::http::shell=info,platform::shutdown=info";

/// Starts everything, says how to use it, and serves until Ctrl-C.
///
/// # Errors
/// When a part does not start, or the server fails.
pub async fn run() -> Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let state = StateDir::here();
    state.ensure_signing_key()?;
    let settings = Settings::read()?
        .or_token_secret(&state.token_secret()?)
        .or_master_key(&state.master_key()?)
        .or_mail_directory(&state.mail_directory().to_string_lossy())
        .or_log_filter(LOG_FILTER);
    if settings.database_url().is_some() {
        say(match settings.valkey_url() {
            Some(_) => "using the servers that DATABASE_URL and VALKEY_URL name",
            None => {
                "using the database that DATABASE_URL names, and no cache: VALKEY_URL is not set"
            }
        });
        return serve(&settings.check()?, &state, &shutdown).await;
    }
    say("starting a private PostgreSQL and Valkey");
    let servers = tokio::select! {
        started = PrivateServers::start(state.path(), Durability::Full) => started?,
        () = shutdown.requested() => return Ok(()),
    };
    say(&format!(
        "PostgreSQL and {} are running; their data is in {}",
        servers.valkey_version().await,
        servers.data_dir().display()
    ));
    let settings = settings
        .or_database_url(&servers.database_url())
        .or_valkey_url(servers.valkey_url());
    let served = match settings.check() {
        Ok(config) => serve(&config, &state, &shutdown).await,
        Err(wrong) => Err(wrong.into()),
    };
    say("stopping Valkey and PostgreSQL");
    servers.stop().await?;
    say("stopped; the data stays for the next time");
    served
}

async fn serve(config: &Config, state: &StateDir, shutdown: &Shutdown) -> Result<()> {
    telemetry::init_logs(config.log_format, &config.log_filter)?;
    let started = tokio::select! {
        started = start(config) => started?,
        () = shutdown.requested() => return Ok(()),
    };
    match greet(config, state, &started).await {
        Ok(()) => until_shutdown(started, shutdown).await,
        Err(error) => {
            started.shutdown().await?;
            Err(error)
        }
    }
}

async fn greet(config: &Config, state: &StateDir, server: &RunningServer) -> Result<()> {
    let demo = demo::ensure(&server.node().dispatcher).await;
    let organization = demo.context("the demo organization could not be made")?;
    let password = demo::ensure_logins(server.identity(), organization, state).await;
    let password = password.context("the demo's people could not be given a password")?;
    greeting::print(config, state, server.address, organization, &password)
}

async fn start(config: &Config) -> Result<RunningServer> {
    say("bringing the database up to date");
    for name in node::migrate(config).await? {
        say(&format!("applied {name}"));
    }
    let overrides = Overrides {
        listener: Some(bind(config.http_addr).await?),
        metrics: Some(telemetry::init_metrics()?),
        ..Overrides::default()
    };
    say("starting API, projector and saga");
    server::start(config, overrides).await
}

/// The configured address, or one with a later port when that one is taken.
async fn bind(wanted: SocketAddr) -> Result<TcpListener> {
    for offset in 0..PORTS_TRIED {
        let Some(port) = wanted.port().checked_add(offset) else {
            break;
        };
        match TcpListener::bind(SocketAddr::new(wanted.ip(), port)).await {
            Ok(listener) if offset == 0 => return Ok(listener),
            Ok(listener) => {
                say(&format!("port {} is taken, using {port}", wanted.port()));
                return Ok(listener);
            }
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error).with_context(|| format!("cannot serve on {wanted}")),
        }
    }
    bail!(
        "port {} and the {PORTS_TRIED} after it are taken: choose another with INSIGHTDESK_HTTP_ADDR",
        wanted.port()
    )
}

/// Tells the person at the terminal what goes on.
fn say(what: &str) {
    eprintln!("==> {what}");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[tokio::test]
    async fn a_taken_port_gives_the_next_free_one() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let wanted = taken.local_addr().unwrap();
        let bound = bind(wanted).await.unwrap().local_addr().unwrap();
        assert_ne!(bound.port(), wanted.port());
        assert_eq!(bound.ip(), wanted.ip());
    }
}
