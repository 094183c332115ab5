//! What the audit says about people's ways in.

use chrono::{DateTime, SecondsFormat, Utc};
use domain::security::event::{
    ApiKeyChanged, ApiKeyCreated, InvitationSent, SecurityEvent, SessionEnded, SessionStarted,
    SignInFailed, SignOnProviderChanged, SignOnProviderCreated, SignOnRefused,
};
use domain::security::exports::{LogExported, ReportDownloaded};
use domain::security::sign_on::SignOnSettings;
use domain::security::simulations::SimulationRequested;
use domain::security::words::{
    LogForm, PasswordChange, Report, SessionEnd, SignInFailure, SignInMethod, SignOnRefusal,
};
use domain::text::{MailDomain, Scope};
use platform::rows::{ACTOR, SUBJECT};
use serde_json::Value;
use std::collections::BTreeSet;

use super::audit::{Fact, email_text};

/// What the audit calls a provider of sign-on.
const PROVIDER: &str = "sign_on_provider";
/// And what other rules would have made of the past.
const SIMULATION: &str = "simulation";

/// The fact of a security event.
pub(super) fn fact(change: &SecurityEvent) -> Fact {
    let user_id = change.user_id();
    let of_person = |summary: String| Fact::new("user", user_id.0, summary).concerning(user_id);
    match change {
        SecurityEvent::SessionStarted(e) => started(e),
        SecurityEvent::SessionEnded(e) => ended(e),
        SecurityEvent::SignInFailed(e) => failed(e),
        SecurityEvent::RefreshTokenReused(e) => Fact::new(
            "session",
            e.session_id.0,
            format!("A refresh token of {SUBJECT} was used a second time"),
        )
        .concerning(user_id),
        SecurityEvent::PasswordChanged(e) => of_person(match e.how {
            PasswordChange::Set => format!("{SUBJECT} set a password"),
            PasswordChange::Changed => format!("{SUBJECT} changed the password"),
            PasswordChange::Reset => format!("{SUBJECT} reset the password"),
        }),
        SecurityEvent::PasswordResetRequested(_) => {
            of_person(format!("Somebody asked to reset the password of {SUBJECT}"))
        }
        SecurityEvent::SecondFactorEnabled(e) => of_person(format!(
            "{SUBJECT} enabled a second factor"
        ))
        .changing("second_factor", Value::Null, e.kind.as_str()),
        SecurityEvent::SecondFactorDisabled(e) => of_person(format!(
            "The second factor of {SUBJECT} was disabled"
        ))
        .changing("second_factor", e.kind.as_str(), Value::Null),
        SecurityEvent::RecoveryCodesMade(_) => {
            of_person(format!("{SUBJECT} made new recovery codes"))
        }
        SecurityEvent::RecoveryCodeUsed(e) => of_person(format!(
            "{SUBJECT} used a recovery code, {} are left",
            e.left
        )),
        SecurityEvent::ApiKeyCreated(e) => key_created(e),
        SecurityEvent::ApiKeyChanged(e) => key_changed(e),
        SecurityEvent::ApiKeyUsed(e) => {
            Fact::new("api_key", e.key_id.0, format!("{SUBJECT} used its API key"))
                .concerning(user_id)
        }
        SecurityEvent::ApiKeyRevoked(e) => Fact::new(
            "api_key",
            e.key_id.0,
            format!("{ACTOR} revoked the API key of {SUBJECT}"),
        )
        .concerning(user_id),
        SecurityEvent::InvitationSent(e) => invited(e),
        SecurityEvent::InvitationAccepted(e) => Fact::new(
            "invitation",
            e.invitation_id.0,
            format!("{SUBJECT} accepted an invitation"),
        )
        .concerning(user_id),
        SecurityEvent::InvitationRevoked(e) => Fact::new(
            "invitation",
            e.invitation_id.0,
            format!("{ACTOR} revoked an invitation"),
        )
        .concerning(user_id),
        SecurityEvent::PersonExported(e) => Fact::new(
            "user",
            e.subject.0,
            format!("{ACTOR} exported what is held about {SUBJECT}"),
        )
        .concerning(e.subject),
        SecurityEvent::ReportDownloaded(e) => downloaded(e),
        SecurityEvent::LogExported(e) => log_exported(e),
        SecurityEvent::SimulationRequested(e) => simulation_requested(e),
        SecurityEvent::SimulationDeleted(e) => Fact::new(
            SIMULATION,
            e.simulation_id.0,
            format!("{ACTOR} deleted a simulation of service levels"),
        ),
        SecurityEvent::EmailVerified(_) => {
            of_person(format!("{SUBJECT} verified the e-mail address"))
        }
        SecurityEvent::SignOnProviderCreated(e) => provider_created(e),
        SecurityEvent::SignOnProviderChanged(e) => provider_changed(e),
        SecurityEvent::SignOnProviderRemoved(e) => Fact::new(
            PROVIDER,
            e.provider_id.0,
            format!("{ACTOR} removed a provider of sign-on"),
        )
        .concerning(user_id),
        SecurityEvent::SignOnRefused(e) => stranger_refused(e),
        SecurityEvent::SignOnLinked(_) => of_person(format!(
            "{SUBJECT} is recognized by a provider of sign-on from now on"
        )),
        SecurityEvent::SignOnUnlinked(_) => of_person(format!(
            "{ACTOR} unlinked {SUBJECT} from every provider of sign-on"
        )),
    }
}

