//! The files that every page needs. They are part of the program.

use platform::http::problem::Problem;
use poem::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use poem::web::Path;
use poem::{Response, handler};

/// The same for everybody, until the next version of the program.
const CACHING: &str = "public, max-age=3600";

#[handler]
pub(super) fn asset(Path(name): Path<String>) -> Result<Response, Problem> {
    let (content_type, body) = match name.as_str() {
        "console.css" => (
            "text/css; charset=utf-8",
            include_str!("../../assets/console.css"),
        ),
        "console.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/console.js"),
        ),
        "htmx.min.js" => (
            "text/javascript; charset=utf-8",
            include_str!("../../assets/htmx.min.js"),
        ),
        "icon.svg" => ("image/svg+xml", include_str!("../../assets/icon.svg")),
        _ => return Err(Problem::not_found("the file")),
    };
    Ok(Response::builder()
        .header(CONTENT_TYPE, content_type)
        .header(CACHE_CONTROL, CACHING)
        .body(body))
}
