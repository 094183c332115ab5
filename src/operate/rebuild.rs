//! `insightdesk rebuild`.

use anyhow::{Result, bail};
use indicatif::HumanCount;
use projector::{Bar, Options};

use super::connect;
use crate::node::Node;

/// Rebuilds the read models, or compares a fresh rebuild with them.
///
/// # Errors
/// When the database fails, an event cannot be applied, or `check` found a difference.
pub async fn rebuild(check: bool) -> Result<()> {
    let node = connect().await?;
    let outcome = if check {
        compare(&node).await
    } else {
        switch(&node).await
    };
    node.stop().await;
    outcome
}

async fn switch(node: &Node) -> Result<()> {
    let bar = Bar::default();
    let report = |progress| bar.show(progress);
    let outcome = projector::rebuild::rebuild(
        &node.log(),
        &node.keys,
        &node.pools.owner,
        &Options::default(),
        &report,
    )
    .await;
    bar.finish();
    outcome?;
    println!("the read models were rebuilt and switched");
    Ok(())
}

async fn compare(node: &Node) -> Result<()> {
    let bar = Bar::default();
    let report = |progress| bar.show(progress);
    let outcome = projector::check::check(
        &node.log(),
        &node.keys,
        &node.pools.owner,
        &Options::default(),
        &report,
    )
    .await;
    bar.finish();
    let found = outcome?;
    for table in &found.tables {
        let (live, fresh) = (HumanCount(table.live_rows), HumanCount(table.fresh_rows));
        println!(
            "{:<20} {:>12} rows live, {:>12} fresh, {} differ",
            table.table, live, fresh, table.differing
        );
    }
    if found.is_clean() {
        println!("the read models are what the log says");
        return Ok(());
    }
    for difference in &found.differences {
        println!("{difference}");
    }
    bail!("the read models differ from the log: run `insightdesk rebuild`")
}
