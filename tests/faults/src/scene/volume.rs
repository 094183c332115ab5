//! Volumes of a chosen size for the data or the write-ahead log of PostgreSQL, which can be filled and emptied.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use uuid::Uuid;

use super::Scene;

const SIZE_MIB: u64 = 512;
const CHUNK_BYTES: usize = 1 << 20;

/// A mounted volume. It is unmounted and removed with this value.
#[derive(Debug)]
pub struct Volume {
    /// Everything of it.
    base: PathBuf,
    /// Where it is mounted.
    pub mount: PathBuf,
}

impl Volume {
    /// An ext4 file system in a file.
    ///
    /// # Errors
    /// Why that cannot be had here.
    pub fn ext4() -> Result<Self> {
        let volume = Self::prepare()?;
        let image = volume.base.join("image");
        File::create(&image)?.set_len(SIZE_MIB << 20)?;
        // Nothing is reserved for root: full is full.
        run("mkfs.ext4", &["-q", "-m", "0", text(&image)?])?;
        run(
            "mount",
            &["-o", "loop", text(&image)?, text(&volume.mount)?],
        )?;
        Ok(volume)
    }

    /// One in memory.
    ///
    /// # Errors
    /// Why that cannot be had here.
    pub fn tmpfs() -> Result<Self> {
        let volume = Self::prepare()?;
        let size = format!("size={SIZE_MIB}m");
        run(
            "mount",
            &["-t", "tmpfs", "-o", &size, "tmpfs", text(&volume.mount)?],
        )?;
        Ok(volume)
    }

    fn prepare() -> Result<Self> {
        if fs::metadata("/proc/self")?.uid() != 0 {
            bail!("needs root, to mount a volume");
        }
        let name = format!("insightdesk-faults-{}", Uuid::new_v4().simple());
        let base = std::env::temp_dir().join(name);
        let mount = base.join("mount");
        fs::create_dir_all(&mount)?;
        Ok(Self { base, mount })
    }

    /// A directory beside the volume, on the disk of the machine.
    #[must_use]
    pub fn beside(&self) -> PathBuf {
        self.base.join("beside")
    }

    /// Takes all the space that is left.
    ///
    /// # Errors
    /// When something else than space is missing.
    pub fn fill(&self) -> Result<()> {
        let mut file = File::create(self.ballast())?;
        let chunk = vec![b'x'; CHUNK_BYTES];
        let mut size = chunk.len();
        // To the last byte: ever smaller pieces.
        while size > 0 {
            let written = file
                .write_all(&chunk[..size])
                .and_then(|()| file.sync_data());
            if let Err(error) = written {
                if error.kind() != std::io::ErrorKind::StorageFull {
                    return Err(error.into());
                }
                size /= 2;
            }
        }
        Ok(())
    }

    /// Gives it back.
    ///
    /// # Errors
    /// When it cannot be given back.
    pub fn drain(&self) -> Result<()> {
        Ok(fs::remove_file(self.ballast())?)
    }

    fn ballast(&self) -> PathBuf {
        self.mount.join("ballast")
    }
}

impl Drop for Volume {
    fn drop(&mut self) {
        // Whatever cannot be removed is below the temporary directory.
        let _ = Command::new("umount").arg(&self.mount).status();
        let _ = fs::remove_dir_all(&self.base);
    }
}

impl Scene {
    /// Moves the write-ahead log of PostgreSQL into `directory`, which is on another volume.
    ///
    /// # Errors
    /// When PostgreSQL does not stop or start, or files cannot be moved.
    pub async fn move_wal(&self, directory: &Path) -> Result<()> {
        self.servers.stop_postgres().await?;
        fs::create_dir_all(directory)?;
        let wal = self.servers.data_dir().join("postgres/data/pg_wal");
        let moved = directory.join("pg_wal");
        // With owner and permissions, over the border of the volume.
        run("cp", &["-a", text(&wal)?, text(&moved)?])?;
        fs::remove_dir_all(&wal)?;
        std::os::unix::fs::symlink(&moved, &wal)?;
        Ok(self.servers.start_postgres().await?)
    }
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().context("a path that is no text")
}

fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run {program}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} failed: {}", said.trim());
    }
    Ok(())
}
