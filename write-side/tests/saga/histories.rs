//! A year of random histories, against a computation that shares nothing with the product: it walks minute by minute.

use crate::desk::{Desk, minutes, reply, start};
use crate::random::Random;
use domain::actor::Actor;
use domain::ids::TicketId;
use domain::sla::Metric;
use domain::ticket::command::TicketCommand;
use domain::ticket::state::{Priority, Status};
use std::collections::{BTreeMap, BTreeSet};

const SEED: u64 = 0x1d5e_a5ed;
const TICKETS: usize = 60;
const STEPS_PER_TICKET: usize = 12;
const YEAR: i64 = 365 * 24 * 60;
/// Long enough after the last step for every deadline and closing to come.
const END: i64 = YEAR + 60 * 24 * 60;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    AgentReplies,
    CustomerReplies,
    Set(Status),
    Prioritise(Priority),
    Resolve,
    Reopen,
}

/// The steps that the desk accepted, by minute.
type History = BTreeMap<i64, Step>;

#[tokio::test]
async fn a_year_of_random_histories_yields_what_a_naive_walk_by_the_minute_yields() {
    let desk = Desk::open().await;
    let saga = desk.saga().await;
    let mut random = Random(SEED);
    let mut tickets: Vec<(TicketId, i64, Priority, History)> = Vec::new();
    for (minute, what) in plan(&mut random) {
        desk.clock.set(start() + minutes(minute));
        desk.settle(&saga).await;
        let Some(ticket) = what else {
            let priority = random.pick(&Priority::ALL);
            tickets.push((
                desk.open_ticket(priority).await,
                minute,
                priority,
                History::new(),
            ));
            continue;
        };
        let Some((ticket_id, _, _, history)) = tickets.get_mut(ticket) else {
            continue;
        };
        let step = random.step();
        let (actor, command) = command_of(&desk, step);
        if desk.command(&actor, *ticket_id, command).await.is_ok() {
            history.insert(minute, step);
        }
    }
    desk.clock.set(start() + minutes(END));
    desk.settle(&saga).await;

    let mut expected = Yield::default();
    for (ticket_id, opened, priority, history) in &tickets {
        walk(*ticket_id, *opened, *priority, history, &mut expected);
    }
    let mut actual = Yield::default();
    for (ticket_id, breach) in desk.breaches().await {
        let minute = (breach.due_at - start()).num_minutes();
        assert_eq!(start() + minutes(minute), breach.due_at);
        assert!(
            actual
                .breaches
                .insert((ticket_id, breach.metric.as_str(), minute)),
            "twice: {breach:?}"
        );
    }
    for closing in desk.closings().await {
        *actual.closings.entry(closing.ticket_id).or_default() += 1;
    }
    assert_eq!(actual, expected);
    assert!(
        expected.breaches.len() > TICKETS / 2,
        "the histories must be worth something: {expected:?}"
    );
    assert!(
        expected.closings.len() > TICKETS / 10,
        "the histories must be worth something: {expected:?}"
    );
}

/// Openings (`None`) and steps of the n-th ticket, each in a minute of its own. The steps of a ticket are hours to days
/// apart, so that deadlines fall between them as well as behind them.
fn plan(random: &mut Random) -> BTreeMap<i64, Option<usize>> {
    let mut plan = BTreeMap::new();
    let mut openings: Vec<i64> = (0..TICKETS).map(|_| random.below(YEAR * 3 / 4)).collect();
    openings.sort_unstable();
    openings.dedup();
    for minute in &openings {
        plan.insert(*minute, None);
    }
    for (ticket, opened) in openings.iter().enumerate() {
        let mut minute = *opened;
        for _ in 0..STEPS_PER_TICKET {
            let longest = random.pick(&[30, 240, 1_500, 9_000]);
            minute += 1 + random.below(longest);
            plan.entry(minute).or_insert(Some(ticket));
        }
    }
    plan
}