fn started(event: &SessionStarted) -> Fact {
    let methods: Vec<&str> = event.methods.iter().map(|method| shown(*method)).collect();
    let summary = match methods.is_empty() {
        true => format!("{SUBJECT} signed in"),
        false => format!("{SUBJECT} signed in with {}", methods.join(" and ")),
    };
    Fact::new("session", event.session_id.0, summary)
        .concerning(event.user_id)
        .changing("device", Value::Null, event.device.as_str())
}

fn ended(event: &SessionEnded) -> Fact {
    let over = |why: &str| format!("A session of {SUBJECT} ended: {why}");
    let summary = match event.reason {
        SessionEnd::SignedOut => format!("{SUBJECT} signed out"),
        SessionEnd::EndedByOwner => format!("{SUBJECT} ended a session of theirs"),
        SessionEnd::EndedByAdmin => format!("{ACTOR} ended a session of {SUBJECT}"),
        SessionEnd::PasswordChanged => over("the password was changed"),
        SessionEnd::RoleChanged => over("the role was changed"),
        SessionEnd::Deactivated => over("the person was deactivated"),
        SessionEnd::Erased => over("the data of the person was erased"),
        SessionEnd::TokenReused => over("a refresh token was used a second time"),
        SessionEnd::Expired => over("nobody used it for too long"),
        SessionEnd::OrganizationSuspended => over("the organization was suspended"),
    };
    Fact::new("session", event.session_id.0, summary).concerning(event.user_id)
}

fn failed(event: &SignInFailed) -> Fact {
    let why = match event.reason {
        SignInFailure::WrongPassword => "the password was wrong",
        SignInFailure::WrongCode => "the code was wrong",
        SignInFailure::Throttled => "there were too many tries",
        SignInFailure::Inactive => "the person may not act",
        SignInFailure::OtherIdentity => "another identity is linked with the person",
        SignInFailure::AddressNotAllowed => "addresses of this domain may not come",
    };
    let method = shown(event.method);
    let summary = format!("A sign-in as {SUBJECT} with {method} was refused: {why}");
    Fact::new("user", event.user_id.0, summary).concerning(event.user_id)
}

fn key_created(event: &ApiKeyCreated) -> Fact {
    let scopes = scope_names(&event.scopes);
    let expires_at = event.expires_at.map(time_text);
    Fact::new(
        "api_key",
        event.key_id.0,
        format!("{ACTOR} made the API key of {SUBJECT}"),
    )
    .concerning(event.user_id)
    .changing("name", Value::Null, event.name.as_str())
    .changing("scopes", Value::Null, scopes)
    .changing("expires_at", Value::Null, expires_at)
}

fn key_changed(event: &ApiKeyChanged) -> Fact {
    let summary = format!("{ACTOR} changed the API key of {SUBJECT}");
    let mut fact = Fact::new("api_key", event.key_id.0, summary).concerning(event.user_id);
    if event.from_name != event.to_name {
        fact = fact.changing("name", event.from_name.as_str(), event.to_name.as_str());
    }
    if event.from_scopes != event.to_scopes {
        let (from, to) = (
            scope_names(&event.from_scopes),
            scope_names(&event.to_scopes),
        );
        fact = fact.changing("scopes", from, to);
    }
    if event.from_expires_at != event.to_expires_at {
        let (from, to) = (
            time_text(event.from_expires_at),
            time_text(event.to_expires_at),
        );
        fact = fact.changing("expires_at", from, to);
    }
    fact
}

fn scope_names(scopes: &[Scope]) -> Vec<&str> {
    scopes.iter().map(Scope::as_str).collect()
}

