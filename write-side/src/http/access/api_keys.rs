//! The API keys of the organization.

use chrono::{DateTime, Utc};
use domain::ids::ApiKeyId;
use domain::text::{Name, Scope, TextError};
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{AccessProblem, BodylessAccessProblem, Problem};
use platform::permission::SCOPES;
use poem::Request;
use poem_openapi::param::Path;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use uuid::Uuid;

use super::answers::{Done, Private};
use super::origin;
use super::problems::problem;
use crate::http::fields::{AtFault, Fields};
use crate::http::tags::ApiTags;
use crate::identity::{Identity, KeyChanges, ListedKey, MadeKey, NewKey};

/// Makes a key.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct CreateApiKeyBody {
    /// What people read wherever the key did something.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// What it may do, such as `tickets:read`. docs/SECURITY.md lists them.
    #[oai(validator(min_items = 1, max_items = 20))]
    scopes: Vec<String>,
    /// Until when it is good, at most 366 days ahead; 90 days when left out.
    expires_at: Option<DateTime<Utc>>,
}

/// Changes what is given, leaves the rest.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct UpdateApiKeyBody {
    /// What people read wherever the key did something.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: Option<String>,
    /// What it may do from now on.
    #[oai(validator(min_items = 1, max_items = 20))]
    scopes: Option<Vec<String>>,
    /// Until when it is good, at most 366 days ahead.
    expires_at: Option<DateTime<Utc>>,
}

/// A key to the API, without its text.
#[derive(Debug, Object)]
#[oai(rename = "ApiKey", skip_serializing_if_is_none)]
struct ApiKeyView {
    /// Its id, and that of the user as which it acts.
    id: Uuid,
    /// What people read.
    name: String,
    /// What it may do.
    scopes: Vec<String>,
    /// The admin who made it.
    created_by: Uuid,
    /// When.
    created_at: DateTime<Utc>,
    /// Until when it is good.
    expires_at: DateTime<Utc>,
    /// When it was last used, within a minute.
    last_used_at: Option<DateTime<Utc>>,
    /// From where.
    last_used_address: Option<String>,
    /// Since when it is not good any more.
    revoked_at: Option<DateTime<Utc>>,
}

/// The keys of the organization: those that are good, then those that were revoked, each the newest first.
#[derive(Debug, Object)]
#[oai(rename = "ApiKeys")]
struct ApiKeysView {
    /// At most 200.
    items: Vec<ApiKeyView>,
}

/// A key that was made.
#[derive(Debug, Object)]
#[oai(rename = "ApiKeyMade")]
struct ApiKeyMadeView {
    /// What is kept of it.
    api_key: ApiKeyView,
    /// For `Authorization: Bearer`. It is shown this once, and kept nowhere.
    key: String,
}

/// It was made.
#[derive(ApiResponse)]
enum Made {
    /// With its text.
    #[oai(status = 201)]
    Made(
        Json<ApiKeyMadeView>,
        /// Where it is.
        #[oai(header = "Location")]
        String,
        /// `no-store`: it holds a secret.
        #[oai(header = "Cache-Control")]
        String,
    ),
}

impl From<ListedKey> for ApiKeyView {
    fn from(key: ListedKey) -> Self {
        Self {
            id: key.key_id.0,
            name: key.name,
            scopes: key.scopes,
            created_by: key.created_by.0,
            created_at: key.created_at,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            last_used_address: key.last_used_address,
            revoked_at: key.revoked_at,
        }
    }
}

impl From<MadeKey> for ApiKeyMadeView {
    fn from(made: MadeKey) -> Self {
        Self {
            key: made.key.as_str().to_owned(),
            api_key: made.listed.into(),
        }
    }
}

pub(super) struct ApiKeyApi(pub(super) Identity);

