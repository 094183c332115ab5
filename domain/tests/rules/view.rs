//! The rules of saved views, and of how many an owner has.

use crate::scenario::{
    AGENT, ORGANIZATION, Scenario, TEAM, admin, agent, customer, lead, other_agent, scenario,
};
use domain::actor::Actor;
use domain::aggregate::ViewAggregate;
use domain::ids::ViewId;
use domain::personal::StreamSubject;
use domain::text::Name;
use domain::ticket::query::QueryText;
use domain::view::command::{ViewChange, ViewCommand};
use domain::view::definition::{TicketColumn, TicketOrder, ViewDefinition, ViewOwner};
use domain::view::error::ViewError;
use domain::view::event::{ViewChanged, ViewCreated, ViewDeleted};
use domain::view::shelf;
use domain::view::state::{View, ViewShelf};
use std::collections::BTreeSet;
use uuid::Uuid;

const VIEW: ViewId = ViewId(Uuid::from_u128(0x11e4));
const OWN: ViewOwner = ViewOwner::Person { user_id: AGENT };
const TEAMS: ViewOwner = ViewOwner::Team { team_id: TEAM };

fn asking(query: &str) -> ViewDefinition {
    ViewDefinition {
        name: Name::parse("Burning").unwrap(),
        query: QueryText::parse(query).unwrap(),
        order: TicketOrder::PriorityDescending,
        columns: vec![TicketColumn::Number, TicketColumn::Subject],
    }
}

fn definition() -> ViewDefinition {
    asking("status:open priority:>=high")
}

fn absent() -> Scenario<ViewAggregate> {
    scenario(ViewAggregate, VIEW)
}

fn present(owner: ViewOwner) -> Scenario<ViewAggregate> {
    let definition = definition();
    absent().given(0, ViewCreated { owner, definition })
}

fn create(owner: ViewOwner, definition: ViewDefinition) -> ViewCommand {
    ViewCommand::Create { owner, definition }
}

fn rename(text: &str) -> ViewCommand {
    ViewCommand::Change(ViewChange {
        name: Some(Name::parse(text).unwrap()),
        ..ViewChange::default()
    })
}

#[test]
fn staff_make_views_for_themselves_leads_for_teams_and_admins_for_all() {
    let definition = definition();
    for (owner, actor) in [
        (OWN, agent()),
        (TEAMS, lead()),
        (TEAMS, admin()),
        (ViewOwner::Organization, admin()),
    ] {
        let made = ViewCreated {
            owner,
            definition: definition.clone(),
        };
        let command = create(owner, definition.clone());
        absent().when(0, actor, command).yields([made.into()]);
    }
    let refused: [(ViewOwner, Actor, ViewError); 5] = [
        (OWN, customer(), ViewError::StaffOnly),
        (OWN, admin(), ViewError::OthersView),
        (TEAMS, agent(), ViewError::LeadOnly),
        (ViewOwner::Organization, agent(), ViewError::AdminOnly),
        (ViewOwner::Organization, lead(), ViewError::AdminOnly),
    ];
    for (owner, actor, error) in refused {
        let command = create(owner, definition.clone());
        absent().when(0, actor, command).refuses(error);
    }
}

#[test]
fn a_view_keeps_conditions_that_read_and_each_column_once() {
    let made = |definition| absent().when(0, agent(), create(OWN, definition)).result;
    let unread = made(asking("status:lost")).unwrap_err();
    assert!(unread.to_string().starts_with("column 8: "), "{unread}");
    assert_eq!(made(asking("printer")), Err(ViewError::Words));
    assert_eq!(made(asking("\"a b\"")), Err(ViewError::Words));
    let twice = ViewDefinition {
        columns: vec![TicketColumn::Tags, TicketColumn::Number, TicketColumn::Tags],
        ..definition()
    };
    assert_eq!(made(twice), Err(ViewError::ColumnTwice));
    assert!(made(asking("")).is_ok());
}

#[test]
fn a_change_carries_all_of_the_view_and_one_that_changes_nothing_none() {
    let renamed = ViewDefinition {
        name: Name::parse("Hot").unwrap(),
        ..definition()
    };
    let changed = ViewChanged {
        definition: renamed,
    };
    let before = present(OWN);
    before
        .when(1, agent(), rename("Hot"))
        .yields([changed.into()]);
    before.when(1, agent(), rename("Burning")).changes_nothing();
    let words = ViewCommand::Change(ViewChange {
        query: Some(QueryText::parse("printer").unwrap()),
        ..ViewChange::default()
    });
    before.when(1, agent(), words).refuses(ViewError::Words);
}

#[test]
fn a_personal_view_is_there_for_its_owner_alone() {
    for other in [other_agent(), lead(), admin()] {
        let view = present(OWN);
        view.when(1, other.clone(), rename("Hot"))
            .refuses(ViewError::NotFound);
        view.when(1, other, ViewCommand::Delete)
            .refuses(ViewError::NotFound);
    }
    assert_eq!(present(OWN).state().stream_subject(VIEW.0), Some(AGENT));
    assert_eq!(present(TEAMS).state().stream_subject(VIEW.0), None);
}

#[test]
fn a_deleted_view_never_comes_back() {
    let name = Name::parse("Burning").unwrap();
    let deleted = ViewDeleted { name };
    present(TEAMS)
        .when(1, lead(), ViewCommand::Delete)
        .yields([deleted.clone().into()]);
    let gone = present(TEAMS).given(1, deleted);
    assert_eq!(gone.state(), &View::Deleted(TEAMS));
    gone.when(2, lead(), rename("Hot"))
        .refuses(ViewError::NotFound);
    gone.when(2, lead(), ViewCommand::Delete)
        .refuses(ViewError::NotFound);
    let again = create(TEAMS, definition());
    gone.when(2, lead(), again)
        .refuses(ViewError::AlreadyExists);
}

#[test]
fn an_owner_has_so_many_views_and_no_more() {
    for owner in [OWN, TEAMS, ViewOwner::Organization] {
        let max = owner.max_views();
        let ids = (0..max).map(|id| ViewId(Uuid::from_u128(id as u128)));
        let full = ViewShelf {
            views: ids.collect::<BTreeSet<_>>(),
        };
        let refused = shelf::add(&full, owner, VIEW);
        assert_eq!(refused, Err(ViewError::TooMany { max }));
        let first = ViewId(Uuid::nil());
        assert_eq!(shelf::add(&full, owner, first), Ok(None));
        assert!(shelf::remove(&full, first).is_some());
        assert_eq!(shelf::remove(&full, VIEW), None);
    }
    let shelves = [OWN, TEAMS, ViewOwner::Organization].map(|it| it.shelf_id(ORGANIZATION));
    assert_eq!(shelves.iter().collect::<BTreeSet<_>>().len(), 3);
}
