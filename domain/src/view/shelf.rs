//! Which views an owner has, and how many they may have.

use super::definition::ViewOwner;
use super::error::ViewError;
use super::event::{ShelfViewAdded, ShelfViewRemoved, ViewShelfEvent};
use super::state::ViewShelf;
use crate::ids::ViewId;

/// Puts a view onto its owner's shelf; nothing to do when it is there.
///
/// # Errors
/// When the owner has as many as they may.
pub fn add(
    state: &ViewShelf,
    owner: ViewOwner,
    view_id: ViewId,
) -> Result<Option<ViewShelfEvent>, ViewError> {
    if state.views.contains(&view_id) {
        return Ok(None);
    }
    let max = owner.max_views();
    if state.views.len() >= max {
        return Err(ViewError::TooMany { max });
    }
    Ok(Some(ShelfViewAdded { view_id }.into()))
}

/// Takes a view from its owner's shelf; nothing to do when it is not there.
#[must_use]
pub fn remove(state: &ViewShelf, view_id: ViewId) -> Option<ViewShelfEvent> {
    let is_there = state.views.contains(&view_id);
    is_there.then(|| ShelfViewRemoved { view_id }.into())
}
