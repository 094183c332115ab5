//! What the dispatcher promises of any use case, with use cases that are made for the worst moment.

use crate::support::Server;
use domain::actor::{Actor, Role};
use domain::ids::TicketId;
use domain::ticket::command::TicketCommand;
use event_store::{IdempotencyKey, Version};
use std::sync::atomic::{AtomicU32, Ordering};
use uuid::Uuid;
use write_side::commands::{ChangeTicket, ImportedCommand, TicketAnswer};
use write_side::dispatch::{
    CommandContext, CommandError, Dispatcher, Idempotency, IfMatch, Refusal, UseCase, Work,
};

fn by_the_agent(server: &Server) -> CommandContext {
    let actor = Actor::User {
        id: server.org.agent,
        role: Role::Agent,
    };
    CommandContext::new(server.org.id, actor)
}

/// Refuses twice; just before the second time, the same request is carried out by another process.
struct OvertakenByItself {
    attempts: AtomicU32,
    elsewhere: Dispatcher,
    context: CommandContext,
    command: ChangeTicket,
}

impl UseCase for OvertakenByItself {
    type Answer = TicketAnswer;

    async fn decide(&self, _work: &mut Work<'_>) -> Result<TicketAnswer, CommandError> {
        if self.attempts.fetch_add(1, Ordering::Relaxed) == 1 {
            let (context, command) = (self.context.clone(), self.command.clone());
            Box::pin(self.elsewhere.dispatch(context, command)).await?;
        }
        let detail = "it is resolved already".to_owned();
        let pointer = None;
        Err(Refusal::Conflict { detail, pointer }.into())
    }
}

#[tokio::test]
async fn a_request_that_its_own_double_overtook_gets_the_answer_of_the_double() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let idempotency = Idempotency {
        key: IdempotencyKey::new("twice").unwrap(),
        request_hash: [7; 32],
    };
    let context = CommandContext {
        idempotency: Some(idempotency),
        ..by_the_agent(&server)
    };
    let overtaken = OvertakenByItself {
        attempts: AtomicU32::new(0),
        elsewhere: server.second().await.dispatcher,
        context: context.clone(),
        command: ChangeTicket::one(TicketId(ticket), TicketCommand::Resolve),
    };
    let done = server
        .dispatcher
        .dispatch(context, overtaken)
        .await
        .unwrap();
    assert!(done.replayed);
    assert_eq!(done.answer.id.0, ticket);
}

/// Cannot read what it is about.
struct Unreadable(Uuid);

impl UseCase for Unreadable {
    type Answer = i64;

    async fn decide(&self, work: &mut Work<'_>) -> Result<i64, CommandError> {
        work.address(self.0);
        Err(CommandError::Unavailable("the log is away".into()))
    }
}

#[tokio::test]
async fn a_log_that_is_away_is_not_told_as_a_failed_condition() {
    let server = Server::start().await;
    let ticket = server.ticket().await;
    let context = CommandContext {
        if_match: Some(IfMatch::Version(Version::new(1).unwrap())),
        ..by_the_agent(&server)
    };
    let outcome = server
        .dispatcher
        .dispatch(context, Unreadable(ticket))
        .await;
    assert!(
        matches!(outcome, Err(CommandError::Unavailable(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_command_of_more_events_than_an_append_takes_is_refused_as_too_large() {
    let server = Server::start().await;
    let ticket = TicketId(server.ticket().await);
    let before = server.event_count().await;
    let by_import = Actor::Import {
        source: "test".to_owned(),
        by: None,
    };
    let priorities = [
        domain::ticket::state::Priority::High,
        domain::ticket::state::Priority::Low,
    ];
    let commands = priorities
        .into_iter()
        .cycle()
        .take(event_store::append::EVENTS_MAX + 1);
    let commands = commands.map(|priority| ImportedCommand {
        occurred_at: chrono::Utc::now(),
        actor: by_import.clone(),
        command: TicketCommand::ChangePriority(priority),
    });
    let context = CommandContext::new(server.org.id, by_import.clone());
    let outcome = server
        .dispatcher
        .ticket_batch(context, ticket, commands.collect())
        .await;
    assert!(
        matches!(outcome, Err(CommandError::TooLarge(_))),
        "{outcome:?}"
    );
    assert_eq!(server.event_count().await, before);
}
