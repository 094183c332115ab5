//! What nobody can use any more goes.

use std::error::Error;
use std::time::Duration;

use platform::shutdown::Shutdown;

use super::error::IdentityError;
use super::{Identity, challenges, devices, sessions};

const INTERVAL: Duration = Duration::from_secs(3_600);

impl Identity {
    /// Removes it again and again, until shutdown. Any number of processes may do this at once.
    pub async fn keep_house(self, shutdown: Shutdown) {
        loop {
            match self.remove_spent().await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "old sessions, devices, links and keys removed"),
                Err(error) => tracing::warn!(
                    error = &error as &dyn Error,
                    "old sessions, devices and links could not be removed; trying again later"
                ),
            }
            if tokio::time::timeout(INTERVAL, shutdown.requested())
                .await
                .is_ok()
            {
                return;
            }
        }
    }

    async fn remove_spent(&self) -> Result<u64, IdentityError> {
        let keys = self.retire_ended_keys().await?;
        let client = self.client().await?;
        let sessions = sessions::expire(&client, self.now()).await?;
        let devices = devices::forget(&client, self.now()).await?;
        Ok(keys + sessions + devices + challenges::expire(&client, self.now()).await?)
    }
}
