//! Whatever text comes from outside, the parsers answer: they never panic, and what they take they give out the same.
#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{TimeDelta, Utc};
use domain::actor::Role;
use domain::ids::{OrganizationId, UserId};
use domain::text::{PermissionName, Scope};
use platform::auth::{Grant, TokenKeys, TokenSigner, TokenVerifier};
use platform::config::Secret;
use platform::consistency::ConsistencyToken;
use platform::cursor::{self, Fingerprint, Moment};
use platform::http::client_address::{ClientAddresses, ForwardingHeader};
use platform::permission;
use poem::Request;
use poem::http::HeaderValue;
use proptest::prelude::*;
use uuid::Uuid;

fn keys() -> TokenKeys {
    let secret = Secret::new("0123456789abcdef0123456789abcdef".to_owned());
    TokenKeys::parse(&secret).unwrap()
}

fn token() -> String {
    let [organization, person] = [1, 2].map(Uuid::from_u128);
    let grant = Grant::alone(OrganizationId(organization), UserId(person), Role::Agent);
    let signer = TokenSigner::new(keys());
    signer
        .sign(&grant, Utc::now(), TimeDelta::hours(1))
        .unwrap()
}

fn fingerprint() -> Fingerprint {
    Fingerprint::of("tickets", &"open")
}

/// The client that is found where a trusted proxy appended an address to what the client sent.
fn found(header: ForwardingHeader, name: &str, value: HeaderValue) -> String {
    let addresses = ClientAddresses {
        // The peer of a request without a socket.
        trusted: "0.0.0.0".parse().unwrap(),
        header,
    };
    let request = Request::builder().header(name, value).finish();
    addresses.find(&request).to_string()
}

/// What a client may write into a header.
fn header_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..60).prop_filter("is no header", |bytes| {
        HeaderValue::from_bytes(bytes).is_ok()
    })
}

proptest! {
    #[test]
    fn an_access_token_that_was_not_signed_here_is_refused(text in "\\PC{0,200}") {
        prop_assert!(TokenVerifier::new(keys()).verify(&text).is_err());
    }

    #[test]
    fn a_token_of_any_header_and_claims_is_refused(header in "\\PC{0,80}", claims in "\\PC{0,80}", signature in any::<[u8; 64]>()) {
        let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
        let text = format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(signature));
        prop_assert!(TokenVerifier::new(keys()).verify(&text).is_err());
    }

    #[test]
    fn a_token_with_another_byte_is_refused(place in any::<prop::sample::Index>(), byte in 0x21_u8..0x7F) {
        let good = token();
        let mut changed = good.clone().into_bytes();
        let index = place.index(changed.len());
        changed[index] = byte;
        let changed = String::from_utf8(changed).unwrap();
        let verified = TokenVerifier::new(keys()).verify(&changed);
        prop_assert_eq!(verified.is_ok(), changed == good);
    }

    #[test]
    fn a_cursor_is_read_back_and_nothing_else_is_one(text in "\\PC{0,200}", name in "\\PC{0,120}", id: u128, micros in 0..4_102_444_800_000_000_i64) {
        let read = cursor::decode::<(Moment, String, Uuid)>(&fingerprint(), &text);
        prop_assert!(read.is_err());
        let key = (Moment::try_from(micros).unwrap(), name, Uuid::from_u128(id));
        let made = cursor::encode(&fingerprint(), key.clone());
        prop_assert_eq!(cursor::decode(&fingerprint(), &made), Ok(key));
    }

    #[test]
    fn a_cursor_of_any_json_is_read_or_refused(json in "[\\[\\]{}\":,a-z0-9.eE+-]{0,80}") {
        let text = URL_SAFE_NO_PAD.encode(json);
        let _ = cursor::decode::<(Moment, Uuid)>(&fingerprint(), &text);
    }

    #[test]
    fn a_time_of_a_cursor_is_one_that_the_database_holds(micros: i64) {
        if let Ok(moment) = Moment::try_from(micros) {
            prop_assert_eq!(i64::from(moment), micros);
        }
    }

    #[test]
    fn a_consistency_token_is_read_back(text in "\\PC{0,40}", digits in "[0-9]{0,25}-[0-9]{0,25}") {
        for text in [text, digits] {
            if let Ok(token) = text.parse::<ConsistencyToken>() {
                prop_assert_eq!(token.to_string().parse::<ConsistencyToken>(), Ok(token));
            }
        }
    }

    #[test]
    fn whatever_a_client_writes_the_address_is_the_one_that_the_proxy_appended(sent in header_bytes()) {
        for (header, name, appended) in [
            (ForwardingHeader::XForwardedFor, "x-forwarded-for", ", 203.0.113.9"),
            (ForwardingHeader::Forwarded, "forwarded", ", for=203.0.113.9;proto=https"),
            (ForwardingHeader::Forwarded, "forwarded", ", proto=https;for=\"203.0.113.9:4711\""),
        ] {
            let value = [&sent[..], appended.as_bytes()].concat();
            let value = HeaderValue::from_bytes(&value).unwrap();
            prop_assert_eq!(found(header, name, value), "203.0.113.9");
        }
    }

    #[test]
    fn a_permission_is_its_name_and_no_other_text(text in "\\PC{0,40}", scope in "[a-z_]{0,20}:[a-z]{0,10}") {
        if let Some(known) = permission::parse(&text) {
            prop_assert_eq!(known.as_str(), text.as_str());
        }
        for text in [text, scope] {
            if let Ok(name) = PermissionName::parse(&text) {
                prop_assert_eq!(PermissionName::parse(name.as_str()), Ok(name));
            }
            if let Ok(name) = Scope::parse(&text) {
                prop_assert_eq!(Scope::parse(name.as_str()), Ok(name));
            }
            let _ = permission::of_scopes([text.as_str()]);
        }
    }
}
