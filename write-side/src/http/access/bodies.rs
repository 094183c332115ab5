//! What is sent to sign in.

use platform::http::views::RoleView;
use poem_openapi::Object;
use uuid::Uuid;

/// An e-mail address and a password.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct SignInBody {
    /// The e-mail address of the account.
    #[oai(validator(min_length = 1, max_length = 254))]
    pub email: String,
    /// The password.
    #[oai(validator(min_length = 1, max_length = 1024))]
    pub password: String,
    /// The short name of the organization to act in. Needed where the account has several.
    #[oai(validator(min_length = 1, max_length = 63))]
    pub organization: Option<String>,
}

/// A refresh token.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct RefreshBody {
    /// The newest refresh token of the session, unless it is in the cookie.
    #[oai(validator(min_length = 1, max_length = 256))]
    pub refresh_token: Option<String>,
}

/// A new password.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct ChangePasswordBody {
    /// The present password.
    #[oai(validator(min_length = 1, max_length = 1024))]
    pub current_password: String,
    /// The new one: at least 15 characters, or 8 beside a second factor; at most 128.
    #[oai(validator(min_length = 1, max_length = 1024))]
    pub new_password: String,
}

/// A code of the second factor.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct SecondFactorBody {
    /// The ticket of the sign-in.
    #[oai(validator(min_length = 1, max_length = 256))]
    pub ticket: String,
    /// Six digits of the authenticator app, or a recovery code. Left out where one was shown already and the organization
    /// alone is to be chosen.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub code: Option<String>,
    /// The short name of the organization to act in, where the account has several.
    #[oai(validator(min_length = 1, max_length = 63))]
    pub organization: Option<String>,
}

/// A code of the authenticator app.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct CodeBody {
    /// Six digits.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub code: String,
}

/// What it takes to give the second factor up.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct GiveUpBody {
    /// The password.
    #[oai(validator(min_length = 1, max_length = 1024))]
    pub password: String,
    /// Six digits of the authenticator app, or a recovery code.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub code: String,
}

/// A new organization with its first admin.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct SignUpBody {
    /// The name of the organization.
    #[oai(validator(min_length = 1, max_length = 120))]
    pub organization_name: String,
    /// Its short name: lower case letters, digits and inner hyphens.
    #[oai(validator(min_length = 1, max_length = 63))]
    pub organization_slug: String,
    /// One's own name.
    #[oai(validator(min_length = 1, max_length = 120))]
    pub name: String,
    /// One's e-mail address.
    #[oai(validator(min_length = 3, max_length = 254))]
    pub email: String,
    /// A password: at least 15 characters, at most 128.
    #[oai(validator(min_length = 1, max_length = 1024))]
    pub password: String,
}

/// The token of a link.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct VerifyAddressBody {
    /// From the mail.
    #[oai(validator(min_length = 1, max_length = 256))]
    pub token: String,
}

/// Whose password was forgotten.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct ForgotPasswordBody {
    /// The e-mail address of the account.
    #[oai(validator(min_length = 1, max_length = 254))]
    pub email: String,
}

/// A new password with the link that lets it be set.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct ResetPasswordBody {
    /// From the mail.
    #[oai(validator(min_length = 1, max_length = 256))]
    pub token: String,
    /// At least 15 characters, or 8 beside a second factor; at most 128.
    #[oai(validator(min_length = 1, max_length = 1024))]
    pub password: String,
}

/// Who wants to sign in by a code.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct AskForCodeBody {
    /// The customer's e-mail address.
    #[oai(validator(min_length = 1, max_length = 254))]
    pub email: String,
    /// The short name of the organization.
    #[oai(validator(min_length = 1, max_length = 63))]
    pub organization: String,
}

/// A code from a mail.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct CodeSignInBody {
    /// The customer's e-mail address.
    #[oai(validator(min_length = 1, max_length = 254))]
    pub email: String,
    /// The short name of the organization.
    #[oai(validator(min_length = 1, max_length = 63))]
    pub organization: String,
    /// Six digits.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub code: String,
}

/// The token of an invitation.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct AcceptInvitationBody {
    /// From the mail.
    #[oai(validator(min_length = 1, max_length = 256))]
    pub token: String,
    /// A password, where there is no account for the address yet.
    #[oai(validator(min_length = 1, max_length = 1024))]
    pub password: Option<String>,
}

/// Whom to invite.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct InvitationBody {
    /// Their e-mail address, unique in the organization.
    #[oai(validator(min_length = 3, max_length = 254))]
    pub email: String,
    /// Their name; the part of the address before the `@` when left out.
    #[oai(validator(min_length = 1, max_length = 120))]
    pub name: Option<String>,
    /// What they may do.
    pub role: RoleView,
    /// The teams that they are in from the start. Agents, leads and admins only.
    #[oai(validator(max_items = 50))]
    pub team_ids: Option<Vec<Uuid>>,
}
