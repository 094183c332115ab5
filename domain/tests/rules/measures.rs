//! What becomes of each wait that a clock measures, and for whom and when it is counted. By all time; minute 0 is a Monday at 9.

use crate::scenario::{MESSAGE, TEAM, TICKET, agent, at, customer, other_agent};
use crate::ticket::open_command;
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::Actor;
use domain::command::Issued;
use domain::ids::PolicyId;
use domain::organization::settings::Settings;
use domain::service_levels::state::ServiceLevels;
use domain::sla::Metric;
use domain::sla::measure::{self, Holder, Measure, Outcome};
use domain::sla::policy::{
    Condition, Conditions, Policy, PolicyDefinition, PolicyRef, Presence, Target,
};
use domain::sla::terms::{CalendarBook, Terms};
use domain::text::{Name, Tag};
use domain::ticket::command::TicketCommand;
use domain::ticket::decide::decide;
use domain::ticket::evolve::evolve;
use domain::ticket::state::{Assignment, Priority, Status, Ticket};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

const REPLY: TicketCommand = TicketCommand::Reply {
    message_id: MESSAGE,
};

/// A ticket and its waits.
#[derive(Default)]
struct Desk {
    terms: Arc<Terms>,
    ticket: Ticket,
    waits: BTreeMap<(Metric, u32), Measure>,
}

impl Desk {
    /// Opens a ticket to which an hour is promised of everything, whatever its tags.
    fn open() -> Self {
        Self::open_under(vec![policy(1, None, &Metric::ALL)])
    }

    fn open_under(policies: Vec<Policy>) -> Self {
        let levels = ServiceLevels {
            policies,
            ..ServiceLevels::default()
        };
        let terms = Terms {
            levels: Arc::new(levels),
            ..Terms::default()
        };
        let desk = Self {
            terms: Arc::new(terms),
            ..Self::default()
        };
        desk.then(0, customer(), TicketCommand::Open(open_command()))
    }

    fn then(mut self, minute: i64, actor: Actor, command: TicketCommand) -> Self {
        let now = at(minute);
        let issued = Issued {
            actor,
            now,
            settings: Arc::new(Settings::default()),
            terms: Arc::clone(&self.terms),
            command,
        };
        for event in decide(&self.ticket, TICKET, &issued).unwrap() {
            let occurred_at = event.occurred_at(now);
            let before = self.clocks();
            self.ticket = evolve(self.ticket, &event, occurred_at);
            self.follow(&before, occurred_at);
        }
        self
    }

    fn clocks(&self) -> domain::sla::clocks::Clocks {
        match &self.ticket {
            Ticket::Present(ticket) => ticket.clocks.clone(),
            Ticket::Absent => Default::default(),
        }
    }

    fn follow(&mut self, before: &domain::sla::clocks::Clocks, at: DateTime<Utc>) {
        let Ticket::Present(ticket) = &self.ticket else {
            return;
        };
        let holder = Holder {
            priority: ticket.priority,
            team_id: ticket.assignment.team_id,
            agent_id: ticket.assignment.agent_id,
        };
        let known = |metric, round| self.waits.get(&(metric, round)).cloned();
        let book = CalendarBook::default();
        let changed = measure::between(before, &ticket.clocks, at, holder, &book, known);
        for wait in changed {
            self.waits.insert((wait.metric, wait.round), wait);
        }
    }

    fn wait(&self, metric: Metric, round: u32) -> &Measure {
        &self.waits[&(metric, round)]
    }

    /// Outcome, minute at which it is counted, and minutes used.
    fn told(&self, metric: Metric, round: u32) -> (Outcome, i64, Option<i64>) {
        let wait = self.wait(metric, round);
        let minutes = (wait.counted_at - at(0)).num_minutes();
        (wait.outcome, minutes, wait.used_ms.map(|ms| ms / 60_000))
    }

    fn rounds(&self, metric: Metric) -> usize {
        self.waits.keys().filter(|(of, _)| *of == metric).count()
    }
}

