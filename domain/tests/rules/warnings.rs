//! Warnings before a deadline, and at it: never early, once each time that a clock is begun, with what they change in the
//! same append, and never one because of another. Minute 0 is a Monday at 9.

use crate::promises::{REPLY, clock, clocks, open_under, policy, promise, terms};
use crate::scenario::{AGENT, Scenario, TEAM, agent, at, customer};
use chrono::TimeDelta;
use domain::actor::Actor;
use domain::aggregate::TicketAggregate;
use domain::sla::Metric;
use domain::sla::clock::Clock;
use domain::sla::policy::{Condition, Policy, Presence, Target};
use domain::sla::terms::{CalendarBook, Terms};
use domain::sla::warning::{Action, Effect, Recipients, Threshold, Warning};
use domain::text::{Email, EventName, Tag};
use domain::ticket::command::TicketCommand;
use domain::ticket::error::TicketError;
use domain::ticket::event::{SlaCause, SlaWarned, TicketEvent};
use domain::ticket::origin::{Origin, origins};
use domain::ticket::state::{Assignment, Priority, Status, Ticket};
use proptest::prelude::*;
use std::collections::BTreeSet;

fn warning(threshold: Threshold, actions: Vec<Action>) -> Warning {
    Warning { threshold, actions }
}

fn target(priority: Priority, metric: Metric, minutes: u32, warnings: Vec<Warning>) -> Target {
    Target {
        warnings,
        ..promise(priority, metric, minutes, false)
    }
}

/// Every ticket: agents' work in 100 minutes, half of it once it is high.
fn with_warnings(warnings: Vec<Warning>) -> Terms {
    let targets = vec![
        target(Priority::Normal, Metric::AgentWork, 100, warnings.clone()),
        target(Priority::High, Metric::AgentWork, 50, warnings),
    ];
    terms(vec![policy(1, 1, None, targets)], &[])
}

fn plain(threshold: Threshold) -> Terms {
    with_warnings(vec![warning(threshold, Vec::new())])
}

fn due(metric: Metric, minute: i64) -> TicketCommand {
    TicketCommand::Breach {
        metric,
        due_at: at(minute),
    }
}

fn next_due(ticket: &Scenario<TicketAggregate>, metric: Metric) -> Option<i64> {
    let due_at = clocks(ticket).next_due(metric, &CalendarBook::default());
    due_at.map(|due_at| (due_at - at(0)).num_minutes())
}

fn warned(events: &[TicketEvent]) -> Vec<&SlaWarned> {
    let found = events.iter().filter_map(|event| match event {
        TicketEvent::SlaWarned(warned) => Some(warned),
        _ => None,
    });
    found.collect()
}

fn tag(text: &str) -> Tag {
    Tag::parse(text).unwrap()
}

#[test]
fn a_clock_warns_when_so_much_of_its_target_is_used() {
    let ticket = open_under(plain(Threshold::Percent(80)));
    assert_eq!(next_due(&ticket, Metric::AgentWork), Some(80));
    let events = ticket.when_at(
        at(80) + TimeDelta::milliseconds(17),
        Actor::Timer,
        due(Metric::AgentWork, 80),
    );
    events.yields([SlaWarned {
        metric: Metric::AgentWork,
        threshold: Threshold::Percent(80),
        due_at: at(80),
        lateness_ms: 17,
        deadline_at: at(100),
        policy: clocks(&ticket).rule().unwrap().policy,
        notify: Recipients::default(),
        events: Vec::new(),
        effects: Vec::new(),
    }
    .into()]);
}

#[test]
fn a_clock_warns_when_so_much_time_is_left() {
    let ticket = open_under(plain(Threshold::SecondsBefore(600)));
    assert_eq!(next_due(&ticket, Metric::AgentWork), Some(90));
}

#[test]
fn a_warning_is_never_early() {
    let ticket = open_under(plain(Threshold::Percent(80)));
    let early = at(80) - TimeDelta::microseconds(1);
    ticket
        .when_at(early, Actor::Timer, due(Metric::AgentWork, 80))
        .refuses(TicketError::TimerEarly { due_at: at(80) });
    // A third of a percent more than the whole millisecond before it.
    assert_eq!(Threshold::Percent(33).used_ms(15_001), 4_951);
    assert_eq!(Threshold::Percent(100).used_ms(15_001), 15_001);
}

