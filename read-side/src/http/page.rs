//! Lists on the wire.

use chrono::{DateTime, Utc};
use platform::http::entity_tag;
pub(super) use platform::http::page::limit;
use platform::http::page::next_link;
use platform::http::problem::Problem;
use poem::Request;
use poem_openapi::payload::Json;
// `types::Type` is not imported: its `is_empty` would take the place of that of `str`.
use poem_openapi::types::{self, ParseFromJSON, ToJSON};
use poem_openapi::{ApiResponse, Enum, Object};

use super::session::bad;
use crate::tickets::TimeRange;
use platform::cursor::Moment;
use platform::page::{Direction, Page};

/// One page of a list.
#[derive(Debug, Object)]
#[oai(rename = "Page", skip_serializing_if_is_none)]
pub(super) struct PageView<T: ParseFromJSON + ToJSON + types::Type + Send + Sync> {
    /// The items in the order asked for.
    items: Vec<T>,
    /// Send it as `cursor` to get the next page. Absent on the last page.
    next_cursor: Option<String>,
    /// How many items the whole list has, if it was asked for.
    total: Option<i64>,
}

/// The answer with one page of a list.
#[derive(ApiResponse)]
pub(super) enum Listed<T: ParseFromJSON + ToJSON + types::Type + Send + Sync> {
    /// One page.
    #[oai(status = 200)]
    Page(
        Json<PageView<T>>,
        /// The next page (RFC 8288, `rel="next"`). Absent on the last page.
        #[oai(header = "Link")]
        Option<String>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

impl<T: ParseFromJSON + ToJSON + types::Type + Send + Sync> Listed<T> {
    /// The page as the answer to `request`.
    pub(super) fn new(page: Page<T>, total: Option<i64>, request: &Request, token: String) -> Self {
        let link = page
            .next_cursor
            .as_deref()
            .map(|cursor| next_link(request.uri(), cursor));
        Self::Page(
            Json(PageView {
                items: page.items,
                next_cursor: page.next_cursor,
                total,
            }),
            link,
            token,
        )
    }
}

/// The answer with one thing that has a version.
#[derive(ApiResponse)]
pub(super) enum Found<T: ToJSON + types::Type + Send + Sync> {
    /// It.
    #[oai(status = 200)]
    One(
        Json<T>,
        /// Its version in quotes, for `If-Match`.
        #[oai(header = "ETag")]
        Option<String>,
        /// What the answer shows at least.
        #[oai(header = "Consistency-Token")]
        String,
    ),
}

impl<T: ToJSON + types::Type + Send + Sync> Found<T> {
    /// The thing as it is at `version`.
    pub(super) fn new(view: T, version: Option<i64>, token: String) -> Self {
        Self::One(Json(view), version.map(entity_tag::of_version), token)
    }
}

type TimeParameter<'a> = (&'a str, Option<DateTime<Utc>>);

pub(super) fn parse_range(
    from: TimeParameter<'_>,
    to: TimeParameter<'_>,
) -> Result<TimeRange, Problem> {
    let parse = |(parameter, time): TimeParameter<'_>| {
        time.map(Moment::new)
            .transpose()
            .map_err(|error| bad(parameter, error))
    };
    Ok(TimeRange {
        from: parse(from)?,
        to: parse(to)?,
    })
}

/// Which way a list runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "Order", rename_all = "snake_case")]
pub(super) enum OrderView {
    /// The oldest first.
    Asc,
    /// The newest first.
    Desc,
}

impl OrderView {
    /// The oldest first, unless something else was asked for.
    pub(super) fn direction(order: Option<Self>) -> Direction {
        match order {
            None | Some(Self::Asc) => Direction::Ascending,
            Some(Self::Desc) => Direction::Descending,
        }
    }
}
