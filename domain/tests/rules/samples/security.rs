//! What happened to people's ways in.

use super::{FULL, MINIMAL, email, name};
use crate::scenario::{AGENT, CUSTOMER};
use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::ids::{ApiKeyId, ExportId, InvitationId, SessionId, SignOnProviderId, SimulationId};
use domain::security::event::{
    ApiKeyChanged, ApiKeyCreated, ApiKeyRevoked, ApiKeyUsed, EmailVerified, InvitationAccepted,
    InvitationRevoked, InvitationSent, PasswordChanged, PasswordResetRequested, PersonExported,
    RecoveryCodeUsed, RecoveryCodesMade, RefreshTokenReused, SecondFactorDisabled,
    SecondFactorEnabled, SecurityEvent, SessionEnded, SessionStarted, SignInFailed, SignOnLinked,
    SignOnProviderChanged, SignOnProviderCreated, SignOnProviderRemoved, SignOnRefused,
    SignOnUnlinked,
};
use domain::security::exports::{Conditions, LogExported, ReportDownloaded};
use domain::security::sign_on::SignOnSettings;
use domain::security::simulations::{SimulationDeleted, SimulationRequested};
use domain::security::words::{
    LogForm, Newcomers, PasswordChange, Report, ReportFormat, SecondFactorKind, SecondFactorRule,
    SessionEnd, SignInFailure, SignInMethod, SignOnKind, SignOnRefusal,
};
use domain::text::{Device, MailDomain, Scope};
use uuid::Uuid;

const SESSION: SessionId = SessionId(Uuid::from_u128(0x81));
const KEY: ApiKeyId = ApiKeyId(Uuid::from_u128(0x82));
const INVITATION: InvitationId = InvitationId(Uuid::from_u128(0x83));
const PROVIDER: SignOnProviderId = SignOnProviderId(Uuid::from_u128(0x84));
const EXPORT: ExportId = ExportId(Uuid::from_u128(0x85));
const SIMULATION: SimulationId = SimulationId(Uuid::from_u128(0x86));
const TOTP: SecondFactorKind = SecondFactorKind::Totp;

