//! What every list on the wire takes and tells.

use poem::http::Uri;

use super::problem::Problem;
use super::serve::BASE_PATH;
use crate::cursor::InvalidCursor;
use crate::page::Limit;

/// The same address with another cursor. The framework has cut the base path off the request's own.
#[must_use]
pub fn next_link(uri: &Uri, cursor: &str) -> String {
    next_link_by("cursor", uri, cursor)
}

/// The same where another parameter than `cursor` says where to go on.
#[must_use]
pub fn next_link_by(parameter: &str, uri: &Uri, cursor: &str) -> String {
    let is_former = |pair: &&str| pair.split('=').next() == Some(parameter);
    let pairs = uri.query().unwrap_or_default().split('&');
    let kept = pairs.filter(|pair| !pair.is_empty() && !is_former(pair));
    let query: String = kept.map(|pair| format!("{pair}&")).collect();
    let path = uri.path();
    format!("<{BASE_PATH}{path}?{query}{parameter}={cursor}>; rel=\"next\"")
}

/// The limit that was asked for, or the default.
///
/// # Errors
/// 400 when it is not 1 to 100.
pub fn limit(items: Option<i64>) -> Result<Limit, Problem> {
    let limit = items.map(Limit::new).transpose();
    let limit = limit.map_err(|error| Problem::bad_request(format!("limit: {error}")))?;
    Ok(limit.unwrap_or(Limit::DEFAULT))
}

/// 400, naming the cursor.
#[must_use]
pub fn bad_cursor(error: InvalidCursor) -> Problem {
    Problem::bad_request(format!("cursor: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(uri: &'static str) -> String {
        next_link(&Uri::from_static(uri), "NEXT")
    }

    #[test]
    fn the_next_link_keeps_the_query_and_replaces_its_cursor() {
        assert_eq!(
            link("/tickets"),
            "</api/v1/tickets?cursor=NEXT>; rel=\"next\""
        );
        assert_eq!(
            link("/tickets?status=open&cursor=OLD&status=new"),
            "</api/v1/tickets?status=open&status=new&cursor=NEXT>; rel=\"next\""
        );
    }
}
