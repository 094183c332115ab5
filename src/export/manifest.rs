//! The manifest of an export: which files belong together, and where the log stood.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Utc};
use event_store::{Mark, Partition};
use serde::{Deserialize, Serialize};

/// Its name in the directory of the export.
pub const MANIFEST: &str = "manifest.json";
const FORMAT: &str = "insightdesk.export.v1";

/// What a directory of an export holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    format: String,
    exported_at: DateTime<Utc>,
    /// Whether it is the whole log: only that can be restored.
    pub complete: bool,
    /// Its files, in the order of the partitions.
    pub files: Vec<FileEntry>,
    /// Where each partition that has events stood.
    pub partitions: Vec<PartitionEntry>,
}

/// A file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Its name in the directory.
    pub name: String,
    /// How many events it has.
    pub events: u64,
}

/// Where a partition stood.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartitionEntry {
    partition: i16,
    position: i64,
    hash: String,
}

impl PartitionEntry {
    /// The entry of a partition.
    #[must_use]
    pub fn of(partition: Partition, head: Mark) -> Self {
        Self {
            partition: partition.get(),
            position: head.position.get(),
            hash: blake3::Hash::from_bytes(head.hash).to_string(),
        }
    }
}

impl Manifest {
    /// One without files.
    #[must_use]
    pub fn new(exported_at: DateTime<Utc>, complete: bool) -> Self {
        Self {
            format: FORMAT.to_owned(),
            exported_at,
            complete,
            files: Vec::new(),
            partitions: Vec::new(),
        }
    }

    /// Writes it into the directory; its path.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, directory: &Path) -> Result<PathBuf> {
        let path = directory.join(MANIFEST);
        let text = format!("{}\n", serde_json::to_string_pretty(self)?);
        std::fs::write(&path, text)
            .with_context(|| format!("{} cannot be written", path.display()))?;
        Ok(path)
    }

    /// Reads the one at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!(
                "{} cannot be read: without it an export is not complete",
                path.display()
            )
        })?;
        let manifest: Self = serde_json::from_str(&text)
            .with_context(|| format!("{} is not a manifest", path.display()))?;
        ensure!(
            manifest.format == FORMAT,
            "{} is of the form {:?}, not {FORMAT}",
            path.display(),
            manifest.format
        );
        Ok(manifest)
    }

    /// Whether these heads are those of the log that was exported.
    #[must_use]
    pub fn has_heads(&self, heads: &BTreeMap<Partition, Mark>) -> bool {
        let heads = heads
            .iter()
            .map(|(partition, mark)| PartitionEntry::of(*partition, *mark));
        heads.eq(self.partitions.iter().map(|entry| PartitionEntry {
            hash: entry.hash.clone(),
            ..*entry
        }))
    }
}
