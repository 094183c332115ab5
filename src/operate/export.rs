//! `insightdesk export` and `insightdesk restore`.

use std::path::PathBuf;

use anyhow::Result;
use indicatif::HumanCount;
use platform::clock::{Clock, SystemClock};

use super::{connect_to_log, progress_bar};
use crate::cli::ExportOptions;
use crate::directory;
use crate::export::{Export, Filter};

/// Writes the log, or a part of it, to files.
///
/// # Errors
/// When the log cannot be read, or the files cannot be written.
pub async fn export(options: ExportOptions) -> Result<()> {
    let node = connect_to_log().await?;
    let place = match &options.organization {
        Some(slug) => Some(directory::organization(&node.store, slug).await?),
        None => None,
    };
    let export = Export {
        store: node.log(),
        filter: Filter {
            from: options.from,
            to: options.to,
            place,
            types: options.types.into_iter().collect(),
        },
        format: options.format,
    };
    let bar = progress_bar("events")?;
    let outcome = export.run(&options.output, SystemClock.now(), &bar).await;
    bar.finish_and_clear();
    node.stop().await;
    let exported = outcome?;
    println!("{} events exported:", HumanCount(exported.events));
    for file in exported.files {
        println!("  {}", file.display());
    }
    Ok(())
}

/// Writes exported files into an empty database.
///
/// # Errors
/// When the database has a log already, or a file is damaged.
pub async fn restore(paths: &[PathBuf]) -> Result<()> {
    let node = connect_to_log().await?;
    let bar = progress_bar("bytes")?;
    let outcome = crate::restore::restore(&node.pools.owner, paths, &bar).await;
    bar.finish_and_clear();
    node.stop().await;
    let restored = outcome?;
    println!(
        "{} events restored; the partitions stand at:",
        HumanCount(restored.events)
    );
    for (partition, head) in restored.heads {
        println!("  partition {partition}, position {}", head.position);
    }
    println!("prove it with `insightdesk verify`, and against a checkpoint if you have one");
    Ok(())
}
