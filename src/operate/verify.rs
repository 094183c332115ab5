//! `insightdesk verify`.

use std::path::Path;

use anyhow::{Context, Result, bail};
use event_store::checkpoint::{Checkpoint, PublicKey};
use event_store::verify::{self, Span};
use event_store::{EventStore, Partition, Position};
use indicatif::HumanCount;

use super::{connect_to_log, progress_bar};
use crate::cli::{Since, VerifyOptions};
use crate::state_dir::StateDir;

/// Walks the log, or what came after a place of it, and prints what it found.
///
/// # Errors
/// When the log cannot be read, or is damaged: then the first bad row of each partition is named. When the checkpoint is
/// not one that its key signed.
pub async fn verify(options: VerifyOptions) -> Result<()> {
    let checkpoint = match (&options.against, &options.since) {
        (Some(path), _) | (None, Some(Since::Checkpoint(path))) => {
            Some(read_checkpoint(path, options.public_key)?)
        }
        _ => None,
    };
    let node = connect_to_log().await?;
    let log = node.log();
    let spans = spans(&log, &options, checkpoint.as_ref()).await?;
    let mut total = 0;
    for span in &spans {
        let head = log.head(span.partition).await?;
        total += (head.get() - span.after.position.get())
            .max(0)
            .unsigned_abs();
    }
    let bar = progress_bar("events")?;
    bar.set_length(total);
    let report = verify::verify_spans(&log, &spans, |events| bar.set_position(events)).await;
    bar.finish_and_clear();
    node.stop().await;
    let report = report?;
    let faults: Vec<String> = report.faults().map(ToString::to_string).collect();
    if !faults.is_empty() {
        bail!("the log is damaged:\n  {}", faults.join("\n  "));
    }
    println!(
        "the log is whole: {} events in {} partitions",
        HumanCount(report.events()),
        spans.len()
    );
    if let Some(checkpoint) = checkpoint {
        println!(
            "it is the log that the checkpoint of {} was taken of",
            checkpoint.taken_at.to_rfc3339()
        );
    }
    Ok(())
}

/// What to walk: every partition there is, and every one that the checkpoint names.
async fn spans(
    store: &EventStore,
    options: &VerifyOptions,
    checkpoint: Option<&Checkpoint>,
) -> Result<Vec<Span>> {
    let mut spans = Vec::new();
    let partitions = store.partitions().await?;
    if let Some(marks) = checkpoint.map(|checkpoint| &checkpoint.marks) {
        for partition in marks.keys() {
            if !partitions.contains(partition) {
                bail!(
                    "the log is damaged: partition {partition} of the checkpoint does not exist any more"
                );
            }
        }
    }
    for partition in partitions {
        let mark = checkpoint.and_then(|checkpoint| checkpoint.marks.get(&partition).copied());
        spans.push(match (&options.since, mark) {
            (Some(Since::Position(position)), _) => since(store, partition, *position).await?,
            (Some(Since::Checkpoint(_)), Some(mark)) => Span::since(partition, mark),
            (None, Some(mark)) => Span::against(partition, mark),
            // A partition that was added after the checkpoint.
            (_, None) => Span::whole(partition),
        });
    }
    Ok(spans)
}

/// After a position, taken as it is now; a shorter partition is only held against its head.
async fn since(store: &EventStore, partition: Partition, position: Position) -> Result<Span> {
    let head = store.head_mark(partition).await?;
    if position >= head.position {
        return Ok(Span::since(partition, head));
    }
    if position == Position::START {
        return Ok(Span::whole(partition));
    }
    let mark = store.mark(partition, position).await?;
    let mark = mark.with_context(|| {
        format!(
            "the log is damaged: partition {partition}, position {position}: the row is missing"
        )
    })?;
    Ok(Span::since(partition, mark))
}

fn read_checkpoint(path: &Path, public_key: Option<PublicKey>) -> Result<Checkpoint> {
    let key = match public_key {
        Some(key) => key,
        None => configured_key()?,
    };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Checkpoint::read(&text, &key)
        .with_context(|| format!("{} is no checkpoint to rely on", path.display()))
}

/// Not the one in the file: whoever changed the file would have changed that, too.
fn configured_key() -> Result<PublicKey> {
    let key = StateDir::here().config_without_tokens()?.signing_key;
    let key = key.map(|key| key.public_key());
    key.context("which key must the checkpoint be signed with? Give --public-key, or set INSIGHTDESK_SIGNING_KEY")
}
