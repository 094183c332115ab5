//! What a batch costs: the rows that it reads and writes, counted by PostgreSQL within the transaction.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::actor::{Actor, Role};
use domain::ids::TicketId;
use domain::message::state::Visibility;
use domain::ticket::command::TicketCommand;
use domain::ticket::state::Assignment;
use event_store::RecordedEvent;
use projector::batch::{Outcome, Target, apply, project};

use crate::desk::Desk;
use crate::support::World;

/// Of each table that was touched: searches of an index, rows inserted, rows updated.
type Costs = BTreeMap<String, (i64, i64, i64)>;

const COUNTED: &str = "SELECT relname::text, idx_scan, n_tup_ins, n_tup_upd, seq_scan FROM pg_stat_xact_user_tables \
     WHERE schemaname = 'core' AND relname <> 'checkpoints' AND idx_scan + seq_scan + n_tup_ins + n_tup_upd > 0";

/// A desk with tickets that an agent works on, and what happens next.
struct Scene {
    world: World,
    desk: Desk,
    customer: Actor,
    agents: [Actor; 2],
    tickets: Vec<TicketId>,
}

impl Scene {
    async fn of(count: usize) -> Self {
        let world = World::new().await;
        let mut desk = Desk::open(&world.store, "costs").await;
        let customer = desk.user("Ada Lovelace", Role::Customer).await;
        let first = desk.user("Grace Hopper", Role::Agent).await;
        let second = desk.user("Barbara Liskov", Role::Agent).await;
        let mut tickets = Vec::new();
        for _ in 0..count {
            let (id, _) = desk.ticket(&customer, "Subject", "Words").await;
            desk.act(&first, id, holder(&first)).await;
            desk.say(&first, id, Visibility::Public, "An answer").await;
            tickets.push(id);
        }
        let scene = Self {
            world,
            desk,
            customer,
            agents: [first, second],
            tickets,
        };
        scene.project().await;
        scene
    }

    async fn project(&self) {
        let events = self.unprojected().await;
        let partition = self.desk.partition;
        let after = self.world.checkpoint(partition).await;
        let pool = &self.world.pool;
        let done = project(pool, Target::Live, partition, after, &events, false);
        assert!(matches!(done.await.unwrap(), Outcome::Applied(_)));
    }

    async fn unprojected(&self) -> Vec<RecordedEvent> {
        let after = self.world.checkpoint(self.desk.partition).await;
        let page = self
            .world
            .store
            .read_partition(self.desk.partition, after, 5_000);
        page.await.unwrap()
    }

    /// Applies what was not projected yet in one batch, counts, and takes it back.
    async fn costs(&self) -> Costs {
        let events = self.unprojected().await;
        let after = self.world.checkpoint(self.desk.partition).await;
        let mut client = self.world.pool.get().await.unwrap();
        // What this session did before is counted no longer.
        let flush = "SELECT pg_stat_force_next_flush()";
        client.batch_execute(flush).await.unwrap();
        let tx = client.transaction().await.unwrap();
        tx.batch_execute("SET LOCAL search_path TO core, public; SET LOCAL enable_seqscan TO off")
            .await
            .unwrap();
        apply(&tx, self.desk.partition, after, &events, false)
            .await
            .unwrap();
        let rows = tx.query(COUNTED, &[]).await.unwrap();
        let cost = |row: &tokio_postgres::Row| (row.get(0), (row.get(1), row.get(2), row.get(3)));
        rows.iter().map(cost).collect()
    }
}

fn holder(agent: &Actor) -> TicketCommand {
    TicketCommand::Assign(Assignment {
        agent_id: agent.user_id(),
        team_id: None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_costs_itself_its_history_and_its_ticket_and_one_row_for_reports() {
    let count = 20;
    let mut scene = Scene::of(count).await;
    let (customer, agent) = (scene.customer.clone(), scene.agents[0].clone());
    for id in scene.tickets.clone() {
        scene.desk.say(&agent, id, Visibility::Public, "More").await;
        scene
            .desk
            .say(&customer, id, Visibility::Public, "Thanks")
            .await;
    }
    let count = i64::try_from(count).unwrap();
    let expected = [
        ("messages", (0, 2 * count, 0)),
        // Of an agent, of all customers, and of everybody twice.
        ("message_cells", (4, 0, 4)),
        ("message_facts", (0, 2 * count, 0)),
        // Once, for the language that they write in and the zone in which messages are counted.
        ("organizations", (1, 0, 0)),
        ("ticket_history", (0, 2 * count, 0)),
        // Found to be read, and found to be written.
        ("tickets", (2 * count, 0, count)),
        ("users", (2, 0, 0)),
    ];
    let expected = expected.map(|(table, cost)| (table.to_owned(), cost));
    assert_eq!(scene.costs().await, Costs::from(expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_answer_is_looked_for_only_where_there_was_none() {
    let mut scene = Scene::of(5).await;
    let (customer, agent) = (scene.customer.clone(), scene.agents[0].clone());
    let (new, _) = scene.desk.ticket(&customer, "Subject", "Words").await;
    scene.project().await;
    for id in [new, scene.tickets[0], scene.tickets[1]] {
        scene.desk.pass(TimeDelta::minutes(1));
        scene
            .desk
            .say(&agent, id, Visibility::Public, "An answer")
            .await;
    }
    let costs = scene.costs().await;
    // Read and closed, and the next, which the answer and the status that it opened share.
    assert_eq!(costs["ticket_facts"], (2, 1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_is_handed_over_leaves_the_sums_over_all_alone() {
    let mut scene = Scene::of(5).await;
    let second = scene.agents[1].clone();
    for id in scene.tickets.clone() {
        scene.desk.act(&second, id, holder(&second)).await;
    }
    let costs = scene.costs().await;
    // One agent has fewer, the other has some: what everybody has is not written. The one search more is that it is there.
    assert_eq!(costs["ticket_counts"], (3, 1, 1));
}
