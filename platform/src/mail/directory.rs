//! Mail into a directory, for development and tests: one `.eml` file each, which mail programs open.

use std::io;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use tokio::fs;
use tokio::io::AsyncWriteExt;

use super::{Mail, MailError, Mailer, Sender};

/// Mails hold secrets: nobody else reads them.
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;

/// Writes each mail into a directory, under a name that begins with the time that it was written: sorted by name they are
/// in order. A mail that is sent again takes the place of the first.
#[derive(Debug, Clone)]
pub struct MailDirectory {
    path: PathBuf,
    from: Sender,
}

impl MailDirectory {
    /// Writes into `path`, which is made when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn open(path: impl Into<PathBuf>, from: Sender) -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt;
        let path = path.into();
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(&path)?;
        Ok(Self { path, from })
    }

    /// Where it writes.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file appears whole or not at all, and stays when the machine stops.
    async fn write(&self, mail: &Mail, bytes: &[u8]) -> io::Result<()> {
        let time = mail.written_at.format("%Y%m%dT%H%M%S%.6fZ");
        let name = format!("{time}-{}.eml", mail.id);
        let unfinished = self.path.join(format!(".{name}.{}", uuid::Uuid::now_v7()));
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&unfinished)
            .await?;
        file.write_all(bytes).await?;
        file.sync_all().await?;
        fs::rename(&unfinished, self.path.join(name)).await?;
        fs::File::open(&self.path).await?.sync_all().await
    }
}

#[async_trait]
impl Mailer for MailDirectory {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = mail.message(&self.from)?.formatted();
        let written = self.write(mail, &message).await;
        written.map_err(|error| MailError::Unavailable {
            reason: format!("the mail directory: {}", error.kind()),
            source: Some(error.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::PermissionsExt;

    use chrono::{DateTime, TimeDelta, Utc};
    use uuid::Uuid;

    use super::*;

    fn mail(id: u128, seconds: i64) -> Mail {
        let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        Mail {
            id: Uuid::from_u128(id),
            written_at: noon + TimeDelta::seconds(seconds),
            to: "anna@nordlicht.example".parse().unwrap(),
            subject: format!("Number {id}"),
            text: "Hello".to_owned(),
            html: "<p>Hello</p>".to_owned(),
        }
    }

    fn files(path: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(path).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[tokio::test]
    async fn names_are_in_the_order_of_the_times() {
        let place = tempfile::tempdir().unwrap();
        let mails = MailDirectory::open(place.path().join("mail"), Sender::default()).unwrap();
        for (id, seconds) in [(3, 30), (1, 10), (2, 20)] {
            mails.send(&mail(id, seconds)).await.unwrap();
        }
        let names = files(mails.path());
        assert_eq!(names.len(), 3, "nothing unfinished stays: {names:?}");
        for (name, id) in names.iter().zip(1..) {
            let text = std::fs::read_to_string(mails.path().join(name)).unwrap();
            assert!(
                text.contains(&format!("Subject: Number {id}\r\n")),
                "{name}"
            );
            assert!(name.ends_with(".eml"));
        }
    }

    #[tokio::test]
    async fn a_mail_that_is_sent_again_is_there_once() {
        let place = tempfile::tempdir().unwrap();
        let mails = MailDirectory::open(place.path(), Sender::default()).unwrap();
        for _ in 0..2 {
            mails.send(&mail(1, 0)).await.unwrap();
        }
        assert_eq!(files(mails.path()).len(), 1);
    }

    #[tokio::test]
    async fn only_the_owner_reads_mails() {
        let place = tempfile::tempdir().unwrap();
        let mails = MailDirectory::open(place.path().join("mail"), Sender::default()).unwrap();
        mails.send(&mail(1, 0)).await.unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(mails.path()), DIRECTORY_MODE);
        let file = mails.path().join(&files(mails.path())[0]);
        assert_eq!(mode(&file), FILE_MODE);
    }

    #[tokio::test]
    async fn a_directory_that_is_gone_is_told_and_tried_again() {
        let place = tempfile::tempdir().unwrap();
        let mails = MailDirectory::open(place.path().join("mail"), Sender::default()).unwrap();
        std::fs::remove_dir(mails.path()).unwrap();
        let error = mails.send(&mail(1, 0)).await.unwrap_err();
        assert!(!error.is_permanent());
        assert!(!error.to_string().contains("nordlicht"), "{error}");
    }
}
