//! A view as its events tell it, and the views of an owner.

use super::definition::{ViewDefinition, ViewOwner};
use crate::ids::{UserId, ViewId};
use crate::personal::StreamSubject;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The state of a view's stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum View {
    /// No event yet.
    #[default]
    Absent,
    /// It exists.
    Present(PresentView),
    /// It existed. Its id never comes back.
    Deleted(ViewOwner),
}

/// A view that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresentView {
    /// Whose it is.
    pub owner: ViewOwner,
    /// What it says.
    pub definition: ViewDefinition,
}

/// The state of the stream that says which views an owner has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewShelf {
    /// The views, at most [`ViewOwner::max_views`].
    pub views: BTreeSet<ViewId>,
}

impl View {
    /// Whose it is or was.
    #[must_use]
    pub fn owner(&self) -> Option<ViewOwner> {
        match self {
            Self::Absent => None,
            Self::Present(view) => Some(view.owner),
            Self::Deleted(owner) => Some(*owner),
        }
    }
}

impl StreamSubject for View {
    /// What somebody keeps for themselves is theirs; what a team or the organization keeps is about nobody.
    fn stream_subject(&self, _id: Uuid) -> Option<UserId> {
        match self.owner()? {
            ViewOwner::Person { user_id } => Some(user_id),
            ViewOwner::Organization | ViewOwner::Team { .. } => None,
        }
    }
}
