//! Conditional queries (RFC 9110, section 13): every JSON answer of a GET carries an `ETag`, and who has that answer already
//! gets 304 in its place.
//!
//! An operation that shows nothing but read models is not even carried out when nothing moved: what an answer was, and in
//! which [`Moment`], is remembered when somebody asks by condition, so that the next such question costs no query.

use std::collections::{HashMap, HashSet};

use domain::actor::Role;
use domain::ids::{OrganizationId, RoleId, UserId};
use moka::sync::Cache;
use poem::endpoint::BoxEndpoint;
use poem::http::header::{ETAG, IF_NONE_MATCH};
use poem::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use poem::{Endpoint, EndpointExt, Request, Response, Result};
use poem_openapi::OpenApi;
use poem_openapi::registry::{
    MetaApi, MetaHeader, MetaOperation, MetaOperationParam, MetaParamIn, MetaResponse, Registry,
};
use poem_openapi::types::Type;

use super::entity_tag;
use super::gate::shape;
use super::problem::Problem;
use crate::auth::Principal;
use crate::consistency::ConsistencyToken;
use crate::freshness::{Freshness, Moment};
use crate::kept;
use crate::permission::PermissionSet;

const CONSISTENCY_TOKEN: HeaderName = HeaderName::from_static("consistency-token");
const JSON: &str = "application/json";
/// Answers that are remembered, some hundred bytes each.
const REMEMBERED_MAX: u64 = 16_384;

/// An API whose queries are conditional.
pub struct Conditional<A> {
    api: A,
    freshness: Freshness,
    of_read_models: &'static [&'static str],
    is_timed: IsTimed,
}

/// Whether a parameter of this name with this value makes an answer change with time by itself.
pub type IsTimed = fn(name: &str, value: &str) -> bool;

impl<A: OpenApi> Conditional<A> {
    /// Makes the queries of an API conditional. `of_read_models` are the ids of those whose answers change with the read
    /// models alone: not with time, and not with anything that is kept elsewhere.
    /// With a parameter that `is_timed` they change with time as well.
    pub fn new(
        api: A,
        freshness: Freshness,
        of_read_models: &'static [&'static str],
        is_timed: IsTimed,
    ) -> Self {
        Self {
            api,
            freshness,
            of_read_models,
            is_timed,
        }
    }
}

impl<A: OpenApi> OpenApi for Conditional<A> {
    fn meta() -> Vec<MetaApi> {
        let mut apis = A::meta();
        let paths = apis.iter_mut().flat_map(|api| &mut api.paths);
        for operation in paths.flat_map(|path| &mut path.operations) {
            if operation.method == Method::GET {
                describe(operation);
            }
        }
        apis
    }

    fn register(registry: &mut Registry) {
        A::register(registry);
    }

    fn add_routes(self, routes: &mut HashMap<String, HashMap<Method, BoxEndpoint<'static>>>) {
        let of_read_models = shapes(&A::meta(), self.of_read_models);
        let remembered = Cache::new(REMEMBERED_MAX);
        let mut plain = HashMap::new();
        self.api.add_routes(&mut plain);
        for (path, mut endpoints) in plain {
            if let Some(endpoint) = endpoints.remove(&Method::GET) {
                let memory = of_read_models.contains(&shape(&path)).then(|| Memory {
                    freshness: self.freshness.clone(),
                    remembered: remembered.clone(),
                    is_timed: self.is_timed,
                });
                endpoints.insert(Method::GET, Query { endpoint, memory }.boxed());
            }
            routes.entry(path).or_default().extend(endpoints);
        }
    }
}

/// The shapes of the paths of some queries.
fn shapes(apis: &[MetaApi], operation_ids: &[&str]) -> HashSet<String> {
    let paths = apis.iter().flat_map(|api| &api.paths);
    let is_one = |operation: &MetaOperation| {
        let id = operation.operation_id;
        id.is_some_and(|id| operation_ids.contains(&id))
    };
    paths
        .filter(|path| path.operations.iter().any(is_one))
        .map(|path| shape(&path.path))
        .collect()
}

