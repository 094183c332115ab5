//! Events of security streams.
//!
//! Each names in `user_id` the person of the organization whose account it concerns; who acted is in the metadata.

use super::exports::{LogExported, ReportDownloaded};
use super::sign_on::SignOnSettings;
use super::simulations::{SimulationDeleted, SimulationRequested};
use super::words::{
    PasswordChange, SecondFactorKind, SessionEnd, SignInFailure, SignInMethod, SignOnKind,
    SignOnRefusal,
};
use crate::actor::Role;
use crate::event::events;
use crate::ids::{ApiKeyId, InvitationId, SessionId, SignOnProviderId, UserId};
use crate::text::{Device, Email, Name, Scope};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

events! {
    /// What happened to a person's ways in.
    SecurityEvent {
        /// They signed in.
        SessionStarted(SessionStarted) = "session.started" v 1,
        /// A session of theirs is over.
        SessionEnded(SessionEnded) = "session.ended" v 1,
        /// Somebody tried to sign in as them and was not let in.
        SignInFailed(SignInFailed) = "sign_in.failed" v 1,
        /// A refresh token of theirs came a second time.
        RefreshTokenReused(RefreshTokenReused) = "refresh_token.reused" v 1,
        /// They have another password.
        PasswordChanged(PasswordChanged) = "password.changed" v 1,
        /// Somebody asked for a link that sets a new password.
        PasswordResetRequested(PasswordResetRequested) = "password.reset_requested" v 1,
        /// A second factor is asked for from now on.
        SecondFactorEnabled(SecondFactorEnabled) = "second_factor.enabled" v 1,
        /// A second factor is no longer asked for.
        SecondFactorDisabled(SecondFactorDisabled) = "second_factor.disabled" v 1,
        /// New recovery codes; the former ones are void.
        RecoveryCodesMade(RecoveryCodesMade) = "recovery_codes.made" v 1,
        /// A recovery code was used up.
        RecoveryCodeUsed(RecoveryCodeUsed) = "recovery_code.used" v 1,
        /// An API key was made.
        ApiKeyCreated(ApiKeyCreated) = "api_key.created" v 1,
        /// An API key has another name, other scopes or another end.
        ApiKeyChanged(ApiKeyChanged) = "api_key.changed" v 1,
        /// An API key was used: told once a day for each key and address.
        ApiKeyUsed(ApiKeyUsed) = "api_key.used" v 1,
        /// An API key is void.
        ApiKeyRevoked(ApiKeyRevoked) = "api_key.revoked" v 1,
        /// Somebody was invited.
        InvitationSent(InvitationSent) = "invitation.sent" v 1,
        /// They came.
        InvitationAccepted(InvitationAccepted) = "invitation.accepted" v 1,
        /// The invitation is void.
        InvitationRevoked(InvitationRevoked) = "invitation.revoked" v 1,
        /// Everything that is known of a person was given out.
        PersonExported(PersonExported) = "person.exported" v 1,
        /// A report was given out as a file.
        ReportDownloaded(ReportDownloaded) = "report.downloaded" v 1,
        /// Events of the organization were given out by the operator.
        LogExported(LogExported) = "log.exported" v 1,
        /// They asked what other service levels would have made of the past.
        SimulationRequested(SimulationRequested) = "simulation.requested" v 1,
        /// They deleted such a simulation.
        SimulationDeleted(SimulationDeleted) = "simulation.deleted" v 1,
        /// They have shown that mail to their address reaches them.
        EmailVerified(EmailVerified) = "email.verified" v 1,
        /// People may sign on by another site.
        SignOnProviderCreated(SignOnProviderCreated) = "sign_on_provider.created" v 1,
        /// Other rules for those who sign on by it.
        SignOnProviderChanged(SignOnProviderChanged) = "sign_on_provider.changed" v 1,
        /// Nobody signs on by it any more.
        SignOnProviderRemoved(SignOnProviderRemoved) = "sign_on_provider.removed" v 1,
        /// Somebody came by it whom the organization does not know, and was not let in.
        SignOnRefused(SignOnRefused) = "sign_on.refused" v 1,
        /// An identity at another site stands for them from now on.
        SignOnLinked(SignOnLinked) = "sign_on.linked" v 1,
        /// No identity of another site stands for them any more.
        SignOnUnlinked(SignOnUnlinked) = "sign_on.unlinked" v 1,
    }
}

impl SecurityEvent {
    /// The person whose account it concerns.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        match self {
            Self::SessionStarted(e) => e.user_id,
            Self::SessionEnded(e) => e.user_id,
            Self::SignInFailed(e) => e.user_id,
            Self::RefreshTokenReused(e) => e.user_id,
            Self::PasswordChanged(e) => e.user_id,
            Self::PasswordResetRequested(e) => e.user_id,
            Self::SecondFactorEnabled(e) => e.user_id,
            Self::SecondFactorDisabled(e) => e.user_id,
            Self::RecoveryCodesMade(e) => e.user_id,
            Self::RecoveryCodeUsed(e) => e.user_id,
            Self::ApiKeyCreated(e) => e.user_id,
            Self::ApiKeyChanged(e) => e.user_id,
            Self::ApiKeyUsed(e) => e.user_id,
            Self::ApiKeyRevoked(e) => e.user_id,
            Self::InvitationSent(e) => e.user_id,
            Self::InvitationAccepted(e) => e.user_id,
            Self::InvitationRevoked(e) => e.user_id,
            Self::PersonExported(e) => e.user_id,
            Self::ReportDownloaded(e) => e.user_id,
            // Nobody of the organization: it is about the export.
            Self::LogExported(e) => UserId(e.export_id.0),
            Self::SimulationRequested(e) => e.user_id,
            Self::SimulationDeleted(e) => e.user_id,
            Self::EmailVerified(e) => e.user_id,
            Self::SignOnProviderCreated(e) => e.user_id,
            Self::SignOnProviderChanged(e) => e.user_id,
            Self::SignOnProviderRemoved(e) => e.user_id,
            // Nobody of the organization: it is about the provider.
            Self::SignOnRefused(e) => UserId(e.provider_id.0),
            Self::SignOnLinked(e) => e.user_id,
            Self::SignOnUnlinked(e) => e.user_id,
        }
    }
}

