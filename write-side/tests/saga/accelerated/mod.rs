//! Sixty days in seconds: random commands to the tickets of several organizations, whose offices are in three zones and set
//! their clocks meanwhile; two sagas at once, one of which dies again and again; a day without any saga. What the log holds
//! at the end is held against a computation that shares nothing with the product: it looks at every minute of the local time.

mod office;
mod walk;

use crate::desk::{Desk, eventually, quick, reply};
use crate::random::Random;
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::{Actor, Role};
use domain::ids::TicketId;
use domain::text::Subject;
use domain::ticket::command::{OpenTicket as Open, TicketCommand};
use domain::ticket::state::{Assignment, Channel, Priority, Status};
use office::{OFFICES, Office, office};
use platform::shutdown::Shutdown;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use uuid::Uuid;
use walk::{History, Missed, Step, walk};
use write_side::commands::{ChangeTicket, OpenTicket};
use write_side::dispatch::{CommandContext, CommandError, Dispatcher};
use write_side::saga::{Options, Saga};

const SEED: u64 = 0xf16_c10c;
const DAY_S: i64 = 86_400;
const DAYS: i64 = 60;
/// After the last command, so that what still runs comes due.
const QUIET_DAYS: i64 = 30;
/// The saga's day off.
const DOWN_FROM_S: i64 = 20 * DAY_S;
const DOWN_UNTIL_S: i64 = 21 * DAY_S;
const TICKETS: usize = 300;
const STEPS_PER_TICKET: usize = 10;

fn begin() -> DateTime<Utc> {
    "2026-02-16T00:00:00Z".parse().unwrap()
}

fn at(second: i64) -> DateTime<Utc> {
    begin() + TimeDelta::seconds(second)
}

fn step(random: &mut Random) -> Step {
    let priority = random.pick(&Priority::ALL);
    random.pick(&[
        Step::AgentReplies,
        Step::CustomerReplies,
        Step::Set(Status::Open),
        Step::Set(Status::Pending),
        Step::Set(Status::OnHold),
        Step::Prioritise(priority),
        Step::Resolve,
        Step::Reopen,
    ])
}

/// What happens at which second: an opening (`None`), or a step of the n-th ticket.
fn plan(random: &mut Random) -> BTreeMap<i64, Option<usize>> {
    let mut openings = BTreeSet::new();
    while openings.len() < TICKETS {
        openings.insert(random.below(DAYS * DAY_S * 3 / 4));
    }
    let mut plan: BTreeMap<i64, Option<usize>> = openings.iter().map(|it| (*it, None)).collect();
    for (ticket, opened_s) in openings.into_iter().enumerate() {
        let mut second = opened_s;
        for _ in 0..STEPS_PER_TICKET {
            let longest_s = random.pick(&[1_800, 4 * 3_600, DAY_S, 6 * DAY_S]);
            second += 1 + random.below(longest_s);
            if second < DAYS * DAY_S {
                plan.entry(second).or_insert(Some(ticket));
            }
        }
    }
    plan
}

/// Sagas of two servers. Each is made anew when it was killed.
struct Sagas {
    alive: Vec<Saga>,
    kills: usize,
}

impl Sagas {
    async fn start(desk: &Desk) -> Self {
        let mut alive = Vec::new();
        for _ in 0..2 {
            alive.push(saga(desk).await);
        }
        Self { alive, kills: 0 }
    }

    /// Kills the one that leads, as a crash would, and starts another.
    async fn kill_leader(&mut self, desk: &Desk) {
        let leads = |saga: &Saga| saga.statuses().all().iter().any(|it| it.is_leading);
        let leader = || self.alive.iter().position(leads);
        eventually("one of the sagas leads", async || leader().is_some()).await;
        if let Some(leader) = leader() {
            drop(self.alive.remove(leader));
            self.kills += 1;
            self.alive.push(saga(desk).await);
        }
    }

    /// Waits until everything is folded, and nothing is due any more.
    async fn settle(&self, desk: &Desk) {
        let head = desk.server.store.head(desk.partition).await.unwrap();
        eventually("the sagas settle", async || {
            let now = platform::clock::Clock::now(&desk.clock);
            let statuses = self.alive.iter().flat_map(|saga| saga.statuses().all());
            statuses.into_iter().any(|status| {
                status.is_leading
                    && status.position >= head
                    && status.settled_at.is_some_and(|at| at >= now)
            })
        })
        .await;
    }
}

