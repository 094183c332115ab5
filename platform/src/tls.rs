//! TLS to PostgreSQL and Valkey. What is encrypted is verified, too: the certificate against the roots of the system or a
//! file of authorities, and the name in it against the host of the URL. There is no way to encrypt without that.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Config, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The setting that names the authorities of PostgreSQL.
pub const DATABASE_CA_FILE: &str = "INSIGHTDESK_DATABASE_CA_FILE";
/// The setting that names the authorities of Valkey.
pub const VALKEY_CA_FILE: &str = "INSIGHTDESK_VALKEY_CA_FILE";

type Inner = MakeRustlsConnect;
type InnerConnect = <Inner as MakeTlsConnect<Socket>>::TlsConnect;
type Stream = <Inner as MakeTlsConnect<Socket>>::Stream;

/// Why encrypted connections could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of authorities is missing or holds no certificate.
    #[error(
        "{setting} cannot be used: name a file with the certificates of the authorities, in PEM"
    )]
    File {
        /// The setting that names it.
        setting: &'static str,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system trusts nobody.
    #[error(
        "the system has no roots that a certificate could be verified with: install ca-certificates, or set {setting}"
    )]
    NoRoots {
        /// The setting that would name others.
        setting: &'static str,
    },
    /// The library refused.
    #[error("TLS could not be prepared")]
    Library(#[from] rustls::Error),
}

/// A server that was not taken for the one that the URL names.
#[derive(Debug, thiserror::Error)]
#[error(
    "the server of DATABASE_URL could not be verified: use the host name of its certificate, and set {DATABASE_CA_FILE} when its \
     authority is none of the system's"
)]
pub struct Unverified(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Reads a PostgreSQL URL.
///
/// `sslmode` is read as follows. `require` and `verify-full` are the same: TLS to a verified server, or no connection.
/// `disable` is none. `prefer`, which is the default, is none on sockets and to this machine; to others it is TLS where the
/// server offers it, to a verified server alone.
///
/// # Errors
/// When the URL is not valid.
pub(crate) fn parse(database_url: &str) -> Result<Config, tokio_postgres::Error> {
    let mut config: Config = known_mode(database_url).parse()?;
    if config.get_ssl_mode() == SslMode::Prefer && stays_here(&config) {
        config.ssl_mode(SslMode::Disable);
    }
    Ok(config)
}

/// The URL with `sslmode=verify-full`, which the library does not know, as `require`, which verifies no less here.
fn known_mode(database_url: &str) -> Cow<'_, str> {
    const UNKNOWN: &str = "sslmode=verify-full";
    let Some((base, query)) = database_url.rsplit_once('?') else {
        return Cow::Borrowed(database_url);
    };
    if !query.split('&').any(|option| option == UNKNOWN) {
        return Cow::Borrowed(database_url);
    }
    let known = |option| {
        if option == UNKNOWN {
            "sslmode=require"
        } else {
            option
        }
    };
    let query: Vec<&str> = query.split('&').map(known).collect();
    Cow::Owned(format!("{base}?{}", query.join("&")))
}

/// Whether what is sent to every host of `config` stays on this machine.
fn stays_here(config: &Config) -> bool {
    let is_here = |host: &Host| match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse()
                    .is_ok_and(|address: IpAddr| address.is_loopback())
        }
    };
    config.get_hosts().iter().all(is_here) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

/// How connections to PostgreSQL are encrypted, or that they are not. Cloning is cheap and shares the roots.
#[derive(Clone)]
pub struct DatabaseTls(Option<Inner>);

impl fmt::Debug for DatabaseTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseTls")
            .field(&self.0.is_some())
            .finish()
    }
}

impl DatabaseTls {
    /// No encryption: for servers of our own, on sockets.
    pub const OFF: Self = Self(None);

    /// As `config` asks for it. Nothing is read unless a connection may be encrypted.
    ///
    /// # Errors
    /// When `ca_file` is unusable, or there is none and the system has no roots although TLS is required.
    pub fn new(config: &Config, ca_file: Option<&Path>) -> Result<Self, TlsError> {
        let roots = match config.get_ssl_mode() {
            SslMode::Disable => return Ok(Self::OFF),
            // A server that offers TLS is then refused, and one that does not is as good as without.
            SslMode::Prefer => match roots(DATABASE_CA_FILE, ca_file) {
                Err(TlsError::NoRoots { .. }) => RootCertStore::empty(),
                roots => roots?,
            },
            _ => roots(DATABASE_CA_FILE, ca_file)?,
        };
        Ok(Self(Some(Inner::new(client(roots)?))))
    }
}

