//! Mail by SMTP.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::{Category, Severity};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{Mail, MailError, Mailer, Sender};

/// How long the server may take for one step of the conversation.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long it may take for all of it.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a text is no place of an SMTP server. It is never shown: it may carry a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SmtpUrlError {
    /// Not of the form.
    #[error(
        "is not the URL of an SMTP server: write it as smtps://user:password@host (TLS from the first byte) or smtp://user:password@host (TLS by STARTTLS)"
    )]
    Form,
    /// TLS was switched off for a server elsewhere.
    #[error("has tls=none for a host that is not this machine: only localhost may go without TLS")]
    PlainElsewhere,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encryption {
    /// From the first byte.
    Implicit,
    /// Asked for in the clear, and nothing is sent without it.
    StartTls,
    /// None: only to this machine.
    Plain,
}

/// Where the SMTP server is, and how to speak to it: `smtps://user:password@host:465`, `smtp://user:password@host:587`, or
/// `smtp://localhost:1025?tls=none`. `Debug` shows neither user nor password.
#[derive(Clone)]
pub struct SmtpUrl {
    host: String,
    port: u16,
    encryption: Encryption,
    credentials: Option<Credentials>,
}

impl FromStr for SmtpUrl {
    type Err = SmtpUrlError;

    fn from_str(text: &str) -> Result<Self, SmtpUrlError> {
        // The schemes of the web have hosts that are parsed and compared by rules; others have not.
        let (scheme, rest) = text.trim().split_once("://").ok_or(SmtpUrlError::Form)?;
        let url = Url::parse(&format!("https://{rest}")).map_err(|_| SmtpUrlError::Form)?;
        let encryption = match (scheme, url.query()) {
            ("smtps", None) => Encryption::Implicit,
            ("smtp", None) => Encryption::StartTls,
            ("smtp", Some("tls=none")) => Encryption::Plain,
            _ => return Err(SmtpUrlError::Form),
        };
        let host = url.host().ok_or(SmtpUrlError::Form)?;
        if encryption == Encryption::Plain && !is_here(&host) {
            return Err(SmtpUrlError::PlainElsewhere);
        }
        if url.path() != "/" || url.fragment().is_some() {
            return Err(SmtpUrlError::Form);
        }
        let default_port = match encryption {
            Encryption::Implicit => 465,
            Encryption::StartTls => 587,
            Encryption::Plain => 25,
        };
        Ok(Self {
            host: host.to_string().trim_matches(['[', ']']).to_owned(),
            port: url.port().unwrap_or(default_port),
            encryption,
            credentials: credentials(&url)?,
        })
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpUrlError> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8();
        text.map(String::from).map_err(|_| SmtpUrlError::Form)
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (user, Some(password)) if !user.is_empty() => {
            Ok(Some(Credentials::new(decoded(user)?, decoded(password)?)))
        }
        _ => Err(SmtpUrlError::Form),
    }
}

fn is_here(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SmtpUrl({}:{})", self.host, self.port)
    }
}

/// Hands mail to an SMTP server, over a connection of its own for each.
#[derive(Debug, Clone)]
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Sender,
}

impl SmtpMailer {
    /// A mailer for the server. Does not connect yet.
    ///
    /// # Errors
    /// When the certificates of this machine cannot be read, or the host has no name that a certificate could have.
    pub fn new(url: &SmtpUrl, from: Sender) -> Result<Self, MailError> {
        let tls = match url.encryption {
            Encryption::Implicit => Tls::Wrapper(tls_to(&url.host)?),
            Encryption::StartTls => Tls::Required(tls_to(&url.host)?),
            Encryption::Plain => Tls::None,
        };
        let builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&url.host)
            .port(url.port)
            .tls(tls)
            .hello_name(ClientId::Domain(from.domain().to_owned()))
            .timeout(Some(STEP_TIMEOUT));
        let builder = match &url.credentials {
            Some(credentials) => builder.credentials(credentials.clone()),
            None => builder,
        };
        Ok(Self {
            transport: builder.build(),
            from,
        })
    }
}

fn tls_to(host: &str) -> Result<TlsParameters, MailError> {
    TlsParameters::new(host.to_owned()).map_err(|error| MailError::Unavailable {
        reason: "no TLS".to_owned(),
        source: Some(error.into()),
    })
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = mail.message(&self.from)?;
        match tokio::time::timeout(SEND_TIMEOUT, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(error)),
            Err(elapsed) => Err(MailError::Unavailable {
                reason: "timed out".to_owned(),
                source: Some(elapsed.into()),
            }),
        }
    }
}

/// What a server says for good is about this mail only when it speaks of the mail system (5x5) or the syntax of an address
/// (501, 513). Anything else, such as a wrong password (535), is a fault of the settings, which somebody mends.
fn failure(error: lettre::transport::smtp::Error) -> MailError {
    let status = error.status();
    let reason = match status {
        Some(code) => code.to_string(),
        None if error.is_timeout() => "timed out".to_owned(),
        None if error.is_tls() => "no TLS".to_owned(),
        None => "no answer".to_owned(),
    };
    let for_good = status.is_some_and(|code| {
        code.severity == Severity::PermanentNegativeCompletion
            && (code.category == Category::MailSystem || matches!(u16::from(code), 501 | 513))
    });
    let source = Some(error.into());
    match for_good {
        true => MailError::Refused { reason, source },
        false => MailError::Unavailable { reason, source },
    }
}

#[cfg(test)]
mod tests;
