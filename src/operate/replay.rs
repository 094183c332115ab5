//! `insightdesk replay`.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use domain::ids::ExportId;
use domain::security::exports::LogExported;
use domain::security::words::LogForm;
use indicatif::HumanCount;
use projector::replay::{ReplayNamespace, drop_replay, refuse_taken};
use projector::{Bar, Options};
use uuid::Uuid;

use super::{connect, disclosure};
use crate::cli::ReplayOptions;
use crate::node::Node;

/// Builds the read models of a time in a schema of their own, and records in the log that it did; or drops such a schema.
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
    refuse_taken(&node.pools.owner, &namespace).await?;
    disclosure::record(node, None, told(as_of)).await?;
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

/// What the organizations are told of a replay.
fn told(as_of: DateTime<Utc>) -> LogExported {
    LogExported {
        export_id: ExportId(Uuid::now_v7()),
        form: LogForm::ReadModels,
        from: None,
        to: None,
        as_of: Some(as_of),
        types: BTreeSet::new(),
    }
}
