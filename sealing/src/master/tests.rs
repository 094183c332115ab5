#![allow(clippy::unwrap_used)]

use super::*;

const ORG: Uuid = Uuid::from_u128(1);
const SUBJECT: Uuid = Uuid::from_u128(2);

fn keys(text: &str) -> MasterKeys {
    MasterKeys::parse(text).unwrap()
}

#[test]
fn a_generated_key_is_taken_and_named_after_itself() {
    let text = MasterKeys::generate().unwrap();
    assert!(keys(&text).current_id().starts_with("key-"));
    assert_eq!(
        keys(&text).current_id(),
        keys(&format!("\n{text}\n")).current_id()
    );
}

#[test]
fn the_first_key_wraps_and_every_key_unwraps() {
    let (old, new) = (
        MasterKeys::generate().unwrap(),
        MasterKeys::generate().unwrap(),
    );
    let data_key = Zeroizing::new([7; KEY_BYTES]);
    let wrapped = keys(&format!("a:{old}"))
        .wrap(&data_key, ORG, SUBJECT)
        .unwrap();
    let both = keys(&format!("b:{new}\na:{old}"));
    assert_eq!(both.current_id(), "b");
    assert_eq!(
        both.unwrap("a", &wrapped, ORG, SUBJECT).unwrap().unwrap(),
        data_key
    );
    assert!(both.unwrap("b", &wrapped, ORG, SUBJECT).unwrap().is_err());
    assert!(
        keys(&format!("b:{new}"))
            .unwrap("a", &wrapped, ORG, SUBJECT)
            .is_none()
    );
}

#[test]
fn a_data_key_does_not_unwrap_for_another_person_or_organization() {
    let master = keys(&MasterKeys::generate().unwrap());
    let wrapped = master
        .wrap(&Zeroizing::new([7; KEY_BYTES]), ORG, SUBJECT)
        .unwrap();
    for (org, subject) in [(SUBJECT, SUBJECT), (ORG, ORG)] {
        let unwrapped = master.unwrap(master.current_id(), &wrapped, org, subject);
        assert!(unwrapped.unwrap().is_err());
    }
}

#[test]
fn what_is_no_list_of_keys_is_refused_without_showing_it() {
    let key = MasterKeys::generate().unwrap();
    let wrong = [
        (String::new(), "no key"),
        ("c2hvcnQ=".to_owned(), "32 bytes"),
        (format!("a b:{key}"), "number 1"),
        (format!("b/c:{key}"), "letters"),
        (format!("a:{key} a:{key}"), "names two keys a"),
    ];
    for (text, expected) in wrong {
        let refused = MasterKeys::parse(&text).unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
        assert!(!refused.contains(&key), "{refused}");
    }
    assert!(!format!("{:?}", keys(&key)).contains(&key));
}

#[test]
fn a_text_is_sealed_with_the_current_key_and_opens_with_any() {
    let (old, new) = (
        MasterKeys::generate().unwrap(),
        MasterKeys::generate().unwrap(),
    );
    let before = keys(&old);
    let sealed = before.seal("mail", b"row", b"letter").unwrap();
    let rotated = keys(&format!("{new}\n{old}"));
    assert_eq!(**rotated.open("mail", b"row", &sealed).unwrap(), *b"letter");
    let gone = keys(&new).open("mail", b"row", &sealed);
    assert_eq!(gone.unwrap_err(), CipherError::OtherKey);
    let anew = rotated.seal("mail", b"row", b"letter").unwrap();
    assert!(keys(&new).open("mail", b"row", &anew).is_ok());
}

#[test]
fn a_text_opens_for_no_other_purpose_and_in_no_other_place() {
    let master = keys(&MasterKeys::generate().unwrap());
    let sealed = master.seal("mail", b"row", b"letter").unwrap();
    assert!(master.open("totp", b"row", &sealed).is_err());
    let moved = master.open("mail", b"other", &sealed);
    assert_eq!(moved.unwrap_err(), CipherError::Changed);
}

#[test]
fn a_text_that_another_key_sealed_is_told() {
    let (old, new) = (
        MasterKeys::generate().unwrap(),
        MasterKeys::generate().unwrap(),
    );
    let sealed = keys(&old).seal("totp", b"row", b"secret").unwrap();
    assert!(!keys(&old).sealed_otherwise("totp", &sealed));
    assert!(keys(&format!("{new} {old}")).sealed_otherwise("totp", &sealed));
    assert!(keys(&old).sealed_otherwise("totp", b""));
}

#[test]
fn every_purpose_and_every_master_key_has_a_key_of_its_own() {
    let (old, new) = (
        MasterKeys::generate().unwrap(),
        MasterKeys::generate().unwrap(),
    );
    let both = keys(&format!("{new} {old}"));
    let derived = both.derived("codes");
    assert_eq!(derived.len(), 2);
    assert_eq!(derived[1], keys(&old).derived("codes")[0]);
    assert_ne!(derived[0], derived[1]);
    assert_ne!(derived[0], both.derived("mail")[0]);
}
