//! `insightdesk import servicenow-log`.

use anyhow::Result;
use domain::ids::OrganizationId;

use super::{connect, progress_bar};
use crate::cli::ServicenowLog;
use crate::directory;
use crate::import::{Import, Rejects};

/// Imports a log and prints the summary.
///
/// # Errors
/// When the organization does not exist, a file cannot be used, or the log cannot be reached for long.
pub async fn import(arguments: ServicenowLog) -> Result<()> {
    let node = connect().await?;
    let place = directory::organization(&node.store, &arguments.organization).await?;
    let import = Import {
        dispatcher: node.dispatcher.clone(),
        organization_id: OrganizationId(place.org_id.0),
        partition: place.partition,
    };
    let rejects_path = arguments
        .rejects
        .unwrap_or_else(|| Rejects::default_path(&arguments.file));
    let mut rejects = Rejects::at(rejects_path);
    let progress = progress_bar("rows")?;
    let outcome = import.run(&arguments.file, &mut rejects, &progress).await;
    progress.finish_and_clear();
    // What was rejected so far is worth keeping when the import stopped half-way, too.
    let rejects_path = rejects.finish()?;
    node.stop().await;
    println!("{}", outcome?);
    if let Some(path) = rejects_path {
        println!("rejected rows, with line and reason: {}", path.display());
    }
    Ok(())
}
