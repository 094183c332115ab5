//! The mails that a server wrote.

use std::fs;
use std::path::PathBuf;

use insightdesk::server::RunningServer;
use platform::config::{Config, MailSettings, MailWay};
use tempfile::TempDir;

use super::app::{TestApp, serve};
use super::database::Database;
use super::eventually::{DEADLINE, eventually};

/// The directory that mails go to. Whoever waits for one gets the newest that they did not get before.
pub struct Mailbox {
    directory: TempDir,
    seen: std::sync::Mutex<std::collections::BTreeSet<PathBuf>>,
}

impl TestApp {
    /// Starts it with a mailbox.
    pub async fn with_mail() -> (Self, Mailbox) {
        Self::with_mail_and(|config| config).await
    }

    /// Starts it with a mailbox, and what else `configure` says.
    pub async fn with_mail_and(configure: impl FnOnce(Config) -> Config) -> (Self, Mailbox) {
        let database = Database::create().await;
        let (config, mailbox) = with_mailbox(configure(database.config()));
        (Self::on(database, config).await, mailbox)
    }

    /// Another server on the same log, by the same clock, with a mailbox.
    pub async fn second_with_mail(&self) -> (RunningServer, Mailbox) {
        let (config, mailbox) = with_mailbox(self.config.clone());
        let (server, _client) = serve(&config, &self.clock).await;
        (server, mailbox)
    }
}

fn with_mailbox(config: Config) -> (Config, Mailbox) {
    let directory = tempfile::tempdir().unwrap();
    let config = Config {
        mail: MailSettings {
            way: MailWay::Directory(directory.path().to_owned()),
            ..config.mail
        },
        ..config
    };
    let mailbox = Mailbox {
        directory,
        seen: std::sync::Mutex::default(),
    };
    (config, mailbox)
}

impl Mailbox {
    /// Every mail with its file, the oldest first, without the line breaks of its encoding.
    fn mails(&self) -> Vec<(PathBuf, String)> {
        let files = fs::read_dir(self.directory.path()).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let mut mails: Vec<(PathBuf, String)> = paths
            .filter(|path| path.extension().is_some_and(|ext| ext == "eml"))
            .map(|path| {
                let text = fs::read_to_string(&path).unwrap();
                (path, text.replace("=\r\n", ""))
            })
            .collect();
        mails.sort();
        mails
    }

    fn to(&self, address: &str) -> Vec<(PathBuf, String)> {
        let mut mails = self.mails();
        let header = format!("To: {address}");
        mails.retain(|(_, text)| text.contains(&header));
        mails
    }

    /// How many somebody got.
    pub fn count_to(&self, address: &str) -> usize {
        self.to(address).len()
    }

    /// How many of them hold these words.
    pub fn count_telling(&self, address: &str, words: &str) -> usize {
        let mails = self.to(address).into_iter();
        mails.filter(|(_, text)| text.contains(words)).count()
    }

    /// The newest mail to somebody, once there is one.
    pub async fn mail_to(&self, address: &str) -> String {
        let newest = || async {
            let mail = self.to(address).pop();
            mail.map(|(_, text)| text).ok_or("no mail")
        };
        eventually(newest, DEADLINE).await
    }

    /// A mail to somebody that was not looked at before, and holds what `find` finds.
    async fn fresh(&self, address: &str, find: impl Fn(&str) -> Option<String>) -> String {
        let unseen = || async {
            let mut seen = self.seen.lock().unwrap();
            let fresh = self.to(address).into_iter();
            let mut fresh = fresh.filter(|(path, _)| !seen.contains(path));
            let found = fresh.find_map(|(path, text)| Some((path, find(&text)?)));
            let (path, found) = found.ok_or("no new mail")?;
            seen.insert(path);
            Ok::<_, &str>(found)
        };
        eventually(unseen, DEADLINE).await
    }

    /// Waits for the next mail to somebody that holds these words; the mail.
    pub async fn telling(&self, address: &str, words: &str) -> String {
        let find = |text: &str| text.contains(words).then(|| text.to_owned());
        self.fresh(address, find).await
    }

    /// The token with this prefix in the next mail to somebody.
    pub async fn token(&self, address: &str, prefix: &str) -> String {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        self.fresh(address, |text| {
            let from = &text[text.find(prefix)?..];
            let end = from.find(|c| !is_part(c)).unwrap_or(from.len());
            Some(from[..end].to_owned())
        })
        .await
    }

    /// The six digits in the next mail to somebody.
    pub async fn code(&self, address: &str) -> String {
        self.fresh(address, |text| {
            let body = &text[text.find("\r\n\r\n")?..];
            let words = body.split(|c: char| !c.is_ascii_alphanumeric());
            let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
            words.into_iter().find(is_code).map(str::to_owned)
        })
        .await
    }
}
