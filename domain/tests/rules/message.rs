//! The rules of the message.

use crate::scenario::{
    AGENT, CUSTOMER, MESSAGE, Scenario, TICKET, admin, agent, at, customer, import, other_agent,
    other_customer, scenario,
};
use chrono::TimeDelta;
use domain::actor::{Actor, Role};
use domain::aggregate::MessageAggregate;
use domain::ids::UserId;
use domain::message::command::MessageCommand;
use domain::message::error::MessageError;
use domain::message::event::{MessageEdited, MessagePosted, MessageRedacted};
use domain::message::state::{Message, Visibility};
use domain::text::{MessageBody, Reason};

fn message() -> Scenario<MessageAggregate> {
    scenario(MessageAggregate, MESSAGE)
}

fn body(text: &str) -> MessageBody {
    MessageBody::parse(text).unwrap()
}

fn posted(author_id: UserId, author_role: Role, visibility: Visibility) -> MessagePosted {
    MessagePosted {
        ticket_id: TICKET,
        author_id,
        author_role,
        visibility,
        body: body("It burns."),
    }
}

fn by_customer() -> Scenario<MessageAggregate> {
    message().given(0, posted(CUSTOMER, Role::Customer, Visibility::Public))
}

fn note() -> Scenario<MessageAggregate> {
    message().given(0, posted(AGENT, Role::Agent, Visibility::Internal))
}

fn post(visibility: Visibility) -> MessageCommand {
    MessageCommand::Post {
        ticket_id: TICKET,
        visibility,
        body: body("It burns."),
    }
}

fn edit(text: &str) -> MessageCommand {
    MessageCommand::Edit { body: body(text) }
}

const REDACT: MessageCommand = MessageCommand::Redact { reason: None };

#[test]
fn a_customer_writes_in_public_and_staff_both_ways() {
    message()
        .when(0, customer(), post(Visibility::Public))
        .yields([posted(CUSTOMER, Role::Customer, Visibility::Public).into()]);
    for visibility in [Visibility::Public, Visibility::Internal] {
        message().when(0, agent(), post(visibility)).yields([posted(
            AGENT,
            Role::Agent,
            visibility,
        )
        .into()]);
    }
}

#[test]
fn a_customer_writes_no_note() {
    message()
        .when(0, customer(), post(Visibility::Internal))
        .refuses(MessageError::NoteByStaffOnly);
}

#[test]
fn only_a_person_writes() {
    for actor in [Actor::Operator, Actor::Timer, import()] {
        message()
            .when(0, actor, post(Visibility::Public))
            .refuses(MessageError::AuthorNeeded);
    }
}

#[test]
fn a_message_is_written_once() {
    by_customer()
        .when(1, customer(), post(Visibility::Public))
        .refuses(MessageError::AlreadyExists);
}

#[test]
fn what_was_never_written_can_be_neither_edited_nor_redacted() {
    message()
        .when(1, agent(), edit("Out."))
        .refuses(MessageError::NotFound);
    message()
        .when(1, agent(), REDACT)
        .refuses(MessageError::NotFound);
}

#[test]
fn its_author_edits_to_the_last_instant_of_the_window_and_not_after() {
    let last = at(15);
    by_customer()
        .when_at(last, customer(), edit("It is out."))
        .yields([MessageEdited {
            body: body("It is out."),
        }
        .into()]);
    by_customer()
        .when_at(
            last + TimeDelta::microseconds(1),
            customer(),
            edit("It is out."),
        )
        .refuses(MessageError::EditWindowPassed { minutes: 15 });
}

#[test]
fn the_edit_window_counts_from_the_posting_not_from_the_last_edit() {
    by_customer()
        .given(
            14,
            MessageEdited {
                body: body("Still."),
            },
        )
        .when(16, customer(), edit("Out."))
        .refuses(MessageError::EditWindowPassed { minutes: 15 });
}

#[test]
fn the_same_words_are_no_event() {
    by_customer()
        .when(1, customer(), edit("It burns."))
        .changes_nothing();
}

#[test]
fn staff_may_not_edit_what_others_wrote() {
    for actor in [agent(), admin(), Actor::Operator] {
        by_customer()
            .when(1, actor, edit("All is well."))
            .refuses(MessageError::AuthorOnly);
    }
    note()
        .when(1, other_agent(), edit("All is well."))
        .refuses(MessageError::AuthorOnly);
}

#[test]
fn for_a_customer_there_are_no_messages_of_others_to_change() {
    let by_agent = message().given(0, posted(AGENT, Role::Agent, Visibility::Public));
    for command in [edit("All is well."), REDACT] {
        by_customer()
            .when(1, other_customer(), command.clone())
            .refuses(MessageError::NotFound);
        by_agent
            .when(1, customer(), command.clone())
            .refuses(MessageError::NotFound);
        note()
            .when(1, customer(), command)
            .refuses(MessageError::NotFound);
    }
}

#[test]
fn one_who_became_a_customer_no_longer_finds_their_notes() {
    let demoted = Actor::User {
        id: AGENT,
        role: Role::Customer,
    };
    note()
        .when(1, demoted, edit("All is well."))
        .refuses(MessageError::NotFound);
}

#[test]
fn staff_redacts_and_the_words_are_gone_from_the_state() {
    let reason = Some(Reason::parse("A card number").unwrap());
    for actor in [agent(), admin(), Actor::Operator] {
        let outcome = by_customer().when(
            1,
            actor,
            MessageCommand::Redact {
                reason: reason.clone(),
            },
        );
        outcome.yields([MessageRedacted {
            reason: reason.clone(),
        }
        .into()]);
        let Message::Present(present) = outcome.state else {
            panic!("the message stays")
        };
        assert_eq!(present.body, None);
    }
}

#[test]
fn a_customer_may_not_redact_their_own() {
    by_customer()
        .when(1, customer(), REDACT)
        .refuses(MessageError::RedactByStaffOnly);
}

#[test]
fn redacting_twice_is_no_event_and_editing_after_it_is_refused() {
    let redacted = by_customer().given(1, MessageRedacted { reason: None });
    redacted.when(2, agent(), REDACT).changes_nothing();
    redacted
        .when(2, customer(), edit("It burns."))
        .refuses(MessageError::Redacted);
}
