//! Where people reach this server, as its operator says.

use std::fmt;
use std::str::FromStr;

use url::Url;

const DEFAULT: &str = "http://127.0.0.1:3001";

/// A text is no base for links.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no base for links: write it as https://desk.example, without a query or a fragment")]
pub struct PublicUrlError;

/// What every link begins with. It comes from the configuration alone, so no header of a request leads a person elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// A link to a page.
    #[must_use]
    pub fn page(&self, path: &str) -> String {
        format!("{}/{path}", self.0)
    }

    /// A link to a page with a secret behind `#`, which browsers keep to themselves.
    pub(super) fn page_with_secret(&self, path: &str, secret: &str) -> String {
        format!("{}/{path}#{secret}", self.0)
    }

    /// Without the slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for PublicUrl {
    fn default() -> Self {
        Self(DEFAULT.to_owned())
    }
}

impl FromStr for PublicUrl {
    type Err = PublicUrlError;

    fn from_str(text: &str) -> Result<Self, PublicUrlError> {
        let url = Url::parse(text.trim()).map_err(|_| PublicUrlError)?;
        let plain = matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !plain {
            return Err(PublicUrlError);
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_link_is_the_base_the_path_and_the_secret_behind_a_hash() {
        for base in ["https://desk.example/help", "https://desk.example/help/"] {
            let base: PublicUrl = base.parse().unwrap();
            assert_eq!(base.page("sign-in"), "https://desk.example/help/sign-in");
            let link = base.page_with_secret("reset-password", "idr_x");
            assert_eq!(link, "https://desk.example/help/reset-password#idr_x");
        }
    }

    #[test]
    fn the_default_base_is_a_base() {
        let default = PublicUrl::default();
        assert_eq!(default.as_str().parse(), Ok(default));
    }

    #[test]
    fn what_is_no_base_is_refused() {
        for text in [
            "",
            "desk.example",
            "ftp://desk.example",
            "javascript:alert(1)",
            "https://desk.example/?x=1",
            "https://desk.example/#x",
            "https://anna:secret@desk.example",
        ] {
            assert_eq!(text.parse::<PublicUrl>(), Err(PublicUrlError), "{text}");
        }
    }
}