#[test]
fn a_warning_is_given_once_and_then_the_deadline_is_next() {
    let ticket = open_under(plain(Threshold::Percent(80))).given_command(
        80,
        Actor::Timer,
        due(Metric::AgentWork, 80),
    );
    ticket
        .when(81, Actor::Timer, due(Metric::AgentWork, 80))
        .refuses(TicketError::TimerStale);
    assert_eq!(next_due(&ticket, Metric::AgentWork), Some(100));
    let breached = ticket.when(100, Actor::Timer, due(Metric::AgentWork, 100));
    assert!(matches!(
        breached.result.unwrap()[..],
        [TicketEvent::SlaBreached(_)]
    ));
}

#[test]
fn a_deadline_that_warns_is_missed_and_warned_of_in_one_append() {
    for threshold in [Threshold::SecondsBefore(0), Threshold::Percent(100)] {
        let ticket = open_under(plain(threshold));
        let events = ticket.when(100, Actor::Timer, due(Metric::AgentWork, 100));
        let events = events.result.unwrap();
        let [
            TicketEvent::SlaBreached(breach),
            TicketEvent::SlaWarned(warned),
        ] = &events[..]
        else {
            panic!("{events:?}")
        };
        assert_eq!((breach.due_at, warned.due_at), (at(100), at(100)));
    }
}

