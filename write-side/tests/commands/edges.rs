//! What HTTP itself brings: malformed requests, wrong methods, limits, headers.

use crate::support::Server;
use platform::permission::{Access, row};
use poem::http::Method;
use serde_json::json;

#[tokio::test]
async fn a_malformed_body_is_400_and_names_what_is_wrong() {
    let server = Server::start().await;
    let before = server.event_count().await;
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "{",
        "{\"subject\": }",
        "nul",
        "{\"subject\": \"\\ud800\"}",
        deep.as_str(),
    ] {
        let answer = server
            .customer(Method::POST, "/tickets")
            .raw("application/json", body)
            .send()
            .await
            .expect(400);
        assert!(
            answer.body["detail"].as_str().unwrap().contains("JSON"),
            "{}",
            answer.body
        );
    }
    let wrong = json!({"subject": 7, "priority": "extreme", "owner": 1, "channel": null, "requester_id": "me"});
    let answer = server
        .customer(Method::POST, "/tickets")
        .json(&wrong)
        .send()
        .await
        .expect(400);
    let mut pointers = answer.pointers();
    pointers.sort_unstable();
    assert_eq!(
        pointers,
        ["/owner", "/priority", "/requester_id", "/subject"]
    );
    let text = answer.body.to_string();
    for name in ["OpenTicket", "Uuid", "PriorityView", "String"] {
        assert!(!text.contains(name), "{text}");
    }
    assert_eq!(server.event_count().await, before);
}

#[tokio::test]
async fn unknown_fields_are_refused_on_every_level() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    for extra in ["organization_id", "version", "status", "created_at", "role"] {
        let body = json!({"priority": "low", extra: "x"});
        let answer = server
            .agent(Method::PATCH, &format!("/tickets/{ticket}"))
            .json(&body)
            .send()
            .await
            .expect(400);
        assert_eq!(answer.pointers(), [format!("/{extra}")]);
    }
    let body = json!({"settings": {"auto_close": 1}});
    let answer = server
        .admin(Method::PATCH, "/organization")
        .json(&body)
        .send()
        .await
        .expect(400);
    assert_eq!(answer.pointers(), ["/settings/auto_close"]);
}

#[tokio::test]
async fn texts_that_do_not_fit_are_422_all_at_once() {
    let server = Server::start().await;
    let body = json!({"subject": "  ", "body": "nul \u{0} here"});
    let answer = server
        .customer(Method::POST, "/tickets")
        .json(&body)
        .send()
        .await
        .expect(422);
    assert_eq!(answer.pointers(), ["/subject", "/body"]);
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_and_a_get_needs_no_length() {
    let server = Server::start().await;
    let body = json!({"subject": "x", "body": "y".repeat(1 << 20)});
    server
        .customer(Method::POST, "/tickets")
        .json(&body)
        .send()
        .await
        .expect(413);
    let lying = server
        .customer(Method::POST, "/tickets")
        .header("content-length", "99999999999");
    lying
        .json(&json!({"subject": "x"}))
        .send()
        .await
        .expect(413);
    server
        .request(Method::GET, "/health")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn another_media_type_is_415() {
    let server = Server::start().await;
    for media_type in ["text/plain", "application/xml", "nonsense"] {
        let request = server
            .customer(Method::POST, "/tickets")
            .raw(media_type, "{\"subject\": \"x\"}");
        request.send().await.expect(415);
    }
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones_and_an_unknown_path_is_404() {
    let server = Server::start().await;
    let answer = server
        .customer(Method::DELETE, "/tickets")
        .send()
        .await
        .expect(405);
    assert_eq!(answer.header("allow"), Some("POST"));
    let tags = format!("/tickets/{}/tags/a", uuid::Uuid::now_v7());
    let answer = server
        .customer(Method::POST, &tags)
        .send()
        .await
        .expect(405);
    assert_eq!(answer.header("allow"), Some("PUT, DELETE"));
    server
        .request(Method::POST, "/health")
        .send()
        .await
        .expect(405);
    server
        .request(Method::GET, "/api/v1/nothing")
        .send()
        .await
        .expect(404);
    server.request(Method::GET, "/").send().await.expect(404);
    let trick = server
        .customer(Method::POST, "/tickets")
        .header("x-http-method-override", "DELETE");
    trick
        .json(&json!({"subject": "x"}))
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn a_path_parameter_that_is_no_uuid_is_400_and_named() {
    let server = Server::start().await;
    let answer = server
        .agent(Method::POST, "/tickets/7/resolve")
        .send()
        .await
        .expect(400);
    assert!(
        answer.body["detail"]
            .as_str()
            .unwrap()
            .contains("ticket_id"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn every_answer_carries_a_request_id_and_the_security_headers() {
    let server = Server::start().await;
    for path in [
        "/health",
        "/health/ready",
        "/health/detailed",
        "/nothing",
        "/openapi.json",
        "/docs",
        "/metrics",
    ] {
        let answer = server.request(Method::GET, path).send().await;
        assert_eq!(answer.status == 404, path == "/nothing", "{path}");
        assert!(answer.header("x-request-id").is_some(), "{path}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert!(answer.header("content-security-policy").is_some(), "{path}");
    }
    let spoofed = server
        .request(Method::GET, "/health")
        .header("x-request-id", "a b\"c")
        .send()
        .await;
    assert_ne!(spoofed.header("x-request-id"), Some("a b\"c"));
}

#[tokio::test]
async fn every_operation_that_is_not_public_needs_a_token() {
    let server = Server::start().await;
    let spec = server
        .request(Method::GET, "/openapi.json")
        .send()
        .await
        .expect(200)
        .body;
    let mut operations = 0;
    for (path, methods) in spec["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let is_public = row(id).unwrap().access == Access::Public;
            // An empty list says that nothing is needed.
            let needed = operation["security"].as_array().unwrap();
            assert_eq!(needed.is_empty(), is_public, "{method} {path}");
            if is_public {
                continue;
            }
            let path = path.replace("{ticket_id}", &uuid::Uuid::nil().to_string());
            let method: Method = method.to_uppercase().parse().unwrap();
            server
                .request(method, &format!("/api/v1{path}"))
                .send()
                .await
                .expect(401);
            operations += 1;
        }
    }
    assert!(operations > 18, "{operations}");
}
