//! What surrounds every request: its id, its bounds, the shape of its errors, its line in the log.

use super::body::RawBody;
use super::client_address::ClientAddress;
use super::problem::Problem;
use super::query;
use super::rate_limit::Meter;
use super::request_id::RequestId;
use super::routes::{Route, Routes};
use super::security_headers;
use super::serve::HttpSettings;
use super::traffic::{Traffic, method_label};
use futures::FutureExt;
use poem::error::{MethodNotAllowedError, NotFoundError, ReadBodyError};
use poem::http::{Method, StatusCode, header};
use poem::{Body, Endpoint, Error, IntoResponse, Request, Response, Result};
use poem_openapi::error::{AuthorizationError, ContentTypeError, ParseParamError, ParsePathError};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;
use tracing::Instrument;

/// When an overloaded server asks its clients to come back.
const RETRY_AFTER_S: u32 = 1;

/// How much of a body that is too long is read to no end.
const DISCARDED_MAX_BYTES: u64 = 16 << 20;

/// The outermost endpoint: answers every request, never fails.
pub(super) struct Shell<E> {
    inner: E,
    routes: Routes,
    settings: HttpSettings,
    traffic: Traffic,
    in_flight: Semaphore,
}

impl<E: Endpoint> Shell<E> {
    pub(super) fn new(inner: E, routes: Routes, settings: HttpSettings) -> Self {
        let in_flight = Semaphore::new(settings.requests_max);
        Self {
            inner,
            routes,
            settings,
            traffic: Traffic::default(),
            in_flight,
        }
    }

    /// Lets the request in if there is room, bounds its body and its time, and catches its panics.
    async fn admit(&self, mut request: Request, route: Option<&Route>) -> Result<Response> {
        let Ok(_permit) = self.in_flight.try_acquire() else {
            return Err(
                Problem::unavailable("too many requests at this moment", RETRY_AFTER_S).into(),
            );
        };
        let method = request.method().clone();
        let answer = async {
            if let Some(answered) = self.gates(&request, route).await? {
                return Ok(answered);
            }
            self.read_body(&mut request).await?;
            self.inner
                .call(request)
                .await
                .map(IntoResponse::into_response)
        };
        let guarded = AssertUnwindSafe(answer).catch_unwind();
        match tokio::time::timeout(self.settings.request_deadline, guarded).await {
            Ok(Ok(answered)) => answered,
            Ok(Err(_panic)) => Err(Problem::internal("a handler panicked").into()),
            Err(_elapsed) => Err(took_too_long(&method).into()),
        }
    }

    /// What is decided before the body is read. A preflight is answered here: it has no token.
    async fn gates(
        &self,
        request: &Request,
        route: Option<&Route>,
    ) -> Result<Option<Response>, Problem> {
        if let (Some(meter), Some(client)) = (meter(request), ClientAddress::of(request)) {
            meter.check_address(client).await?;
        }
        let cors = &self.settings.cors;
        if let Some(route) = route
            && let Some(answered) = cors.preflight(request, &route.allow)?
        {
            return Ok(Some(answered));
        }
        cors.check_cookies(request)?;
        query::check(request, route)?;
        Ok(None)
    }

    /// Puts what is known of the client into the request.
    fn mark(&self, request: &mut Request) {
        let client = self.settings.clients.find(request);
        let limiter = self.settings.rate_limiter.clone();
        let meter =
            limiter.map(|limiter| Meter::new(limiter, request.method(), request.uri().path()));
        let extensions = request.extensions_mut();
        extensions.insert(client);
        if let Some(meter) = meter {
            extensions.insert(Arc::new(meter));
        }
    }

