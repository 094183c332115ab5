//! Opening.

use super::{assigned, moved, only, open_command, opened, subject, ticket};
use crate::scenario::{
    AGENT, OTHER_TICKET, TEAM, TICKET, admin, agent, customer, import, other_customer,
};
use domain::actor::Actor;
use domain::organization::settings::{FieldDefinition, FieldKind, Settings};
use domain::text::{FieldKey, FieldText, Name, Tag};
use domain::ticket::command::{OpenTicket, TicketCommand};
use domain::ticket::error::TicketError;
use domain::ticket::event::{Cause, TicketCustomFieldSet, TicketEvent, TicketOpened, TicketTagged};
use domain::ticket::field::FieldValue;
use domain::ticket::state::{Assignment, ExternalReference, Priority, Status, Ticket};

fn promised() -> TicketOpened {
    TicketOpened {
        sla_targets: Some(Settings::default().sla_targets.normal),
        ..opened()
    }
}

#[test]
fn a_customer_opens_a_new_ticket_for_themself_with_the_targets_of_that_moment() {
    let outcome = ticket().when(0, customer(), TicketCommand::Open(open_command()));
    outcome.yields([promised().into()]);
    let Ticket::Present(ticket) = outcome.state else {
        panic!("the ticket exists")
    };
    assert_eq!(ticket.status, Status::New);
}

#[test]
fn a_customer_may_not_open_for_another() {
    ticket()
        .when(0, other_customer(), TicketCommand::Open(open_command()))
        .refuses(TicketError::OwnTicketsOnly);
}

#[test]
fn a_customer_may_not_assign_at_opening() {
    let open = OpenTicket {
        assignment: only(AGENT),
        ..open_command()
    };
    ticket()
        .when(0, customer(), TicketCommand::Open(open))
        .refuses(TicketError::StaffOnly {
            what: "assign a ticket",
        });
}

#[test]
fn staff_and_the_operator_open_for_a_customer() {
    for actor in [agent(), admin(), Actor::Operator] {
        ticket()
            .when(0, actor, TicketCommand::Open(open_command()))
            .yields([promised().into()]);
    }
}

#[test]
fn who_lets_people_in_neither_opens_nor_finds_tickets() {
    ticket()
        .when(0, Actor::Identity, TicketCommand::Open(open_command()))
        .refuses(TicketError::OwnTicketsOnly);
    super::ticket_in(Status::Open)
        .when(9, Actor::Identity, TicketCommand::Resolve)
        .refuses(TicketError::NotFound);
}

#[test]
fn a_timer_may_not_open() {
    let outcome = ticket().when(0, Actor::Timer, TicketCommand::Open(open_command()));
    assert!(outcome.result.is_err());
}

#[test]
fn assigning_an_agent_at_opening_opens_the_ticket() {
    let open = OpenTicket {
        assignment: only(AGENT),
        ..open_command()
    };
    ticket()
        .when(0, agent(), TicketCommand::Open(open))
        .yields([
            promised().into(),
            assigned(only(AGENT)),
            moved(Status::New, Status::Open, Cause::Assignment),
        ]);
}

#[test]
fn assigning_a_team_alone_at_opening_leaves_the_ticket_new() {
    let team = Assignment {
        agent_id: None,
        team_id: Some(TEAM),
    };
    let open = OpenTicket {
        assignment: team,
        ..open_command()
    };
    ticket()
        .when(0, agent(), TicketCommand::Open(open))
        .yields([promised().into(), assigned(team)]);
}

#[test]
fn tags_and_fields_at_opening_become_the_same_events_as_later_ones_and_doubles_count_once() {
    let tag = Tag::parse("printer").unwrap();
    let key = FieldKey::parse("floor").unwrap();
    let value = FieldValue::Text(FieldText::parse("third").unwrap());
    let open = OpenTicket {
        tags: vec![tag.clone(), tag.clone()],
        custom_fields: vec![(key.clone(), value.clone()), (key.clone(), value.clone())],
        ..open_command()
    };
    let definition = FieldDefinition {
        label: Name::parse("Floor").unwrap(),
        kind: FieldKind::Text,
    };
    ticket()
        .with_settings(|settings| {
            settings.custom_fields.insert(key.clone(), definition);
        })
        .when(0, customer(), TicketCommand::Open(open))
        .yields([
            promised().into(),
            TicketTagged { tag }.into(),
            TicketCustomFieldSet {
                key,
                from: None,
                to: Some(value),
            }
            .into(),
        ]);
}

