//! The directories of the private servers, and who is using them.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::account::Account;
use super::{Durability, PrivateError};

const SHELL: &str = "/bin/sh";
/// Where the data goes when the servers' account cannot get into the directory asked for.
const FALLBACK_PARENT: &str = "/var/lib";
const TEST_FALLBACK_PARENT: &str = "/tmp";
/// Names the process that uses a directory: `<pid> <start time>`.
const OWNER_FILE: &str = "owner";
/// The states of a process that has ended: zombie and dead (proc(5)).
const ENDED_STATES: [&str; 2] = ["Z", "X"];
const PRIVATE_DIR_MODE: u32 = 0o700;
const PRIVATE_FILE_MODE: u32 = 0o600;

/// A claimed directory.
#[derive(Debug)]
pub(super) struct Place {
    /// The directory asked for; what others look up is published here.
    dir: PathBuf,
    /// Where the servers have their homes.
    base: PathBuf,
    pub(super) account: Account,
    pub(super) durability: Durability,
}

impl Place {
    /// Claims `dir` for this process.
    pub(super) fn claim(
        dir: &Path,
        account: Account,
        durability: Durability,
    ) -> Result<Self, PrivateError> {
        fs::create_dir_all(dir).map_err(PrivateError::file("create", dir))?;
        let dir = dir
            .canonicalize()
            .map_err(PrivateError::file("find", dir))?;
        if let Some(pid) = running_owner(&dir) {
            return Err(PrivateError::AlreadyRunning { dir, pid });
        }
        let base = base_for(&dir, account, durability)?;
        let place = Self {
            dir,
            base,
            account,
            durability,
        };
        match durability {
            // The watchdogs remove the whole directory, under the servers' account.
            Durability::Test => account.own(&place.base)?,
            Durability::Full => place.publish(OWNER_FILE, &own_identity()?)?,
        }
        Ok(place)
    }

    /// Where the servers have their homes.
    pub(super) fn base(&self) -> &Path {
        &self.base
    }

    /// The directory of the server `name`, which only the servers' account may enter.
    pub(super) fn home(&self, name: &str) -> Result<PathBuf, PrivateError> {
        let home = self.base.join(name);
        private_dir(&home, self.account)?;
        Ok(home)
    }

    /// A directory for a socket of at most `longest_name` bytes: `home`, unless the path
    /// would be longer than the system allows or needs quoting in a URL.
    pub(super) fn socket_dir(
        &self,
        home: &Path,
        longest_name: usize,
    ) -> Result<PathBuf, PrivateError> {
        // sockaddr_un holds 108 bytes, the last of them zero (unix(7)).
        const SOCKET_PATH_LIMIT: usize = 107;
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
        let fits = home.to_str().is_some_and(|path| {
            path.len() + 1 + longest_name <= SOCKET_PATH_LIMIT && path.chars().all(plain)
        });
        if fits {
            return Ok(home.to_path_buf());
        }
        let short = Path::new("/tmp").join(format!("insightdesk-{}", short_hash(home)));
        private_dir(&short, self.account)?;
        Ok(short)
    }

    /// Writes a file into the directory asked for, for `./dev` and people; readable by the
    /// owner alone. Tests have no use for it.
    pub(super) fn publish(&self, name: &str, text: &str) -> Result<(), PrivateError> {
        if self.durability == Durability::Test {
            return Ok(());
        }
        write_private(&self.dir.join(name), &format!("{text}\n"))
    }

    /// Gives the directory up, after the servers have ended.
    pub(super) fn release(&self) {
        match self.durability {
            // Whatever cannot be removed is left: the temporary directory is cleaned anyway.
            Durability::Test => {
                let _ = fs::remove_dir_all(&self.base);
                let _ = fs::remove_dir(&self.dir);
            }
            Durability::Full => {
                let _ = fs::remove_file(self.dir.join(OWNER_FILE));
            }
        }
    }
}

/// Writes a file that only its owner may read.
pub(super) fn write_private(path: &Path, text: &str) -> Result<(), PrivateError> {
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(PRIVATE_FILE_MODE)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(PrivateError::file("write", path))
}

