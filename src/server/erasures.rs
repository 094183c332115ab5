//! Forgets in this process the people whom other processes erased.

use std::error::Error;
use std::time::Duration;

use platform::shutdown::Shutdown;

use crate::node::Node;

/// How often this process looks. A key that it should have forgotten leaves its memory by itself after
/// [`sealing::KEY_LIFETIME`].
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Looks again and again, until shutdown.
pub(super) async fn follow(node: Node, shutdown: Shutdown) {
    while tokio::time::timeout(LOOK_INTERVAL, shutdown.requested())
        .await
        .is_err()
    {
        match node.keys.recently_erased().await {
            Ok(erased) => {
                for (org_id, subject) in erased {
                    node.dispatcher.forget_subject(org_id, subject);
                }
            }
            Err(error) => {
                tracing::debug!(
                    error = &error as &dyn Error,
                    "erasures could not be looked up"
                );
            }
        }
    }
}
