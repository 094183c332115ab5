//! Signing in and out. What is entered goes to the API's own operations, with their limits.

use askama::Template;
use platform::http::problem::Problem;
use platform::http::within::{Ask, Within};
use poem::http::{Method, StatusCode};
use poem::web::Data;
use poem::{Request, Response, handler};
use serde_json::json;

use super::form::Form;
use super::visit::{Visit, read};
use super::{answers, cookies};
use crate::shown::{Organization, SignIn};

/// The page to sign in, with what went wrong before.
#[derive(Template, Default)]
#[template(path = "sign_in.html")]
struct SignInPage<'a> {
    email: &'a str,
    error: Option<String>,
}

/// What is asked for after the password: a code of the second factor, an organization, or both.
#[derive(Template)]
#[template(path = "sign_in_more.html")]
struct MorePage<'a> {
    email: &'a str,
    ticket: &'a str,
    needs_code: bool,
    organizations: &'a [Organization],
    error: Option<String>,
}

#[handler]
pub(super) async fn show(request: &Request, within: Data<&Within>) -> Response {
    let is_signed_in =
        cookies::access(request).is_some() && Visit::begin(request, &within).await.is_ok();
    if is_signed_in {
        return answers::elsewhere("/tickets");
    }
    answers::page(&SignInPage::default())
}

#[handler]
pub(super) async fn sign_in(request: &Request, within: Data<&Within>) -> Response {
    let form = Form::of_body(request);
    let (email, password) = (
        form.get("email").unwrap_or_default(),
        form.get("password").unwrap_or_default(),
    );
    let mut body = json!({ "email": email, "password": password });
    if let Some(organization) = form.get("organization") {
        body["organization"] = organization.into();
    }
    match ask(request, &within, "/auth/login", body).await {
        Ok(outcome) => go_on(outcome, email),
        Err(problem) => {
            let page = SignInPage {
                email,
                error: Some(problem.to_string()),
            };
            answers::with_status(problem.status(), &page)
        }
    }
}

/// The second step, by a code of the second factor, or with an organization.
#[handler]
pub(super) async fn complete(request: &Request, within: Data<&Within>) -> Response {
    let form = Form::of_body(request);
    let (email, ticket) = (
        form.get("email").unwrap_or_default(),
        form.get("ticket").unwrap_or_default(),
    );
    let mut body = json!({ "ticket": ticket });
    for field in ["code", "organization"] {
        if let Some(value) = form.get(field) {
            body[field] = value.trim().into();
        }
    }
    match ask(request, &within, "/auth/login/second_factor", body).await {
        Ok(outcome) => go_on(outcome, email),
        // What was entered before is good for a few more tries.
        Err(problem)
            if form.get("code").is_some() && problem.status() == StatusCode::UNAUTHORIZED =>
        {
            let error = Some(problem.to_string());
            let page = MorePage {
                email,
                ticket,
                needs_code: true,
                organizations: &[],
                error,
            };
            answers::with_status(problem.status(), &page)
        }
        Err(problem) => {
            let page = SignInPage {
                email,
                error: Some(problem.to_string()),
            };
            answers::with_status(problem.status(), &page)
        }
    }
}

#[handler]
pub(super) async fn sign_out(request: &Request, within: Data<&Within>) -> Response {
    if let Ok(visit) = Visit::begin(request, &within).await {
        // Where the session is over already there is nothing left to end.
        let _ = visit.send(Ask::new(Method::POST, "/auth/logout")).await;
    }
    answers::with_cookies(answers::elsewhere("/sign-in"), &cookies::forget())
}

async fn ask(
    request: &Request,
    within: &Within,
    path: &str,
    body: serde_json::Value,
) -> Result<SignIn, Problem> {
    let response = within
        .ask(request, Ask::new(Method::POST, path).body(body))
        .await?;
    read(response).await
}

/// The page for who has to set a second factor up, which the console does not do.
pub(super) fn must_enrol(email: &str) -> Response {
    let error = "your organization demands a second factor: set it up through the API first";
    let page = SignInPage {
        email,
        error: Some(error.to_owned()),
    };
    answers::with_status(StatusCode::FORBIDDEN, &page)
}

/// To the tickets, or to what is still missing.
fn go_on(outcome: SignIn, email: &str) -> Response {
    match (&outcome.tokens, &outcome.ticket) {
        (Some(tokens), _) if tokens.must_enrol => must_enrol(email),
        (Some(tokens), _) => {
            answers::with_cookies(answers::elsewhere("/tickets"), &cookies::keep(tokens))
        }
        (None, ticket) => answers::page(&MorePage {
            email,
            ticket: ticket.as_deref().unwrap_or_default(),
            needs_code: outcome.status == "second_factor_required",
            organizations: &outcome.organizations,
            error: None,
        }),
    }
}
