//! Mail that people get: what it says ([`Letter`]), how it looks ([`Mail`]), and how it leaves ([`Mailer`]).
//!
//! Invariants:
//! - Links begin with the configured [`PublicUrl`], whatever a request said. Their secret stands after `#`, so that no
//!   server, proxy or log on the way sees it, and opening one changes nothing.
//! - No text of a person can add a header, a recipient or markup.
//! - Nothing here is logged or shown that a mail holds, addresses included.

mod address;
mod directory;
mod letter;
mod message;
mod public_url;
mod smtp;
mod templates;

use async_trait::async_trait;

pub use address::{Address, AddressError, Sender};
pub use directory::MailDirectory;
pub use letter::{FactorChange, Letter};
pub use message::Mail;
pub use public_url::{PublicUrl, PublicUrlError};
pub use smtp::{SmtpMailer, SmtpUrl, SmtpUrlError};
pub use templates::{RenderError, Templates};

/// A way for mail to leave.
#[async_trait]
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Hands a mail over to whoever delivers it. It may arrive twice when this fails, never when it does not.
    ///
    /// # Errors
    /// When it was not handed over, or nobody knows whether it was.
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}

/// Why a mail did not leave. What the messages show holds no address: only `source()` may.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// It will never be taken, however often it is sent.
    #[error("the mail was refused for good ({reason})")]
    Refused {
        /// In few words, such as the status of the server.
        reason: String,
        /// The cause, not for logs.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// It may be taken later.
    #[error("the mail could not be handed over ({reason})")]
    Unavailable {
        /// In few words, such as the status of the server.
        reason: String,
        /// The cause, not for logs.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
}

impl MailError {
    /// Whether trying again is of no use.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }
}

/// A text of somebody for a place with one line: control characters become spaces, spaces are not doubled, and what is
/// longer than `characters` is cut.
fn one_line(text: &str, characters: usize) -> String {
    let plain = |c: char| {
        if c.is_control() || is_line_end(c) {
            ' '
        } else {
            c
        }
    };
    let text: String = text.chars().map(plain).collect();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().take(characters).collect()
}

/// The line ends of Unicode that are no control characters.
fn is_line_end(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}
