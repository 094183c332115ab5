//! The commands of an operator: each connects, does one thing, says what it did, and ends.

mod checkpoint;
mod disclosure;
mod export;
mod import;
mod organization;
mod rebuild;
mod replay;
mod rotation;
mod serve;
mod simulate;
mod token;
mod user;
mod verify;

pub use checkpoint::{checkpoint, public_key};
pub use export::{export, restore};
pub use import::import;
pub use organization::{
    create_organization, delete_organization, list_organizations, resume_organization,
    suspend_organization,
};
pub use rebuild::rebuild;
pub use replay::replay;
pub use rotation::rotate_master_key;
pub use serve::{serve, until_shutdown};
pub use simulate::simulate;
pub use token::token;
pub use user::create_user;
pub use verify::verify;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use platform::clock::SystemClock;
use platform::pools::postgres_config;

use crate::node::{self, Node};
use crate::state_dir::StateDir;

const TICK: Duration = Duration::from_millis(100);

/// Brings the database to the schema of this version.
///
/// # Errors
/// When the database cannot be reached or a migration fails.
pub async fn migrate() -> Result<()> {
    let applied = node::migrate(&StateDir::here().config_without_keys()?).await?;
    for name in &applied {
        println!("applied {name}");
    }
    if applied.is_empty() {
        println!("the database is up to date");
    }
    Ok(())
}

/// What an administrator of the database runs for the login of the configured URL.
///
/// # Errors
/// When the configuration is wrong.
pub fn roles() -> Result<String> {
    let config = StateDir::here().config_without_keys()?;
    let connecting = postgres_config(config.database_url.expose())?;
    let login = connecting.get_user().unwrap_or_default();
    Ok(schema::access::administrator(login))
}

/// The log and dispatcher of a command that neither makes nor reads tokens.
async fn connect() -> Result<Node> {
    Node::start(
        &StateDir::here().config_without_tokens()?,
        Arc::new(SystemClock),
    )
    .await
}

/// The log alone, for a command that opens nothing that is sealed in it, and so needs no master key.
async fn connect_to_log() -> Result<Node> {
    Node::without_keys(
        &StateDir::here().config_without_keys()?,
        Arc::new(SystemClock),
    )
    .await
}

/// A bar of position, rate and time left, in `unit`.
fn progress_bar(unit: &str) -> Result<ProgressBar> {
    let template = format!(
        "{{bar:30}} {{percent:>3}} %  {{human_pos}} of {{human_len}} {unit}, {{rate}}, {{eta}} left"
    );
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A rate is far below 2^53; what cannot be written to a terminal is lost anyway.
        let _ = write!(out, "{} a second", HumanCount(state.per_sec() as u64));
    };
    let style = ProgressStyle::with_template(&template)?.with_key("rate", rate);
    let bar = ProgressBar::new(0).with_style(style);
    bar.enable_steady_tick(TICK);
    Ok(bar)
}