fn time_text(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// It concerns nobody but who did it.
fn downloaded(event: &ReportDownloaded) -> Fact {
    let report = match event.report {
        Report::Attainment => "attainment",
        Report::Tickets => "tickets",
        Report::Messages => "messages",
        Report::Workload => "workload",
    };
    let summary = format!("{ACTOR} downloaded a report of {report}");
    let fact = Fact::new("user", event.user_id.0, summary).changing(
        "format",
        Value::Null,
        event.format.as_str(),
    );
    let conditions = event.conditions.each();
    conditions.fold(fact, |fact, (name, values)| {
        fact.changing(format!("conditions.{name}"), Value::Null, values.to_vec())
    })
}

/// It concerns nobody of the organization.
fn log_exported(event: &LogExported) -> Fact {
    let what = match event.form {
        LogForm::Ndjson | LogForm::Parquet => "exported events of the organization",
        LogForm::ReadModels => "built read models of a moment for analysis",
    };
    let fact = Fact::new("export", event.export_id.0, format!("{ACTOR} {what}")).changing(
        "form",
        Value::Null,
        event.form.as_str(),
    );
    let times = [
        ("from", event.from),
        ("to", event.to),
        ("as_of", event.as_of),
    ];
    let times = times.into_iter();
    let fact = times
        .filter_map(|(name, time)| Some((name, time_text(time?))))
        .fold(fact, |fact, (name, time)| {
            fact.changing(format!("conditions.{name}"), Value::Null, time)
        });
    match event.types.is_empty() {
        true => fact,
        false => {
            let types: Vec<&str> = event.types.iter().map(String::as_str).collect();
            fact.changing("conditions.types", Value::Null, types)
        }
    }
}

/// It concerns nobody but who did it.
fn simulation_requested(event: &SimulationRequested) -> Fact {
    let summary = format!("{ACTOR} asked for a simulation of service levels");
    let fact = Fact::new(SIMULATION, event.simulation_id.0, summary)
        .changing("conditions.from", Value::Null, time_text(event.from))
        .changing("conditions.to", Value::Null, time_text(event.to))
        .changing("conditions.calendars", Value::Null, event.calendars)
        .changing("conditions.imported", Value::Null, event.imported);
    match event.policies {
        Some(count) => fact.changing("conditions.policies", Value::Null, count),
        None => fact,
    }
}

fn provider_created(event: &SignOnProviderCreated) -> Fact {
    let summary = format!("{ACTOR} let people sign on by another site");
    let fact = Fact::new(PROVIDER, event.provider_id.0, summary)
        .concerning(event.user_id)
        .changing("kind", Value::Null, event.kind.as_str())
        .changing("issuer", Value::Null, event.issuer.as_str())
        .changing("client_id", Value::Null, event.client_id.as_str());
    let fields = provider_fields(&event.settings).into_iter();
    fields.fold(fact, |fact, (field, to)| {
        fact.changing(field, Value::Null, to)
    })
}

fn provider_changed(event: &SignOnProviderChanged) -> Fact {
    let summary = match event.secret_replaced {
        true => format!("{ACTOR} changed a provider of sign-on and its secret"),
        false => format!("{ACTOR} changed a provider of sign-on"),
    };
    let fact = Fact::new(PROVIDER, event.provider_id.0, summary).concerning(event.user_id);
    let (from, to) = (provider_fields(&event.from), provider_fields(&event.to));
    let changed = from.into_iter().zip(to).filter(|(from, to)| from != to);
    changed.fold(fact, |fact, ((field, from), (_, to))| {
        fact.changing(field, from, to)
    })
}

fn provider_fields(settings: &SignOnSettings) -> [(&'static str, Value); 5] {
    let list = |domains: &BTreeSet<MailDomain>| -> Value {
        domains.iter().map(MailDomain::as_str).collect()
    };
    [
        ("name", settings.name.as_str().into()),
        ("allowed_domains", list(&settings.allowed_domains)),
        ("trusted_domains", list(&settings.trusted_domains)),
        ("newcomers", settings.newcomers.as_str().into()),
        ("second_factor", settings.second_factor.as_str().into()),
    ]
}

/// It concerns nobody of the organization.
fn stranger_refused(event: &SignOnRefused) -> Fact {
    let why = match event.reason {
        SignOnRefusal::UnknownPerson => "the organization does not know them",
        SignOnRefusal::NoAddress => "it says no address",
        SignOnRefusal::AddressNotVerified => "it does not vouch for the address",
        SignOnRefusal::AddressNotAllowed => "addresses of this domain may not come",
    };
    let summary = format!("Somebody came by a provider of sign-on and was refused: {why}");
    Fact::new(PROVIDER, event.provider_id.0, summary)
}

fn invited(event: &InvitationSent) -> Fact {
    Fact::new(
        "invitation",
        event.invitation_id.0,
        format!("{ACTOR} invited somebody"),
    )
    .concerning(event.user_id)
    .changing("email", Value::Null, email_text(&event.email))
    .changing("role", Value::Null, event.role.as_str())
}

fn shown(method: SignInMethod) -> &'static str {
    match method {
        SignInMethod::Password => "a password",
        SignInMethod::Totp => "a code of the moment",
        SignInMethod::RecoveryCode => "a recovery code",
        SignInMethod::EmailCode => "a mailed code",
        SignInMethod::Oidc => "another site",
        SignInMethod::ApiKey => "an API key",
    }
}