/// A random password.
pub(super) fn random_password() -> String {
    // 122 random bits each, from the system's generator.
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// Makes `path` a directory that only `account` may enter, or checks that it is one.
fn private_dir(path: &Path, account: Account) -> Result<(), PrivateError> {
    match DirBuilder::new().mode(PRIVATE_DIR_MODE).create(path) {
        Ok(()) => account.own(path),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            // Not following links: in a shared directory somebody else could have made one.
            let found = fs::symlink_metadata(path).map_err(PrivateError::file("read", path))?;
            if !found.is_dir() || found.uid() != account.uid {
                return Err(PrivateError::Foreign(path.to_path_buf()));
            }
            let mode = Permissions::from_mode(PRIVATE_DIR_MODE);
            fs::set_permissions(path, mode).map_err(PrivateError::file("protect", path))
        }
        Err(source) => Err(PrivateError::file("create", path)(source)),
    }
}

/// `dir`, or a directory named after it that `account` can get into.
fn base_for(dir: &Path, account: Account, durability: Durability) -> Result<PathBuf, PrivateError> {
    if !account.is_other || can_enter(dir, account) {
        return Ok(dir.to_path_buf());
    }
    let parent = match durability {
        Durability::Full => FALLBACK_PARENT,
        Durability::Test => TEST_FALLBACK_PARENT,
    };
    let base = Path::new(parent).join(format!("insightdesk-{}", short_hash(dir)));
    fs::create_dir_all(&base).map_err(PrivateError::file("create", &base))?;
    tracing::info!(
        wanted = %dir.display(),
        used = %base.display(),
        "the servers' account cannot get into the directory; keeping their data elsewhere"
    );
    Ok(base)
}

fn can_enter(dir: &Path, account: Account) -> bool {
    let status = account
        .command(Path::new(SHELL))
        .args(["-c", "cd -- \"$0\" 2>/dev/null"])
        .arg(dir)
        .current_dir("/")
        .status();
    status.is_ok_and(|status| status.success())
}

/// A short name that is always the same for the same path.
fn short_hash(path: &Path) -> String {
    let mut hash = Uuid::new_v5(&Uuid::NAMESPACE_URL, path.as_os_str().as_encoded_bytes())
        .simple()
        .to_string();
    hash.truncate(12);
    hash
}

/// The process that claimed `dir` and still lives.
fn running_owner(dir: &Path) -> Option<u32> {
    let owner = fs::read_to_string(dir.join(OWNER_FILE)).ok()?;
    let (pid, started) = owner.trim().split_once(' ')?;
    let pid: u32 = pid.parse().ok()?;
    // The start time tells a process id that was used again.
    (start_time(&pid.to_string()).as_deref() == Some(started)).then_some(pid)
}

fn own_identity() -> Result<String, PrivateError> {
    let started = start_time("self").ok_or_else(|| PrivateError::Program {
        program: "/proc".to_owned(),
        detail: "it does not tell when this process was started; is it mounted?".to_owned(),
    })?;
    Ok(format!("{} {started}", std::process::id()))
}

/// When a process that still runs was started, in clock ticks since boot: field 22 of its stat (proc(5)).
fn start_time(process: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The second field, the name in parentheses, may contain anything; the third, the state, follows it.
    let (_, after_name) = stat.rsplit_once(") ")?;
    let mut fields = after_name.split(' ');
    let state = fields.next()?;
    // An ended process keeps its entry until its parent asks for it; in a container nobody may ever ask.
    if ENDED_STATES.contains(&state) {
        return None;
    }
    fields.nth(18).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn an_ended_process_that_nobody_waited_for_owns_nothing() {
        let dir = super::super::test_dir();
        fs::create_dir(&dir).unwrap();
        let mut process = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = process.id();
        let started = start_time(&pid.to_string()).unwrap();
        write_private(&dir.join(OWNER_FILE), &format!("{pid} {started}\n")).unwrap();
        assert_eq!(running_owner(&dir), Some(pid));

        process.kill().unwrap();
        let state = format!("/proc/{pid}/stat");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while !fs::read_to_string(&state).unwrap().contains(") Z ") {
            assert!(std::time::Instant::now() < deadline, "it did not end");
            std::thread::yield_now();
        }
        assert_eq!(running_owner(&dir), None);
        process.wait().unwrap();
        fs::remove_dir_all(&dir).unwrap();
    }
}