async fn saga(desk: &Desk) -> Saga {
    let options = Options {
        lease_duration: Duration::from_millis(400),
        ..quick()
    };
    desk.server
        .saga(&desk.clock, options, &Shutdown::new())
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_days_yield_each_deadline_once_and_none_early() {
    let desk = Desk::open().await;
    desk.clock.set(begin());
    let dispatcher = &desk.server.dispatcher;
    let mut offices = Vec::new();
    for hours in OFFICES {
        offices.push(office(dispatcher, hours).await);
    }
    let mut random = Random(SEED);
    let mut sagas = Some(Sagas::start(&desk).await);
    let mut histories: Vec<History> = Vec::new();
    let (mut kills, mut had_day_off) = (0, false);
    let plan = plan(&mut random);
    let kill_every = plan.len() / 12;
    for (number, (second, what)) in plan.into_iter().enumerate() {
        let is_down = (DOWN_FROM_S..DOWN_UNTIL_S).contains(&second);
        if is_down && let Some(stopped) = sagas.take() {
            (kills, had_day_off) = (stopped.kills, true);
        }
        if !is_down && sagas.is_none() {
            sagas = Some(Sagas::start(&desk).await);
        }
        if let Some(sagas) = &mut sagas
            && number % kill_every == kill_every - 1
        {
            sagas.kill_leader(&desk).await;
        }
        // Nobody waits for the sagas: they fire beside the commands, late or in time.
        desk.clock.set(at(second));
        match what {
            None => histories.push(opened(dispatcher, &offices, second, &mut random).await),
            Some(ticket) => {
                let step = step(&mut random);
                if done(dispatcher, &offices, &histories[ticket], step).await {
                    histories[ticket].steps.insert(second, step);
                }
            }
        }
    }
    let sagas = sagas.expect("the day off is not the last");
    kills += sagas.kills;
    desk.clock.set(at((DAYS + QUIET_DAYS) * DAY_S));
    sagas.settle(&desk).await;
    assert!(kills > 3 && had_day_off, "{kills} kills");
    compare(&desk, &offices, &histories).await;
}

async fn opened(
    dispatcher: &Dispatcher,
    offices: &[Office],
    second: i64,
    random: &mut Random,
) -> History {
    let office = usize::try_from(random.below(3)).unwrap();
    let priority = random.pick(&Priority::ALL);
    let ticket_id = TicketId(Uuid::now_v7());
    let open = Open {
        subject: Subject::parse("It does not work").unwrap(),
        requester_id: offices[office].customer_id,
        priority,
        channel: Channel::Api,
        message_id: None,
        tags: Vec::new(),
        custom_fields: Vec::new(),
        assignment: Assignment::default(),
        follow_up_of: None,
        external: None,
    };
    let command = OpenTicket {
        ticket_id,
        open,
        message: None,
        custom_fields: Vec::new(),
    };
    let Office {
        organization_id,
        agent,
        ..
    } = &offices[office];
    let context = CommandContext::new(*organization_id, agent.clone());
    dispatcher.dispatch(context, command).await.unwrap();
    History {
        office,
        ticket_id,
        opened_s: second,
        priority,
        steps: BTreeMap::new(),
    }
}

/// Whether the ticket took the step.
async fn done(dispatcher: &Dispatcher, offices: &[Office], history: &History, step: Step) -> bool {
    let office = &offices[history.office];
    let agent = office.agent.clone();
    let customer = Actor::User {
        id: office.customer_id,
        role: Role::Customer,
    };
    let (actor, command) = match step {
        Step::AgentReplies => (agent, reply()),
        Step::CustomerReplies => (customer, reply()),
        Step::Set(status) => (agent, TicketCommand::SetStatus(status)),
        Step::Prioritise(priority) => (agent, TicketCommand::ChangePriority(priority)),
        Step::Resolve => (agent, TicketCommand::Resolve),
        Step::Reopen => (agent, TicketCommand::Reopen { reason: None }),
    };
    let context = CommandContext::new(office.organization_id, actor);
    let change = ChangeTicket::one(history.ticket_id, command);
    match dispatcher.dispatch(context, change).await {
        Ok(_) => true,
        Err(CommandError::Refused(_)) => false,
        Err(error) => panic!("{error:?}"),
    }
}

async fn compare(desk: &Desk, offices: &[Office], histories: &[History]) {
    let mut expected = Missed::new();
    for history in histories {
        walk(history, &offices[history.office].minutes, &mut expected);
    }
    let mut actual = Missed::new();
    for (ticket_id, breach) in desk.breaches().await {
        assert!(breach.lateness_ms >= 0, "early: {breach:?}");
        let second = (breach.due_at - begin()).num_seconds();
        assert_eq!(at(second), breach.due_at, "not a whole second: {breach:?}");
        let is_first = actual.insert((ticket_id, breach.metric, second));
        assert!(is_first, "twice: {breach:?}");
    }
    let missing: Vec<_> = expected.difference(&actual).collect();
    let wrong: Vec<_> = actual.difference(&expected).collect();
    assert!(
        missing.is_empty() && wrong.is_empty(),
        "missing: {missing:?}, wrong: {wrong:?}"
    );
    assert!(
        expected.len() > histories.len() / 2,
        "the histories must be worth something: {} missed of {} tickets",
        expected.len(),
        histories.len()
    );
}