/// Somebody signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStarted {
    /// Who.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    /// How they showed who they are, in the order in which they did.
    pub methods: Vec<SignInMethod>,
    /// What their program says that it is. Theirs.
    pub device: Device,
}

/// A session is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEnded {
    /// Whose it was.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
    /// Why.
    pub reason: SessionEnd,
}

/// Somebody was not let in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignInFailed {
    /// As whom they tried.
    pub user_id: UserId,
    /// What they showed.
    pub method: SignInMethod,
    /// Why not.
    pub reason: SignInFailure,
}

/// A refresh token came a second time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshTokenReused {
    /// Whose it was.
    pub user_id: UserId,
    /// The session.
    pub session_id: SessionId,
}

/// There is another password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordChanged {
    /// Whose.
    pub user_id: UserId,
    /// How it came to be.
    pub how: PasswordChange,
}

/// Somebody asked for a link that sets a new password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasswordResetRequested {
    /// Whose password.
    pub user_id: UserId,
}

/// A second factor is asked for from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorEnabled {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub kind: SecondFactorKind,
}

/// A second factor is no longer asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondFactorDisabled {
    /// Whose.
    pub user_id: UserId,
    /// Which.
    pub kind: SecondFactorKind,
}

/// There are new recovery codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodesMade {
    /// Whose.
    pub user_id: UserId,
}

/// A recovery code was used up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecoveryCodeUsed {
    /// Whose.
    pub user_id: UserId,
    /// How many are left.
    pub left: u8,
}

/// An API key was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyCreated {
    /// Whose.
    pub user_id: UserId,
    /// The key; never what it opens with.
    pub key_id: ApiKeyId,
    /// What its owner calls it. Theirs.
    pub name: Name,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// From when on it is void.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

/// An API key has another name, other scopes or another end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyChanged {
    /// Whose.
    pub user_id: UserId,
    /// The key.
    pub key_id: ApiKeyId,
    /// What it was called. Theirs.
    pub from_name: Name,
    /// What it is called now. Theirs.
    pub to_name: Name,
    /// What it could do.
    pub from_scopes: Vec<Scope>,
    /// What it may do now.
    pub to_scopes: Vec<Scope>,
    /// From when on it would have been void.
    pub from_expires_at: DateTime<Utc>,
    /// From when on it is void.
    pub to_expires_at: DateTime<Utc>,
}

/// An API key was used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyUsed {
    /// Whose.
    pub user_id: UserId,
    /// The key.
    pub key_id: ApiKeyId,
}

/// An API key is void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKeyRevoked {
    /// Whose.
    pub user_id: UserId,
    /// The key.
    pub key_id: ApiKeyId,
}

/// Somebody was invited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationSent {
    /// The invited: the id that they have in the organization once they accept.
    pub user_id: UserId,
    /// The invitation.
    pub invitation_id: InvitationId,
    /// Where it was sent. The invited's.
    pub email: Email,
    /// What they will be.
    pub role: Role,
}

/// The invited came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationAccepted {
    /// The invited.
    pub user_id: UserId,
    /// The invitation.
    pub invitation_id: InvitationId,
}

/// An invitation is void.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvitationRevoked {
    /// The invited.
    pub user_id: UserId,
    /// The invitation.
    pub invitation_id: InvitationId,
}

/// Everything that is known of a person was given out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonExported {
    /// To whom.
    pub user_id: UserId,
    /// Whose data.
    pub subject: UserId,
}

/// Mail to an address reaches its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmailVerified {
    /// Whose.
    pub user_id: UserId,
}

/// People may sign on by another site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOnProviderCreated {
    /// Who set it up.
    pub user_id: UserId,
    /// The provider.
    pub provider_id: SignOnProviderId,
    /// How it is spoken with.
    pub kind: SignOnKind,
    /// Its issuer, or the base of a GitHub.
    pub issuer: String,
    /// As whom it is asked; never the secret.
    pub client_id: String,
    /// What is decided about it.
    pub settings: SignOnSettings,
}

/// Other rules for those who sign on by a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOnProviderChanged {
    /// Who changed them.
    pub user_id: UserId,
    /// The provider.
    pub provider_id: SignOnProviderId,
    /// What was decided before.
    pub from: SignOnSettings,
    /// What is decided now.
    pub to: SignOnSettings,
    /// Whether it has another client secret.
    pub secret_replaced: bool,
}

/// Nobody signs on by a provider any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOnProviderRemoved {
    /// Who removed it.
    pub user_id: UserId,
    /// The provider.
    pub provider_id: SignOnProviderId,
}

/// Somebody whom the organization does not know was not let in. It says nothing of who they are: they are nobody's user, and
/// nobody could ask to be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOnRefused {
    /// The provider that vouches for them.
    pub provider_id: SignOnProviderId,
    /// Why.
    pub reason: SignOnRefusal,
}

/// An identity at another site stands for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOnLinked {
    /// Whom.
    pub user_id: UserId,
    /// The provider.
    pub provider_id: SignOnProviderId,
}

/// No identity of another site stands for a person any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignOnUnlinked {
    /// Whom.
    pub user_id: UserId,
}
