//! Origins at private addresses that requests of ours may go to all the same.

use std::collections::BTreeSet;
use std::str::FromStr;

use url::{Host, Url};

/// A text is no list of such origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "is no list of origins: write it as https://sso.internal.example, http://127.0.0.1:9000 (http to this machine alone)"
)]
pub struct OriginsError;

/// Origins that the operator trusts although they are not public. None by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PrivateOrigins(BTreeSet<String>);

impl PrivateOrigins {
    /// Each as browsers write it (RFC 6454): scheme, host, and the port if it is not the scheme's own.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromStr for PrivateOrigins {
    type Err = OriginsError;

    fn from_str(text: &str) -> Result<Self, OriginsError> {
        let words = text.split([',', ' ']).filter(|word| !word.is_empty());
        let origins: Result<_, _> = words.map(origin).collect();
        origins.map(Self)
    }
}

fn origin(word: &str) -> Result<String, OriginsError> {
    let url = Url::parse(word).map_err(|_| OriginsError)?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    let is_safe = match url.scheme() {
        "https" => url.has_host(),
        "http" => url.host().is_some_and(|host| is_this_machine(&host)),
        _ => false,
    };
    if is_bare && is_safe {
        Ok(url.origin().ascii_serialization())
    } else {
        Err(OriginsError)
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        let text = "https://sso.internal.example:443, http://127.0.0.1:9000";
        let origins: PrivateOrigins = text.parse().unwrap();
        let found: Vec<&str> = origins.iter().collect();
        assert_eq!(
            found,
            ["http://127.0.0.1:9000", "https://sso.internal.example"]
        );
    }

    #[test]
    fn plain_http_leaves_this_machine_never() {
        for text in [
            "http://sso.internal.example",
            "http://10.0.0.7",
            "ftp://127.0.0.1",
            "https://a.example/path",
            "https://user@a.example",
            "sso.internal.example",
        ] {
            assert_eq!(text.parse::<PrivateOrigins>(), Err(OriginsError), "{text}");
        }
    }
}
