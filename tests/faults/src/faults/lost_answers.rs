//! F14: the connection of a writer to PostgreSQL breaks when an append is on its way: before it arrives, after it was done
//! but before the answer, or so that it arrives when the client has already gone.

use std::time::Duration;

use anyhow::{Context, Result};
use rand::seq::IndexedRandom;
use tokio::time::Instant;

use crate::scene::proxy::Cut;
use crate::scene::wait::eventually;
use crate::stage::Stage;

const CUTS: [(Cut, &str); 3] = [
    (Cut::LoseRequest, "appends lost before PostgreSQL"),
    (Cut::LoseAnswer, "answers to appends lost"),
    (Cut::Delay, "appends that came late"),
];
/// Only the metadata of an append has it, whichever statement carries it.
const APPEND: &[&str] = &["\"idempotency_key\""];
const CUT_DEADLINE: Duration = Duration::from_secs(20);

/// Cuts until the time is up.
///
/// # Errors
/// When nothing passes the proxy.
pub async fn run(stage: &mut Stage) -> Result<()> {
    let proxy = stage.scene.proxy_postgres().await?;
    stage.begin().await?;
    while stage.has_time() {
        let (cut, shown) = CUTS.choose(&mut stage.random).copied().unwrap_or(CUTS[0]);
        let before = proxy.cuts();
        proxy.arm(cut, APPEND);
        let has_cut = async || {
            (proxy.cuts() > before)
                .then_some(())
                .context("no append yet")
        };
        eventually("a connection is cut", CUT_DEADLINE, has_cut).await?;
        stage.record.harm(shown, 1);
        stage.recovers_from(Instant::now()).await?;
    }
    Ok(())
}