struct Query {
    endpoint: BoxEndpoint<'static>,
    /// Of a query whose answers change with the read models alone.
    memory: Option<Memory>,
}

impl Endpoint for Query {
    type Output = Response;

    async fn call(&self, request: Request) -> Result<Response> {
        let named = request.headers().get(IF_NONE_MATCH);
        let Some(named) = named.and_then(|value| value.to_str().ok()) else {
            return Ok(tagged(self.endpoint.call(request).await?).await?.0);
        };
        let named = named.to_owned();
        let asked = match &self.memory {
            Some(memory) if !memory.is_timed(&request) => memory.asked(&request).await,
            Some(_) | None => None,
        };
        if let Some(asked) = &asked
            && let Some(answer) = asked.unchanged(&named)
        {
            Outcome::Remembered.count();
            return Ok(answer);
        }
        let (response, tag) = tagged(self.endpoint.call(request).await?).await?;
        let Some(tag) = tag else {
            return Ok(response);
        };
        let headers = kept_headers(&response);
        if let Some(asked) = asked {
            asked.remember(&tag, &headers);
        }
        if entity_tag::is_named(&named, &tag) {
            Outcome::Compared.count();
            return Ok(not_modified(headers));
        }
        Outcome::Changed.count();
        Ok(response)
    }
}

/// How a question by condition was answered, as the metrics name it.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// 304 without a query.
    Remembered,
    /// 304 after a query.
    Compared,
    /// The whole answer.
    Changed,
}

impl Outcome {
    fn count(self) {
        let outcome = match self {
            Self::Remembered => "remembered",
            Self::Compared => "compared",
            Self::Changed => "changed",
        };
        metrics::counter!("insightdesk_conditional_queries_total", "outcome" => outcome)
            .increment(1);
    }
}

/// The answer with a tag of its text, and that tag, if it is JSON.
async fn tagged(mut response: Response) -> Result<(Response, Option<String>), Problem> {
    let is_json = response
        .content_type()
        .is_some_and(|it| it.starts_with(JSON));
    if response.status() != StatusCode::OK || !is_json {
        return Ok((response, None));
    }
    let text = response.take_body().into_bytes().await;
    let text = text.map_err(Problem::internal)?;
    let version = response.headers().get(ETAG);
    let version = version.and_then(|value| value.to_str().ok());
    let tag = entity_tag::of_text(version, &text);
    let value = HeaderValue::from_str(&tag).map_err(Problem::internal)?;
    response.headers_mut().insert(ETAG, value);
    response.set_body(text);
    Ok((response, Some(tag)))
}

/// What a 304 has of the headers of the whole answer: those that say nothing of a body.
fn kept_headers(response: &Response) -> HeaderMap {
    let mut kept = HeaderMap::new();
    for name in [ETAG, CONSISTENCY_TOKEN] {
        if let Some(value) = response.headers().get(&name) {
            kept.insert(name, value.clone());
        }
    }
    kept
}

fn not_modified(headers: HeaderMap) -> Response {
    let mut answer = Response::builder()
        .status(StatusCode::NOT_MODIFIED)
        .finish();
    *answer.headers_mut() = headers;
    answer
}

/// What was answered of late to those who asked by condition.
struct Memory {
    freshness: Freshness,
    remembered: Cache<Question, Remembered>,
    is_timed: IsTimed,
}

/// Who asked what. The same question of the same person is answered by the same text while nothing moves.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    organization_id: OrganizationId,
    user_id: UserId,
    role: Role,
    role_id: Option<RoleId>,
    permissions: PermissionSet,
    /// Digest of path and parameters.
    target: [u8; 32],
}

#[derive(Debug, Clone)]
struct Remembered {
    moment: Moment,
    tag: String,
    headers: HeaderMap,
}

impl Memory {
    /// Whether the answer changes with time by itself.
    fn is_timed(&self, request: &Request) -> bool {
        let query = request.uri().query().unwrap_or_default();
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        parameters.any(|(name, value)| (self.is_timed)(&name, &value))
    }

