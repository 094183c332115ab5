//! `insightdesk verify`.

use anyhow::{Result, bail};
use event_store::verify;
use indicatif::HumanCount;

use super::{connect, progress_bar};

/// Walks the whole log and prints what it found.
///
/// # Errors
/// When the log cannot be read, or is damaged: then the first bad row of each partition is named.
pub async fn verify() -> Result<()> {
    let node = connect().await?;
    let partitions = node.store.partitions().await?;
    let mut total = 0;
    for partition in &partitions {
        total += node.store.head(*partition).await?.get().unsigned_abs();
    }
    let bar = progress_bar("events")?;
    bar.set_length(total);
    let (mut done, mut last) = (0, None);
    let report = verify::verify(&node.store, &partitions, |progress| {
        // Positions begin anew in each partition.
        let before = if last.map(|(partition, _)| partition) == Some(progress.partition) {
            last
        } else {
            None
        };
        done += progress.position.get().unsigned_abs() - before.map_or(0, |(_, position)| position);
        last = Some((progress.partition, progress.position.get().unsigned_abs()));
        bar.set_position(done);
    })
    .await;
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
        partitions.len()
    );
    Ok(())
}
