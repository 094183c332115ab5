//! What the audit tells of views that are shared. What people keep for themselves is not the organization's to know.

use domain::ids::ViewId;
use domain::view::definition::{ViewDefinition, ViewOwner};
use domain::view::event::ViewEvent;
use platform::rows::{ACTOR, FROM, TO, ViewRow};
use serde_json::Value;

use super::audit::Fact;
use crate::event::Event;
use crate::state::State;

/// What happened to a view of a team or of the organization.
pub(super) fn of_view(state: &State, event: &Event, change: &ViewEvent) -> Option<Fact> {
    let id = event.stream_id;
    let row = state.views.get((event.org_id, ViewId(id)));
    let owner = match change {
        ViewEvent::Created(created) => Some(created.owner),
        ViewEvent::Changed(_) | ViewEvent::Deleted(_) => row.map(ViewRow::owner),
    };
    // A team's view is told of the team: who must not know of the team learns nothing of its views.
    let (resource, resource_id) = match owner? {
        ViewOwner::Person { .. } => return None,
        ViewOwner::Organization => ("view", id),
        ViewOwner::Team { team_id } => ("team", team_id.0),
    };
    let told = |summary: String| Fact::new(resource, resource_id, summary);
    let name = row.map(|row| row.name.clone());
    Some(match change {
        ViewEvent::Created(e) => {
            let fact = told(format!("{ACTOR} made the view {TO}"));
            let fact = fact.changing("name", Value::Null, e.definition.name.as_str());
            saying(fact, None, &e.definition)
        }
        ViewEvent::Changed(e) => {
            let fact = told(format!("{ACTOR} changed the view {TO}"));
            let fact = fact.changing("name", name, e.definition.name.as_str());
            saying(fact, row, &e.definition)
        }
        ViewEvent::Deleted(e) => told(format!("{ACTOR} deleted the view {FROM}")).changing(
            "name",
            e.name.as_str(),
            Value::Null,
        ),
    })
}

/// The query, if it is another.
fn saying(fact: Fact, before: Option<&ViewRow>, after: &ViewDefinition) -> Fact {
    let query = before.map(|row| row.query.clone());
    if query.as_deref() == Some(after.query.as_str()) {
        return fact;
    }
    fact.changing("query", query, after.query.as_str())
}
