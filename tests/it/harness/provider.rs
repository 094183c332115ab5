//! A provider of sign-on in this process: OpenID Connect with discovery, and what GitHub has instead. It checks what a
//! provider checks (client, redirect URI, PKCE, one use of a code), and may be told to lie.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::Utc;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey;
use form_urlencoded::Serializer;
use hyper::header::LOCATION;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::config::Config;
use poem::http::StatusCode;
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::web::{Data, Form, Json, Query};
use poem::{EndpointExt, IntoResponse, Request, Response, Route, Server, get, handler, post};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use super::app::TestApp;
use super::client::Client;
use super::database::Database;

pub const CLIENT_ID: &str = "insightdesk-test";
pub const CLIENT_SECRET: &str = "canary-client-secret-6f1d";
const KEY_ID: &str = "first";
/// Signs ID tokens of this provider; it opens nothing.
const RSA_KEY: &[u8] = include_bytes!("../../fixtures/sign_on/rs256.der");
const RSA_MODULUS: &str = include_str!("../../fixtures/sign_on/rs256.modulus");

type Parameters = HashMap<String, String>;

/// How ID tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// As the keys say that are published.
    Eddsa,
    Rsa,
    /// By another key under the name of the one that is published.
    Foreign,
    /// By the client's secret.
    Shared,
    /// Not at all, and they say so.
    Nothing,
}

/// A person's way back.
#[derive(Debug, Clone)]
pub struct Back {
    /// The page that they were sent to.
    pub page: String,
    pub state: String,
    pub code: String,
}

struct Granted {
    asked: Parameters,
}

type Lie = Box<dyn Fn(&mut Value) + Send>;

struct Inner {
    issuer: String,
    person: Value,
    signature: Signature,
    lie: Option<Lie>,
    codes: HashMap<String, Granted>,
    is_down: bool,
    /// What was sent to the token endpoint.
    exchanges: Vec<Parameters>,
}

type Shared = Arc<Mutex<Inner>>;

/// It runs until the test's runtime ends.
pub struct Provider {
    pub origin: String,
    client: Client,
    inner: Shared,
}

impl Provider {
    pub async fn start() -> Self {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await;
        let acceptor = acceptor.unwrap();
        let address = *acceptor.local_addr()[0].as_socket_addr().unwrap();
        let origin = format!("http://{address}");
        let inner: Shared = Arc::new(Mutex::new(Inner {
            issuer: origin.clone(),
            person: Value::Null,
            signature: Signature::Eddsa,
            lie: None,
            codes: HashMap::new(),
            is_down: false,
            exchanges: Vec::new(),
        }));
        let routes = Route::new()
            .at("/.well-known/openid-configuration", get(discovery))
            .at("/jwks", get(jwks))
            .at("/authorize", get(authorize))
            .at("/token", post(token))
            .at("/login/oauth/authorize", get(authorize))
            .at("/login/oauth/access_token", post(github_token))
            .at("/api/v3/user", get(github_user))
            .at("/api/v3/user/emails", get(github_emails))
            .data(inner.clone());
        tokio::spawn(Server::new_with_acceptor(acceptor).run(routes));
        Self {
            origin,
            client: Client::new(address),
            inner,
        }
    }

    /// A server that may speak with it.
    pub async fn app(&self) -> TestApp {
        let database = Database::create().await;
        let config = self.config(database.config());
        TestApp::on(database, config).await
    }

    /// A configuration that lets a server speak with it.
    pub fn config(&self, config: Config) -> Config {
        Config {
            sign_on_private_issuers: self.origin.parse().unwrap(),
            ..config
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap())
    }

    /// Who is before the browser from now on, as their claims.
    pub fn serves(&self, person: Value) {
        self.with(|inner| inner.person = person);
    }

    /// A person with a verified address.
    pub fn serves_verified(&self, subject: &str, email: &str) {
        self.serves(
            json!({"sub": subject, "email": email, "email_verified": true, "name": "Nora Nord"}),
        );
    }

    pub fn signs_by(&self, signature: Signature) {
        self.with(|inner| inner.signature = signature);
    }

    /// Changes the claims of ID tokens from now on.
    pub fn lies(&self, lie: impl Fn(&mut Value) + Send + 'static) {
        self.with(|inner| inner.lie = Some(Box::new(lie)));
    }

    pub fn tells_the_truth(&self) {
        self.with(|inner| inner.lie = None);
    }

    /// Whether it answers 503 to everything.
    pub fn is_down(&self, is_down: bool) {
        self.with(|inner| inner.is_down = is_down);
    }

    /// How often a code was brought to it.
    pub fn exchanges(&self) -> Vec<Parameters> {
        self.with(|inner| inner.exchanges.clone())
    }

    /// Goes there as a browser does, and comes back.
    pub async fn visit(&self, authorization_url: &Value) -> Back {
        let url = Url::parse(authorization_url.as_str().unwrap()).unwrap();
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        let answer = self.client.get(&path).await;
        assert_eq!(answer.status, 302);
        let location = Url::parse(answer.header(LOCATION.as_str()).unwrap()).unwrap();
        let parameters: Parameters = location.query_pairs().into_owned().collect();
        let mut page = location.clone();
        page.set_query(None);
        Back {
            page: page.into(),
            state: parameters["state"].clone(),
            code: parameters["code"].clone(),
        }
    }
}

fn down(shared: &Shared) -> Option<Response> {
    let is_down = shared.lock().unwrap().is_down;
    is_down.then(|| StatusCode::SERVICE_UNAVAILABLE.into_response())
}

fn eddsa() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

#[handler]
fn discovery(shared: Data<&Shared>) -> Response {
    if let Some(down) = down(&shared) {
        return down;
    }
    let issuer = shared.lock().unwrap().issuer.clone();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        // More than is taken: whoever reads it must not believe that all of it is good.
        "id_token_signing_alg_values_supported": ["EdDSA", "RS256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": true,
    }))
    .into_response()
}

