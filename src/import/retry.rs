//! Patience with a log that is away for a moment.

use std::future::Future;
use std::time::Duration;

use write_side::dispatch::CommandError;

const ATTEMPTS_MAX: u32 = 8;
const WAIT_MIN: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(5);

/// Tries again, with growing waits, while the log is overloaded or away. Only for what has no second effect when it is
/// done twice: here every id is derived and every stream must not exist yet.
///
/// # Errors
/// Any other error at once, or the last one.
pub async fn retrying<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, CommandError>
where
    F: Future<Output = Result<T, CommandError>>,
{
    let mut wait = WAIT_MIN;
    for _ in 1..ATTEMPTS_MAX {
        match attempt().await {
            Err(error) if is_passing(&error) => {
                tracing::warn!(error = %error, wait_ms = wait.as_millis() as u64, "the log is not available, trying again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(WAIT_MAX);
            }
            other => return other,
        }
    }
    attempt().await
}

fn is_passing(error: &CommandError) -> bool {
    match error {
        CommandError::Contended
        | CommandError::Overloaded
        | CommandError::Unavailable(_)
        | CommandError::OutcomeUnknown(_) => true,
        CommandError::Refused(_)
        | CommandError::PreconditionFailed { .. }
        | CommandError::KeyReused
        | CommandError::TooLarge(_)
        | CommandError::Internal(_) => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_log_that_comes_back_is_waited_for() {
        let mut left = 3;
        let outcome = retrying(|| {
            left -= 1;
            let answer = if left > 0 {
                Err(CommandError::Overloaded)
            } else {
                Ok("done")
            };
            async { answer }
        });
        assert_eq!(outcome.await.unwrap(), "done");
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_pass_is_told_at_once_and_patience_ends() {
        let mut attempts = 0;
        let refused = retrying(|| {
            attempts += 1;
            async { Err::<(), _>(CommandError::KeyReused) }
        });
        assert!(matches!(refused.await, Err(CommandError::KeyReused)));
        let away = retrying(|| {
            attempts += 1;
            async { Err::<(), _>(CommandError::Contended) }
        });
        assert!(matches!(away.await, Err(CommandError::Contended)));
        assert_eq!(attempts, 1 + ATTEMPTS_MAX);
    }
}
