//! Texts that people write, parsed once at the edge: trimmed, bounded, free of control characters.
//!
//! Recorded events are parsed by the same rules when they are read back, so a rule may become wider, but never narrower
//! without a new schema version of the events that carry it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::fmt;
use thiserror::Error;

/// Why a text was refused. The message is safe to show and names the limit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Longer than allowed.
    #[error("must be at most {max_chars} characters")]
    TooLong {
        /// The limit in Unicode scalar values.
        max_chars: usize,
    },
    /// A NUL or another control character.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// Not of the required form.
    #[error("must be {expected}")]
    Form {
        /// The form, in words.
        expected: &'static str,
    },
}

/// Whether line breaks and tabs are welcome.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    One,
    Many,
}

fn parse(raw: &str, max_chars: usize, lines: Lines) -> Result<String, TextError> {
    let text = raw.trim();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().count() > max_chars {
        return Err(TextError::TooLong { max_chars });
    }
    let allowed = |c: char| lines == Lines::Many && matches!(c, '\n' | '\r' | '\t');
    if text.chars().any(|c| c.is_control() && !allowed(c)) {
        return Err(TextError::ControlCharacter);
    }
    Ok(text.to_owned())
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $max_chars:expr, $lines:expr $(, $refine:expr)?) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The longest allowed, in Unicode scalar values.
            pub const MAX_CHARS: usize = $max_chars;

            /// Parses what a person typed.
            ///
            /// # Errors
            /// When it is empty, too long, or not of the form.
            pub fn parse(raw: &str) -> Result<Self, TextError> {
                let text = parse(raw, Self::MAX_CHARS, $lines)?;
                $( let text = ($refine)(text)?; )?
                Ok(Self(text))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;
            fn try_from(raw: String) -> Result<Self, TextError> {
                Self::parse(&raw)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }
    };
}

text!(
    /// What a ticket is about, one line.
    Subject, 255, Lines::One
);
text!(
    /// The words of a message.
    MessageBody, 65_536, Lines::Many
);
text!(
    /// The name of a person, a team, an organization or a custom field's label.
    Name, 120, Lines::One
);
text!(
    /// A tag: lower case letters, digits, `-`, `_`, `.`, `:`; made lower case when parsed.
    Tag, 64, Lines::One, refine_tag
);
text!(
    /// An e-mail address, kept in lower case. The form is checked loosely; only a delivery proves an address.
    Email, 254, Lines::One, refine_email
);
text!(
    /// The short name of an organization in addresses and commands: lower case letters, digits and inner hyphens.
    Slug, 63, Lines::One, refine_slug
);
text!(
    /// The part of e-mail addresses behind the `@`, in lower case, such as `example.com`.
    MailDomain, 253, Lines::One, refine_mail_domain
);
text!(
    /// The key of a custom field: lower case letters, digits and `_`, beginning with a letter.
    FieldKey, 64, Lines::One, refine_field_key
);
text!(
    /// One option of a choice field, or the value of a text field.
    FieldText, 1_000, Lines::One
);
text!(
    /// What a person's program says that it is, as its `User-Agent` or in better words.
    Device, 200, Lines::One
);

impl Device {
    /// A program that says nothing, or nothing that fits on a line.
    #[must_use]
    pub fn unknown() -> Self {
        Self("unknown".to_owned())
    }

    /// What a program says, cut to what fits.
    #[must_use]
    pub fn of(said: &str) -> Self {
        let cut: String = said.chars().take(Self::MAX_CHARS).collect();
        Self::parse(&cut).unwrap_or_else(|_| Self::unknown())
    }
}

text!(
    /// What an API key may do, for example `tickets:read`: lower case letters, digits, `_`, `.` and `:`.
    Scope, 64, Lines::One, refine_scope
);
text!(
    /// What a role of an organization's own may do, for example `read_tickets`; of the form of a scope.
    PermissionName, 64, Lines::One, refine_scope
);
text!(
    /// What a warning is called for programs, for example `vip-late`: lower case letters, digits, `-`, `_`, `.`.
    EventName, 64, Lines::One, refine_event_name
);
text!(
    /// A sentence that says why: a redaction, a reopening.
    Reason, 500, Lines::One
);

impl Email {
    /// The part behind the `@`, unless it is of a form that no company can have.
    #[must_use]
    pub fn domain(&self) -> Option<MailDomain> {
        let (_, host) = self.0.split_once('@')?;
        MailDomain::parse(host).ok()
    }
}

impl Name {
    /// What stands in the place of an erased person's name.
    #[must_use]
    pub fn erased() -> Self {
        Self(crate::personal::ERASED.to_owned())
    }
}

fn refine_tag(text: String) -> Result<String, TextError> {
    let text = text.to_lowercase();
    let fits = text
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':'));
    if fits {
        Ok(text)
    } else {
        Err(TextError::Form {
            expected: "letters, digits, '-', '_', '.' or ':'",
        })
    }
}

fn refine_email(text: String) -> Result<String, TextError> {
    let text = text.to_lowercase();
    // A few letters grow when they become lower case; what is recorded must parse again when it is read back.
    if text.chars().count() > Email::MAX_CHARS {
        return Err(TextError::TooLong {
            max_chars: Email::MAX_CHARS,
        });
    }
    let fits = text.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty()
            && !host.is_empty()
            && !host.contains('@')
            && !text.contains(char::is_whitespace)
    });
    if fits {
        Ok(text)
    } else {
        Err(TextError::Form {
            expected: "an e-mail address such as ada@example.com",
        })
    }
}

fn refine_mail_domain(text: String) -> Result<String, TextError> {
    let text = text.to_ascii_lowercase();
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(is_inner)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if text.contains('.') && text.split('.').all(is_label) {
        Ok(text)
    } else {
        Err(TextError::Form {
            expected: "a mail domain such as example.com, an international one in its xn-- form",
        })
    }
}

fn refine_slug(text: String) -> Result<String, TextError> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fits = text.chars().all(|c| inner(c) || c == '-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    if fits {
        Ok(text)
    } else {
        Err(TextError::Form {
            expected: "lower case letters, digits and inner hyphens",
        })
    }
}

fn refine_scope(text: String) -> Result<String, TextError> {
    let fits = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | ':'));
    if fits {
        Ok(text)
    } else {
        Err(TextError::Form {
            expected: "lower case letters, digits, '_', '.' or ':'",
        })
    }
}

fn refine_event_name(text: String) -> Result<String, TextError> {
    let fits = text
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.'));
    if fits {
        Ok(text)
    } else {
        Err(TextError::Form {
            expected: "lower case letters, digits, '-', '_' or '.'",
        })
    }
}

fn refine_field_key(text: String) -> Result<String, TextError> {
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if fits {
        Ok(text)
    } else {
        Err(TextError::Form {
            expected: "lower case letters, digits and '_', beginning with a letter",
        })
    }
}

/// A `full-date` of RFC 3339: the parser alone would take blanks, short months and years of six digits.
#[must_use]
pub fn full_date(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    let is_canonical = text.len() == "2026-03-01".len() && day.to_string() == text;
    is_canonical.then_some(day)
}

#[cfg(test)]
mod tests {
    use super::full_date;

    #[test]
    fn a_date_is_a_full_date_of_four_two_and_two_digits() {
        assert!(full_date("2026-03-01").is_some());
        for wrong in [
            "2026-3-1",
            " 2026-03-01",
            "2026-02-30",
            "+262142-01-01",
            "-001-01-01",
            "26-03-01",
        ] {
            assert_eq!(full_date(wrong), None, "{wrong}");
        }
    }
}
