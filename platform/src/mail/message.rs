//! A mail, and its form on the wire.

use std::fmt;
use std::time::SystemTime;

use chrono::{DateTime, Utc};
use lettre::Message;
use lettre::message::MultiPart;
use lettre::message::header::{HeaderName, HeaderValue};
use uuid::Uuid;

use super::{Address, MailError, Sender, one_line};

/// Far more than any subject of ours.
const SUBJECT_CHARACTERS_MAX: usize = 200;
/// RFC 3834: programs that answer mail leave this one alone.
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// A mail that is ready to leave. `Debug` shows only its id.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Gives the Message-ID: the same again when a mail is sent again.
    pub id: Uuid,
    /// The date in its head.
    pub written_at: DateTime<Utc>,
    /// Whom it is for.
    pub to: Address,
    /// One line.
    pub subject: String,
    /// For readers of plain text.
    pub text: String,
    /// For everybody else.
    pub html: String,
}

impl Mail {
    /// As SMTP sends it and a `.eml` file holds it.
    pub(super) fn message(&self, from: &Sender) -> Result<Message, MailError> {
        Message::builder()
            .message_id(Some(format!("<{}@{}>", self.id, from.domain())))
            .date(SystemTime::from(self.written_at))
            .from(from.mailbox())
            .to(self.to.mailbox())
            .subject(one_line(&self.subject, SUBJECT_CHARACTERS_MAX))
            .raw_header(HeaderValue::new(
                AUTO_SUBMITTED,
                "auto-generated".to_owned(),
            ))
            .multipart(MultiPart::alternative_plain_html(
                self.text.clone(),
                self.html.clone(),
            ))
            .map_err(|error| MailError::Refused {
                reason: "it cannot be written".to_owned(),
                source: Some(error.into()),
            })
    }
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({})", self.id)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn mail() -> Mail {
        Mail {
            id: Uuid::from_u128(7),
            written_at: "2026-03-01T12:00:00Z".parse().unwrap(),
            to: "anna@nordlicht.example".parse().unwrap(),
            subject: "Hello".to_owned(),
            text: "Hello Anna".to_owned(),
            html: "<p>Hello Anna</p>".to_owned(),
        }
    }

    fn written(mail: &Mail) -> String {
        let from: Sender = "InsightDesk <desk@server.example>".parse().unwrap();
        String::from_utf8(mail.message(&from).unwrap().formatted()).unwrap()
    }

    /// The lines of the head, without those that continue one.
    fn headers(message: &str) -> Vec<&str> {
        let (head, _) = message.split_once("\r\n\r\n").unwrap();
        let lines = head
            .split("\r\n")
            .filter(|line| !line.starts_with([' ', '\t']));
        lines.map(|line| line.split_once(':').unwrap().0).collect()
    }

    #[test]
    fn a_mail_has_the_message_id_and_the_date_that_it_was_given() {
        for _ in 0..2 {
            let message = written(&mail());
            let id = "Message-ID: <00000000-0000-0000-0000-000000000007@server.example>\r\n";
            assert!(message.contains(id), "{message}");
            assert!(message.contains("Date: Sun, 01 Mar 2026 12:00:00 +0000\r\n"));
        }
    }

    #[test]
    fn a_mail_says_that_a_program_wrote_it() {
        assert!(written(&mail()).contains("Auto-Submitted: auto-generated\r\n"));
    }

    #[test]
    fn a_mail_has_text_before_html() {
        let message = written(&mail());
        let (text, html) = (message.find("Hello Anna\r\n"), message.find("<p>Hello"));
        assert!(text.unwrap() < html.unwrap());
        assert!(message.contains("multipart/alternative"));
    }

    #[test]
    fn no_subject_adds_a_header_or_ends_the_head() {
        let plain = headers(&written(&mail())).join(",");
        for end in ["\r\n", "\n", "\r", "\0", "\u{85}", "\u{2028}", "\u{b}"] {
            for next in [
                "Bcc: eve@evil.example",
                "\r\nX: y",
                " Bcc: eve@evil.example",
            ] {
                let mut mail = mail();
                mail.subject = format!("Hello{end}{next}{end}{end}body");
                assert_eq!(headers(&written(&mail)).join(","), plain, "{end:?}{next:?}");
            }
        }
    }

    #[test]
    fn letters_of_every_script_stand_in_subject_and_body() {
        let mut mail = mail();
        mail.subject = "Einladung zu Größe — 日本".to_owned();
        mail.text = "Grüße\n".repeat(200);
        let message = written(&mail);
        assert!(message.is_ascii());
        assert!(message.lines().all(|line| line.len() <= 998));
    }

    #[test]
    fn debug_shows_only_the_id() {
        let shown = format!("{:?}", mail());
        assert_eq!(shown, "Mail(00000000-0000-0000-0000-000000000007)");
    }
}
