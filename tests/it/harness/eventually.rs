//! Waiting for a condition.

use std::fmt::Debug;
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// How long a condition may take to come true before the test fails. Generous: it is only waited for in full by a test
/// that fails.
pub const DEADLINE: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Asks again until the answer is `Ok`, and gives it.
///
/// # Panics
/// When it is not in time: with the last refusal.
#[track_caller]
pub fn eventually<T, E: Debug, F: Future<Output = Result<T, E>>>(
    mut ask: impl FnMut() -> F,
    within: Duration,
) -> impl Future<Output = T> {
    let caller = std::panic::Location::caller();
    async move {
        let deadline = Instant::now() + within;
        loop {
            match ask().await {
                Ok(answer) => return answer,
                Err(refusal) if Instant::now() >= deadline => {
                    panic!("{caller}: not within {} s: {refusal:?}", within.as_secs())
                }
                Err(_) => tokio::time::sleep(POLL_INTERVAL).await,
            }
        }
    }
}
