#![allow(clippy::unwrap_used)]

use chrono::{DateTime, Utc};

use super::*;

/// The time and the code of RFC 6238, appendix B, for SHA-1. Its codes have eight digits, of which the last six are ours.
const RFC_6238: [(u64, &str); 6] = [
    (59, "94287082"),
    (1_111_111_109, "07081804"),
    (1_111_111_111, "14050471"),
    (1_234_567_890, "89005924"),
    (2_000_000_000, "69279037"),
    (20_000_000_000, "65353130"),
];
const NOON: u64 = 1_795_000_020;

fn secret() -> TotpSecret {
    TotpSecret::from_stored(b"12345678901234567890").unwrap()
}

fn at(seconds: u64) -> DateTime<Utc> {
    DateTime::from_timestamp(i64::try_from(seconds).unwrap(), 0).unwrap()
}

fn step(seconds: u64) -> Step {
    Step(seconds / STEP_SECONDS)
}

#[test]
fn the_codes_are_those_of_the_rfc() {
    for (seconds, code) in RFC_6238 {
        let found = secret().check(&code[2..], at(seconds), None);
        assert_eq!(found, Some(step(seconds)), "{seconds}");
    }
}

#[test]
fn a_code_is_accepted_one_step_early_and_late_and_no_more() {
    for steps in -3_i64..=3 {
        let shifted = NOON.checked_add_signed(steps * 30).unwrap();
        let code = secret().code_at(shifted);
        let expected = (steps.abs() <= 1).then(|| step(shifted));
        assert_eq!(secret().check(&code, at(NOON), None), expected, "{steps}");
    }
}

#[test]
fn a_code_is_accepted_to_the_last_second_of_the_step_after_its_own() {
    let code = secret().code_at(NOON);
    let start = NOON - NOON % 30;
    assert!(secret().check(&code, at(start + 59), None).is_some());
    assert!(secret().check(&code, at(start + 60), None).is_none());
}

#[test]
fn a_step_that_was_used_is_never_accepted_again() {
    let code = secret().code_at(NOON);
    let used = secret().check(&code, at(NOON), None);
    assert_eq!(used, Some(step(NOON)));
    for later in [0, 1, 29, 30, 59] {
        assert_eq!(secret().check(&code, at(NOON + later), used), None);
    }
}

#[test]
fn a_step_before_the_last_used_one_is_refused_also_if_its_code_was_never_used() {
    let before = secret().code_at(NOON - 30);
    let refused = secret().check(&before, at(NOON), Some(step(NOON)));
    assert_eq!(refused, None);
}

#[test]
fn a_step_after_the_last_used_one_is_accepted() {
    let next = secret().code_at(NOON + 30);
    let found = secret().check(&next, at(NOON), Some(step(NOON)));
    assert_eq!(found, Some(step(NOON + 30)));
}

#[test]
fn only_six_digits_are_a_code() {
    let code = secret().code_at(NOON);
    let with = |text: String| secret().check(&text, at(NOON), None);
    assert!(with(code.to_string()).is_some());
    assert!(with(String::new()).is_none());
    assert!(with(code[1..].to_owned()).is_none());
    assert!(with(format!("0{}", code.as_str())).is_none());
    assert!(with(format!("+{}", &code[1..])).is_none());
    assert!(with(format!(" {}", code.as_str())).is_none());
    assert!(with("9".repeat(100_000)).is_none());
    assert!(with("１２３４５６".to_owned()).is_none());
}

#[test]
fn the_code_of_another_secret_is_wrong() {
    let other = TotpSecret::from_stored(b"09876543210987654321").unwrap();
    let code = other.code_at(NOON);
    assert_eq!(secret().check(&code, at(NOON), None), None);
}

#[test]
fn the_first_steps_of_the_clock_and_those_before_it_are_no_trap() {
    let code = secret().code_at(0);
    assert_eq!(secret().check(&code, at(0), None), Some(Step(0)));
    let before = DateTime::from_timestamp(-31, 0).unwrap();
    assert_eq!(secret().check(&code, before, None), None);
}

#[test]
fn a_step_reads_back_as_it_was_stored() {
    assert_eq!(Step::from_stored(step(NOON).to_stored()), Some(step(NOON)));
    assert_eq!(Step::from_stored(-1), None);
}

#[test]
fn a_fresh_secret_has_160_bits_and_is_never_the_same_twice() {
    let (one, two) = (
        TotpSecret::generate().unwrap(),
        TotpSecret::generate().unwrap(),
    );
    assert_eq!(one.as_bytes().len() * 8, 160);
    assert_ne!(one.as_bytes(), two.as_bytes());
    assert!(TotpSecret::from_stored(&one.as_bytes()[1..]).is_err());
}

#[test]
fn the_uri_tells_an_app_all_that_differs_from_its_defaults() {
    let uri = secret()
        .uri("Nordlicht: Versand", "anna@nordlicht.example")
        .unwrap();
    assert_eq!(
        uri.as_str(),
        "otpauth://totp/Nordlicht%20%20Versand:anna%40nordlicht.example\
         ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Nordlicht%20%20Versand"
    );
}

#[test]
fn no_name_can_add_a_parameter_to_the_uri() {
    let uri = secret().uri("x&secret=AAAA", "a?digits=8#\r\nb").unwrap();
    assert_eq!(uri.matches("secret=").count(), 1);
    assert!(!uri.contains("digits=8"));
    assert!(!uri.contains(['#', '\r', '\n', ' ']));
}

#[test]
fn an_account_without_a_name_cannot_be_set_up() {
    assert!(secret().uri("InsightDesk", "").is_err());
}

#[test]
fn the_picture_is_one_svg_that_names_nothing_outside_itself() {
    let long = "ö".repeat(10_000);
    for name in ["anna@nordlicht.example", &long] {
        let svg = secret().qr_svg(name, name).unwrap();
        assert!(svg.contains("<svg") && svg.ends_with("</svg>"));
        assert_eq!(svg.matches("http").count(), 1, "the namespace alone");
        assert!(!svg.contains("GEZDGNBV"), "not in the clear");
    }
}

#[test]
fn debug_shows_nothing_of_a_secret() {
    assert_eq!(format!("{:?}", secret()), "TotpSecret(..)");
}
