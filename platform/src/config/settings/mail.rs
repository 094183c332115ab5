//! The settings of mail.

use std::path::PathBuf;

use super::Settings;
use crate::config::{MailSettings, MailWay};
use crate::mail::{PublicUrl, Sender, SmtpUrl};

const MAIL_FROM: &str = "mail_from";
const MAIL_SMTP_URL: &str = "mail_smtp_url";
const MAIL_DIRECTORY: &str = "mail_directory";
const PUBLIC_URL: &str = "public_url";

/// Part of the keys that a file may have.
pub(super) const KEYS: [&str; 4] = [MAIL_FROM, MAIL_SMTP_URL, MAIL_DIRECTORY, PUBLIC_URL];

impl Settings {
    /// Writes mail into `directory` when no way for it was given.
    #[must_use]
    pub fn or_mail_directory(self, directory: &str) -> Self {
        if self.found.contains_key(MAIL_SMTP_URL) {
            return self;
        }
        self.or(MAIL_DIRECTORY, directory)
    }

    pub(super) fn mail(&mut self) -> MailSettings {
        let has_sender = self.found.contains_key(MAIL_FROM);
        let smtp = self.smtp_url();
        let directory = self.found.remove(MAIL_DIRECTORY).map(PathBuf::from);
        if smtp.is_some() && directory.is_some() {
            self.problem(
                MAIL_DIRECTORY,
                "and INSIGHTDESK_MAIL_SMTP_URL are both set: set one",
            );
        }
        if smtp.is_some() && !has_sender {
            self.problem(
                MAIL_FROM,
                "is missing: set it to whom mail comes from, such as Nordlicht <support@nordlicht.example>",
            );
        }
        MailSettings {
            from: self.parsed(
                MAIL_FROM,
                "an address such as support@nordlicht.example or Nordlicht <support@nordlicht.example>",
                Sender::default(),
            ),
            way: match (smtp, directory) {
                (Some(url), _) => MailWay::Smtp(url),
                (None, Some(path)) => MailWay::Directory(path),
                (None, None) => MailWay::Nowhere,
            },
            public_url: self.parsed(
                PUBLIC_URL,
                "a base of links such as https://desk.example, without a query or a fragment",
                PublicUrl::default(),
            ),
        }
    }

    /// The value is not shown: it may carry a password.
    fn smtp_url(&mut self) -> Option<SmtpUrl> {
        let parsed = self.found.remove(MAIL_SMTP_URL)?.parse::<SmtpUrl>();
        if let Err(error) = &parsed {
            self.problem(MAIL_SMTP_URL, &error.to_string());
        }
        parsed.ok()
    }
}
