//! `insightdesk checkpoint`.

use std::io::Write;

use anyhow::{Context, Result};
use event_store::checkpoint::{Checkpoint, SigningKey};
use platform::clock::{Clock, SystemClock};
use platform::config::Config;

use super::connect_to_log;
use crate::state_dir::StateDir;

/// Prints where every partition stands, signed.
///
/// # Errors
/// When there is no signing key, or the log cannot be read.
pub async fn checkpoint() -> Result<()> {
    let key = signing_key(StateDir::here().config_without_keys()?)?;
    let node = connect_to_log().await?;
    let checkpoint = Checkpoint::take(&node.log(), SystemClock.now()).await;
    node.stop().await;
    let text = checkpoint?.sign(&key);
    Ok(std::io::stdout().write_all(text.as_bytes())?)
}

/// Prints the key that checks the signatures.
///
/// # Errors
/// When there is no signing key.
pub fn public_key() -> Result<()> {
    let key = signing_key(StateDir::here().config_without_keys()?)?;
    println!("{}", key.public_key());
    Ok(())
}

/// The configured key.
///
/// # Errors
/// When there is none.
fn signing_key(config: Config) -> Result<SigningKey> {
    config.signing_key.context(
        "there is no signing key: set INSIGHTDESK_SIGNING_KEY to 64 hexadecimal digits, for example the output of \
         `openssl rand -hex 32`, or INSIGHTDESK_SIGNING_KEY_FILE to a file that holds them",
    )
}
