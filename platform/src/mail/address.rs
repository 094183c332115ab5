//! Addresses of people and of the server.

use std::fmt;
use std::str::FromStr;

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};

/// The longest address that SMTP carries (RFC 5321).
const BYTES_MAX: usize = 254;

/// A text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an e-mail address: write it as name@domain")]
pub struct AddressError;

/// One e-mail address, such as `anna@nordlicht.example`. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address(lettre::Address);

impl Address {
    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_ref()
    }

    pub(super) fn mailbox(&self) -> Mailbox {
        Mailbox::new(None, self.0.clone())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        // Quoted local parts may hold spaces, and nobody has one.
        let plain =
            |c: char| !c.is_control() && !c.is_whitespace() && !matches!(c, '"' | '<' | '>');
        if text.len() > BYTES_MAX || !text.chars().all(plain) {
            return Err(AddressError);
        }
        text.parse().map(Self).map_err(|_| AddressError)
    }
}

impl TryFrom<String> for Address {
    type Error = AddressError;

    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.as_str().to_owned()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// Whom mail comes from: `InsightDesk <support@nordlicht.example>`, or an address alone. Its domain is written in ASCII
/// (`xn--...`), since it also stands where only ASCII may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender(Mailbox);

impl Sender {
    pub(super) fn mailbox(&self) -> Mailbox {
        self.0.clone()
    }

    /// The domain of the address: Message-IDs end with it.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

impl Default for Sender {
    fn default() -> Self {
        // A constant that a test parses.
        let address = lettre::Address::new_dangerous("insightdesk", "localhost");
        Self(Mailbox::new(Some("InsightDesk".to_owned()), address))
    }
}

impl FromStr for Sender {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.chars().any(char::is_control) {
            return Err(AddressError);
        }
        let mailbox: Mailbox = text.trim().parse().map_err(|_| AddressError)?;
        let _: Address = mailbox.email.to_string().parse()?;
        if !mailbox.email.domain().is_ascii() {
            return Err(AddressError);
        }
        Ok(Self(mailbox))
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in [
            "anna@nordlicht.example",
            "a.b+c@x.example",
            "jörg@müller.example",
        ] {
            assert_eq!(text.parse::<Address>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_could_add_a_header_or_a_recipient_is_no_address() {
        for text in [
            "",
            "anna",
            "anna@",
            "anna@x.example\r\nBcc: eve@y.example",
            "anna@x.example\nBcc: eve@y.example",
            "anna@x.example,eve@y.example",
            "anna@x.example eve@y.example",
            "Anna <anna@x.example>",
            "\"anna\r\nBcc: eve\"@x.example",
            "\"anna bert\"@x.example",
            "anna@x.example\0",
            &format!("{}@x.example", "a".repeat(300)),
        ] {
            assert!(text.parse::<Address>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_sender_has_a_name_or_none() {
        let named: Sender = "InsightDesk <support@nordlicht.example>".parse().unwrap();
        assert_eq!(named.domain(), "nordlicht.example");
        let alone: Sender = "support@nordlicht.example".parse().unwrap();
        assert_eq!(alone.domain(), "nordlicht.example");
        assert!("support@müller.example".parse::<Sender>().is_err());
        assert!(
            "Desk <support@x.example>\r\nBcc: eve@y.example"
                .parse::<Sender>()
                .is_err()
        );
    }

    #[test]
    fn the_default_sender_is_a_sender() {
        let text = Sender::default().to_string();
        assert_eq!(text.parse::<Sender>().unwrap(), Sender::default());
    }

    #[test]
    fn debug_does_not_show_an_address() {
        let address: Address = "anna@nordlicht.example".parse().unwrap();
        assert_eq!(format!("{address:?}"), "Address(..)");
    }
}