#[test]
fn an_undefined_field_at_opening_is_refused() {
    let key = FieldKey::parse("floor").unwrap();
    let open = OpenTicket {
        custom_fields: vec![(key.clone(), FieldValue::Boolean(true))],
        ..open_command()
    };
    ticket()
        .when(0, customer(), TicketCommand::Open(open))
        .refuses(TicketError::UnknownField { key });
}

#[test]
fn an_imported_ticket_has_no_targets_and_stays_new_when_assigned() {
    let external = Some(ExternalReference {
        source: "servicenow-log".into(),
        id: "INC0000045".into(),
    });
    let open = OpenTicket {
        external: external.clone(),
        message_id: None,
        assignment: only(AGENT),
        ..open_command()
    };
    ticket()
        .when(0, import(), TicketCommand::Open(open))
        .yields([
            TicketOpened {
                external,
                message_id: None,
                ..opened()
            }
            .into(),
            assigned(only(AGENT)),
        ]);
}

#[test]
fn only_an_import_names_another_systems_ticket() {
    let external = Some(ExternalReference {
        source: "servicenow-log".into(),
        id: "INC0000045".into(),
    });
    let open = OpenTicket {
        external,
        ..open_command()
    };
    let outcome = ticket().when(0, agent(), TicketCommand::Open(open));
    outcome.refuses(TicketError::ImportOnly {
        what: "name another system's ticket",
    });
}

#[test]
fn a_ticket_opens_once() {
    let again = OpenTicket {
        subject: subject("Again"),
        ..open_command()
    };
    ticket()
        .given(0, opened())
        .when(1, customer(), TicketCommand::Open(again))
        .refuses(TicketError::AlreadyExists);
}

#[test]
fn a_follow_up_names_the_ticket_that_it_continues() {
    let open = OpenTicket {
        follow_up_of: Some(OTHER_TICKET),
        ..open_command()
    };
    ticket()
        .when(0, customer(), TicketCommand::Open(open))
        .yields([TicketOpened {
            follow_up_of: Some(OTHER_TICKET),
            ..promised()
        }
        .into()]);
}

#[test]
fn a_customers_follow_up_may_stay_with_a_team_and_no_other_ticket_of_theirs() {
    let of_team = |follow_up_of, agent_id| OpenTicket {
        follow_up_of,
        assignment: Assignment {
            agent_id,
            team_id: Some(TEAM),
        },
        ..open_command()
    };
    let open = TicketCommand::Open(of_team(Some(OTHER_TICKET), None));
    let outcome = ticket().when(0, customer(), open);
    let events = outcome.result.unwrap();
    assert!(
        matches!(&events[..], [TicketEvent::Opened(_), TicketEvent::Assigned(given)] if given.to.team_id == Some(TEAM)),
        "{events:?}"
    );
    for refused in [
        of_team(None, None),
        of_team(Some(OTHER_TICKET), Some(AGENT)),
    ] {
        ticket()
            .when(0, customer(), TicketCommand::Open(refused))
            .refuses(TicketError::StaffOnly {
                what: "assign a ticket",
            });
    }
}

#[test]
fn a_ticket_does_not_continue_itself() {
    let open = OpenTicket {
        follow_up_of: Some(TICKET),
        ..open_command()
    };
    ticket()
        .when(0, customer(), TicketCommand::Open(open))
        .refuses(TicketError::FollowUpOfItself);
}

#[test]
fn the_priority_at_opening_picks_the_targets() {
    let targets = Settings::default().sla_targets;
    for priority in Priority::ALL {
        let open = OpenTicket {
            priority,
            ..open_command()
        };
        let expected = TicketOpened {
            priority,
            sla_targets: Some(targets.of(priority)),
            ..opened()
        };
        ticket()
            .when(0, customer(), TicketCommand::Open(open))
            .yields([TicketEvent::from(expected)]);
    }
}

#[test]
fn nothing_can_be_done_to_a_ticket_that_was_never_opened() {
    let outcome = ticket().when(0, agent(), TicketCommand::Resolve);
    outcome.refuses(TicketError::NotFound);
}
