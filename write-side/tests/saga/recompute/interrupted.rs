//! What comes in the middle of a walk: crashes, another saga, another change, a suspension.

use super::{Counting, carried, lasting, operator_does, policy, promised, saga, told, unfinished};
use crate::desk::{Desk, eventually};
use crate::policies::{Rules, rule};
use domain::sla::policy::{Conditions, PolicyRef};
use domain::ticket::state::{Priority, Status};
use platform::shutdown::Shutdown;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use uuid::Uuid;
use write_side::commands::ShutOrganization;
use write_side::saga::{Reapplied, TimerCommands, TouchedTicket};

#[tokio::test]
async fn sagas_that_crash_between_batches_tell_each_ticket_once() {
    const TICKETS: usize = 120;
    let desk = Desk::open().await;
    let policy_id = policy();
    rule(&desk, Rules::Say(policy_id, Conditions::default(), 600)).await;
    for _ in 0..TICKETS {
        desk.open_ticket(Priority::Normal).await;
    }
    let first = saga(&desk).await;
    carried(&desk, &first).await;
    assert_eq!(told(&desk).await.len(), 0);
    rule(&desk, Rules::SayAnew(policy_id, Conditions::default(), 60)).await;
    desk.settle(&first).await;
    drop(first);

    let mut in_mid_work = 0;
    for crash in 1..5 {
        let dying = saga(&desk).await;
        eventually("the saga does some work", async || {
            told(&desk).await.len() >= crash * 20
        })
        .await;
        drop(dying);
        in_mid_work += usize::from(told(&desk).await.len() < TICKETS);
    }
    assert!(in_mid_work > 0, "no saga died in mid-work");
    let last = saga(&desk).await;
    carried(&desk, &last).await;
    let told = told(&desk).await;
    let tickets: BTreeSet<_> = told.iter().map(|(event, _)| event.ticket_id).collect();
    assert_eq!((told.len(), tickets.len()), (TICKETS, TICKETS));
}

#[tokio::test]
async fn two_sagas_share_no_work() {
    const TICKETS: usize = 60;
    let desk = Desk::open().await;
    let policy_id = policy();
    rule(&desk, Rules::Say(policy_id, Conditions::default(), 600)).await;
    for _ in 0..TICKETS {
        desk.open_ticket(Priority::Normal).await;
    }
    let counting = Arc::new(Counting {
        dispatcher: desk.server.dispatcher.clone(),
        sent: AtomicUsize::new(0),
    });
    let mut sagas = Vec::new();
    for _ in 0..2 {
        let commands = Arc::clone(&counting) as Arc<dyn TimerCommands>;
        let server = &desk.server;
        let saga = server
            .saga_with(commands, &desk.clock, lasting(), &Shutdown::new())
            .await;
        sagas.push(saga);
    }
    let is_carried = async || {
        let head = desk.server.store.head(desk.partition).await.unwrap();
        let statuses = sagas.iter().flat_map(|saga| saga.statuses().all());
        let is_folded = statuses
            .into_iter()
            .any(|status| status.is_leading && status.position >= head);
        is_folded && unfinished(&desk).await == 0
    };
    eventually("the first policy is carried", is_carried).await;
    counting.sent.store(0, Ordering::Relaxed);
    rule(&desk, Rules::SayAnew(policy_id, Conditions::default(), 60)).await;
    eventually("the change is carried", is_carried).await;
    assert_eq!(counting.sent.load(Ordering::Relaxed), TICKETS);
    assert_eq!(told(&desk).await.len(), TICKETS);
}

#[tokio::test]
async fn a_change_during_a_walk_loses_no_ticket_and_neither_does_one_that_is_opened_meanwhile() {
    const TICKETS: usize = 60;
    let desk = Desk::open().await;
    let policy_id = policy();
    rule(&desk, Rules::Say(policy_id, Conditions::default(), 600)).await;
    for _ in 0..TICKETS {
        desk.open_ticket(Priority::Normal).await;
    }
    let saga = saga(&desk).await;
    carried(&desk, &saga).await;
    for (version, minutes) in (2..).zip([300, 200, 100]) {
        rule(
            &desk,
            Rules::SayAnew(policy_id, Conditions::default(), minutes),
        )
        .await;
        desk.open_ticket(Priority::Normal).await;
        let of_version = PolicyRef {
            id: policy_id,
            version,
        };
        eventually("the walk is under way", async || {
            let mut promised = promised(&desk).await.into_values();
            promised.any(|policy| policy == Some(of_version))
        })
        .await;
    }
    carried(&desk, &saga).await;
    let newest = Some(PolicyRef {
        id: policy_id,
        version: 4,
    });
    let promised = promised(&desk).await;
    assert_eq!(promised.len(), TICKETS + 3);
    assert!(
        promised.values().all(|policy| *policy == newest),
        "{promised:?}"
    );
    let mut seen = BTreeSet::new();
    for (event, applied) in told(&desk).await {
        assert!(
            seen.insert((event.ticket_id, applied.rule.policy)),
            "told twice"
        );
    }
}

#[tokio::test]
async fn a_suspended_organization_is_left_alone_until_it_is_resumed() {
    let desk = Desk::open().await;
    let first = saga(&desk).await;
    let policy_id = policy();
    rule(&desk, Rules::Say(policy_id, Conditions::default(), 600)).await;
    let ticket_id = desk.open_ticket(Priority::Normal).await;
    desk.agent_sets(ticket_id, Status::Pending).await;
    carried(&desk, &first).await;
    // No saga is there between the change and the suspension: it would carry the change.
    drop(first);
    rule(&desk, Rules::SayAnew(policy_id, Conditions::default(), 60)).await;
    operator_does(&desk, ShutOrganization::Suspend).await;
    let saga = saga(&desk).await;
    desk.settle(&saga).await;
    let refused = async || {
        let reapplied = TouchedTicket {
            organization_id: desk.organization_id,
            ticket_id,
            cause_event: Uuid::now_v7(),
            correlation_id: Uuid::now_v7(),
        };
        let outcome = desk.server.dispatcher.reapply(&reapplied).await;
        matches!(outcome, Reapplied::Suspended)
    };
    assert!(refused().await);
    assert_eq!((told(&desk).await.len(), unfinished(&desk).await), (0, 1));

    operator_does(&desk, ShutOrganization::Resume).await;
    carried(&desk, &saga).await;
    assert_eq!(told(&desk).await.len(), 1);
}
