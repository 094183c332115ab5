//! One signal that tells every task to finish.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// A token that tasks await; clones share one state. Once requested, it stays requested.
#[derive(Debug, Clone)]
pub struct Shutdown {
    requested: watch::Sender<bool>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// A token that nothing but [`Shutdown::request`] sets off.
    #[must_use]
    pub fn new() -> Self {
        let (requested, _) = watch::channel(false);
        Self { requested }
    }

    /// A token that SIGINT or SIGTERM sets off.
    ///
    /// A second signal ends the process at once with status 130, for a shutdown that hangs.
    ///
    /// # Errors
    /// When the signal handlers cannot be installed.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::new();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let token = shutdown.clone();
        tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
                };
                if token.is_requested() {
                    tracing::warn!(signal = name, "second signal: ending at once");
                    std::process::exit(130);
                }
                tracing::info!(signal = name, "shutting down");
                token.request();
            }
        });
        Ok(shutdown)
    }

    /// Sets the token off; again is harmless.
    pub fn request(&self) {
        self.requested.send_replace(true);
    }

    /// Whether the token has been set off.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        *self.requested.borrow()
    }

    /// Waits until the token is set off; returns at once when it already is.
    pub async fn requested(&self) {
        let mut requested = self.requested.subscribe();
        // An error would mean that the sender is gone, which `self` rules out.
        let _ = requested.wait_for(|requested| *requested).await;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[tokio::test]
    async fn a_request_reaches_every_clone_and_every_later_waiter() {
        let shutdown = Shutdown::new();
        let clone = shutdown.clone();
        let mut waiting = Box::pin(clone.requested());
        assert!(futures::poll!(waiting.as_mut()).is_pending());
        assert!(!clone.is_requested());

        shutdown.request();
        waiting.await;
        clone.requested().await;
        assert!(clone.is_requested());
    }
}
