//! Under which account the private servers run.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use super::PrivateError;

const ROOT: u32 = 0;
/// Accounts that root may use for the servers, best first.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

/// The account of the servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
    /// Whether it is another account than ours, so that ownership has to be handed over.
    pub(super) is_other: bool,
}

impl Account {
    /// Our own account or, as root, an unprivileged one.
    pub(super) fn for_servers() -> Result<Self, PrivateError> {
        // The directory of a process in /proc belongs to its effective account.
        let own = Path::new("/proc/self");
        let own = fs::metadata(own).map_err(PrivateError::file("read", own))?;
        if own.uid() != ROOT {
            return Ok(Self {
                uid: own.uid(),
                gid: own.gid(),
                is_other: false,
            });
        }
        let accounts = Path::new("/etc/passwd");
        let accounts =
            fs::read_to_string(accounts).map_err(PrivateError::file("read", accounts))?;
        UNPRIVILEGED
            .iter()
            .find_map(|name| find(&accounts, name))
            .ok_or(PrivateError::NoAccount)
    }

    /// A command that runs under this account.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if self.is_other {
            // Setting the account also drops root's supplementary groups.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Hands `path` over to this account.
    pub(super) fn own(&self, path: &Path) -> Result<(), PrivateError> {
        if self.is_other {
            std::os::unix::fs::lchown(path, Some(self.uid), Some(self.gid))
                .map_err(PrivateError::file("change the owner of", path))?;
        }
        Ok(())
    }
}

/// Finds an account in the text of `/etc/passwd`: `name:password:uid:gid:…`.
fn find(accounts: &str, name: &str) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account {
            uid,
            gid,
            is_other: true,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let accounts = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\n";
        let found = find(accounts, "postgres");
        let expected = Account {
            uid: 101,
            gid: 104,
            is_other: true,
        };
        assert_eq!(found, Some(expected));
        assert_eq!(find(accounts, "nobody"), None);
    }
}
