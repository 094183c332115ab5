//! Waiting for a condition.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep};

/// How often a condition is looked at.
pub const POLL: Duration = Duration::from_millis(20);
/// For what only takes long when something is broken.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again until the answer is `Ok`, and gives it.
///
/// # Errors
/// The last refusal, when the time is up.
pub async fn eventually<T, F: Future<Output = Result<T>>>(
    what: &str,
    within: Duration,
    mut ask: impl FnMut() -> F,
) -> Result<T> {
    let deadline = Instant::now() + within;
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(refusal) if Instant::now() >= deadline => {
                return Err(refusal)
                    .with_context(|| format!("not within {} s: {what}", within.as_secs()));
            }
            Err(_) => sleep(POLL).await,
        }
    }
}
