//! What the rows say.

use chrono::TimeDelta;
use domain::actor::{Actor, Role};
use domain::message::command::MessageCommand;
use domain::message::state::Visibility;
use domain::ticket::command::TicketCommand;
use domain::ticket::state::{Assignment, Priority};
use projector::rebuild::rebuild;

use crate::desk::Desk;
use crate::histories::Historian;
use crate::support::{World, options, quiet};

const GAPS: &str = "SELECT count(*) FROM (
    SELECT org_id FROM core.tickets GROUP BY org_id HAVING min(number) <> 1 OR max(number) <> count(*)) gaps";

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_numbered_without_gaps_per_organization_and_the_same_after_a_rebuild() {
    let world = World::new().await;
    let running = world.project().await;
    for seed in 0..3 {
        let mut historian =
            Historian::new(&world.store, &format!("numbered-{seed}"), seed + 30).await;
        historian.live(60).await;
    }
    world.caught_up().await;
    let numbers =
        "SELECT sum(hashtext(ticket_id::text || number)::bigint)::bigint FROM core.tickets";
    let before = world.number(numbers).await;
    assert_eq!(world.number(GAPS).await, 0);
    rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet)
        .await
        .unwrap();
    assert_eq!(world.number(GAPS).await, 0);
    assert_eq!(world.number(numbers).await, before);
    running.stop().await;
}

/// How many rows of all core tables hold the text in any column.
async fn rows_with(world: &World, text: &str) -> i64 {
    let mut count = 0;
    for table in schema::table::core::DERIVED {
        count += world
            .number(&format!(
                "SELECT count(*) FROM core.{table} t WHERE t::text ILIKE '%{text}%'"
            ))
            .await;
    }
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redaction_takes_the_words_out_of_every_table() {
    let world = World::new().await;
    let running = world.project().await;
    let mut desk = Desk::open(&world.store, "redacted").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    let agent = desk.user("Alan Turing", Role::Agent).await;
    let (id, first) = desk.ticket(&customer, "Subject", "my secret xyzzy").await;
    let note = desk
        .say(&agent, id, Visibility::Internal, "a note with xyzzy")
        .await
        .unwrap();
    world.caught_up().await;
    assert_eq!(rows_with(&world, "xyzzy").await, 3);
    for message in [first, note] {
        assert!(
            desk.touch(&agent, message, MessageCommand::Redact { reason: None })
                .await
        );
    }
    world.caught_up().await;
    assert_eq!(rows_with(&world, "xyzzy").await, 0);
    assert_eq!(
        world
            .number("SELECT count(*) FROM core.messages WHERE redacted_at IS NOT NULL")
            .await,
        2
    );
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rename_follows_everywhere_but_in_the_history() {
    let world = World::new().await;
    let running = world.project().await;
    let mut desk = Desk::open(&world.store, "renamed").await;
    let customer = desk.user("Oldcustomer", Role::Customer).await;
    let agent = desk.user("Oldagent", Role::Agent).await;
    let team = desk.team("Oldteam").await;
    let (id, _) = desk.ticket(&customer, "Subject", "Words").await;
    let to = Assignment {
        agent_id: agent.user_id(),
        team_id: Some(team),
    };
    assert!(desk.act(&agent, id, TicketCommand::Assign(to)).await);
    desk.say(&agent, id, Visibility::Public, "Answer")
        .await
        .unwrap();
    desk.rename_user(customer.user_id().unwrap(), "Newcustomer")
        .await;
    desk.rename_user(agent.user_id().unwrap(), "Newagent").await;
    desk.rename_team(team, "Newteam").await;
    world.caught_up().await;
    running.stop().await;
    for table in ["users", "teams", "tickets", "messages"] {
        let old = format!(
            "SELECT count(*) FROM core.{table} t WHERE t::text ~ 'Old(customer|agent|team)'"
        );
        assert_eq!(world.number(&old).await, 0, "{table}");
    }
    let names = "SELECT count(*) FROM core.tickets WHERE requester_name = 'Newcustomer' AND assignee_name = 'Newagent' \
                 AND team_name = 'Newteam' AND last_message_author_name = 'Newagent'";
    assert_eq!(world.number(names).await, 1);
    assert_eq!(
        world
            .number("SELECT count(*) FROM core.ticket_history WHERE actor_name LIKE 'New%'")
            .await,
        0
    );
    world.is_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_tells_each_fact_once_in_plain_words() {
    let world = World::new().await;
    let running = world.project().await;
    let mut desk = Desk::open(&world.store, "told").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    let agent = desk.user("Alan Turing", Role::Agent).await;
    let (id, _) = desk.ticket(&customer, "Subject", "Words").await;
    assert!(
        desk.act(&agent, id, TicketCommand::ChangePriority(Priority::Urgent))
            .await
    );
    let to = Assignment {
        agent_id: agent.user_id(),
        team_id: None,
    };
    assert!(desk.act(&agent, id, TicketCommand::Assign(to)).await);
    desk.say(&agent, id, Visibility::Internal, "Note")
        .await
        .unwrap();
    assert!(desk.act(&agent, id, TicketCommand::Resolve).await);
    desk.pass(TimeDelta::hours(96));
    let due_at = desk.now;
    assert!(
        desk.act(&Actor::Timer, id, TicketCommand::AutoClose { due_at })
            .await
    );
    world.caught_up().await;
    running.stop().await;
    let rows = world.client().await;
    let rows = rows
        .query(
            "SELECT summary, public FROM core.ticket_history ORDER BY position",
            &[],
        )
        .await
        .unwrap();
    let told: Vec<(String, bool)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let expected = [
        ("{actor} opened the ticket", true),
        ("{actor} changed the priority from normal to urgent", true),
        ("{actor} assigned the ticket to {assignee}", false),
        ("The assignment by {actor} set the ticket to open", true),
        ("{actor} added an internal note", false),
        ("{actor} resolved the ticket", true),
        ("Closed by itself 96 hours after it was resolved", true),
    ];
    let expected: Vec<(String, bool)> = expected
        .iter()
        .map(|(text, public)| ((*text).to_owned(), *public))
        .collect();
    assert_eq!(told, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn internal_work_leaves_no_trace_in_what_the_requester_sees() {
    let world = World::new().await;
    let running = world.project().await;
    let mut desk = Desk::open(&world.store, "quiet").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    let agent = desk.user("Alan Turing", Role::Agent).await;
    let (id, _) = desk.ticket(&customer, "Subject", "Words").await;
    desk.pass(TimeDelta::minutes(5));
    desk.say(&agent, id, Visibility::Internal, "Note")
        .await
        .unwrap();
    world.caught_up().await;
    running.stop().await;
    let unmoved = "SELECT count(*) FROM core.tickets WHERE public_updated_at = created_at AND updated_at > created_at \
                   AND public_message_count = 1 AND note_count = 1 AND last_message_excerpt = 'Words'";
    assert_eq!(world.number(unmoved).await, 1);
}
