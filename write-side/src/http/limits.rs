//! The limits of request bodies that the domain checks, said in the API's description.
//!
//! They are checked by the domain alone, which answers 422; the framework checks the form of a body and answers 400.

use domain::organization::settings::Settings;
use domain::organization::waiting::{Delay, WaitingRules};
use domain::sla::policy::Target;
use domain::sla::targets::Targets;
use domain::text::{Email, FieldKey, FieldText, MailDomain, Tag};
use platform::http::spec::amendment::Keyword::{
    MaxLength, MaxProperties, Maximum, Minimum, OneOf, Pattern,
};
use platform::http::spec::amendment::{Amendment, Keyword, TAG};
use platform::permission::{Permission, SCOPES};

/// What the description says beside what the framework says.
#[must_use]
pub fn amendments() -> Vec<Amendment> {
    [
        tickets(),
        people(),
        companies(),
        service_levels(),
        organization(),
        sign_on(),
    ]
    .concat()
}

fn at(pointer: &'static str, keywords: &[Keyword]) -> Vec<Amendment> {
    keywords
        .iter()
        .cloned()
        .map(|keyword| Amendment { pointer, keyword })
        .collect()
}

fn tickets() -> Vec<Amendment> {
    [
        at(
            "/OpenTicketBody/properties/tags/items",
            &[MaxLength(Tag::MAX_CHARS), Pattern(TAG)],
        ),
        at(
            "/OpenTicketBody/properties/custom_fields",
            &[MaxProperties(Settings::MAX_CUSTOM_FIELDS)],
        ),
        at(
            "/UpdateTicketBody/properties/custom_fields",
            &[MaxProperties(Settings::MAX_CUSTOM_FIELDS)],
        ),
        at(
            "/UpdateTicketBody/properties/clear_custom_fields/items",
            &[MaxLength(FieldKey::MAX_CHARS)],
        ),
        at(
            "/CustomFieldValue/anyOf/2",
            &[MaxLength(FieldText::MAX_CHARS)],
        ),
    ]
    .concat()
}

fn sign_on() -> Vec<Amendment> {
    [
        "/CreateProviderBody/properties/allowed_domains/items",
        "/CreateProviderBody/properties/trusted_domains/items",
        "/UpdateProviderBody/properties/allowed_domains/items",
        "/UpdateProviderBody/properties/trusted_domains/items",
    ]
    .into_iter()
    .flat_map(|pointer| at(pointer, &[MaxLength(MailDomain::MAX_CHARS)]))
    .collect()
}

fn people() -> Vec<Amendment> {
    let scopes = [OneOf(SCOPES.iter().map(|scope| scope.name).collect())];
    let permissions = Permission::ALL.iter();
    let permissions = [OneOf(permissions.map(|it| it.as_str()).collect())];
    [
        at(
            "/UpdateUserBody/properties/email",
            &[MaxLength(Email::MAX_CHARS)],
        ),
        at("/CreateApiKeyBody/properties/scopes/items", &scopes),
        at("/UpdateApiKeyBody/properties/scopes/items", &scopes),
        at("/CreateRoleBody/properties/permissions/items", &permissions),
        at("/UpdateRoleBody/properties/permissions/items", &permissions),
    ]
    .concat()
}

fn companies() -> Vec<Amendment> {
    let domain = &[MaxLength(MailDomain::MAX_CHARS)];
    [
        at("/CreateCompanyBody/properties/domains/items", domain),
        at("/UpdateCompanyBody/properties/domains/items", domain),
    ]
    .concat()
}

fn service_levels() -> Vec<Amendment> {
    let seconds = &[Minimum(Target::MIN_SECONDS), Maximum(Target::MAX_SECONDS)];
    let before = &[Minimum(0), Maximum(Target::MAX_SECONDS)];
    [
        at("/Holiday/properties/month", &[Minimum(1), Maximum(12)]),
        at("/Holiday/properties/day", &[Minimum(1), Maximum(31)]),
        at("/PolicyTarget/properties/seconds", seconds),
        at("/PolicyWarning/properties/seconds_before", before),
    ]
    .concat()
}

fn organization() -> Vec<Amendment> {
    let minutes = &[Minimum(1), Maximum(Targets::MAX_MINUTES)];
    [
        at(
            "/SettingsBody/properties/auto_close_after_hours",
            &[Minimum(0), Maximum(Settings::MAX_AUTO_CLOSE_AFTER_HOURS)],
        ),
        at(
            "/SettingsBody/properties/reopen_window_days",
            &[Minimum(0), Maximum(Settings::MAX_REOPEN_WINDOW_DAYS)],
        ),
        at(
            "/SettingsBody/properties/edit_window_minutes",
            &[Minimum(0), Maximum(Settings::MAX_EDIT_WINDOW_MINUTES)],
        ),
        at(
            "/Delay/properties/seconds",
            &[Minimum(Delay::MIN_SECONDS), Maximum(Delay::MAX_SECONDS)],
        ),
        at(
            "/SettingsBody/properties/team_waiting",
            &[MaxProperties(WaitingRules::MAX_TEAMS)],
        ),
        at(
            "/SettingsBody/properties/custom_fields",
            &[MaxProperties(Settings::MAX_CUSTOM_FIELDS)],
        ),
        at("/SlaTargetsBody/properties/first_response_minutes", minutes),
        at("/SlaTargetsBody/properties/resolution_minutes", minutes),
        at(
            "/CustomFieldBody/properties/options/items",
            &[MaxLength(FieldText::MAX_CHARS)],
        ),
    ]
    .concat()
}
