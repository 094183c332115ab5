//! `insightdesk serve`.

use anyhow::Result;
use platform::config::Settings;
use platform::shutdown::Shutdown;
use platform::telemetry;

use crate::server::{self, Overrides, RunningServer};

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
/// When the configuration is wrong, the server does not start, or fails.
pub async fn serve(roles: Option<String>) -> Result<()> {
    let settings = Settings::read()?;
    let settings = match roles {
        Some(roles) => settings.with_roles(&roles),
        None => settings,
    };
    let config = settings.check()?;
    telemetry::init_logs(config.log_format, &config.log_filter)?;
    let overrides = Overrides {
        metrics: Some(telemetry::init_metrics()?),
        ..Overrides::default()
    };
    let shutdown = Shutdown::on_signals()?;
    let server = tokio::select! {
        started = server::start(&config, overrides) => started?,
        () = shutdown.requested() => return Ok(()),
    };
    until_shutdown(server, &shutdown).await
}

/// Lets a server run until a shutdown is requested, and ends it in order.
///
/// # Errors
/// When it failed before that.
pub async fn until_shutdown(mut server: RunningServer, shutdown: &Shutdown) -> Result<()> {
    tokio::select! {
        failed = server.failed() => return failed,
        () = shutdown.requested() => {}
    }
    server.shutdown().await
}
