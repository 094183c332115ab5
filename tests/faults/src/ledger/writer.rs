//! Writing the ledger: one thread, which syncs the lines of all connections together.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};

use anyhow::{Context, Result, anyhow};
use tokio::sync::oneshot;

use super::Line;

/// A line and who waits for it.
type Entry = (Vec<u8>, Option<oneshot::Sender<()>>);

/// A ledger that is being written. Clones write to the same file.
#[derive(Debug, Clone)]
pub struct Ledger {
    path: PathBuf,
    entries: Sender<Entry>,
}

impl Ledger {
    /// Begins a new ledger.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path) -> Result<Self> {
        let file = File::create(path).with_context(|| format!("cannot make {}", path.display()))?;
        let (entries, receiver) = channel();
        std::thread::spawn(move || write(file, &receiver));
        Ok(Self {
            path: path.to_owned(),
            entries,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a line, and everything before it, and returns when they are on the disk.
    ///
    /// # Errors
    /// When they cannot be written.
    pub async fn write_through(&self, line: &Line) -> Result<()> {
        let (done, written) = oneshot::channel();
        self.send(line, Some(done))?;
        written.await.context("the ledger cannot be written")
    }

    /// Writes a line. It is on the disk at the latest with the next [`Ledger::write_through`]: lines keep their order.
    ///
    /// # Errors
    /// When the ledger could not be written before.
    pub fn write(&self, line: &Line) -> Result<()> {
        self.send(line, None)
    }

    fn send(&self, line: &Line, done: Option<oneshot::Sender<()>>) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let sent = self.entries.send((text, done));
        sent.map_err(|_| anyhow!("the ledger cannot be written"))
    }
}

/// Ends with the last sender, or with a write that fails: those who wait learn of it by their dropped channel.
fn write(mut file: File, entries: &Receiver<Entry>) {
    while let Ok((mut text, done)) = entries.recv() {
        let mut waiting = Vec::from_iter(done);
        while let Ok((more, done)) = entries.try_recv() {
            text.extend(more);
            waiting.extend(done);
        }
        if file
            .write_all(&text)
            .and_then(|()| file.sync_data())
            .is_err()
        {
            return;
        }
        for done in waiting {
            // Who no longer waits needs no word.
            let _ = done.send(());
        }
    }
}
