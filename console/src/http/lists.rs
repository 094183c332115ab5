//! Lists of the API, followed over their pages.

use platform::http::problem::Problem;
use serde::de::DeserializeOwned;

use super::form::address;
use super::visit::Visit;
use crate::shown::Page;

/// As many as the API gives at once.
const PAGE_ITEMS: (&str, &str) = ("limit", "100");

/// The first entries of a list.
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    /// Whether the list goes on behind them.
    pub(super) are_more: bool,
}

/// The first pages of a list, of a hundred entries each: what is longer is shown in part.
pub(super) async fn follow<T: DeserializeOwned>(
    visit: &Visit<'_>,
    path: &str,
    pairs: &[(&str, &str)],
    pages_max: usize,
) -> Result<Listed<T>, Problem> {
    let mut items = Vec::new();
    let mut cursor: Option<String> = None;
    for _ in 0..pages_max {
        let more = cursor.as_deref().map(|cursor| ("cursor", cursor));
        let pairs = pairs.iter().copied().chain([PAGE_ITEMS]).chain(more);
        let page = visit.get::<Page<T>>(address(path, pairs)).await?;
        items.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(Listed {
        items,
        are_more: cursor.is_some(),
    })
}