#[OpenApi(tag = "ApiTags::Access")]
impl ApiKeyApi {
    /// Make an API key
    ///
    /// Admins only. The answer shows the key, once. The key acts as a machine of the organization and not as whoever made
    /// it: it stays when they go.
    #[oai(path = "/api_keys", method = "post", operation_id = "create_api_key")]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        body: Body<CreateApiKeyBody>,
    ) -> Result<Made, AccessProblem> {
        let mut fields = Fields::default();
        let name = fields.text("/name", &body.0.name, Name::parse);
        let scopes = fields.each("/scopes", &body.0.scopes, parse_scope);
        let all = || Ok::<_, AtFault>((name?, scopes?));
        let parsed = all();
        let (name, scopes) = fields.finish(parsed)?;
        let new = NewKey {
            name,
            scopes: in_order(scopes),
            expires_at: body.0.expires_at,
        };
        let made = self.0.make_api_key(&bearer.0, new, &origin(request)).await;
        let made = ApiKeyMadeView::from(made.map_err(problem)?);
        let place = format!("/api/v1/api_keys/{}", made.api_key.id);
        Ok(Made::Made(Json(made), place, "no-store".to_owned()))
    }

    /// List the API keys
    ///
    /// Admins only.
    #[oai(path = "/api_keys", method = "get", operation_id = "list_api_keys")]
    async fn list(&self, bearer: Bearer) -> Result<Private<ApiKeysView>, BodylessAccessProblem> {
        let keys = self.0.api_keys(bearer.0.organization_id).await;
        let items = keys.map_err(problem)?.into_iter().map(Into::into);
        Ok(Private::of(ApiKeysView {
            items: items.collect(),
        }))
    }

    /// Get an API key
    ///
    /// Admins only.
    #[oai(
        path = "/api_keys/:api_key_id",
        method = "get",
        operation_id = "get_api_key"
    )]
    async fn get(
        &self,
        bearer: Bearer,
        /// The key.
        api_key_id: Path<Uuid>,
    ) -> Result<Private<ApiKeyView>, BodylessAccessProblem> {
        let key_id = ApiKeyId(api_key_id.0);
        let key = self.0.api_key(bearer.0.organization_id, key_id).await;
        Ok(Private::of(key.map_err(problem)?.into()))
    }

    /// Change an API key
    ///
    /// Admins only, and never to more than they may do themselves. The key itself stays. No server lets it do what it could
    /// before a second later.
    #[oai(
        path = "/api_keys/:api_key_id",
        method = "patch",
        operation_id = "update_api_key"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The key.
        api_key_id: Path<Uuid>,
        body: Body<UpdateApiKeyBody>,
    ) -> Result<Private<ApiKeyView>, AccessProblem> {
        let changes = body.0.parsed()?;
        let (key_id, origin) = (ApiKeyId(api_key_id.0), origin(request));
        let changed = self.0.change_api_key(&bearer.0, key_id, changes, &origin);
        Ok(Private::of(changed.await.map_err(problem)?.into()))
    }

    /// Revoke an API key
    ///
    /// Admins only. No server takes it a second later. Doing it again changes nothing.
    #[oai(
        path = "/api_keys/:api_key_id",
        method = "delete",
        operation_id = "revoke_api_key"
    )]
    async fn revoke(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The key.
        api_key_id: Path<Uuid>,
    ) -> Result<Done, BodylessAccessProblem> {
        let key_id = ApiKeyId(api_key_id.0);
        let revoked = self
            .0
            .revoke_api_key(&bearer.0, key_id, &origin(request))
            .await;
        revoked.map_err(problem)?;
        Ok(Done::Done)
    }
}

impl UpdateApiKeyBody {
    fn parsed(self) -> Result<KeyChanges, Problem> {
        let mut fields = Fields::default();
        let name = fields.optional("/name", self.name.as_deref(), Name::parse);
        let scopes = self.scopes.as_deref();
        let scopes = scopes.map(|given| fields.each("/scopes", given, parse_scope));
        let all = || Ok::<_, AtFault>((name?, scopes.transpose()?));
        let parsed = all();
        let (name, scopes) = fields.finish(parsed)?;
        Ok(KeyChanges {
            name,
            scopes: scopes.map(in_order),
            expires_at: self.expires_at,
        })
    }
}

/// Each once.
fn in_order(mut scopes: Vec<Scope>) -> Vec<Scope> {
    scopes.sort();
    scopes.dedup();
    scopes
}

fn parse_scope(text: &str) -> Result<Scope, TextError> {
    let is_known = SCOPES.iter().any(|scope| scope.name == text);
    if !is_known {
        return Err(TextError::Form {
            expected: "a scope such as `tickets:read`",
        });
    }
    Scope::parse(text)
}
