//! Lists of the API, followed over their pages.

use platform::http::problem::Problem;
use serde::de::DeserializeOwned;

use super::form::address;
use super::visit::Visit;
use crate::shown::Page;

/// As many as the API gives at once.
pub(super) const PAGE_ITEMS: usize = 100;
const LIMIT: (&str, &str) = ("limit", "100");

/// The first entries of a list.
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    /// Where the list goes on behind them, if it does.
    pub(super) next: Option<String>,
}

/// The first pages of a list, of [`PAGE_ITEMS`] each: what is longer is shown in part.
pub(super) async fn follow<T: DeserializeOwned>(
    visit: &Visit<'_>,
    path: &str,
    pairs: &[(&str, &str)],
    pages_max: usize,
) -> Result<Listed<T>, Problem> {
    follow_from(visit, path, pairs, None, pages_max).await
}

/// So many pages of a list, from where an earlier page ended.
pub(super) async fn follow_from<T: DeserializeOwned>(
    visit: &Visit<'_>,
    path: &str,
    pairs: &[(&str, &str)],
    cursor: Option<&str>,
    pages_max: usize,
) -> Result<Listed<T>, Problem> {
    let mut items = Vec::new();
    let mut cursor = cursor.map(str::to_owned);
    for _ in 0..pages_max {
        let more = cursor.as_deref().map(|cursor| ("cursor", cursor));
        let pairs = pairs.iter().copied().chain([LIMIT]).chain(more);
        let page = visit.get::<Page<T>>(address(path, pairs)).await?;
        items.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let next = cursor;
    Ok(Listed { items, next })
}
