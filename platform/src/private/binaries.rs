//! Finding the server programs of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::PrivateError;

const POSTGRES_MIN_MAJOR: u32 = 15;
const VALKEY_MIN: (u32, u32) = (7, 2);
const REDIS_MIN: (u32, u32) = (7, 0);

/// Where Debian and Ubuntu keep the server programs, one directory a major version.
const POSTGRES_VERSIONS_DIR: &str = "/usr/lib/postgresql";
/// Searched besides PATH, which for an ordinary user often lacks the system directories.
const SYSTEM_DIRS: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/usr/sbin", "/usr/local/sbin"];

/// The directory of the PostgreSQL server programs of version `major`, for data that is
/// there already, or of the newest version.
pub(super) fn postgres_dir(major: Option<u32>) -> Result<PathBuf, PrivateError> {
    let installed = std::fs::read_dir(POSTGRES_VERSIONS_DIR)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    installed
        .chain(search_dirs())
        .filter(|dir| dir.join("initdb").is_file() && dir.join("postgres").is_file())
        .filter_map(|dir| Some((version_of(&dir.join("postgres"), "")?, dir)))
        .filter(|((found, _), _)| match major {
            Some(major) => *found == major,
            None => *found >= POSTGRES_MIN_MAJOR,
        })
        .max_by_key(|(version, _)| *version)
        .map(|(_, dir)| dir)
        .ok_or_else(|| {
            let wanted = match major {
                Some(major) => format!("PostgreSQL {major}, which the data here was made by,"),
                None => format!("PostgreSQL {POSTGRES_MIN_MAJOR} or newer"),
            };
            PrivateError::NoProgram(wanted, "DATABASE_URL")
        })
}

/// The server that serves as Valkey.
#[derive(Debug, Clone)]
pub(super) struct CacheProgram {
    pub(super) path: PathBuf,
    /// Its name and version, for people.
    pub(super) version: String,
}

/// Valkey or, when there is none, Redis.
pub(super) fn cache_program() -> Result<CacheProgram, PrivateError> {
    let candidates = [
        ("valkey-server", "Valkey", VALKEY_MIN),
        ("redis-server", "Redis", REDIS_MIN),
    ];
    for (program, name, min) in candidates {
        for path in search_dirs().map(|dir| dir.join(program)) {
            // "Valkey server v=8.0.1 sha=…", "Redis server v=7.0.15 sha=…"
            let Some((major, minor)) = version_of(&path, "v=") else {
                continue;
            };
            if (major, minor) >= min {
                let version = format!("{name} {major}.{minor}");
                return Ok(CacheProgram { path, version });
            }
        }
    }
    Err(PrivateError::NoProgram(
        "Valkey 7.2 or newer (or Redis 7)".to_owned(),
        "VALKEY_URL",
    ))
}

fn search_dirs() -> impl Iterator<Item = PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    path.into_iter()
        .chain(SYSTEM_DIRS.iter().map(PathBuf::from))
}

/// Major and minor version that `program --version` tells: the first number after `marker`.
fn version_of(program: &Path, marker: &str) -> Option<(u32, u32)> {
    if !program.is_file() {
        return None;
    }
    let output = Command::new(program).arg("--version").output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout), marker)
}

fn parse_version(text: &str, marker: &str) -> Option<(u32, u32)> {
    let after = &text[text.find(marker)? + marker.len()..];
    let number = after.trim_start_matches(|c: char| !c.is_ascii_digit());
    let number: String = number
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '.')
        .collect();
    let mut parts = number.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor = parts
        .next()
        .and_then(|minor| minor.parse().ok())
        .unwrap_or(0);
    Some((major, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_the_programs_say() {
        let valkey = "Valkey server v=8.0.1 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64";
        assert_eq!(parse_version(valkey, "v="), Some((8, 0)));
        let postgres = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)";
        assert_eq!(parse_version(postgres, ""), Some((15, 18)));
        assert_eq!(
            parse_version("postgres (PostgreSQL) 18beta1", ""),
            Some((18, 0))
        );
        assert_eq!(parse_version("no number", ""), None);
    }
}