    /// The question in a request, if it can be answered from what is remembered now or later.
    async fn asked(&self, request: &Request) -> Option<Asked<'_>> {
        let principal = request.extensions().get::<Principal>()?;
        let (partition, moment) = self.freshness.moment_of(principal.organization_id).await?;
        if let Some(token) = request.headers().get(CONSISTENCY_TOKEN) {
            let token: ConsistencyToken = token.to_str().ok()?.parse().ok()?;
            let is_shown = token.partition == partition && token.position <= moment.rested_at;
            is_shown.then_some(())?;
        }
        let target = request.original_uri().path_and_query()?.as_str();
        let question = Question {
            organization_id: principal.organization_id,
            user_id: principal.user_id,
            role: principal.role,
            role_id: principal.role_id,
            permissions: principal.permissions,
            target: *blake3::hash(target.as_bytes()).as_bytes(),
        };
        Some(Asked {
            remembered: &self.remembered,
            question,
            moment,
        })
    }
}

/// A question in a moment.
struct Asked<'a> {
    remembered: &'a Cache<Question, Remembered>,
    question: Question,
    moment: Moment,
}

impl Asked<'_> {
    /// 304, when the answer that is named was given in this very moment.
    fn unchanged(&self, named: &str) -> Option<Response> {
        let known = self.remembered.get(&self.question)?;
        let is_same = known.moment == self.moment && entity_tag::is_named(named, &known.tag);
        is_same.then(|| not_modified(known.headers))
    }

    /// Keeps what was answered. The moment was taken before the answer was made, so the answer is no older.
    fn remember(self, tag: &str, headers: &HeaderMap) {
        let remembered = Remembered {
            moment: self.moment,
            tag: tag.to_owned(),
            headers: headers.clone(),
        };
        self.remembered.insert(self.question, remembered);
        kept::count("conditional_queries", self.remembered);
    }
}

/// Adds what holds for every query to the description of one.
fn describe(operation: &mut MetaOperation) {
    let answers_json = |response: &&mut MetaResponse| {
        let mut types = response.content.iter().map(|content| content.content_type);
        response.status == Some(200) && types.any(|it| it.starts_with(JSON))
    };
    let responses = &mut operation.responses.responses;
    let Some(answer) = responses.iter_mut().find(answers_json) else {
        return;
    };
    let is_tag = |header: &MetaHeader| header.name.eq_ignore_ascii_case(ETAG.as_str());
    answer.headers.retain(|header| !is_tag(header));
    answer.headers.push(header(&ETAG, ETAG_DESCRIPTION));
    let is_token =
        |header: &MetaHeader| header.name.eq_ignore_ascii_case(CONSISTENCY_TOKEN.as_str());
    let tells_token = answer.headers.iter().any(is_token);
    let mut headers = vec![header(&ETAG, ETAG_DESCRIPTION)];
    headers.extend(tells_token.then(|| header(&CONSISTENCY_TOKEN, TOKEN_DESCRIPTION)));
    responses.push(MetaResponse {
        description: "The answer is the one that `If-None-Match` names.",
        status: Some(StatusCode::NOT_MODIFIED.as_u16()),
        status_range: None,
        content: Vec::new(),
        headers,
    });
    operation.params.push(MetaOperationParam {
        name: "If-None-Match".to_owned(),
        schema: String::schema_ref(),
        in_type: MetaParamIn::Header,
        description: None,
        required: false,
        deprecated: false,
        explode: true,
        style: None,
    });
}

fn header(name: &HeaderName, description: &str) -> MetaHeader {
    MetaHeader {
        name: name.as_str().to_uppercase(),
        description: Some(description.to_owned()),
        required: true,
        deprecated: false,
        schema: String::schema_ref(),
    }
}

const ETAG_DESCRIPTION: &str =
    "Of this answer, for `If-None-Match`. What has a version has it in front, for `If-Match`.";
const TOKEN_DESCRIPTION: &str = "What the answer shows at least.";
