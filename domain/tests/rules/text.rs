//! Texts: what is parsed once reads back the same, whatever a person typed. An event that could not be read back would
//! stop every projection.

use domain::text::{
    Email, EventName, FieldKey, FieldText, MessageBody, Name, Reason, Slug, Subject, Tag, TextError,
};
use proptest::prelude::*;

macro_rules! reads_back {
    ($raw:expr, $($text:ty),+) => {
        $(if let Ok(text) = <$text>::parse($raw) {
            let json = serde_json::to_string(&text).unwrap();
            prop_assert_eq!(serde_json::from_str::<$text>(&json).unwrap(), text);
        })+
    };
}

proptest! {
    #[test]
    fn what_was_accepted_once_is_accepted_again(raw in "\\PC{0,300}|[\\p{Lu}@]{1,260}|.{0,40}") {
        reads_back!(&raw, Subject, MessageBody, Name, Tag, Email, Slug, FieldKey, FieldText, Reason);
    }
}

#[test]
fn a_letter_that_grows_in_lower_case_does_not_break_the_limit() {
    let raw = format!("{}@example.com", "İ".repeat(200));
    assert_eq!(
        Email::parse(&raw),
        Err(TextError::TooLong { max_chars: 254 })
    );
}

#[test]
fn white_space_around_is_cut_and_nothing_else_is_not_a_text() {
    assert_eq!(Subject::parse("  On fire ").unwrap().as_str(), "On fire");
    assert_eq!(Subject::parse(" \n "), Err(TextError::Empty));
}

#[test]
fn a_limit_counts_characters_not_bytes() {
    assert!(Subject::parse(&"ß".repeat(255)).is_ok());
    assert_eq!(
        Subject::parse(&"ß".repeat(256)),
        Err(TextError::TooLong { max_chars: 255 })
    );
}

#[test]
fn control_characters_are_refused_and_only_a_message_has_lines() {
    assert_eq!(Subject::parse("On\nfire"), Err(TextError::ControlCharacter));
    assert_eq!(
        MessageBody::parse("On\0fire"),
        Err(TextError::ControlCharacter)
    );
    assert!(MessageBody::parse("On\r\n\tfire").is_ok());
}

#[test]
fn tags_and_addresses_are_lower_case() {
    assert_eq!(Tag::parse("VIP-Kunde").unwrap().as_str(), "vip-kunde");
    assert_eq!(
        Email::parse("Ada@Example.COM").unwrap().as_str(),
        "ada@example.com"
    );
}

#[test]
fn what_has_not_the_form_is_refused() {
    for raw in ["a b", "a,b", "a/b"] {
        assert!(
            matches!(Tag::parse(raw), Err(TextError::Form { .. })),
            "{raw}"
        );
    }
    for raw in ["VIP", "vip late", "vip:late", "spät"] {
        assert!(
            matches!(EventName::parse(raw), Err(TextError::Form { .. })),
            "{raw}"
        );
    }
    for raw in ["ada", "@example.com", "ada@", "a@b@c", "a b@example.com"] {
        assert!(
            matches!(Email::parse(raw), Err(TextError::Form { .. })),
            "{raw}"
        );
    }
    for raw in ["Acme", "-acme", "acme-", "a_b"] {
        assert!(
            matches!(Slug::parse(raw), Err(TextError::Form { .. })),
            "{raw}"
        );
    }
    for raw in ["1st", "_key", "Key", "a-b"] {
        assert!(
            matches!(FieldKey::parse(raw), Err(TextError::Form { .. })),
            "{raw}"
        );
    }
}