#[handler]
fn jwks() -> Json<Value> {
    let public = URL_SAFE_NO_PAD.encode(eddsa().verifying_key().to_bytes());
    Json(json!({"keys": [
        {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": KEY_ID, "x": public},
        {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "second", "n": RSA_MODULUS, "e": "AQAB"},
    ]}))
}

/// The person agrees at once.
#[handler]
fn authorize(Query(asked): Query<Parameters>, shared: Data<&Shared>) -> Response {
    assert_eq!(asked["client_id"], CLIENT_ID);
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["code_challenge_method"], "S256");
    let code = Uuid::new_v4().to_string();
    let mut inner = shared.lock().unwrap();
    let back = Serializer::new(String::new())
        .append_pair("code", &code)
        .append_pair("state", &asked["state"])
        .append_pair("iss", &inner.issuer)
        .finish();
    let location = format!("{}?{back}", asked["redirect_uri"]);
    inner.codes.insert(code, Granted { asked });
    Response::builder()
        .status(StatusCode::FOUND)
        .header(LOCATION.as_str(), location)
        .finish()
}

/// What was asked for with the code, once, if everything fits.
fn redeemed(shared: &Shared, form: &Parameters) -> Option<Parameters> {
    let mut inner = shared.lock().unwrap();
    inner.exchanges.push(form.clone());
    let Granted { asked } = inner.codes.remove(form.get("code")?)?;
    let hash = Sha256::digest(form.get("code_verifier")?);
    let fits = form.get("grant_type")? == "authorization_code"
        && form.get("redirect_uri")? == &asked["redirect_uri"]
        && URL_SAFE_NO_PAD.encode(hash) == asked["code_challenge"];
    fits.then_some(asked)
}

#[handler]
fn token(request: &Request, Form(form): Form<Parameters>, shared: Data<&Shared>) -> Response {
    if let Some(down) = down(&shared) {
        return down;
    }
    let expected = STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}"));
    if request.header("authorization") != Some(&format!("Basic {expected}")) {
        let error = Json(json!({"error": "invalid_client"}));
        return error.with_status(StatusCode::UNAUTHORIZED).into_response();
    }
    let Some(asked) = redeemed(&shared, &form) else {
        let error = Json(json!({"error": "invalid_grant"}));
        return error.with_status(StatusCode::BAD_REQUEST).into_response();
    };
    let inner = shared.lock().unwrap();
    let now = Utc::now().timestamp();
    let mut claims = json!({
        "iss": inner.issuer, "aud": CLIENT_ID, "nonce": asked["nonce"], "iat": now, "exp": now + 300,
    });
    for (name, value) in inner.person.as_object().unwrap() {
        claims[name] = value.clone();
    }
    if let Some(lie) = &inner.lie {
        lie(&mut claims);
    }
    Json(json!({
        "access_token": "canary-access-token", "token_type": "Bearer", "expires_in": 300,
        "id_token": signed(inner.signature, &claims),
    }))
    .into_response()
}

fn signed(signature: Signature, claims: &Value) -> String {
    let by = |algorithm, kid: &str, key: &EncodingKey| {
        let header = Header {
            kid: Some(kid.to_owned()),
            ..Header::new(algorithm)
        };
        jsonwebtoken::encode(&header, claims, key).unwrap()
    };
    let ed = |key: SigningKey| EncodingKey::from_ed_der(key.to_pkcs8_der().unwrap().as_bytes());
    match signature {
        Signature::Eddsa => by(Algorithm::EdDSA, KEY_ID, &ed(eddsa())),
        Signature::Foreign => by(
            Algorithm::EdDSA,
            KEY_ID,
            &ed(SigningKey::from_bytes(&[8; 32])),
        ),
        Signature::Rsa => {
            let key = EncodingKey::from_rsa_der(RSA_KEY);
            by(Algorithm::RS256, "second", &key)
        }
        Signature::Shared => {
            let key = EncodingKey::from_secret(CLIENT_SECRET.as_bytes());
            by(Algorithm::HS256, KEY_ID, &key)
        }
        Signature::Nothing => {
            let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            format!("{}.{}.", part(&json!({"alg": "none"})), part(claims))
        }
    }
}

/// GitHub says no under the status of a yes.
#[handler]
fn github_token(Form(form): Form<Parameters>, shared: Data<&Shared>) -> Response {
    if let Some(down) = down(&shared) {
        return down;
    }
    let is_client = form.get("client_id").is_some_and(|id| id == CLIENT_ID)
        && form
            .get("client_secret")
            .is_some_and(|secret| secret == CLIENT_SECRET);
    if !is_client {
        return Json(json!({"error": "incorrect_client_credentials"})).into_response();
    }
    match redeemed(&shared, &form) {
        Some(_) => Json(json!({
            "access_token": "canary-access-token", "token_type": "bearer", "scope": "user:email",
        }))
        .into_response(),
        None => Json(json!({"error": "bad_verification_code"})).into_response(),
    }
}

fn is_asked_by_token(request: &Request) -> bool {
    request.header("authorization") == Some("Bearer canary-access-token")
        && request.header("user-agent").is_some()
}

#[handler]
fn github_user(request: &Request, shared: Data<&Shared>) -> Response {
    if !is_asked_by_token(request) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let inner = shared.lock().unwrap();
    Json(json!({"id": inner.person["id"], "login": "nora", "name": null})).into_response()
}

#[handler]
fn github_emails(request: &Request, shared: Data<&Shared>) -> Response {
    if !is_asked_by_token(request) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    Json(shared.lock().unwrap().person["emails"].clone()).into_response()
}
