//! The log, or a part of it, as files for other programs and for [`crate::restore`].
//!
//! What is written is what the log holds, byte for byte: texts of `data` and `metadata` are neither read nor changed.
//! Memory is bounded by one page of the log and one row group of the file.

mod filter;
pub mod line;
pub mod manifest;
mod ndjson;
mod sink;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use event_store::{EventStore, Mark, Partition, Position};
use indicatif::ProgressBar;

pub use filter::Filter;
use manifest::{FileEntry, Manifest, PartitionEntry};
pub use sink::Format;
use sink::Sink;

const PAGE_EVENTS: u32 = 2_000;

/// What is exported, and how.
#[derive(Debug)]
pub struct Export {
    /// The log.
    pub store: EventStore,
    /// Which events.
    pub filter: Filter,
    /// The kind of file.
    pub format: Format,
}

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Events.
    pub events: u64,
    /// Files.
    pub files: Vec<PathBuf>,
}

/// A partition and where it ended when the export began.
#[derive(Debug, Clone, Copy)]
struct Part {
    partition: Partition,
    head: Mark,
}

/// Refuses a file or directory that is there already.
///
/// # Errors
/// That it is.
pub fn refuse_existing(output: &Path) -> Result<()> {
    if output.exists() {
        bail!(
            "{} is there already: choose another --output, or remove it",
            output.display()
        );
    }
    Ok(())
}

impl Export {
    /// Writes one file for all partitions when `output` ends like a file of the format; else a directory with a file a
    /// partition and a manifest. See [`refuse_existing`].
    ///
    /// # Errors
    /// When the log cannot be read, or `output` cannot be written.
    pub async fn run(
        &self,
        output: &Path,
        now: DateTime<Utc>,
        progress: &ProgressBar,
    ) -> Result<Exported> {
        let parts = self.parts().await?;
        let total = parts
            .iter()
            .map(|part| part.head.position.get().unsigned_abs());
        progress.set_length(total.sum());
        let is_file = output
            .extension()
            .is_some_and(|end| end == self.format.extension());
        if is_file {
            self.one_file(output, &parts, progress).await
        } else {
            self.directory(output, &parts, now, progress).await
        }
    }

    async fn parts(&self) -> Result<Vec<Part>> {
        let partitions = match self.filter.place {
            Some(place) => vec![place.partition],
            None => self.store.partitions().await?,
        };
        let mut parts = Vec::with_capacity(partitions.len());
        for partition in partitions {
            let head = self.store.head_mark(partition).await?;
            parts.push(Part { partition, head });
        }
        Ok(parts)
    }

    async fn one_file(
        &self,
        output: &Path,
        parts: &[Part],
        progress: &ProgressBar,
    ) -> Result<Exported> {
        let mut sink = Sink::create(self.format, output)?;
        let mut events = 0;
        for part in parts {
            events += self.partition(*part, &mut sink, progress).await?;
        }
        sink.finish()?;
        Ok(Exported {
            events,
            files: vec![output.to_owned()],
        })
    }

    async fn directory(
        &self,
        output: &Path,
        parts: &[Part],
        now: DateTime<Utc>,
        progress: &ProgressBar,
    ) -> Result<Exported> {
        std::fs::create_dir_all(output)
            .with_context(|| format!("{} cannot be made", output.display()))?;
        let mut manifest = Manifest::new(now, self.filter.is_everything());
        let (mut files, mut events) = (Vec::new(), 0);
        for part in parts.iter().filter(|part| part.head != Mark::START) {
            let name = format!(
                "events-{:05}.{}",
                part.partition.get(),
                self.format.extension()
            );
            let path = output.join(&name);
            let mut sink = Sink::create(self.format, &path)?;
            let written = self.partition(*part, &mut sink, progress).await?;
            sink.finish()?;
            manifest.files.push(FileEntry {
                name,
                events: written,
            });
            manifest
                .partitions
                .push(PartitionEntry::of(part.partition, part.head));
            files.push(path);
            events += written;
        }
        // Last: a directory without it is an export that did not come to its end.
        files.push(manifest.write(output)?);
        Ok(Exported { events, files })
    }

    /// Writes those events of a partition that are wanted; how many.
    async fn partition(&self, part: Part, sink: &mut Sink, progress: &ProgressBar) -> Result<u64> {
        let (mut after, mut written) = (Position::START, 0);
        while after < part.head.position {
            let page = self
                .store
                .read_partition(part.partition, after, PAGE_EVENTS)
                .await?;
            let page = &page[..page.partition_point(|event| event.position <= part.head.position)];
            let Some(last) = page.last() else {
                bail!(
                    "partition {} ends at {after}, before its head: run `insightdesk verify`",
                    part.partition
                );
            };
            for event in page.iter().filter(|event| self.filter.wants(event)) {
                sink.write(event)?;
                written += 1;
            }
            after = last.position;
            progress.inc(page.len() as u64);
        }
        Ok(written)
    }
}