fn policy(id: u128, tag: Option<&str>, metrics: &[Metric]) -> Policy {
    let tagged = |tag| Condition::Tag(Presence::IsOneOf(vec![Tag::parse(tag).unwrap()]));
    let target = |metric| Target {
        priority: Priority::Normal,
        metric,
        seconds: 3_600,
        calendar_id: None,
        warnings: Vec::new(),
    };
    Policy {
        reference: PolicyRef {
            id: PolicyId(Uuid::from_u128(id)),
            version: 1,
        },
        definition: PolicyDefinition {
            name: Name::parse("Policy").unwrap(),
            conditions: Conditions {
                all: tag.map(tagged).into_iter().collect(),
                any: Vec::new(),
            },
            targets: metrics.iter().copied().map(target).collect(),
        },
    }
}

fn assign(agent: &Actor, with_team: bool) -> TicketCommand {
    TicketCommand::Assign(Assignment {
        agent_id: agent.user_id(),
        team_id: with_team.then_some(TEAM),
    })
}

fn tag(word: &str) -> TicketCommand {
    TicketCommand::Tag(Tag::parse(word).unwrap())
}

#[test]
fn what_was_reached_in_time_is_met_at_its_end() {
    let desk = Desk::open().then(20, agent(), REPLY);
    assert_eq!(
        desk.told(Metric::FirstReply, 0),
        (Outcome::Met, 20, Some(20))
    );
    assert_eq!(desk.told(Metric::AgentWork, 0), (Outcome::Running, 0, None));
    assert_eq!(
        desk.told(Metric::PeriodicUpdate, 1),
        (Outcome::Running, 20, None)
    );
}

#[test]
fn what_was_missed_is_breached_at_its_deadline_and_still_tells_what_it_used() {
    let desk = Desk::open().then(90, agent(), REPLY);
    assert_eq!(
        desk.told(Metric::FirstReply, 0),
        (Outcome::Breached, 60, Some(90))
    );
}

#[test]
fn what_ends_without_being_reached_is_cancelled() {
    let desk = Desk::open().then(30, agent(), TicketCommand::Resolve);
    assert_eq!(
        desk.told(Metric::FirstReply, 0),
        (Outcome::Cancelled, 30, None)
    );
    assert_eq!(
        desk.told(Metric::AgentWork, 0),
        (Outcome::Met, 30, Some(30))
    );
}

#[test]
fn each_answer_is_a_wait_of_its_own() {
    let desk = Desk::open()
        .then(10, agent(), REPLY)
        .then(20, customer(), REPLY)
        .then(25, customer(), REPLY)
        .then(35, agent(), REPLY)
        .then(40, customer(), REPLY)
        .then(130, agent(), REPLY);
    assert_eq!(
        desk.told(Metric::NextReply, 1),
        (Outcome::Met, 35, Some(15))
    );
    assert_eq!(
        desk.told(Metric::NextReply, 2),
        (Outcome::Breached, 100, Some(90))
    );
    assert_eq!(
        desk.told(Metric::PeriodicUpdate, 1),
        (Outcome::Met, 35, Some(25))
    );
    assert_eq!(
        desk.told(Metric::PeriodicUpdate, 2),
        (Outcome::Breached, 95, Some(95))
    );
    assert_eq!(
        desk.told(Metric::PeriodicUpdate, 3),
        (Outcome::Running, 130, None)
    );
    assert_eq!(desk.rounds(Metric::FirstReply), 1);
}

#[test]
fn time_that_is_not_counted_is_not_used() {
    let desk = Desk::open()
        .then(10, agent(), TicketCommand::SetStatus(Status::Pending))
        .then(500, agent(), TicketCommand::SetStatus(Status::Open))
        .then(520, agent(), TicketCommand::Resolve);
    assert_eq!(
        desk.told(Metric::AgentWork, 0),
        (Outcome::Met, 520, Some(30))
    );
    assert_eq!(
        desk.told(Metric::Resolution, 0),
        (Outcome::Breached, 60, Some(520))
    );
}