#[test]
fn a_warning_and_what_it_changes_are_one_append() {
    let duty = Email::parse("duty@nordlicht.example").unwrap();
    let actions = vec![
        Action::NotifyAssignee,
        Action::NotifyTeam,
        Action::NotifyAddress {
            address: duty.clone(),
        },
        Action::RaisePriority { to: None },
        Action::AssignTeam { team_id: TEAM },
        Action::AddTag { tag: tag("late") },
    ];
    let assigned = Assignment {
        agent_id: Some(AGENT),
        team_id: None,
    };
    let ticket = open_under(with_warnings(vec![warning(
        Threshold::Percent(80),
        actions,
    )]))
    .given_command(0, agent(), TicketCommand::Assign(assigned));
    let outcome = ticket.when(80, Actor::Timer, due(Metric::AgentWork, 80));
    let events = outcome.result.unwrap();
    let [
        TicketEvent::SlaWarned(warned),
        TicketEvent::PriorityChanged(raised),
        TicketEvent::Assigned(given),
        TicketEvent::Tagged(_),
        TicketEvent::SlaApplied(applied),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    let effects = [Effect::PriorityRaised, Effect::TeamAssigned, Effect::Tagged];
    assert_eq!(warned.effects, effects);
    assert_eq!(warned.notify.assignee_id, Some(AGENT), "who had it before");
    assert_eq!(
        warned.notify.team_id,
        Some(TEAM),
        "the team that has it now"
    );
    assert_eq!(warned.notify.addresses, [duty]);
    assert_eq!((raised.from, raised.to), (Priority::Normal, Priority::High));
    assert_eq!(given.to.agent_id, None);
    assert_eq!(applied.cause, SlaCause::TicketChanged);
    use Origin::{Clock as OfClock, Command, Warning as OfWarning};
    assert_eq!(
        origins(&events),
        [OfClock, OfWarning(0), OfWarning(0), OfWarning(0), Command]
    );
}

#[test]
fn a_warning_carries_the_names_that_the_policy_gives_it_for_programs_each_once() {
    let emit = |name| Action::EmitEvent {
        event: EventName::parse(name).unwrap(),
    };
    let actions = vec![emit("vip-late"), emit("escalated"), emit("vip-late")];
    let ticket = open_under(with_warnings(vec![warning(
        Threshold::Percent(80),
        actions,
    )]));
    let events = ticket.when(80, Actor::Timer, due(Metric::AgentWork, 80));
    let events = events.result.unwrap();
    let [TicketEvent::SlaWarned(warned)] = &events[..] else {
        panic!("{events:?}")
    };
    let names: Vec<_> = warned.events.iter().map(EventName::as_str).collect();
    assert_eq!(names, ["vip-late", "escalated"]);
    assert_eq!(warned.effects, [], "it changes nothing");
    assert!(warned.notify.is_empty(), "it writes to nobody");
}

#[test]
fn a_priority_is_raised_and_never_lowered() {
    let raise = |to| {
        let actions = vec![Action::RaisePriority { to }];
        let terms = with_warnings(vec![warning(Threshold::Percent(10), actions)]);
        let ticket = open_under(terms).given_command(
            1,
            agent(),
            TicketCommand::ChangePriority(Priority::High),
        );
        let due_at = next_due(&ticket, Metric::AgentWork).unwrap();
        let events = ticket.when(due_at, Actor::Timer, due(Metric::AgentWork, due_at));
        let Ticket::Present(after) = events.state else {
            panic!("the ticket exists")
        };
        after.priority
    };
    assert_eq!(raise(None), Priority::Urgent);
    assert_eq!(raise(Some(Priority::Urgent)), Priority::Urgent);
    assert_eq!(raise(Some(Priority::High)), Priority::High);
    assert_eq!(raise(Some(Priority::Low)), Priority::High);
}

/// What is promised may be another then: no clock may lose what it had missed by the old rule.
#[test]
fn a_warning_that_changes_the_ticket_comes_after_what_other_clocks_missed() {
    let raise = warning(
        Threshold::Percent(50),
        vec![Action::RaisePriority { to: None }],
    );
    let targets = vec![
        promise(Priority::Normal, Metric::FirstReply, 20, false),
        target(Priority::Normal, Metric::AgentWork, 100, vec![raise]),
        promise(Priority::High, Metric::FirstReply, 600, false),
    ];
    let ticket = open_under(terms(vec![policy(1, 1, None, targets)], &[]));
    let events = ticket
        .when(60, Actor::Timer, due(Metric::AgentWork, 50))
        .result
        .unwrap();
    let [
        TicketEvent::SlaBreached(breach),
        TicketEvent::SlaWarned(_),
        TicketEvent::PriorityChanged(_),
        TicketEvent::SlaApplied(_),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((breach.metric, breach.due_at), (Metric::FirstReply, at(20)));
}

/// Half of the time is used at 50 minutes; the raised priority has 50 in all, so by its rule everything is used then.
#[test]
fn what_a_warning_changes_starts_no_other_in_the_same_append_and_not_itself_again() {
    let raise = vec![Action::RaisePriority {
        to: Some(Priority::High),
    }];
    let warnings = vec![
        warning(Threshold::Percent(50), raise.clone()),
        warning(Threshold::Percent(90), raise),
    ];
    let ticket = open_under(with_warnings(warnings));
    let events = ticket
        .when(50, Actor::Timer, due(Metric::AgentWork, 50))
        .result
        .unwrap();
    assert_eq!(warned(&events).len(), 1);
    let ticket = ticket.given_command(50, Actor::Timer, due(Metric::AgentWork, 50));
    // The threshold that the new rule has passed is due at the change, as is its deadline; neither is back-dated.
    assert_eq!(next_due(&ticket, Metric::AgentWork), Some(50));
    let events = ticket
        .when(51, Actor::Timer, due(Metric::AgentWork, 50))
        .result
        .unwrap();
    let [
        TicketEvent::SlaBreached(breach),
        TicketEvent::SlaWarned(second),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((breach.due_at, second.due_at), (at(50), at(50)));
    assert_eq!(second.threshold, Threshold::Percent(90));
    let ended = ticket.given_command(51, Actor::Timer, due(Metric::AgentWork, 50));
    assert_eq!(next_due(&ended, Metric::AgentWork), None);
}

#[test]
fn a_late_command_finds_the_warnings_given_that_were_due_before_it() {
    let actions = vec![Action::RaisePriority { to: None }];
    let warnings = vec![
        warning(Threshold::Percent(20), actions),
        warning(Threshold::Percent(90), Vec::new()),
    ];
    let ticket = open_under(with_warnings(warnings));
    let raise = TicketCommand::ChangePriority(Priority::Urgent);
    let events = ticket.when(30, agent(), raise).result.unwrap();
    let [
        TicketEvent::SlaWarned(first),
        TicketEvent::PriorityChanged(by_clock),
        TicketEvent::PriorityChanged(by_agent),
        TicketEvent::SlaApplied(_),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!((first.due_at, first.lateness_ms), (at(20), 600_000));
    assert_eq!(by_clock.to, Priority::High);
    assert_eq!(by_agent.from, Priority::High, "decided on what was then");
    assert_eq!(
        origins(&events)[1..3],
        [Origin::Warning(0), Origin::Command]
    );

    // What it would ask for is so already.
    let raise = TicketCommand::ChangePriority(Priority::High);
    ticket.when(30, agent(), raise).changes_nothing();
}

#[test]
fn a_command_at_the_very_instant_of_a_threshold_is_in_time() {
    let ticket = open_under(plain(Threshold::Percent(80)));
    let events = ticket.when(80, agent(), TicketCommand::Resolve).result;
    assert_eq!(warned(&events.unwrap()), Vec::<&SlaWarned>::new());
}

#[test]
fn a_paused_clock_waits_with_its_warnings() {
    let ticket = open_under(plain(Threshold::Percent(80))).given_command(
        60,
        agent(),
        TicketCommand::SetStatus(Status::Pending),
    );
    assert_eq!(next_due(&ticket, Metric::AgentWork), None);
    let going_on = ticket.given_command(500, customer(), REPLY);
    assert_eq!(next_due(&going_on, Metric::AgentWork), Some(520));
}

#[test]
fn what_is_met_or_cancelled_warns_no_more() {
    let ticket = open_under(plain(Threshold::Percent(80))).given_command(
        10,
        agent(),
        TicketCommand::Resolve,
    );
    assert_eq!(next_due(&ticket, Metric::AgentWork), None);
    ticket
        .when(80, Actor::Timer, due(Metric::AgentWork, 80))
        .refuses(TicketError::TimerStale);
}

#[test]
fn a_threshold_that_changed_rules_have_passed_already_is_due_at_the_change_once() {
    let ticket = open_under(plain(Threshold::Percent(80)));
    let changed = with_warnings(vec![
        warning(Threshold::Percent(80), Vec::new()),
        warning(Threshold::Percent(10), Vec::new()),
    ]);
    let ticket =
        ticket
            .with_terms(changed)
            .given_command(40, Actor::Timer, TicketCommand::ReapplySla);
    assert_eq!(next_due(&ticket, Metric::AgentWork), Some(40));
    let events = ticket.when(41, Actor::Timer, due(Metric::AgentWork, 40));
    let events = events.result.unwrap();
    let [given] = warned(&events)[..] else {
        panic!("{events:?}")
    };
    assert_eq!(
        (given.threshold, given.due_at),
        (Threshold::Percent(10), at(40))
    );
    let ticket = ticket.given_command(41, Actor::Timer, due(Metric::AgentWork, 40));
    assert_eq!(next_due(&ticket, Metric::AgentWork), Some(80));
}

#[test]
fn a_clock_that_begins_anew_warns_anew() {
    let targets = vec![target(
        Priority::Normal,
        Metric::NextReply,
        60,
        vec![warning(Threshold::Percent(50), Vec::new())],
    )];
    let ticket = open_under(terms(vec![policy(1, 1, None, targets)], &[]))
        .given_command(10, agent(), REPLY)
        .given_command(20, customer(), REPLY)
        .given_command(50, Actor::Timer, due(Metric::NextReply, 50))
        .given_command(55, agent(), REPLY)
        .given_command(100, customer(), REPLY);
    assert_eq!(next_due(&ticket, Metric::NextReply), Some(130));
}

const THRESHOLDS: [Threshold; 5] = [
    Threshold::Percent(10),
    Threshold::Percent(50),
    Threshold::Percent(100),
    Threshold::SecondsBefore(60),
    Threshold::SecondsBefore(0),
];

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        prop::sample::select(vec![
            None,
            Some(Priority::Low),
            Some(Priority::High),
            Some(Priority::Urgent)
        ])
        .prop_map(|to| Action::RaisePriority { to }),
        Just(Action::AssignTeam { team_id: TEAM }),
        prop::sample::select(vec!["a", "b", "c"])
            .prop_map(|word| Action::AddTag { tag: tag(word) }),
    ];
    prop::collection::vec(action, 0..4)
}

/// Targets of each priority for three metrics, with any warnings.
fn targets() -> impl Strategy<Value = Vec<Target>> {
    let warnings = || prop::collection::vec(actions(), THRESHOLDS.len());
    let minutes = 2..120_u32;
    prop::collection::vec((minutes, warnings()), 12).prop_map(|parts| {
        let metrics = [Metric::FirstReply, Metric::NextReply, Metric::AgentWork];
        let places = Priority::ALL
            .into_iter()
            .flat_map(|priority| metrics.map(|metric| (priority, metric)));
        let target = |((priority, metric), (minutes, actions)): (_, (u32, Vec<Vec<Action>>))| {
            let warnings = THRESHOLDS.into_iter().zip(actions);
            let warnings = warnings.map(|(threshold, actions)| warning(threshold, actions));
            target(priority, metric, minutes, warnings.collect())
        };
        places.zip(parts).map(target).collect()
    })
}

/// Policies for tags and the team that warnings give a ticket, and one for the rest.
fn policies() -> impl Strategy<Value = Vec<Policy>> {
    prop::collection::vec(targets(), 4).prop_map(|targets| {
        let mut policies: Vec<Policy> = targets
            .into_iter()
            .zip([Some("a"), Some("b"), None, None])
            .enumerate()
            .map(|(index, (targets, tag))| policy(1 + index as u128, 1, tag, targets))
            .collect();
        let of_team = Condition::Team(Presence::IsOneOf(vec![TEAM]));
        policies[2].definition.conditions.all = vec![of_team];
        policies
    })
}

/// Fires every timer that is due by a minute, each at its time; how many warnings that gave.
fn fire_until(
    mut ticket: Scenario<TicketAggregate>,
    minute: i64,
) -> (Scenario<TicketAggregate>, usize) {
    let mut given = 0;
    // More than all thresholds and deadlines of all clocks: a loop would pass this.
    for _ in 0..100 {
        let book = CalendarBook::default();
        let next = Metric::ALL
            .into_iter()
            .filter_map(|metric| Some((clocks(&ticket).next_due(metric, &book)?, metric)))
            .min();
        let Some((due_at, metric)) = next.filter(|(due_at, _)| *due_at <= at(minute)) else {
            return (ticket, given);
        };
        let command = TicketCommand::Breach { metric, due_at };
        let outcome = ticket.when_at(due_at, Actor::Timer, command.clone());
        let events = outcome.result.unwrap();
        assert!(!events.is_empty(), "a due timer is not void");
        given += warned(&events).len();
        ticket = ticket.given_command_at(due_at, Actor::Timer, command);
    }
    panic!("warnings start each other");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever policies do to a ticket, and however its priority, team and tags lead to others of them, each clock comes to
    /// each threshold at most once each time that it is begun.
    #[test]
    fn warnings_are_bounded_by_clocks_and_thresholds(
        policies in policies(),
        gaps in prop::collection::vec((1..90_i64, any::<bool>()), 1..8),
    ) {
        let mut ticket = open_under(terms(policies, &[]));
        let (mut minute, mut given) = (0, 0);
        // The first reply, the next one and the work, each begun once by the opening; a reply begins the next one.
        let mut instances = 3;
        for (gap, is_agent) in gaps {
            minute += gap;
            let (fired, count) = fire_until(ticket, minute);
            given += count;
            let actor = if is_agent { agent() } else { customer() };
            ticket = fired.given_command(minute, actor, REPLY);
            instances += 1;
            for metric in Metric::ALL {
                let Some(clock) = clocks(&ticket).of(metric) else { continue };
                let seen: BTreeSet<_> = clock.warned.iter().map(|warned| warned.threshold).collect();
                prop_assert_eq!(seen.len(), clock.warned.len(), "each threshold once");
                prop_assert!(clock.warned.len() <= Clock::MAX_WARNED);
                prop_assert!(clock.warned.iter().all(|warned| warned.due_at <= warned.at));
            }
        }
        let (_, count) = fire_until(ticket, minute + 100_000);
        given += count;
        prop_assert!(given <= instances * THRESHOLDS.len(), "{} of {}", given, instances);
    }
}

#[test]
fn a_clock_tells_what_it_warned_of() {
    let ticket = open_under(plain(Threshold::Percent(80))).given_command(
        81,
        Actor::Timer,
        due(Metric::AgentWork, 80),
    );
    let clock = clock(&ticket, Metric::AgentWork);
    let warned = clock.warned_of(Threshold::Percent(80)).unwrap();
    assert_eq!((warned.due_at, warned.at), (at(80), at(81)));
}
