//! Samples of the events of saved views.

use super::{FULL, MINIMAL, name};
use crate::scenario::{AGENT, TEAM};
use domain::ids::ViewId;
use domain::ticket::query::QueryText;
use domain::view::definition::{TicketColumn, TicketOrder, ViewDefinition, ViewOwner};
use domain::view::event::{
    ShelfViewAdded, ShelfViewRemoved, ViewChanged, ViewCreated, ViewDeleted, ViewEvent,
    ViewShelfEvent,
};
use uuid::Uuid;

const VIEW: ViewId = ViewId(Uuid::from_u128(0x11e4));

fn burning() -> ViewDefinition {
    ViewDefinition {
        name: name("Burning"),
        query: QueryText::parse("status:open priority:>=high").unwrap(),
        order: TicketOrder::NextDeadlineAt,
        columns: vec![TicketColumn::Number, TicketColumn::LastMessage],
    }
}

fn all() -> ViewDefinition {
    ViewDefinition {
        name: name("All"),
        query: QueryText::default(),
        order: TicketOrder::default(),
        columns: Vec::new(),
    }
}

fn made(owner: ViewOwner, definition: ViewDefinition) -> ViewEvent {
    ViewCreated { owner, definition }.into()
}

pub fn samples() -> Vec<(&'static str, ViewEvent)> {
    let changed = |definition| ViewEvent::from(ViewChanged { definition });
    vec![
        (FULL, made(ViewOwner::Person { user_id: AGENT }, burning())),
        (
            "of_team",
            made(ViewOwner::Team { team_id: TEAM }, burning()),
        ),
        (MINIMAL, made(ViewOwner::Organization, all())),
        (FULL, changed(burning())),
        (MINIMAL, changed(all())),
        (
            FULL,
            ViewDeleted {
                name: name("Burning"),
            }
            .into(),
        ),
    ]
}

pub fn shelves() -> [ViewShelfEvent; 2] {
    [
        ShelfViewAdded { view_id: VIEW }.into(),
        ShelfViewRemoved { view_id: VIEW }.into(),
    ]
}