#[test]
fn coming_back_takes_a_kept_promise_out_of_the_count_and_not_a_missed_one() {
    let desk = Desk::open().then(30, agent(), TicketCommand::Resolve);
    let desk = desk.then(50, agent(), TicketCommand::Reopen { reason: None });
    assert_eq!(desk.told(Metric::AgentWork, 0), (Outcome::Running, 0, None));
    let desk = desk.then(90, agent(), TicketCommand::Resolve);
    assert_eq!(
        desk.told(Metric::AgentWork, 0),
        (Outcome::Breached, 80, Some(70))
    );
    let desk = desk.then(95, agent(), TicketCommand::Reopen { reason: None });
    assert_eq!(
        desk.told(Metric::AgentWork, 0),
        (Outcome::Breached, 80, None)
    );
    assert_eq!(desk.rounds(Metric::AgentWork), 1);
}

#[test]
fn a_wait_is_counted_for_who_had_the_ticket_at_its_end_or_at_the_deadline() {
    let desk = Desk::open()
        .then(5, agent(), assign(&agent(), true))
        .then(10, agent(), REPLY)
        .then(70, agent(), assign(&other_agent(), false))
        .then(80, agent(), TicketCommand::Resolve);
    let first = desk.wait(Metric::FirstReply, 0).holder;
    assert_eq!(
        (first.agent_id, first.team_id),
        (agent().user_id(), Some(TEAM))
    );
    let missed = desk.wait(Metric::AgentWork, 0);
    assert_eq!(
        (missed.outcome, missed.holder.agent_id),
        (Outcome::Breached, agent().user_id())
    );

    let desk = Desk::open().then(5, agent(), assign(&agent(), true)).then(
        10,
        agent(),
        assign(&other_agent(), false),
    );
    let running = desk.wait(Metric::AgentWork, 0).holder;
    assert_eq!(
        (running.agent_id, running.team_id),
        (other_agent().user_id(), None)
    );
}

#[test]
fn what_is_promised_no_longer_is_cancelled_and_goes_on_when_it_is_promised_again() {
    let policies = vec![
        policy(2, Some("vip"), &[Metric::FirstReply]),
        policy(1, None, &[Metric::FirstReply, Metric::Resolution]),
    ];
    let desk = Desk::open_under(policies).then(10, agent(), tag("vip"));
    assert_eq!(
        desk.told(Metric::Resolution, 0),
        (Outcome::Cancelled, 10, None)
    );
    assert_eq!(
        desk.wait(Metric::Resolution, 0)
            .policy
            .map(|it| it.id.0.as_u128()),
        Some(1)
    );
    assert_eq!(
        desk.wait(Metric::FirstReply, 0)
            .policy
            .map(|it| it.id.0.as_u128()),
        Some(2)
    );
    let desk = desk.then(
        40,
        agent(),
        TicketCommand::Untag(Tag::parse("vip").unwrap()),
    );
    assert_eq!(
        desk.told(Metric::Resolution, 0),
        (Outcome::Running, 0, None)
    );
    let desk = desk.then(80, agent(), TicketCommand::Resolve);
    assert_eq!(
        desk.told(Metric::Resolution, 0),
        (Outcome::Met, 80, Some(50))
    );
}

#[test]
fn nothing_is_counted_of_what_never_began() {
    let desk = Desk::open();
    let waits: Vec<_> = desk.waits.keys().map(|(metric, _)| *metric).collect();
    let begun = [
        Metric::FirstReply,
        Metric::RequesterWait,
        Metric::AgentWork,
        Metric::Resolution,
    ];
    assert_eq!(waits, begun);
    assert!(
        desk.waits
            .values()
            .all(|wait| wait.started_at - at(0) == TimeDelta::zero())
    );
}
