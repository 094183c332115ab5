//! The bounds of a request, each with an endpoint that breaks it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use poem::EndpointExt;
use poem::endpoint::{BoxEndpoint, make};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

fn shell<E: Endpoint<Output = Response>>(inner: E, settings: HttpSettings) -> Shell<E> {
    Shell::new(inner, Routes::default().with_get("/x").unwrap(), settings)
}

async fn send<E: Endpoint>(shell: &Shell<E>, request: Request) -> (Response, Value) {
    let mut response = shell.call(request).await.unwrap();
    let bytes = response.take_body().into_bytes().await.unwrap();
    (
        response,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

fn get() -> Request {
    Request::builder().uri_str("/x").finish()
}

fn failing(error: fn() -> Error) -> BoxEndpoint<'static, Response> {
    make(move |_| async move { Err::<Response, Error>(error()) }).boxed()
}

#[tokio::test]
async fn a_panic_is_a_500_that_tells_nothing_and_the_server_goes_on() {
    let inner = make(|request: Request| async move {
        assert!(request.uri().query().is_none(), "secret detail");
        Ok::<_, Error>(Response::default())
    });
    let shell = shell(inner, HttpSettings::default());
    let request = Request::builder().uri_str("/x?boom").finish();
    let (response, body) = send(&shell, request).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(body["status"], 500);
    assert!(!body.to_string().contains("secret"), "{body}");
    assert_eq!(body["request_id"], response.header("x-request-id").unwrap());
    assert_eq!(send(&shell, get()).await.0.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_unknown_error_is_a_500_that_tells_nothing() {
    let inner =
        failing(|| Error::from_string("password=hunter2", StatusCode::INTERNAL_SERVER_ERROR));
    let (response, body) = send(&shell(inner, HttpSettings::default()), get()).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!body.to_string().contains("hunter2"), "{body}");
}

/// One that answers nothing in time.
fn too_slow() -> Shell<BoxEndpoint<'static, Response>> {
    let inner = make(|_| async { std::future::pending::<Result<Response>>().await });
    let settings = HttpSettings {
        request_deadline: Duration::from_millis(20),
        ..HttpSettings::default()
    };
    shell(inner.boxed(), settings)
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up_with_503() {
    let (response, body) = send(&too_slow(), get()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(response.header("retry-after"), Some("1"));
    assert_eq!(body["instance"], "/x");
}

#[tokio::test]
async fn who_sends_a_slow_command_is_told_of_its_key_and_who_sends_a_slow_query_is_not() {
    let told = async |method: Method| {
        let request = Request::builder().method(method).uri_str("/x").finish();
        let (_, body) = send(&too_slow(), request).await;
        body["detail"].as_str().unwrap().to_owned()
    };
    for method in [Method::POST, Method::PATCH, Method::PUT, Method::DELETE] {
        let detail = told(method).await;
        assert!(detail.contains("same Idempotency-Key"), "{detail}");
    }
    for method in [Method::GET, Method::HEAD] {
        let detail = told(method).await;
        assert!(detail.contains("ask for less"), "{detail}");
        for word in ["Idempotency-Key", "change"] {
            assert!(!detail.contains(word), "{detail}");
        }
    }
}

#[tokio::test]
async fn more_requests_than_allowed_are_answered_503_at_once() {
    let (entered, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let gates = (entered.clone(), release.clone());
    let inner = make(move |_| {
        let (entered, release) = gates.clone();
        async move {
            entered.notify_one();
            release.notified().await;
            Ok::<_, Error>(Response::default())
        }
    });
    let shell = Arc::new(shell(
        inner,
        HttpSettings {
            requests_max: 1,
            ..HttpSettings::default()
        },
    ));
    let first = tokio::spawn({
        let shell = shell.clone();
        async move { send(&shell, get()).await.0.status() }
    });
    entered.notified().await;
    let (refused, body) = send(&shell, get()).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(body["status"], 503);
    release.notify_one();
    assert_eq!(first.await.unwrap(), StatusCode::OK);
}

#[tokio::test]
async fn a_body_without_a_length_is_bounded_too() {
    let inner = make(|_| async { Ok::<_, Error>(Response::default()) });
    let settings = HttpSettings {
        body_limit_bytes: 8,
        ..HttpSettings::default()
    };
    let shell = shell(inner, settings);
    let post = |body: &'static [u8]| {
        Request::builder()
            .method(Method::POST)
            .uri_str("/x")
            .body(Body::from_async_read(body))
    };
    assert_eq!(
        send(&shell, post(b"12345678")).await.0.status(),
        StatusCode::OK
    );
    let (refused, body) = send(&shell, post(b"123456789")).await;
    assert_eq!(refused.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(body["status"], 413);
}

#[tokio::test]
async fn every_status_reaches_the_client_as_it_is() {
    let errors: [(fn() -> Error, u16); 6] = [
        (|| AuthorizationError.into(), 401),
        (|| ContentTypeError::ExpectContentType.into(), 415),
        (|| NotFoundError.into(), 404),
        (|| MethodNotAllowedError.into(), 405),
        (
            || {
                ParseParamError {
                    name: "limit",
                    reason: "u8".to_owned(),
                }
                .into()
            },
            400,
        ),
        (|| Problem::conflict("no").into(), 409),
    ];
    for (error, status) in errors {
        let (response, body) = send(&shell(failing(error), HttpSettings::default()), get()).await;
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(body["status"], status);
        assert_eq!(response.content_type(), Some("application/problem+json"));
        assert_eq!(
            response.header("allow"),
            (status == 405).then_some("GET, HEAD")
        );
        assert_eq!(response.header("www-authenticate").is_some(), status == 401);
        assert!(!body.to_string().contains("u8"), "{body}");
    }
}
