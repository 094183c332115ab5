//! What the commands to a view may do.

use super::command::{ViewChange, ViewCommand};
use super::definition::{ViewDefinition, ViewOwner};
use super::error::ViewError;
use super::event::{ViewChanged, ViewCreated, ViewDeleted, ViewEvent};
use super::state::View;
use crate::actor::Actor;
use crate::command::Issued;
use crate::ids::ViewId;

/// The events that a command yields; none when it changes nothing.
///
/// # Errors
/// When the command is refused. Another person's view is not found, whoever asks.
pub fn decide(
    state: &View,
    _id: ViewId,
    issued: &Issued<ViewCommand>,
) -> Result<Vec<ViewEvent>, ViewError> {
    if !issued.actor.is_staff() {
        return Err(ViewError::StaffOnly);
    }
    match (state, &issued.command) {
        (View::Absent, ViewCommand::Create { owner, definition }) => {
            if let ViewOwner::Person { user_id } = owner
                && issued.actor.user_id() != Some(*user_id)
            {
                return Err(ViewError::OthersView);
            }
            check_right(&issued.actor, *owner)?;
            definition.check()?;
            let (owner, definition) = (*owner, definition.clone());
            Ok(vec![ViewCreated { owner, definition }.into()])
        }
        (View::Present(_) | View::Deleted(_), ViewCommand::Create { .. }) => {
            Err(ViewError::AlreadyExists)
        }
        (View::Absent | View::Deleted(_), ViewCommand::Change(_) | ViewCommand::Delete) => {
            Err(ViewError::NotFound)
        }
        (View::Present(view), ViewCommand::Change(change)) => {
            check_right(&issued.actor, view.owner)?;
            changed(&view.definition, change)
        }
        (View::Present(view), ViewCommand::Delete) => {
            check_right(&issued.actor, view.owner)?;
            let name = view.definition.name.clone();
            Ok(vec![ViewDeleted { name }.into()])
        }
    }
}

fn check_right(actor: &Actor, owner: ViewOwner) -> Result<(), ViewError> {
    match owner {
        ViewOwner::Person { user_id } if actor.user_id() != Some(user_id) => {
            Err(ViewError::NotFound)
        }
        ViewOwner::Team { .. } if !actor.sets_teams() => Err(ViewError::LeadOnly),
        ViewOwner::Organization if !actor.is_admin() => Err(ViewError::AdminOnly),
        ViewOwner::Person { .. } | ViewOwner::Team { .. } | ViewOwner::Organization => Ok(()),
    }
}

fn changed(before: &ViewDefinition, change: &ViewChange) -> Result<Vec<ViewEvent>, ViewError> {
    let ViewChange {
        name,
        query,
        order,
        columns,
    } = change;
    let definition = ViewDefinition {
        name: name.clone().unwrap_or_else(|| before.name.clone()),
        query: query.clone().unwrap_or_else(|| before.query.clone()),
        order: order.unwrap_or(before.order),
        columns: columns.clone().unwrap_or_else(|| before.columns.clone()),
    };
    if definition == *before {
        return Ok(Vec::new());
    }
    definition.check()?;
    Ok(vec![ViewChanged { definition }.into()])
}
