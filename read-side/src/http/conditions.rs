//! Conditions of lists and reports as they come in a query string.

use domain::text::Tag;
use platform::http::problem::Problem;
use uuid::Uuid;

use super::session::bad;
use crate::tickets::Holder;

/// The word for nobody, no team, and the organization's settings.
const NONE: &str = "none";
/// More tags in one filter are refused.
const TAGS_MAX: usize = 20;

/// The values of a parameter that may be repeated.
pub(super) fn all<View, T: From<View>>(views: Option<Vec<View>>) -> Vec<T> {
    let views = views.unwrap_or_default();
    views.into_iter().map(Into::into).collect()
}

/// An id, or `none`.
pub(super) fn parse_holder<T>(
    parameter: &str,
    text: Option<&str>,
    id: impl Fn(Uuid) -> T,
) -> Result<Option<Holder<T>>, Problem> {
    match text {
        None => Ok(None),
        Some(NONE) => Ok(Some(Holder::Nobody)),
        Some(text) => match text.parse() {
            Ok(uuid) => Ok(Some(Holder::One(id(uuid)))),
            Err(_) => Err(bad(parameter, "must be an id or `none`")),
        },
    }
}

pub(super) fn parse_tags(tags: &[String]) -> Result<Vec<Tag>, Problem> {
    if tags.len() > TAGS_MAX {
        return Err(bad(
            "tag",
            format!("must be given at most {TAGS_MAX} times"),
        ));
    }
    tags.iter()
        .map(|text| Tag::parse(text).map_err(|error| bad("tag", error)))
        .collect()
}
