//! One look at a page by somebody who is signed in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::calendar::zone::Zone;
use futures::FutureExt;
use futures::future::BoxFuture;
use platform::http::problem::Problem;
use platform::http::within::{Ask, Within};
use poem::http::{Method, StatusCode};
use poem::{Request, Response};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::{OnceCell, Semaphore};
use uuid::Uuid;

use super::{answers, cookies, sign_in};
use crate::shown::{Named, OwnOrganization, Tokens};

/// What a page asks at once: half of the connections for queries, so that others are not kept waiting.
const AT_ONCE: usize = 8;
const CONSISTENCY_TOKEN: &str = "consistency-token";

/// Who looks, and how the API is asked for them.
pub(super) struct Visit<'a> {
    within: &'a Within,
    request: &'a Request,
    token: String,
    turns: Semaphore,
    /// New tokens, for the browser to keep.
    renewed: Vec<String>,
    /// Who looks.
    pub(super) person: Person,
    /// What the pages have to show at least: the browser comes from a change that it made.
    seen: Option<String>,
    zone: OnceCell<Zone>,
}

/// What the token says of its person. Only for what a page offers: what they may do is asked of the API at each step.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Person {
    #[serde(rename = "sub")]
    pub(super) id: Uuid,
    pub(super) role: String,
}

impl Person {
    fn of(token: &str) -> Option<Self> {
        let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        serde_json::from_slice(&claims).ok()
    }

    pub(super) fn is_staff(&self) -> bool {
        self.role != "customer"
    }
}

/// Why somebody gets no page of their own.
pub(super) enum Away {
    /// They are not signed in, or not any more.
    SignedOut,
    /// Their organization demands a second factor of them, which they have to set up first.
    MustEnrol,
    /// It could not be found out who they are: the session is not known to be over.
    Unknown(Problem),
}

impl Away {
    pub(super) fn answer(&self) -> Response {
        match self {
            Self::SignedOut => signed_out(),
            Self::MustEnrol => answers::with_cookies(sign_in::must_enrol(""), &cookies::forget()),
            Self::Unknown(problem) => answers::refused(problem, true),
        }
    }
}

/// What a command answered.
pub(super) struct Done {
    pub(super) body: Value,
    /// For the pages that are to show it.
    pub(super) token: Option<String>,
}

impl<'a> Visit<'a> {
    /// Finds out who looks, with new tokens where the old ones have ended.
    ///
    /// # Errors
    /// Why they get no page.
    pub(super) async fn begin(request: &'a Request, within: &'a Within) -> Result<Self, Away> {
        let seen = super::form::Form::of_query(request)
            .get("seen")
            .map(str::to_owned);
        let (token, renewed) = match cookies::access(request) {
            Some(token) => (token.to_owned(), Vec::new()),
            None => renew(request, within).boxed().await?,
        };
        let person = Person::of(&token).ok_or(Away::SignedOut)?;
        Ok(Self {
            within,
            request,
            token,
            turns: Semaphore::new(AT_ONCE),
            renewed,
            person,
            seen,
            zone: OnceCell::new(),
        })
    }

    /// What a query answers.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path_and_query: impl Into<String>,
    ) -> Result<T, Problem> {
        let mut ask = Ask::new(Method::GET, path_and_query);
        if let Some(seen) = &self.seen {
            ask = ask.header(CONSISTENCY_TOKEN, seen);
        }
        read(self.asked(ask).await?).await
    }

    /// Sends a command.
    pub(super) async fn send(&self, ask: Ask) -> Result<Done, Problem> {
        let response = self.asked(ask).await?;
        let token = response.headers().get(CONSISTENCY_TOKEN);
        let token = token
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let body = read(response).await?;
        Ok(Done { body, token })
    }

    /// Boxed, as a page holds several at once: what the API does for one would lie on the stack of the page for each.
    fn asked(&self, ask: Ask) -> BoxFuture<'_, Result<Response, Problem>> {
        async move {
            let _turn = self.turns.acquire().await.map_err(Problem::internal)?;
            let ask = ask.token(&self.token);
            self.within.ask(self.request, ask).await
        }
        .boxed()
    }

    /// What the pages call the person.
    pub(super) async fn name(&self) -> Result<String, Problem> {
        let user: Named = self.get(format!("/users/{}", self.person.id)).await?;
        Ok(user.name)
    }

    /// The zone of the organization's days and times; UTC for who may not know it.
    pub(super) async fn zone(&self) -> Result<Zone, Problem> {
        let asked = async || {
            let organization = if_allowed(self.get::<OwnOrganization>("/organization").await)?;
            let settings = organization.and_then(|organization| organization.settings);
            let zone = settings.and_then(|settings| Zone::parse(&settings.time_zone).ok());
            Ok(zone.unwrap_or(Zone::UTC))
        };
        self.zone.get_or_try_init(asked).await.copied()
    }

    /// The answer, with what the browser has to keep; the page to sign in where the tokens were good no more.
    pub(super) fn end(&self, outcome: Result<Response, Problem>) -> Response {
        match outcome {
            Ok(response) => answers::with_cookies(response, &self.renewed),
            Err(problem) if problem.status() == 401 => signed_out(),
            Err(problem) => answers::with_cookies(answers::refused(&problem, true), &self.renewed),
        }
    }
}

/// The way to the page to sign in, for a browser whose cookies are good for nothing.
fn signed_out() -> Response {
    answers::with_cookies(answers::elsewhere("/sign-in"), &cookies::forget())
}

async fn renew(request: &Request, within: &Within) -> Result<(String, Vec<String>), Away> {
    let refresh = cookies::refresh(request).ok_or(Away::SignedOut)?;
    let ask = Ask::new(Method::POST, "/auth/refresh").body(json!({ "refresh_token": refresh }));
    let renewed = match within.ask(request, ask).await {
        Ok(response) => read::<Tokens>(response).await,
        Err(problem) => Err(problem),
    };
    match renewed {
        // As when signing in: nothing is shown to them before they have one.
        Ok(tokens) if tokens.must_enrol => Err(Away::MustEnrol),
        Ok(tokens) => {
            let cookies = cookies::keep(&tokens);
            Ok((tokens.access_token, cookies))
        }
        Err(problem) if problem.status().is_server_error() || problem.status() == 429 => {
            Err(Away::Unknown(problem))
        }
        Err(_) => Err(Away::SignedOut),
    }
}

/// What a question beside the page's own answered; nothing where the person may not ask it.
pub(super) fn if_allowed<T>(outcome: Result<T, Problem>) -> Result<Option<T>, Problem> {
    match outcome {
        Ok(answer) => Ok(Some(answer)),
        Err(problem) if problem.status() == 403 => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Whether whoever asked can mend it, on a page where it was entered.
pub(super) fn is_mistake(problem: &Problem) -> bool {
    [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY].contains(&problem.status())
}

/// The body of an answer; nothing where there is none.
pub(super) async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Problem> {
    let bytes = response
        .into_body()
        .into_bytes()
        .await
        .map_err(Problem::internal)?;
    let bytes: &[u8] = if bytes.is_empty() { b"null" } else { &bytes };
    serde_json::from_slice(bytes).map_err(Problem::internal)
}