    /// Bodies are read whole before the handler runs, up to the limit.
    async fn read_body(&self, request: &mut Request) -> Result<()> {
        let limit_bytes = self.settings.body_limit_bytes;
        let length = request
            .headers()
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok());
        if length
            .and_then(|text| text.parse::<usize>().ok())
            .is_some_and(|length| length > limit_bytes)
        {
            discard(request.take_body()).await;
            return Err(Problem::payload_too_large(limit_bytes).into());
        }
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return Ok(());
        }
        let bytes = request.take_body().into_bytes_limit(limit_bytes).await;
        let bytes = bytes.map_err(|error| unreadable(error, limit_bytes))?;
        request.set_body(Body::from_bytes(bytes.clone()));
        request.extensions_mut().insert(RawBody(bytes));
        Ok(())
    }

    /// Every error as a problem with the status that it has, whichever layer made it.
    fn problem(&self, error: &Error, path: &str) -> Problem {
        if error.is::<NotFoundError>() {
            return Problem::not_found("the path");
        }
        if error.is::<MethodNotAllowedError>() {
            return Problem::method_not_allowed(
                self.routes.find(path).map_or("", |route| &route.allow),
            );
        }
        if error.is::<AuthorizationError>() {
            return Problem::unauthorized();
        }
        if error.is::<ContentTypeError>() {
            return Problem::unsupported_media_type();
        }
        if let Some(ParseParamError { name, .. }) = error.downcast_ref() {
            return Problem::bad_request(format!(
                "the parameter {name} is missing or does not have the described form"
            ));
        }
        if let Some(ParsePathError { name, .. }) = error.downcast_ref() {
            let name = self
                .routes
                .find(path)
                .and_then(|route| route.parameter(name))
                .unwrap_or(name);
            return Problem::bad_request(format!(
                "the path parameter {name} does not have the described form"
            ));
        }
        match error.status() {
            StatusCode::INTERNAL_SERVER_ERROR => Problem::internal(error.to_string()),
            status => Problem::of_status(status),
        }
    }

    fn answer(&self, error: &Error, path: &str, id: &RequestId) -> Response {
        match error.downcast_ref::<Problem>() {
            Some(problem) => {
                log(problem);
                problem.response(Some(path), Some(id.as_str()))
            }
            None => {
                let problem = self.problem(error, path);
                log(&problem);
                problem.response(Some(path), Some(id.as_str()))
            }
        }
    }

    fn count(
        &self,
        method: &Method,
        path: &str,
        route: Option<&Route>,
        status: StatusCode,
        started_at: Instant,
    ) {
        let elapsed = started_at.elapsed();
        let route = route.map(|route| (route.number, route.template.as_str()));
        self.traffic.count(method, route, status, elapsed);
        // Whole microseconds: more digits are noise.
        let duration_ms = elapsed.as_micros() as f64 / 1_000.0;
        tracing::info!(
            method = method_label(method),
            path,
            status = status.as_u16(),
            duration_ms,
            "request"
        );
    }
}

impl<E: Endpoint> Endpoint for Shell<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> Result<Response> {
        let started_at = Instant::now();
        let id = RequestId::of(&request);
        request.extensions_mut().insert(id.clone());
        self.mark(&mut request);
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let (meter, crossing) = (
            meter(&request).cloned(),
            self.settings.cors.crossing(&request),
        );
        let route = self.routes.find(&path);
        let span = tracing::info_span!("request", request_id = id.as_str());
        let answered = async {
            let mut response = match self.admit(request, route).await {
                Ok(response) => response,
                Err(error) => self.answer(&error, &path, &id),
            };
            let headers = response.headers_mut();
            security_headers::set(headers, &method, &path, self.settings.transport);
            self.settings.cors.mark(&crossing, headers);
            id.tell(headers);
            if let Some(meter) = meter {
                meter.tell(headers);
            }
            self.count(&method, &path, route, response.status(), started_at);
            response
        };
        Ok(answered.instrument(span).await)
    }
}

/// What to do about a request that was given up: one that reads has changed nothing, and has no key to be sent again with.
fn took_too_long(method: &Method) -> Problem {
    let detail = if matches!(*method, Method::GET | Method::HEAD) {
        "the query took too long: ask for less at once, such as fewer days or a smaller page, or again in a moment"
    } else {
        "the request took too long; a change may still be carried out: \
         send it again with the same Idempotency-Key"
    };
    Problem::unavailable(detail, RETRY_AFTER_S)
}

fn meter(request: &Request) -> Option<&Arc<Meter>> {
    request.data()
}

/// Takes a refused body off the connection: many clients send all of it before they read the answer, and would meet a
/// closed connection instead.
async fn discard(body: Body) {
    let mut body = body.into_async_read().take(DISCARDED_MAX_BYTES);
    // A client that breaks off meanwhile reads no answer either.
    let _ = tokio::io::copy(&mut body, &mut tokio::io::sink()).await;
}

fn unreadable(error: ReadBodyError, limit_bytes: usize) -> Problem {
    match error {
        ReadBodyError::PayloadTooLarge => Problem::payload_too_large(limit_bytes),
        error => Problem::bad_request("the request body could not be read").with_source(error),
    }
}

/// Faults of ours are logged with their causes; a client's errors are only counted.
fn log(problem: &Problem) {
    if problem.status().is_server_error() {
        let source = std::error::Error::source(problem);
        tracing::error!(
            status = problem.status().as_u16(),
            cause = source,
            "{problem}"
        );
    }
}

#[cfg(test)]
mod tests;
