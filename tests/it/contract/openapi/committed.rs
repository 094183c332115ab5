//! `schema/openapi.json` is what integrators generate clients from.

use super::spec::COMMITTED;

#[test]
fn the_committed_description_is_the_one_of_the_program() {
    let described = insightdesk::http::openapi().unwrap();
    assert!(
        described == COMMITTED,
        "schema/openapi.json is out of date; after looking at what changed for integrators, update it: \
         cargo run -- openapi > schema/openapi.json"
    );
}
