//! Entity tags (RFC 9110, section 8.8.3).
//!
//! The answer of a command carries the version of what it changed: `"7"`. The answer of a query carries a digest of its
//! text, behind the version of what it shows if that has one: `"7-9c1185a5c5e9fc54612808977ee8f548"`. A view holds more than the version
//! counts, such as the name of a person, so the version alone would call two different answers equal. `If-Match` takes both.

/// Digits of the digest: 128 bits, so that nobody finds two texts with the same.
const DIGEST_DIGITS: usize = 32;

/// The tag of a version.
#[must_use]
pub fn of_version(version: i64) -> String {
    format!("\"{version}\"")
}

/// The tag of an answer's text; `versioned` is the tag of the version that it shows, if there is one.
#[must_use]
pub fn of_text(versioned: Option<&str>, text: &[u8]) -> String {
    let hash = blake3::hash(text).to_hex();
    let digest = &hash[..DIGEST_DIGITS];
    match versioned.map(|tag| tag.trim_matches('"')) {
        Some(version) => format!("\"{version}-{digest}\""),
        None => format!("\"{digest}\""),
    }
}

/// The version in a strong tag, as [`of_version`] or [`of_text`] made it.
#[must_use]
pub fn version_in(tag: &str) -> Option<i64> {
    let opaque = tag.strip_prefix('"')?.strip_suffix('"')?;
    let version = match opaque.split_once('-') {
        Some((version, digest)) => is_digest(digest).then_some(version)?,
        None => opaque,
    };
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| version.parse().ok())?
}

fn is_digest(text: &str) -> bool {
    text.len() == DIGEST_DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether `If-None-Match` names a tag. Weak comparison, as section 13.1.2 wants it: caches on the way may weaken tags.
#[must_use]
pub fn is_named(if_none_match: &str, tag: &str) -> bool {
    let mut named = if_none_match.split(',').map(str::trim);
    named.any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == tag)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_tag_of_a_text_keeps_the_version_and_tells_texts_apart() {
        let (one, other) = (
            of_text(Some("\"7\""), b"one"),
            of_text(Some("\"7\""), b"other"),
        );
        assert_ne!(one, other);
        assert_eq!(of_text(Some("\"7\""), b"one"), one);
        assert_eq!((version_in(&one), version_in(&other)), (Some(7), Some(7)));
        assert_eq!(version_in(&of_version(7)), Some(7));
    }

    #[test]
    fn what_names_no_version_has_none() {
        let unversioned = of_text(None, b"one");
        for text in [
            "",
            "7",
            "\"7",
            "W/\"7\"",
            "\"\"",
            "\"a\"",
            "\"7-\"",
            "\"7-1\"",
            "\"-1\"",
            "\"+7\"",
            "\"7-gggggggggggggggggggggggggggggggg\"",
            "\"99999999999999999999\"",
        ] {
            assert_eq!(version_in(text), None, "{text}");
        }
        assert_eq!(unversioned.len(), DIGEST_DIGITS + 2);
    }

    #[test]
    fn a_tag_is_named_alone_in_a_list_weakened_and_by_a_star() {
        let tag = of_text(None, b"one");
        for named in [
            tag.clone(),
            format!("\"a\", {tag}"),
            format!("W/{tag} , \"b\""),
            "*".to_owned(),
        ] {
            assert!(is_named(&named, &tag), "{named}");
        }
        for other in ["", "\"a\"", tag.trim_matches('"')] {
            assert!(!is_named(other, &tag), "{other}");
        }
    }
}
