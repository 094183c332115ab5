//! What is sent to sign in.

use poem_openapi::Object;

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
    /// The newest refresh token of the session.
    #[oai(validator(min_length = 1, max_length = 256))]
    pub refresh_token: String,
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
    /// Six digits of the authenticator app, or a recovery code.
    #[oai(validator(min_length = 1, max_length = 64))]
    pub code: String,
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
