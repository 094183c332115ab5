//! Events of a view's stream, and of the stream that says which views an owner has.

use super::definition::{ViewDefinition, ViewOwner};
use crate::event::events;
use crate::ids::ViewId;
use crate::text::Name;
use serde::{Deserialize, Serialize};

events! {
    /// What happened to a view.
    ViewEvent {
        /// It was made.
        Created(ViewCreated) = "view.created" v 1,
        /// It says something else.
        Changed(ViewChanged) = "view.changed" v 1,
        /// It is gone.
        Deleted(ViewDeleted) = "view.deleted" v 1,
    }
}

events! {
    /// What happened to the views of an owner.
    ViewShelfEvent {
        /// There is one more.
        ViewAdded(ShelfViewAdded) = "view_shelf.view_added" v 1,
        /// There is one less.
        ViewRemoved(ShelfViewRemoved) = "view_shelf.view_removed" v 1,
    }
}

/// A view was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewCreated {
    /// Whose it is.
    pub owner: ViewOwner,
    /// What it says.
    #[serde(flatten)]
    pub definition: ViewDefinition,
}

/// A view says something else. Carries all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewChanged {
    /// What it says from now on.
    #[serde(flatten)]
    pub definition: ViewDefinition,
}

/// A view is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewDeleted {
    /// What people read.
    pub name: Name,
}

/// An owner has one more view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfViewAdded {
    /// Which.
    pub view_id: ViewId,
}

/// An owner has one view less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShelfViewRemoved {
    /// Which.
    pub view_id: ViewId,
}
