//! Assignment, priority, subject and tags.

use super::{assigned, moved, nobody, only, opened, subject, ticket, ticket_in};
use crate::scenario::{AGENT, OTHER_AGENT, TEAM, admin, agent, customer, import, other_customer};
use domain::actor::Actor;
use domain::organization::settings::Settings;
use domain::text::{FieldKey, Tag};
use domain::ticket::command::TicketCommand;
use domain::ticket::error::TicketError;
use domain::ticket::event::{
    Cause, TicketAssigned, TicketOpened, TicketPriorityChanged, TicketSubjectChanged, TicketTagged,
    TicketUntagged,
};
use domain::ticket::state::{Assignment, PresentTicket, Priority, Status};

fn tag(text: &str) -> Tag {
    Tag::parse(text).unwrap()
}

fn staff_changes() -> Vec<TicketCommand> {
    vec![
        TicketCommand::Assign(only(OTHER_AGENT)),
        TicketCommand::ChangePriority(Priority::Urgent),
        TicketCommand::ChangeSubject(subject("Another")),
        TicketCommand::Tag(tag("new")),
        TicketCommand::Untag(tag("new")),
        TicketCommand::SetCustomField {
            key: FieldKey::parse("floor").unwrap(),
            value: None,
        },
    ]
}

#[test]
fn a_customer_may_change_none_of_it_on_their_own_ticket_and_sees_no_other() {
    for command in staff_changes() {
        let outcome = ticket_in(Status::Open).when(9, customer(), command.clone());
        assert!(
            matches!(outcome.result, Err(TicketError::StaffOnly { .. })),
            "{command:?}"
        );
        ticket_in(Status::Open)
            .when(9, other_customer(), command)
            .refuses(TicketError::NotFound);
    }
}

#[test]
fn a_timer_may_change_none_of_it() {
    for command in staff_changes() {
        let outcome = ticket_in(Status::Open).when(9, Actor::Timer, command.clone());
        assert!(
            matches!(outcome.result, Err(TicketError::StaffOnly { .. })),
            "{command:?}"
        );
    }
}

#[test]
fn a_closed_ticket_stays_as_it_is() {
    for command in staff_changes() {
        ticket_in(Status::Closed)
            .when(9, agent(), command)
            .refuses(TicketError::Closed);
    }
}

#[test]
fn an_admin_and_the_operator_may_what_an_agent_may() {
    for actor in [agent(), admin(), Actor::Operator] {
        for command in staff_changes() {
            assert!(
                ticket_in(Status::Open)
                    .when(9, actor.clone(), command)
                    .result
                    .is_ok()
            );
        }
    }
}

#[test]
fn assigning_an_agent_opens_a_new_ticket() {
    ticket_in(Status::New)
        .when(9, agent(), TicketCommand::Assign(only(OTHER_AGENT)))
        .yields([
            assigned(only(OTHER_AGENT)),
            moved(Status::New, Status::Open, Cause::Assignment),
        ]);
}

#[test]
fn assigning_a_team_leaves_a_ticket_new() {
    let team = Assignment {
        agent_id: None,
        team_id: Some(TEAM),
    };
    ticket_in(Status::New)
        .when(9, agent(), TicketCommand::Assign(team))
        .yields([assigned(team)]);
}

#[test]
fn assigning_never_moves_another_status() {
    for status in [
        Status::Open,
        Status::Pending,
        Status::OnHold,
        Status::Resolved,
    ] {
        let both = Assignment {
            agent_id: Some(OTHER_AGENT),
            team_id: Some(TEAM),
        };
        ticket_in(status)
            .when(9, agent(), TicketCommand::Assign(both))
            .yields([TicketAssigned {
                from: only(AGENT),
                to: both,
            }
            .into()]);
    }
}

#[test]
fn the_same_assignment_is_no_event() {
    ticket_in(Status::Open)
        .when(9, agent(), TicketCommand::Assign(only(AGENT)))
        .changes_nothing();
}

