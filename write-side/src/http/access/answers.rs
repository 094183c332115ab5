//! What somebody gets who is let in.

use chrono::{DateTime, Utc};
use domain::ids::SessionId;
use platform::http::views::RoleView;
use poem_openapi::payload::Json;
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiResponse, Enum, Object};
use uuid::Uuid;

use super::refresh_cookie::{self, Carrier};
use crate::identity::{self, ACCESS_LIFETIME, Choice, Enrolment, SignIn, SignedIn};

/// An answer that no cache may keep.
#[derive(ApiResponse)]
pub(super) enum Private<T: ToJSON + Type + Send> {
    /// It.
    #[oai(status = 200)]
    Ok(
        Json<T>,
        /// `no-store`: it holds secrets, or is about them.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

impl<T: ToJSON + Type + Send> Private<T> {
    pub(super) fn of(body: T) -> Self {
        Self::Ok(Json(body), "no-store".to_owned())
    }
}

/// An answer with tokens, which no cache may keep.
#[derive(ApiResponse)]
pub(super) enum LetIn<T: ToJSON + Type + Send> {
    /// It.
    #[oai(status = 200)]
    Ok(
        Json<T>,
        /// `no-store`.
        #[oai(header = "Cache-Control")]
        String,
        /// The refresh token, if it was asked for in a cookie.
        #[oai(header = "Set-Cookie")]
        Option<String>,
    ),
}

impl<T: ToJSON + Type + Send> LetIn<T> {
    fn of(body: T, refresh_token: Option<String>) -> Self {
        let cookie = refresh_token.map(|token| refresh_cookie::set(&token));
        Self::Ok(Json(body), "no-store".to_owned(), cookie)
    }
}

impl LetIn<TokensView> {
    pub(super) fn refreshed(tokens: SignedIn, carrier: Carrier) -> Self {
        let mut view = TokensView::from(tokens);
        let in_cookie = view.part_with_refresh_token(carrier);
        Self::of(view, in_cookie)
    }
}

impl LetIn<SignInView> {
    pub(super) fn signed_in(sign_in: SignIn, carrier: Carrier) -> Self {
        let mut view = SignInView::from(sign_in);
        let tokens = view.tokens.as_mut();
        let in_cookie = tokens.and_then(|tokens| tokens.part_with_refresh_token(carrier));
        Self::of(view, in_cookie)
    }
}

/// The session is over.
#[derive(ApiResponse)]
pub(super) enum SignedOut {
    /// Nothing is left to say.
    #[oai(status = 204)]
    Done(
        /// Removes the refresh token, if it was in a cookie.
        #[oai(header = "Set-Cookie")]
        Option<String>,
    ),
}

/// It is done.
#[derive(ApiResponse)]
pub(super) enum Done {
    /// Nothing is left to say.
    #[oai(status = 204)]
    Done,
}

/// It was taken, and a mail may follow.
#[derive(ApiResponse)]
pub(super) enum Accepted {
    /// Whether a mail follows is for the owner of the address to know.
    #[oai(status = 202)]
    Accepted,
}

/// An organization that was signed up for.
#[derive(Debug, Object)]
#[oai(rename = "OrganizationMade")]
pub(super) struct OrganizationMadeView {
    /// Its id.
    pub organization_id: Uuid,
}

/// How far a sign-in came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "SignInStatus", rename_all = "snake_case")]
pub(super) enum StatusView {
    /// To its end: `tokens` are there.
    SignedIn,
    /// The account has several organizations: send it again with one of `organizations`; or, where `ticket` is there, send that
    /// to `/auth/login/second_factor` with one of them.
    ChooseOrganization,
    /// A second factor is needed: send `ticket` with a code of it.
    SecondFactorRequired,
}

/// How far a sign-in came, and what comes next.
#[derive(Debug, Object)]
#[oai(rename = "SignInResult", skip_serializing_if_is_none)]
pub(super) struct SignInView {
    /// How far it came.
    status: StatusView,
    /// The tokens, once signed in.
    tokens: Option<TokensView>,
    /// What to choose from.
    organizations: Option<Vec<ChoiceView>>,
    /// For the second factor, or with one of `organizations` where it was shown already; within five minutes.
    ticket: Option<String>,
}

/// The tokens of a session.
#[derive(Debug, Object)]
#[oai(rename = "Tokens", skip_serializing_if_is_none)]
pub(super) struct TokensView {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// Seconds for which the access token is good.
    expires_in: i64,
    /// For a new access token, once. Absent when it is in the cookie.
    refresh_token: Option<String>,
    /// Until when the refresh token is good.
    refresh_until: DateTime<Utc>,
    /// The session.
    session_id: Uuid,
    /// Whether the access token is good for setting up a second factor alone, which the organization demands: do that, then
    /// refresh.
    must_enrol: bool,
    /// Where and as whom.
    identity: IdentityView,
}

/// A person in an organization.
#[derive(Debug, Object)]
#[oai(rename = "Identity")]
pub(super) struct IdentityView {
    /// The organization.
    organization_id: Uuid,
    /// Its short name.
    organization_slug: String,
    /// Its name.
    organization_name: String,
    /// The person.
    user_id: Uuid,
    /// Their name.
    user_name: String,
    /// What they may do.
    role: RoleView,
}

/// An organization to choose.
#[derive(Debug, Object)]
#[oai(rename = "OrganizationChoice")]
pub(super) struct ChoiceView {
    /// Its short name.
    slug: String,
    /// Its name.
    name: String,
    /// What the person may do there.
    role: RoleView,
}

/// A sign-in on one device.
#[derive(Debug, Object)]
#[oai(rename = "Session")]
pub(super) struct SessionView {
    /// Its id.
    id: Uuid,
    /// Whether it is the one of this request.
    current: bool,
    /// What was shown at its start, such as `password`.
    methods: Vec<String>,
    /// The program, as it called itself.
    device: String,
    /// The address at its start.
    address: String,
    /// Its start.
    created_at: DateTime<Utc>,
    /// When its tokens were last made anew.
    last_used_at: DateTime<Utc>,
    /// Until when its refresh token is good.
    refresh_until: DateTime<Utc>,
}

/// The sessions of a person, the last used first.
#[derive(Debug, Object)]
#[oai(rename = "Sessions")]
pub(super) struct SessionsView {
    /// At most 100.
    items: Vec<SessionView>,
}

impl From<SignIn> for SignInView {
    fn from(sign_in: SignIn) -> Self {
        match sign_in {
            SignIn::Done(signed_in) => Self {
                status: StatusView::SignedIn,
                tokens: Some((*signed_in).into()),
                organizations: None,
                ticket: None,
            },
            SignIn::ChooseOrganization { choices, ticket } => Self {
                status: StatusView::ChooseOrganization,
                tokens: None,
                organizations: Some(choices.into_iter().map(Into::into).collect()),
                ticket,
            },
            SignIn::SecondFactor { ticket } => Self {
                status: StatusView::SecondFactorRequired,
                tokens: None,
                organizations: None,
                ticket: Some(ticket),
            },
        }
    }
}

impl From<SignedIn> for TokensView {
    fn from(signed_in: SignedIn) -> Self {
        Self {
            access_token: signed_in.access_token,
            expires_in: ACCESS_LIFETIME.num_seconds(),
            refresh_token: Some(signed_in.refresh_token),
            refresh_until: signed_in.refresh_until,
            session_id: signed_in.session_id.0,
            must_enrol: signed_in.must_enrol,
            identity: IdentityView {
                organization_id: signed_in.organization_id.0,
                organization_slug: signed_in.organization_slug.to_string(),
                organization_name: signed_in.organization_name.to_string(),
                user_id: signed_in.user_id.0,
                user_name: signed_in.user_name.to_string(),
                role: signed_in.role.into(),
            },
        }
    }
}

impl TokensView {
    /// Takes the refresh token out if it is to be in a cookie.
    fn part_with_refresh_token(&mut self, carrier: Carrier) -> Option<String> {
        match carrier {
            Carrier::Body => None,
            Carrier::Cookie => self.refresh_token.take(),
        }
    }
}

impl From<Choice> for ChoiceView {
    fn from(choice: Choice) -> Self {
        Self {
            slug: choice.slug.to_string(),
            name: choice.name.to_string(),
            role: choice.role.into(),
        }
    }
}

impl SessionsView {
    pub(super) fn of(sessions: Vec<identity::Listed>, current: Option<SessionId>) -> Self {
        let view = |session: identity::Listed| SessionView {
            id: session.session_id.0,
            current: Some(session.session_id) == current,
            methods: session.methods,
            device: session.device,
            address: session.address,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            refresh_until: session.expires_at,
        };
        Self {
            items: sessions.into_iter().map(view).collect(),
        }
    }
}

/// What an authenticator app has to know. Shown this once.
#[derive(Debug, Object)]
#[oai(rename = "Enrolment")]
pub(super) struct EnrolmentView {
    /// In base 32, to be typed.
    secret: String,
    /// The same as an `otpauth` link.
    uri: String,
    /// The link as a QR code, an SVG picture.
    qr_svg: String,
}

impl From<Enrolment> for EnrolmentView {
    fn from(enrolment: Enrolment) -> Self {
        Self {
            secret: enrolment.secret,
            uri: enrolment.uri,
            qr_svg: enrolment.qr_svg,
        }
    }
}

/// Codes for when the second factor is lost, each good once. Shown this once.
#[derive(Debug, Object)]
#[oai(rename = "RecoveryCodes")]
pub(super) struct RecoveryCodesView {
    /// Ten of them.
    pub codes: Vec<String>,
}