impl MakeTlsConnect<Socket> for DatabaseTls {
    type Stream = Stream;
    type TlsConnect = Handshake;
    type Error = Unverified;

    fn make_tls_connect(&mut self, host: &str) -> Result<Handshake, Unverified> {
        // A socket or a bare address has no name to verify; it is only needed where the server offers TLS.
        let named = self.0.as_mut().filter(|_| !host.is_empty());
        let made = named.map(|inner| {
            let made = <Inner as MakeTlsConnect<Socket>>::make_tls_connect(inner, host);
            made.map_err(|error| Unverified(Box::new(error)))
        });
        Ok(Handshake(made.transpose()?))
    }
}

/// One handshake.
pub struct Handshake(Option<InnerConnect>);

impl TlsConnect<Socket> for Handshake {
    type Stream = Stream;
    type Error = Unverified;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, Unverified>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let Some(inner) = self.0 else {
                // Where there is no connector the mode is `disable`, and nobody comes here.
                return Err(Unverified("the URL has no host name to verify".into()));
            };
            let stream = inner.connect(socket).await;
            stream.map_err(|error| Unverified(Box::new(error)))
        })
    }
}

/// The connector of Valkey.
///
/// # Errors
/// When `ca_file` is unusable, or there is none and the system has no roots.
pub(crate) fn valkey(ca_file: Option<&Path>) -> Result<ClientConfig, TlsError> {
    client(roots(VALKEY_CA_FILE, ca_file)?)
}

fn client(roots: RootCertStore) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(versions?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The authorities of the file alone where there is one, as `sslrootcert` of libpq; otherwise those of the system.
fn roots(setting: &'static str, ca_file: Option<&Path>) -> Result<RootCertStore, TlsError> {
    let Some(path) = ca_file else {
        return system_roots(setting);
    };
    let unusable =
        |source: Box<dyn std::error::Error + Send + Sync>| TlsError::File { setting, source };
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.into()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.into()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.into()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is no certificate in it".into()));
    }
    Ok(roots)
}

fn system_roots(setting: &'static str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    // A system has odd certificates; those that can be read are enough.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(TlsError::NoRoots { setting });
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn mode(url: &str) -> SslMode {
        parse(url).unwrap().get_ssl_mode()
    }

    #[test]
    fn a_verified_server_is_asked_for_by_two_words() {
        for word in ["require", "verify-full"] {
            let url = format!("postgresql://desk@db.example/desk?connect_timeout=9&sslmode={word}");
            assert_eq!(mode(&url), SslMode::Require, "{word}");
        }
        assert_eq!(
            mode("postgresql://desk@localhost/desk?sslmode=require"),
            SslMode::Require
        );
    }

    #[test]
    fn a_mode_that_would_not_verify_the_name_is_refused() {
        for word in ["verify-ca", "allow", "verify-ful"] {
            let url = format!("postgresql://desk@db.example/desk?sslmode={word}");
            assert!(parse(&url).is_err(), "{word}");
        }
    }

    #[test]
    fn what_stays_on_this_machine_is_not_encrypted_unless_it_is_asked_for() {
        for url in [
            "postgresql://desk@/desk?host=/run/desk",
            "postgresql://desk@localhost/desk",
            "postgresql://desk@127.0.0.9/desk?sslmode=prefer",
            "postgresql://desk@db.example/desk?sslmode=disable",
        ] {
            assert_eq!(mode(url), SslMode::Disable, "{url}");
        }
        for url in [
            "postgresql://desk@db.example/desk",
            "postgresql://desk@localhost/desk?hostaddr=192.0.2.7",
            "postgresql://desk@localhost,db.example/desk",
            "postgresql://desk@localhost.example/desk?sslmode=prefer",
        ] {
            assert_eq!(mode(url), SslMode::Prefer, "{url}");
        }
    }
}
