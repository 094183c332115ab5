//! What happened to people's ways in.

use super::{FULL, MINIMAL, email, name};
use crate::scenario::{AGENT, CUSTOMER};
use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::ids::{ApiKeyId, InvitationId, SessionId};
use domain::security::event::{
    ApiKeyCreated, ApiKeyRevoked, ApiKeyUsed, EmailVerified, InvitationAccepted, InvitationRevoked,
    InvitationSent, PasswordChanged, PasswordResetRequested, PersonExported, RecoveryCodeUsed,
    RecoveryCodesMade, RefreshTokenReused, SecondFactorDisabled, SecondFactorEnabled,
    SecurityEvent, SessionEnded, SessionStarted, SignInFailed,
};
use domain::security::words::{
    PasswordChange, SecondFactorKind, SessionEnd, SignInFailure, SignInMethod,
};
use domain::text::{Device, Scope};
use uuid::Uuid;

const SESSION: SessionId = SessionId(Uuid::from_u128(0x81));
const KEY: ApiKeyId = ApiKeyId(Uuid::from_u128(0x82));
const INVITATION: InvitationId = InvitationId(Uuid::from_u128(0x83));
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
            SignInFailure::Inactive => (reason.as_str(), SignInMethod::Oidc),
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
    let created = |scopes: &[&str], expires_at| ApiKeyCreated {
        user_id: AGENT,
        key_id: KEY,
        name: name("Ada's robot"),
        scopes: scopes
            .iter()
            .map(|scope| Scope::parse(scope).unwrap())
            .collect(),
        expires_at,
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
