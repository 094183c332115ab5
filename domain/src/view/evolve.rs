//! What the events of views mean.

use super::event::{ViewEvent, ViewShelfEvent};
use super::state::{PresentView, View, ViewShelf};
use chrono::{DateTime, Utc};

/// The state after an event. An event that its stream cannot begin with leaves an absent view absent.
#[must_use]
pub fn evolve(state: View, event: &ViewEvent, _at: DateTime<Utc>) -> View {
    match (state, event) {
        (_, ViewEvent::Created(e)) => View::Present(PresentView {
            owner: e.owner,
            definition: e.definition.clone(),
        }),
        (View::Present(view), ViewEvent::Changed(e)) => View::Present(PresentView {
            definition: e.definition.clone(),
            ..view
        }),
        (View::Present(view), ViewEvent::Deleted(_)) => View::Deleted(view.owner),
        (state @ (View::Absent | View::Deleted(_)), _) => state,
    }
}

/// Which views an owner has after an event.
#[must_use]
pub fn evolve_shelf(mut state: ViewShelf, event: &ViewShelfEvent, _at: DateTime<Utc>) -> ViewShelf {
    match event {
        ViewShelfEvent::ViewAdded(e) => state.views.insert(e.view_id),
        ViewShelfEvent::ViewRemoved(e) => state.views.remove(&e.view_id),
    };
    state
}