#[test]
fn an_open_ticket_may_be_given_to_nobody_but_a_resolved_one_may_not() {
    let to_nobody = TicketCommand::Assign(nobody());
    ticket_in(Status::Open)
        .when(9, agent(), to_nobody.clone())
        .yields([TicketAssigned {
            from: only(AGENT),
            to: nobody(),
        }
        .into()]);
    ticket_in(Status::Resolved)
        .when(9, agent(), to_nobody)
        .refuses(TicketError::AssigneeNeeded);
}

#[test]
fn a_changed_priority_carries_the_new_targets_where_something_was_promised() {
    let table = Settings::default().sla_targets;
    ticket()
        .given(
            0,
            TicketOpened {
                sla_targets: Some(table.normal),
                ..opened()
            },
        )
        .when(9, agent(), TicketCommand::ChangePriority(Priority::Urgent))
        .yields([TicketPriorityChanged {
            from: Priority::Normal,
            to: Priority::Urgent,
            sla_targets: Some(table.urgent),
        }
        .into()]);
}

#[test]
fn a_changed_priority_promises_nothing_where_nothing_was_promised() {
    ticket_in(Status::Open)
        .when(9, agent(), TicketCommand::ChangePriority(Priority::Low))
        .yields([TicketPriorityChanged {
            from: Priority::Normal,
            to: Priority::Low,
            sla_targets: None,
        }
        .into()]);
}

#[test]
fn the_same_priority_or_subject_is_no_event() {
    let ticket = ticket_in(Status::Open);
    ticket
        .when(9, agent(), TicketCommand::ChangePriority(Priority::Normal))
        .changes_nothing();
    ticket
        .when(9, agent(), TicketCommand::ChangeSubject(opened().subject))
        .changes_nothing();
}

#[test]
fn a_changed_subject_tells_both() {
    ticket_in(Status::Open)
        .when(
            9,
            agent(),
            TicketCommand::ChangeSubject(subject("Smoke only")),
        )
        .yields([TicketSubjectChanged {
            from: opened().subject,
            to: subject("Smoke only"),
        }
        .into()]);
}

#[test]
fn a_tag_is_added_once_and_removed_once() {
    let tagged = TicketTagged { tag: tag("vip") };
    let ticket = ticket_in(Status::Open);
    ticket
        .when(9, agent(), TicketCommand::Tag(tag("vip")))
        .yields([tagged.clone().into()]);
    ticket
        .when(9, agent(), TicketCommand::Untag(tag("vip")))
        .changes_nothing();

    let ticket = ticket.given(9, tagged);
    ticket
        .when(10, agent(), TicketCommand::Tag(tag("VIP")))
        .changes_nothing();
    ticket
        .when(10, agent(), TicketCommand::Untag(tag("vip")))
        .yields([TicketUntagged { tag: tag("vip") }.into()]);
}

#[test]
fn a_ticket_has_a_bounded_number_of_tags() {
    let full = (0..PresentTicket::MAX_TAGS).fold(ticket_in(Status::Open), |ticket, n| {
        ticket.given(
            5,
            TicketTagged {
                tag: tag(&format!("tag-{n}")),
            },
        )
    });
    full.when(9, agent(), TicketCommand::Tag(tag("one-more")))
        .refuses(TicketError::TooManyTags);
    full.when(9, agent(), TicketCommand::Tag(tag("tag-0")))
        .changes_nothing();
}

#[test]
fn an_import_changes_a_closed_ticket_too_and_its_assignment_never_opens_one() {
    ticket_in(Status::Closed)
        .when(9, import(), TicketCommand::ChangePriority(Priority::High))
        .yields([TicketPriorityChanged {
            from: Priority::Normal,
            to: Priority::High,
            sla_targets: None,
        }
        .into()]);
    ticket_in(Status::New)
        .when(9, import(), TicketCommand::Assign(only(AGENT)))
        .yields([assigned(only(AGENT))]);
}
