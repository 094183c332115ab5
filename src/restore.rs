//! A log from exported files into an empty database: the same positions, versions and hashes.
//!
//! The placements of the organizations follow from the events. Stored answers are not exported: a command that was sent
//! before the export and is repeated after the restore is a new one.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use const_format::formatcp;
use deadpool_postgres::Pool;
use domain::organization;
use domain::text::Slug;
use event_store::restore::Restore;
use event_store::{Mark, OrgId, Partition, RecordedEvent};
use indicatif::ProgressBar;
use schema::table::SAGA_CHECKPOINTS;
use serde::Deserialize;
use tokio_postgres::types::ToSql;

use crate::export::Format;
use crate::export::line;
use crate::export::manifest::{MANIFEST, Manifest};

/// The longest line: an event's texts have at most 1 MiB each, and may grow sixfold as JSON strings.
const LINE_BYTES_MAX: u64 = 16 << 20;
/// The event that gives an organization its slug, in every version so far.
const SLUG_EVENT: &str = "organization.created";

const MARK_NOTICED: &str = formatcp!(
    "INSERT INTO {SAGA_CHECKPOINTS} (partition, noticed) VALUES ($1, $2) \
     ON CONFLICT (partition) DO UPDATE SET noticed = EXCLUDED.noticed"
);

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// Events.
    pub events: u64,
    /// Where each partition that has events stands.
    pub heads: BTreeMap<Partition, Mark>,
}

/// Restores files, or the directories of exports, into the database of `pool`: all or nothing.
///
/// # Errors
/// When the database has a log already, or a file is damaged: then file and line are named and nothing was restored.
pub async fn restore(pool: &Pool, paths: &[PathBuf], progress: &ProgressBar) -> Result<Restored> {
    let sources = paths
        .iter()
        .map(|path| Source::of(path))
        .collect::<Result<Vec<_>>>()?;
    for file in sources.iter().flat_map(|source| &source.files) {
        ensure!(
            file.extension()
                .is_none_or(|end| end != Format::Parquet.extension()),
            "{} is a Parquet file, which is for analysts: restore an export of the format ndjson",
            file.display()
        );
    }
    let bytes = sources.iter().flat_map(|source| &source.files).map(|file| {
        // A file that is not there is told when it is opened.
        std::fs::metadata(file).map_or(0, |file| file.len())
    });
    progress.set_length(bytes.sum());
    let mut restoring = Restoring {
        restore: Restore::begin(pool).await?,
        slugs: BTreeMap::new(),
        events: 0,
    };
    for source in &sources {
        for file in &source.files {
            restoring.file(file, progress).await?;
        }
    }
    for manifest in sources.iter().filter_map(|source| source.manifest.as_ref()) {
        ensure!(
            manifest.has_heads(restoring.restore.heads()),
            "the files do not reach the heads of their manifest: one of them was cut off, or belongs to another export"
        );
    }
    tell_nobody_again(pool, restoring.restore.heads()).await?;
    let (events, slugs) = (restoring.events, restoring.slugs);
    let heads = restoring.restore.commit(&slugs).await?;
    Ok(Restored { events, heads })
}

/// What the restored events told people by mail was told when they were recorded. Written before the log is there, so that no
/// saga ever sees it without.
async fn tell_nobody_again(pool: &Pool, heads: &BTreeMap<Partition, Mark>) -> Result<()> {
    let client = pool.get().await?;
    for (partition, head) in heads {
        let values: [&(dyn ToSql + Sync); 2] = [&partition.get(), &head.position.get()];
        client.execute(MARK_NOTICED, &values).await?;
    }
    Ok(())
}

/// Files that belong together.
struct Source {
    files: Vec<PathBuf>,
    manifest: Option<Manifest>,
}

impl Source {
    /// A file of events, or a directory with its manifest.
    fn of(path: &Path) -> Result<Self> {
        let directory = match path.file_name() {
            _ if path.is_dir() => path,
            Some(name) if name == MANIFEST => path.parent().unwrap_or(Path::new(".")),
            _ => {
                return Ok(Self {
                    files: vec![path.to_owned()],
                    manifest: None,
                });
            }
        };
        let manifest = Manifest::read(&directory.join(MANIFEST))?;
        ensure!(
            manifest.complete,
            "{} is a part of a log: only a whole one can be restored",
            directory.display()
        );
        let files = manifest.files.iter().map(|file| directory.join(&file.name));
        Ok(Self {
            files: files.collect(),
            manifest: Some(manifest),
        })
    }
}

struct Restoring {
    restore: Restore,
    slugs: BTreeMap<String, OrgId>,
    events: u64,
}

impl Restoring {
    async fn file(&mut self, path: &Path, progress: &ProgressBar) -> Result<()> {
        let file =
            File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let mut text = String::new();
        for number in 1_u64.. {
            text.clear();
            let at = || format!("{}, line {number}", path.display());
            let mut bounded = std::io::Read::take(&mut reader, LINE_BYTES_MAX);
            let length = bounded.read_line(&mut text).with_context(at)?;
            if length == 0 {
                return Ok(());
            }
            if !text.ends_with('\n') {
                bail!("{}: the line has no end: the file was cut off", at());
            }
            let event = line::read(text.trim_end()).with_context(at)?;
            self.event(&event).await.with_context(at)?;
            progress.inc(length as u64);
        }
        Ok(())
    }

    async fn event(&mut self, event: &RecordedEvent) -> Result<()> {
        self.restore.push(event).await?;
        self.events += 1;
        if event.stream_type == organization::STREAM_TYPE && event.event_type == SLUG_EVENT {
            let slug = serde_json::from_str::<Slugged>(&event.data)?.slug;
            self.slugs.insert(slug.as_str().to_owned(), event.org_id);
        }
        Ok(())
    }
}

/// What a restore needs to know of an organization.
#[derive(Deserialize)]
struct Slugged {
    slug: Slug,
}