fn command_of(desk: &Desk, step: Step) -> (Actor, TicketCommand) {
    let agent = desk.agent.clone();
    match step {
        Step::AgentReplies => (agent, reply()),
        Step::CustomerReplies => (desk.customer(), reply()),
        Step::Set(status) => (agent, TicketCommand::SetStatus(status)),
        Step::Prioritise(priority) => (agent, TicketCommand::ChangePriority(priority)),
        Step::Resolve => (agent, TicketCommand::Resolve),
        Step::Reopen => (agent, TicketCommand::Reopen { reason: None }),
    }
}

/// What the timers of all tickets yield: breaches by ticket, metric and minute; closings by ticket.
#[derive(Debug, Default, PartialEq)]
struct Yield {
    breaches: BTreeSet<(TicketId, &'static str, i64)>,
    closings: BTreeMap<TicketId, usize>,
}

fn targets(priority: Priority) -> (i64, i64) {
    match priority {
        Priority::Urgent => (60, 480),
        Priority::High => (240, 1_440),
        Priority::Normal => (480, 4_320),
        Priority::Low => (1_440, 10_080),
    }
}

/// A stopwatch that is looked at every minute.
#[derive(Clone, Copy)]
struct Stopwatch {
    runs: bool,
    used: i64,
    target: i64,
    breached: bool,
}

impl Stopwatch {
    fn look(&mut self, ticket_id: TicketId, metric: Metric, minute: i64, found: &mut Yield) {
        if self.runs && !self.breached && self.used >= self.target {
            self.breached = true;
            found.breaches.insert((ticket_id, metric.as_str(), minute));
        }
    }
}

fn walk(
    ticket_id: TicketId,
    opened: i64,
    priority: Priority,
    history: &History,
    found: &mut Yield,
) {
    let (first_target, resolution_target) = targets(priority);
    let mut first = Stopwatch {
        runs: true,
        used: 0,
        target: first_target,
        breached: false,
    };
    let mut resolution = Stopwatch {
        target: resolution_target,
        ..first
    };
    let mut resolved_at: Option<i64> = None;
    let mut is_closed = false;
    for minute in opened..=END {
        first.look(ticket_id, Metric::FirstReply, minute, found);
        resolution.look(ticket_id, Metric::AgentWork, minute, found);
        if !is_closed && resolved_at.is_some_and(|resolved_at| minute - resolved_at == 96 * 60) {
            is_closed = true;
            *found.closings.entry(ticket_id).or_default() += 1;
        }
        let is_done = resolved_at.is_some();
        match history.get(&minute) {
            Some(Step::AgentReplies) => first.runs = false,
            Some(Step::Resolve) if !is_done => {
                first.runs = false;
                resolution.runs = false;
                resolved_at = Some(minute);
            }
            Some(Step::CustomerReplies | Step::Reopen) => {
                resolution.runs = true;
                resolved_at = None;
                is_closed = false;
            }
            Some(Step::Set(status)) if !is_done => resolution.runs = *status == Status::Open,
            Some(Step::Prioritise(priority)) => {
                let (first_target, resolution_target) = targets(*priority);
                if first.runs {
                    first.target = first_target;
                }
                resolution.target = resolution_target;
            }
            Some(Step::Resolve | Step::Set(_)) | None => {}
        }
        first.look(ticket_id, Metric::FirstReply, minute, found);
        resolution.look(ticket_id, Metric::AgentWork, minute, found);
        first.used += i64::from(first.runs);
        resolution.used += i64::from(resolution.runs);
    }
}

impl Random {
    fn step(&mut self) -> Step {
        let priority = self.pick(&Priority::ALL);
        self.pick(&[
            Step::AgentReplies,
            Step::CustomerReplies,
            Step::Set(Status::Open),
            Step::Set(Status::Pending),
            Step::Set(Status::OnHold),
            Step::Prioritise(priority),
            Step::Resolve,
            Step::Resolve,
            Step::Reopen,
        ])
    }
}
