//! Logs through `tracing`, metrics through `metrics`.

use std::io::IsTerminal;

pub use metrics_exporter_prometheus::PrometheusHandle;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::TryInitError;

use crate::config::LogFormat;

/// What is logged when neither `RUST_LOG` nor the configuration says otherwise.
pub const DEFAULT_LOG_FILTER: &str = "info,fred=warn,refinery_core=warn,tokio_postgres=warn";

/// Bucket bounds of every histogram whose name ends in `_seconds`: 0.5 ms to 10 s.
const SECONDS_BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];

/// Why telemetry could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter has a syntax error.
    #[error(
        "the log filter {filter:?} is not valid: write it as RUST_LOG expects, for example \"info,projector=debug\""
    )]
    Filter {
        /// The filter as it was given.
        filter: String,
        /// What the parser found.
        source: tracing_subscriber::filter::ParseError,
    },
    /// A log subscriber is already installed in this process.
    #[error("logging is already set up in this process: set it up once")]
    Logs(#[source] TryInitErrorSource),
    /// A metrics recorder is already installed in this process, or its buckets are empty.
    #[error("metrics are already set up in this process: set them up once")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// The cause of [`TelemetryError::Logs`].
pub type TryInitErrorSource = TryInitError;

/// Starts logging to standard error. `filter` is in the syntax of `RUST_LOG`.
///
/// # Errors
/// When the filter is not valid, or logging was set up before.
pub fn init_logs(format: LogFormat, filter: &str) -> Result<(), TelemetryError> {
    use tracing_subscriber::util::SubscriberInitExt;

    let env_filter = EnvFilter::try_new(filter).map_err(|source| TelemetryError::Filter {
        filter: filter.to_owned(),
        source,
    })?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(env_filter)
        // Colours are for people: in a file or a collector their codes are noise.
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.finish().try_init(),
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init(),
    }
    .map_err(TelemetryError::Logs)
}

/// Installs the process's metrics recorder. The handle renders what `/metrics` answers;
/// call its `run_upkeep` now and then, or histograms keep growing between scrapes.
///
/// # Errors
/// When a recorder was installed before.
pub fn init_metrics() -> Result<PrometheusHandle, TelemetryError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS_BUCKETS)?
        .install_recorder()?;
    Ok(handle)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn a_bad_filter_is_named() {
        let error = init_logs(LogFormat::Text, "platform=shout").unwrap_err();
        assert!(error.to_string().contains("platform=shout"));
    }

    #[test]
    fn the_recorder_renders_what_was_counted() {
        let handle = init_metrics().unwrap();
        metrics::counter!("telemetry_test_total").increment(3);
        assert!(handle.render().contains("telemetry_test_total 3"));
    }
}
