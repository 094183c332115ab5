//! `insightdesk export` and `insightdesk restore`.

use std::path::PathBuf;

use anyhow::Result;
use domain::ids::ExportId;
use domain::security::exports::LogExported;
use domain::security::words::LogForm;
use indicatif::HumanCount;
use platform::clock::{Clock, SystemClock};
use uuid::Uuid;

use super::{connect_to_log, disclosure, progress_bar};
use crate::cli::ExportOptions;
use crate::directory;
use crate::export::{Export, Filter, Format, refuse_existing};

/// Writes the log, or a part of it, to files, and records in it that it did.
///
/// # Errors
/// When the log cannot be read or does not take that, or the files cannot be written.
pub async fn export(options: ExportOptions) -> Result<()> {
    refuse_existing(&options.output)?;
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
    disclosure::record(&node, place, told(&export)).await?;
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

/// What the organizations are told of an export.
fn told(export: &Export) -> LogExported {
    LogExported {
        export_id: ExportId(Uuid::now_v7()),
        form: match export.format {
            Format::Ndjson => LogForm::Ndjson,
            Format::Parquet => LogForm::Parquet,
        },
        from: export.filter.from,
        to: export.filter.to,
        as_of: None,
        types: export.filter.types.clone(),
    }
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
