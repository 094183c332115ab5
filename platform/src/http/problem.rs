//! Errors on the wire: `application/problem+json` (RFC 9457).

use poem::error::ResponseError;
use poem::http::{HeaderName, HeaderValue, StatusCode, header};
use poem::{IntoResponse, Response};
use poem_openapi::Object;
use poem_openapi::payload::{Json, Payload};
use poem_openapi::registry::{MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use std::error::Error as StdError;
use std::fmt;

/// The media type of errors.
pub const CONTENT_TYPE: &str = "application/problem+json";

/// An error that a client may see, with its status. The cause is for the log only.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    // Not a header map: a result that may hold a problem should stay small.
    headers: Vec<(HeaderName, HeaderValue)>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What is wrong with one field of the request body.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "FieldError")]
pub struct FieldError {
    /// Where it is, a JSON pointer (RFC 6901).
    pub pointer: String,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl FieldError {
    /// What is wrong with a field, and what would be right.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }

    /// The same of a field within the field `at`.
    #[must_use]
    pub fn within(self, at: &str) -> Self {
        Self {
            pointer: format!("{at}{}", self.pointer),
            ..self
        }
    }
}

/// An error (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Problem", skip_serializing_if_is_none)]
pub struct ProblemBody {
    /// Names the kind of problem; stable.
    #[oai(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// The path of the request.
    pub instance: Option<String>,
    /// The request, for support and logs.
    pub request_id: Option<String>,
    /// The fields of the body that are wrong.
    pub errors: Option<Vec<FieldError>>,
}

impl Problem {
    fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self {
            status,
            kind,
            detail,
            errors: Vec::new(),
            headers: Vec::new(),
            source: None,
        }
    }

    /// 400: the request cannot be understood.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// 400: fields of the body do not have the form that the API's description gives them.
    #[must_use]
    pub fn malformed_body(errors: Vec<FieldError>) -> Self {
        Self::bad_request("the request body does not have the described form").with_errors(errors)
    }

