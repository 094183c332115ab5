//! What may be asked of a view.

use super::definition::{TicketColumn, TicketOrder, ViewDefinition, ViewOwner};
use crate::text::Name;
use crate::ticket::query::QueryText;

/// A command to a view. Who may issue it depends on whose the view is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewCommand {
    /// Make it.
    Create {
        /// Whose it is.
        owner: ViewOwner,
        /// What it says.
        definition: ViewDefinition,
    },
    /// Change what is given, leave the rest.
    Change(ViewChange),
    /// Take it away.
    Delete,
}

/// What changes of a view.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ViewChange {
    /// The new name.
    pub name: Option<Name>,
    /// The new query.
    pub query: Option<QueryText>,
    /// The new order.
    pub order: Option<TicketOrder>,
    /// All columns from now on.
    pub columns: Option<Vec<TicketColumn>>,
}
