#![allow(clippy::unwrap_used)]

use super::*;

const MARKUP: &str = "<script>alert(\"x\")</script> & Söhne";

fn at() -> DateTime<Utc> {
    "2026-03-01T12:05:00Z".parse().unwrap()
}

fn templates() -> Templates {
    Templates::new("https://desk.example".parse().unwrap()).unwrap()
}

fn mail(letter: &Letter) -> Mail {
    let to = "anna@nordlicht.example".parse().unwrap();
    templates().mail(Uuid::nil(), at(), &to, letter).unwrap()
}

fn invitation(organization: &str, inviter: &str) -> Letter {
    Letter::Invitation {
        organization: organization.to_owned(),
        inviter: inviter.to_owned(),
        token: "idi_secret".to_owned(),
        valid_minutes: 7 * 24 * 60,
    }
}

/// One of each kind.
fn letters() -> Vec<Letter> {
    let token = || "idx_secret".to_owned();
    vec![
        Letter::VerifyAddress {
            token: token(),
            valid_minutes: 24 * 60,
        },
        Letter::AnotherOrganization {
            organization: "Initech".to_owned(),
            token: token(),
            valid_minutes: 24 * 60,
        },
        invitation("Nordlicht", "Anna"),
        Letter::PasswordReset {
            token: token(),
            valid_minutes: 30,
        },
        Letter::OneTimeCode {
            code: "012345".to_owned(),
            valid_minutes: 5,
        },
        Letter::NewDevice {
            device: "Firefox on Linux".to_owned(),
            address: "192.0.2.7".to_owned(),
            at: at(),
        },
        Letter::PasswordChanged { at: at() },
        Letter::SecondFactorChanged {
            change: FactorChange::TurnedOff,
            at: at(),
        },
        Letter::SlaWarning {
            organization: "Nordlicht".to_owned(),
            ticket_id: Uuid::nil(),
            subject: "The printer is on fire".to_owned(),
            promise: "first reply".to_owned(),
            state: "has used 80 percent of its time".to_owned(),
            deadline_at: at(),
        },
        Letter::TicketReminder {
            organization: "Nordlicht".to_owned(),
            ticket_id: Uuid::nil(),
            subject: "The printer is on fire".to_owned(),
        },
    ]
}

#[test]
fn every_letter_has_a_subject_a_text_and_a_page() {
    for letter in letters() {
        let mail = mail(&letter);
        assert!(!mail.subject.is_empty(), "{letter:?}");
        assert!(mail.text.lines().count() >= 3, "{letter:?}");
        assert!(mail.html.starts_with("<!DOCTYPE html>"), "{letter:?}");
        for part in [&mail.subject, &mail.text, &mail.html] {
            assert!(!part.contains("{{") && !part.contains("{%"), "{letter:?}");
        }
    }
}

#[test]
fn the_same_letter_is_the_same_mail_again() {
    for letter in letters() {
        assert_eq!(mail(&letter), mail(&letter));
    }
}

#[test]
fn a_letter_reads_back_as_it_was_stored() {
    for letter in letters() {
        let stored = serde_json::to_vec(&letter).unwrap();
        assert_eq!(serde_json::from_slice::<Letter>(&stored).unwrap(), letter);
    }
}

#[test]
fn every_link_begins_with_the_configured_base() {
    let mut links = 0;
    for letter in letters() {
        let mail = mail(&letter);
        let html = mail.html.replace("&#x2f;", "/");
        for part in [&mail.text, &html] {
            for (at, _) in part.match_indices("http") {
                assert!(part[at..].starts_with("https://desk.example/"), "{part}");
                links += 1;
            }
        }
    }
    assert!(links >= 12, "only {links} links were seen");
}

#[test]
fn a_secret_stands_behind_the_hash_of_its_link_in_both_parts() {
    let letter = Letter::PasswordReset {
        token: "idr_secret".to_owned(),
        valid_minutes: 30,
    };
    let mail = mail(&letter);
    assert!(
        mail.text
            .contains("https://desk.example/reset-password#idr_secret\n")
    );
    assert!(mail.html.contains("reset-password#idr_secret\""));
    assert!(mail.text.contains("30 minutes"));
}

#[test]
fn a_code_is_in_the_body_and_not_in_the_subject() {
    let letter = Letter::OneTimeCode {
        code: "012345".to_owned(),
        valid_minutes: 5,
    };
    let mail = mail(&letter);
    assert!(mail.text.contains("012345") && mail.html.contains("012345"));
    assert!(!mail.subject.contains("012345"));
}

#[test]
fn names_cannot_add_markup() {
    let html = mail(&invitation(MARKUP, MARKUP)).html;
    assert!(!html.contains("<script"), "{html}");
    assert!(html.contains("&lt;script&gt;"), "{html}");
}

#[test]
fn names_stand_in_the_text_as_they_are() {
    let mail = mail(&invitation("Müller & Söhne", "Anna"));
    assert!(
        mail.text
            .starts_with("Anna invites you to Müller & Söhne.\n")
    );
    assert_eq!(mail.subject, "Invitation to Müller & Söhne");
}

#[test]
fn a_name_is_one_line_and_no_letter_of_its_own() {
    let spam = format!(
        "You won!\r\n\r\nOpen http://evil.example {}",
        "x".repeat(500)
    );
    let mail = mail(&invitation(&spam, "Anna\u{2028}Bcc: eve@evil.example"));
    let first = mail.text.lines().next().unwrap();
    assert!(first.starts_with("Anna Bcc: eve@evil.example invites you to You won! Open"));
    assert!(first.chars().count() < 3 * NAME_CHARACTERS_MAX);
    assert!(!mail.subject.contains(['\r', '\n']));
}

#[test]
fn a_span_is_told_in_the_largest_unit_that_says_it_exactly() {
    for (minutes, told) in [
        (1, "1 minute"),
        (30, "30 minutes"),
        (60, "1 hour"),
        (90, "90 minutes"),
        (24 * 60, "1 day"),
        (7 * 24 * 60, "7 days"),
    ] {
        assert_eq!(span(minutes), told);
    }
}

#[test]
fn a_template_that_asks_for_what_is_not_there_is_an_error() {
    let mut templates = templates();
    templates
        .environment
        .add_template("password_changed.txt", "{{ token }}")
        .unwrap();
    let to = "anna@nordlicht.example".parse().unwrap();
    let letter = Letter::PasswordChanged { at: at() };
    let rendered = templates.mail(Uuid::nil(), at(), &to, &letter);
    assert!(rendered.is_err());
}

#[test]
fn debug_shows_no_secret_of_a_letter() {
    for letter in letters() {
        let shown = format!("{letter:?}");
        assert_eq!(shown, format!("Letter({})", letter.kind()));
    }
}
