//! `insightdesk replay`.

use anyhow::{Context, Result};
use indicatif::HumanCount;
use projector::replay::{ReplayNamespace, drop_replay};
use projector::{Bar, Options};

use super::connect;
use crate::cli::ReplayOptions;
use crate::node::Node;

/// Builds the read models of a time in a schema of their own, or drops such a schema.
///
/// # Errors
/// When the schema is there already, the database fails, or an event cannot be applied.
pub async fn replay(options: ReplayOptions) -> Result<()> {
    let node = connect().await?;
    let outcome = match &options.drop {
        Some(namespace) => drop(&node, namespace).await,
        None => build(&node, &options).await,
    };
    node.stop().await;
    outcome
}

async fn drop(node: &Node, namespace: &ReplayNamespace) -> Result<()> {
    drop_replay(&node.pools.owner, namespace).await?;
    println!("the schema {namespace} is gone");
    Ok(())
}

async fn build(node: &Node, options: &ReplayOptions) -> Result<()> {
    let as_of = options
        .as_of
        .context("give the time: --as-of 2026-03-01T00:00:00Z")?;
    let namespace = options
        .schema
        .clone()
        .unwrap_or_else(|| ReplayNamespace::of(as_of));
    let bar = Bar::default();
    let report = |progress| bar.show(progress);
    let pool = &node.pools.owner;
    let store = node.log();
    let outcome = projector::replay::replay(
        &store,
        &node.keys,
        pool,
        &Options::default(),
        &namespace,
        as_of,
        &report,
    )
    .await;
    bar.finish();
    println!(
        "the schema {namespace} shows {} events, recorded up to {}",
        HumanCount(outcome?.unsigned_abs()),
        as_of.to_rfc3339()
    );
    Ok(())
}