type Sample = (&'static str, SecurityEvent);

pub fn samples() -> impl Iterator<Item = Sample> {
    sessions()
        .chain(ends())
        .chain(failures())
        .chain(credentials())
        .chain(keys())
        .chain(invitations())
        .chain(people())
        .chain(exports())
        .chain(simulations())
        .chain(sign_on())
}

fn sessions() -> impl Iterator<Item = Sample> {
    let started = |methods: &[SignInMethod]| SessionStarted {
        user_id: AGENT,
        session_id: SESSION,
        methods: methods.to_vec(),
        device: Device::parse("Firefox on Linux").unwrap(),
    };
    let reused = RefreshTokenReused {
        user_id: AGENT,
        session_id: SESSION,
    };
    [
        (FULL, started(SignInMethod::ALL).into()),
        (MINIMAL, started(&[]).into()),
        (FULL, reused.into()),
    ]
    .into_iter()
}

/// Every reason, so that no word can change.
fn ends() -> impl Iterator<Item = Sample> {
    SessionEnd::ALL.iter().map(|reason| {
        let ended = SessionEnded {
            user_id: AGENT,
            session_id: SESSION,
            reason: *reason,
        };
        let case = if *reason == SessionEnd::SignedOut {
            FULL
        } else {
            reason.as_str()
        };
        (case, ended.into())
    })
}

fn failures() -> impl Iterator<Item = Sample> {
    SignInFailure::ALL.iter().map(|reason| {
        let (case, method) = match reason {
            SignInFailure::WrongPassword => (FULL, SignInMethod::Password),
            SignInFailure::WrongCode => (reason.as_str(), SignInMethod::Totp),
            SignInFailure::Throttled => (reason.as_str(), SignInMethod::EmailCode),
            SignInFailure::Inactive
            | SignInFailure::OtherIdentity
            | SignInFailure::AddressNotAllowed => (reason.as_str(), SignInMethod::Oidc),
        };
        let failed = SignInFailed {
            user_id: AGENT,
            method,
            reason: *reason,
        };
        (case, failed.into())
    })
}

fn credentials() -> impl Iterator<Item = Sample> {
    let user_id = AGENT;
    let changed = |how| PasswordChanged { user_id, how };
    [
        (FULL, changed(PasswordChange::Changed).into()),
        ("set", changed(PasswordChange::Set).into()),
        ("reset", changed(PasswordChange::Reset).into()),
        (FULL, PasswordResetRequested { user_id }.into()),
        (
            FULL,
            SecondFactorEnabled {
                user_id,
                kind: TOTP,
            }
            .into(),
        ),
        (
            FULL,
            SecondFactorDisabled {
                user_id,
                kind: TOTP,
            }
            .into(),
        ),
        (FULL, RecoveryCodesMade { user_id }.into()),
        (FULL, RecoveryCodeUsed { user_id, left: 9 }.into()),
    ]
    .into_iter()
}

fn keys() -> impl Iterator<Item = Sample> {
    let end: DateTime<Utc> = "2027-01-01T00:00:00Z".parse().unwrap();
    let scopes = |names: &[&str]| -> Vec<Scope> {
        names
            .iter()
            .map(|scope| Scope::parse(scope).unwrap())
            .collect()
    };
    let created = |names: &[&str], expires_at| ApiKeyCreated {
        user_id: AGENT,
        key_id: KEY,
        name: name("Ada's robot"),
        scopes: scopes(names),
        expires_at,
    };
    let changed = ApiKeyChanged {
        user_id: AGENT,
        key_id: KEY,
        from_name: name("Ada's robot"),
        to_name: name("Ada's reader"),
        from_scopes: scopes(&["tickets:write"]),
        to_scopes: scopes(&["tickets:read", "companies:read"]),
        from_expires_at: end,
        to_expires_at: end + chrono::TimeDelta::days(1),
    };
    let used = ApiKeyUsed {
        user_id: AGENT,
        key_id: KEY,
    };
    let revoked = ApiKeyRevoked {
        user_id: AGENT,
        key_id: KEY,
    };
    [
        (FULL, created(&["read", "tickets:write"], Some(end)).into()),
        (MINIMAL, created(&[], None).into()),
        (FULL, changed.into()),
        (FULL, used.into()),
        (FULL, revoked.into()),
    ]
    .into_iter()
}

fn invitations() -> impl Iterator<Item = Sample> {
    let (user_id, invitation_id) = (AGENT, INVITATION);
    let sent = |role| InvitationSent {
        user_id,
        invitation_id,
        email: email("ada@example.com"),
        role,
    };
    [
        (FULL, sent(Role::Agent).into()),
        ("customer", sent(Role::Customer).into()),
        ("admin", sent(Role::Admin).into()),
        (
            FULL,
            InvitationAccepted {
                user_id,
                invitation_id,
            }
            .into(),
        ),
        (
            FULL,
            InvitationRevoked {
                user_id,
                invitation_id,
            }
            .into(),
        ),
    ]
    .into_iter()
}

fn people() -> impl Iterator<Item = Sample> {
    [
        (
            FULL,
            PersonExported {
                user_id: AGENT,
                subject: CUSTOMER,
            }
            .into(),
        ),
        (FULL, EmailVerified { user_id: AGENT }.into()),
    ]
    .into_iter()
}

fn simulations() -> impl Iterator<Item = Sample> {
    let time = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
    let requested = |policies| SimulationRequested {
        user_id: AGENT,
        simulation_id: SIMULATION,
        from: time("2026-03-01T00:00:00Z"),
        to: time("2026-04-01T00:00:00Z"),
        policies,
        calendars: 1,
        imported: false,
    };
    let deleted = SimulationDeleted {
        user_id: AGENT,
        simulation_id: SIMULATION,
    };
    [
        (FULL, requested(Some(3)).into()),
        ("calendars", requested(None).into()),
        (FULL, deleted.into()),
    ]
    .into_iter()
}

fn exports() -> impl Iterator<Item = Sample> {
    let downloaded = |report, format, parameters: &[(&'static str, &'static str)]| {
        let conditions = Conditions::of(parameters.iter().copied(), &["from", "status", "to"]);
        ReportDownloaded {
            user_id: AGENT,
            report,
            format,
            conditions,
        }
    };
    let conditions = [
        ("from", "2026-03-01"),
        ("to", "2026-04-01"),
        ("status", "open"),
        ("status", "new"),
        ("query", "printer"),
    ];
    let time = |text: &str| Some(DateTime::parse_from_rfc3339(text).unwrap().to_utc());
    let exported = |form| LogExported {
        export_id: EXPORT,
        form,
        from: None,
        to: None,
        as_of: None,
        types: [].into(),
    };
    let part = LogExported {
        from: time("2026-03-01T00:00:00Z"),
        to: time("2026-04-01T00:00:00Z"),
        types: ["ticket.opened".to_owned()].into(),
        ..exported(LogForm::Ndjson)
    };
    let replay = LogExported {
        as_of: time("2026-03-01T00:00:00Z"),
        ..exported(LogForm::ReadModels)
    };
    let (csv, parquet) = (ReportFormat::Csv, ReportFormat::Parquet);
    [
        (FULL, downloaded(Report::Tickets, csv, &conditions).into()),
        (
            "attainment",
            downloaded(Report::Attainment, csv, &[]).into(),
        ),
        (
            "messages",
            downloaded(Report::Messages, parquet, &[]).into(),
        ),
        ("workload", downloaded(Report::Workload, csv, &[]).into()),
        (FULL, part.into()),
        ("parquet", exported(LogForm::Parquet).into()),
        ("read_models", replay.into()),
    ]
    .into_iter()
}

fn sign_on() -> impl Iterator<Item = Sample> {
    let (user_id, provider_id) = (AGENT, PROVIDER);
    let domain = |text| MailDomain::parse(text).unwrap();
    let closed = SignOnSettings {
        name: name("Nordlicht"),
        allowed_domains: [domain("nordlicht.example")].into(),
        trusted_domains: [domain("nordlicht.example")].into(),
        newcomers: Newcomers::Refused,
        second_factor: SecondFactorRule::Trusted,
    };
    let open = SignOnSettings {
        name: name("GitHub"),
        allowed_domains: [].into(),
        trusted_domains: [].into(),
        newcomers: Newcomers::Customer,
        second_factor: SecondFactorRule::Asked,
    };
    let created = |kind, issuer: &str, settings: &SignOnSettings| SignOnProviderCreated {
        user_id,
        provider_id,
        kind,
        issuer: issuer.to_owned(),
        client_id: "insightdesk".to_owned(),
        settings: settings.clone(),
    };
    let changed = SignOnProviderChanged {
        user_id,
        provider_id,
        from: closed.clone(),
        to: open.clone(),
        secret_replaced: true,
    };
    let removed = SignOnProviderRemoved {
        user_id,
        provider_id,
    };
    let linked = SignOnLinked {
        user_id,
        provider_id,
    };
    let oidc = created(SignOnKind::Oidc, "https://sso.nordlicht.example", &closed);
    let github = created(SignOnKind::Github, "https://github.com", &open);
    [
        (FULL, oidc.into()),
        ("github", github.into()),
        (FULL, changed.into()),
        (FULL, removed.into()),
        (FULL, linked.into()),
        (FULL, SignOnUnlinked { user_id }.into()),
    ]
    .into_iter()
    .chain(SignOnRefusal::ALL.iter().map(|reason| {
        let case = match reason {
            SignOnRefusal::UnknownPerson => FULL,
            other => other.as_str(),
        };
        let refused = SignOnRefused {
            provider_id: PROVIDER,
            reason: *reason,
        };
        (case, refused.into())
    }))
}
