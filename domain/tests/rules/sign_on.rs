//! Whose word an organization takes about an address.

use domain::security::sign_on::{EmailStanding, NotAdmitted, SignOnSettings};
use domain::security::words::{Newcomers, SecondFactorRule};
use domain::text::{Email, MailDomain, Name, TextError};

fn settings(allowed: &[&str], trusted: &[&str]) -> SignOnSettings {
    let domains = |texts: &[&str]| {
        let parsed = texts.iter().map(|text| MailDomain::parse(text).unwrap());
        parsed.collect()
    };
    SignOnSettings {
        name: Name::parse("Nordlicht").unwrap(),
        allowed_domains: domains(allowed),
        trusted_domains: domains(trusted),
        newcomers: Newcomers::Refused,
        second_factor: SecondFactorRule::Asked,
    }
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

#[test]
fn only_a_verified_address_is_believed() {
    let settings = settings(&[], &[]);
    let ada = email("ada@nordlicht.example");
    assert_eq!(settings.admit(&ada, EmailStanding::Verified), Ok(()));
    for standing in [EmailStanding::Unverified, EmailStanding::Unsaid] {
        assert_eq!(
            settings.admit(&ada, standing),
            Err(NotAdmitted::NotVerified)
        );
    }
}

#[test]
fn a_trusted_domain_needs_no_word_but_bears_no_denial() {
    let settings = settings(&[], &["nordlicht.example"]);
    let ada = email("ada@nordlicht.example");
    assert_eq!(settings.admit(&ada, EmailStanding::Unsaid), Ok(()));
    let denied = settings.admit(&ada, EmailStanding::Unverified);
    assert_eq!(denied, Err(NotAdmitted::NotVerified));
    for other in [
        "ada@sub.nordlicht.example",
        "ada@nordlicht.example.evil.example",
    ] {
        let unsaid = settings.admit(&email(other), EmailStanding::Unsaid);
        assert_eq!(unsaid, Err(NotAdmitted::NotVerified), "{other}");
    }
}

#[test]
fn a_list_of_domains_lets_in_those_domains_alone() {
    let settings = settings(&["Nordlicht.example"], &[]);
    let verified = EmailStanding::Verified;
    assert_eq!(
        settings.admit(&email("Ada@NORDLICHT.example"), verified),
        Ok(())
    );
    for other in [
        "ada@other.example",
        "ada@sub.nordlicht.example",
        "ada@nordlicht.example.evil.example",
        "ada@evilnordlicht.example",
        "ada@localhost",
    ] {
        let refused = settings.admit(&email(other), verified);
        assert_eq!(refused, Err(NotAdmitted::Domain), "{other}");
    }
}

#[test]
fn a_domain_is_labels_between_dots() {
    for text in ["nordlicht.example", "a.b-c.example", "XN--NRDLICHT.example"] {
        let domain = MailDomain::parse(text).unwrap();
        assert_eq!(domain.as_str(), text.to_lowercase());
    }
    for text in [
        "example",
        "@nordlicht.example",
        "-a.example",
        "a-.example",
        "a..example",
        "a b.example",
        "*.example",
    ] {
        let refused = MailDomain::parse(text);
        assert!(matches!(refused, Err(TextError::Form { .. })), "{text}");
    }
}