    /// 401: no valid access token.
    #[must_use]
    pub fn unauthorized() -> Self {
        let detail = "a valid access token is needed: send it as Authorization: Bearer <token>";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail).with_header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"insightdesk\""),
        )
    }

    /// 401: what was shown does not let anybody in.
    #[must_use]
    pub fn not_authenticated(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not_authenticated", detail).with_header(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Bearer realm=\"insightdesk\""),
        )
    }

    /// 403: the person may not.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 403: the operator has shut the person's organization.
    #[must_use]
    pub fn organization_suspended() -> Self {
        let detail = "the organization is suspended: nobody may act in it; ask the operator of the installation";
        Self::new(StatusCode::FORBIDDEN, "organization_suspended", detail)
    }

    /// 403: the organization demands a second factor of the person, who has none.
    #[must_use]
    pub fn second_factor_required() -> Self {
        let detail = "the organization demands a second factor: set one up at /auth/second_factor, confirm it, and refresh the session";
        Self::new(StatusCode::FORBIDDEN, "second_factor_required", detail)
    }

    /// 404: there is no such thing for this person.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not_found",
            format!("{what} was not found"),
        )
    }

    /// 405: the path has no such method.
    #[must_use]
    pub fn method_not_allowed(allow: &str) -> Self {
        let problem = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            format!("this path allows {allow}"),
        );
        match HeaderValue::from_str(allow) {
            Ok(value) => problem.with_header(header::ALLOW, value),
            Err(_) => problem,
        }
    }

    /// 409: the present state does not allow it.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "conflict", detail)
    }

    /// 412: the resource has another version than the one demanded.
    pub fn precondition_failed(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "precondition_failed",
            detail,
        )
    }

    /// 413: the body is too long.
    #[must_use]
    pub fn payload_too_large(limit_bytes: usize) -> Self {
        let detail = format!("the request body is longer than {limit_bytes} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
    }

    /// 415: the body is of another media type than the operation takes.
    #[must_use]
    pub fn unsupported_media_type() -> Self {
        let detail = "the request body must be sent as Content-Type: application/json";
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported_media_type",
            detail,
        )
    }

    /// 422: the form is right, the content is not.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid_fields(vec![FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        }])
    }

    /// 422: several fields at once.
    #[must_use]
    pub fn invalid_fields(errors: Vec<FieldError>) -> Self {
        Self::unprocessable("fields of the request do not fit").with_errors(errors)
    }

    /// 422: the request cannot be carried out, whatever the state.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
    }

    /// 429: more requests than a limit allows, which `kind` names. Says when to come back.
    pub fn too_many_requests(
        kind: &'static str,
        detail: impl Into<String>,
        retry_after_s: u64,
    ) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, kind, detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_s))
    }

    /// 500: a fault of ours. The client learns nothing of the cause.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let detail = "a fault of the server; please report the request_id";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail).with_source(source)
    }

    /// 503: not now. Says when to come back.
    pub fn unavailable(detail: impl Into<String>, retry_after_s: u32) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
            .with_header(header::RETRY_AFTER, HeaderValue::from(retry_after_s))
    }

    /// Any other status, with its usual words.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        Self::new(
            status,
            "other",
            status.canonical_reason().unwrap_or("error"),
        )
    }

    /// Adds the fields at fault.
    #[must_use]
    pub fn with_errors(self, errors: Vec<FieldError>) -> Self {
        Self { errors, ..self }
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds the cause, for the log.
    #[must_use]
    pub fn with_source(self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The answer to a request.
    #[must_use]
    pub fn response(&self, instance: Option<&str>, request_id: Option<&str>) -> Response {
        let body = ProblemBody {
            kind: format!("urn:insightdesk:problem:{}", self.kind),
            title: self.status.canonical_reason().unwrap_or("error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail.clone(),
            instance: instance.map(str::to_owned),
            request_id: request_id.map(str::to_owned),
            errors: (!self.errors.is_empty()).then(|| self.errors.clone()),
        };
        let mut response = Json(body).into_response();
        response.set_status(self.status);
        for (name, value) in &self.headers {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE));
        response
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl StdError for Problem {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source
            .as_ref()
            .map(|source| &**source as &(dyn StdError + 'static))
    }
}

impl ResponseError for Problem {
    fn status(&self) -> StatusCode {
        self.status
    }

    fn as_response(&self) -> Response {
        self.response(None, None)
    }
}

/// The payload of errors in the API's description.
pub struct ProblemJson(pub ProblemBody);

impl Payload for ProblemJson {
    const CONTENT_TYPE: &'static str = CONTENT_TYPE;

    fn schema_ref() -> MetaSchemaRef {
        ProblemBody::schema_ref()
    }

    fn register(registry: &mut Registry) {
        ProblemBody::register(registry);
    }
}

impl IntoResponse for ProblemJson {
    fn into_response(self) -> Response {
        Response::builder()
            .content_type(CONTENT_TYPE)
            .body(self.0.to_json_string())
    }
}

/// Declares which errors a group of operations documents. The type carries any [`Problem`].
macro_rules! problem_set {
    ($(#[$doc:meta])* $name:ident { $($status:literal => $description:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(pub Problem);

        impl From<Problem> for $name {
            fn from(problem: Problem) -> Self {
                Self(problem)
            }
        }

        impl From<$name> for poem::Error {
            fn from(error: $name) -> Self {
                error.0.into()
            }
        }

        impl poem_openapi::ApiResponse for $name {
            fn meta() -> poem_openapi::registry::MetaResponses {
                let response = |status: u16, description: &'static str| poem_openapi::registry::MetaResponse {
                    description,
                    status: Some(status),
                    status_range: None,
                    content: vec![poem_openapi::registry::MetaMediaType {
                        content_type: CONTENT_TYPE,
                        schema: ProblemJson::schema_ref(),
                    }],
                    headers: Vec::new(),
                };
                poem_openapi::registry::MetaResponses { responses: vec![$(response($status, $description)),+] }
            }

            fn register(registry: &mut Registry) {
                ProblemJson::register(registry);
            }
        }
    };
}

problem_set! {
    /// What a command may be refused with.
    CommandProblem {
        400 => "The request cannot be understood.",
        401 => "A valid access token is needed.",
        403 => "This person may not do it.",
        404 => "There is no such resource for this person.",
        409 => "The present state does not allow it.",
        412 => "The resource has another version than `If-Match` demands.",
        413 => "The body is too long.",
        415 => "The body is not JSON.",
        422 => "The content of the request does not fit.",
        500 => "A fault of the server.",
        503 => "Not now; `Retry-After` says when.",
    }
}

problem_set! {
    /// What a command without a body may be refused with.
    BodylessCommandProblem {
        400 => "The request cannot be understood.",
        401 => "A valid access token is needed.",
        403 => "This person may not do it.",
        404 => "There is no such resource for this person.",
        409 => "The present state does not allow it.",
        412 => "The resource has another version than `If-Match` demands.",
        413 => "The body is too long.",
        422 => "The content of the request does not fit.",
        500 => "A fault of the server.",
        503 => "Not now; `Retry-After` says when.",
    }
}

problem_set! {
    /// What a query may be refused with.
    QueryProblem {
        400 => "The request cannot be understood.",
        401 => "A valid access token is needed.",
        403 => "This person may not see it.",
        404 => "There is no such resource for this person.",
        413 => "The body is too long.",
        500 => "A fault of the server.",
        503 => "Not now; `Retry-After` says when.",
    }
}

problem_set! {
    /// What a query that is sent as a body may be refused with.
    QueryBodyProblem {
        400 => "The request cannot be understood.",
        401 => "A valid access token is needed.",
        403 => "This person may not see it.",
        404 => "There is no such resource for this person.",
        413 => "The body is too long.",
        415 => "The body is not JSON.",
        422 => "The content of the request does not fit.",
        500 => "A fault of the server.",
        503 => "Not now; `Retry-After` says when.",
    }
}

impl From<QueryProblem> for QueryBodyProblem {
    fn from(QueryProblem(problem): QueryProblem) -> Self {
        Self(problem)
    }
}

problem_set! {
    /// What a step of signing in may be refused with.
    AccessProblem {
        400 => "The request cannot be understood.",
        401 => "What was sent does not let anybody in.",
        403 => "This person may not do it.",
        404 => "There is no such resource for this person.",
        409 => "The present state does not allow it.",
        413 => "The body is too long.",
        415 => "The body is not JSON.",
        422 => "The content of the request does not fit.",
        500 => "A fault of the server.",
        503 => "Not now; `Retry-After` says when.",
    }
}

problem_set! {
    /// What a step of signing in without a body may be refused with.
    BodylessAccessProblem {
        400 => "The request cannot be understood.",
        401 => "A valid access token is needed.",
        403 => "This person may not do it.",
        404 => "There is no such resource for this person.",
        409 => "The present state does not allow it.",
        413 => "The body is too long.",
        500 => "A fault of the server.",
        503 => "Not now; `Retry-After` says when.",
    }
}
