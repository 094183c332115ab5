//! Pages, refusals and ways elsewhere.

use askama::Template;
use platform::http::problem::Problem;
use platform::http::serve::CONSOLE_PATH;
use poem::Response;
use poem::http::StatusCode;
use poem::http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};

#[derive(Template)]
#[template(path = "refused.html")]
struct Refused<'a> {
    status: u16,
    detail: &'a str,
    has_session: bool,
}

/// A page.
pub(super) fn page(template: &impl Template) -> Response {
    with_status(StatusCode::OK, template)
}

pub(super) fn with_status(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => Response::builder()
            .status(status)
            .header(CONTENT_TYPE, "text/html; charset=utf-8")
            .body(text),
        // Rendering into memory fails only where a template does.
        Err(error) => Problem::internal(error).response(None, None),
    }
}

/// The page that tells what the API refused. Whoever has a session gets out of it there: no other page may be left to them.
pub(super) fn refused(problem: &Problem, has_session: bool) -> Response {
    let page = Refused {
        status: problem.status().as_u16(),
        detail: &problem.to_string(),
        has_session,
    };
    refusing(problem, &page)
}

/// A page that tells of a problem, as the answer of that problem.
pub(super) fn refusing(problem: &Problem, template: &impl Template) -> Response {
    let mut response = with_status(problem.status(), template);
    let told = problem.response(None, None);
    if let Some(seconds) = told.headers().get(RETRY_AFTER) {
        response.headers_mut().insert(RETRY_AFTER, seconds.clone());
    }
    response
}

/// A page also for what no handler answered: an unknown path, a form from elsewhere.
pub(super) async fn unexpected(error: poem::Error) -> Response {
    match error.downcast::<Problem>() {
        Ok(problem) => refused(&problem, false),
        Err(error) if error.status().is_client_error() => {
            refused(&Problem::not_found("the page"), false)
        }
        Err(error) => refused(&Problem::internal(error.to_string()), false),
    }
}

/// The way to another page of the console.
pub(super) fn elsewhere(path_and_query: &str) -> Response {
    Response::builder()
        .status(StatusCode::SEE_OTHER)
        .header(LOCATION, format!("{CONSOLE_PATH}{path_and_query}"))
        .finish()
}

/// An answer with cookies.
pub(super) fn with_cookies(mut response: Response, cookies: &[String]) -> Response {
    let headers = response.headers_mut();
    for cookie in cookies {
        if let Ok(value) = cookie.parse() {
            headers.append(SET_COOKIE, value);
        }
    }
    response
}
