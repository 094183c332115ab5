//! What is promised to a ticket while it goes on: by which policy, what a change of the ticket, of policies or of calendars
//! means for time that was used, and what never changes any more. Office hours are Monday to Friday, 9 to 17 UTC; minute 0
//! is a Monday at 9.

use crate::scenario::{MESSAGE, Scenario, agent, at, customer, days, hours, import};
use crate::ticket::{open_command, opened, ticket};
use domain::actor::Actor;
use domain::aggregate::TicketAggregate;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{
    CalendarDefinition, CalendarRef, Holidays, WeeklyHours, WeeklyInterval,
};
use domain::calendar::zone::Zone;
use domain::ids::{CalendarId, PolicyId};
use domain::service_levels::state::ServiceLevels;
use domain::sla::Metric;
use domain::sla::clock::{Clock, Phase};
use domain::sla::clocks::Clocks;
use domain::sla::policy::{
    Condition, Conditions, Policy, PolicyDefinition, PolicyRef, Presence, Target,
};
use domain::sla::steps::{self, Change};
use domain::sla::terms::{CalendarBook, Terms};
use domain::text::{Name, Tag};
use domain::ticket::command::{OpenTicket, TicketCommand};
use domain::ticket::error::TicketError;
use domain::ticket::event::{SlaCause, TicketEvent, TicketSlaApplied};
use domain::ticket::state::{Priority, Status, Ticket};
use proptest::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

const OFFICE: CalendarId = CalendarId(Uuid::from_u128(0xca));
pub const REPLY: TicketCommand = TicketCommand::Reply {
    message_id: MESSAGE,
};

/// The office's hours of a day, of a version of its calendar.
pub fn office(version: i64, from_hour: u32, to_hour: u32) -> (CalendarRef, Arc<Calendar>) {
    let day = |day: u32| WeeklyInterval {
        start_s: day * 86_400 + from_hour * 3_600,
        end_s: day * 86_400 + to_hour * 3_600,
    };
    let definition = CalendarDefinition {
        zone: Zone::UTC,
        weekly: WeeklyHours::parse(&(0..5).map(day).collect::<Vec<_>>()).unwrap(),
        holidays: Holidays::default(),
    };
    let reference = CalendarRef {
        id: OFFICE,
        version,
    };
    (reference, Arc::new(Calendar::new(&definition)))
}

pub fn promise(priority: Priority, metric: Metric, minutes: u32, calendar: bool) -> Target {
    Target {
        priority,
        metric,
        seconds: minutes * 60,
        calendar_id: calendar.then_some(OFFICE),
        warnings: Vec::new(),
    }
}

pub fn policy(id: u128, version: u32, tag: Option<&str>, targets: Vec<Target>) -> Policy {
    let tagged = |tag| Condition::Tag(Presence::IsOneOf(vec![Tag::parse(tag).unwrap()]));
    Policy {
        reference: PolicyRef {
            id: PolicyId(Uuid::from_u128(id)),
            version,
        },
        definition: PolicyDefinition {
            name: Name::parse("Policy").unwrap(),
            conditions: Conditions {
                all: tag.map(tagged).into_iter().collect(),
                any: Vec::new(),
            },
            targets,
        },
    }
}

pub fn terms(policies: Vec<Policy>, calendars: &[(CalendarRef, Arc<Calendar>)]) -> Terms {
    let mut book = CalendarBook::default();
    for (reference, calendar) in calendars {
        book.add(*reference, Arc::clone(calendar));
    }
    Terms {
        levels: Arc::new(ServiceLevels {
            policies,
            ..ServiceLevels::default()
        }),
        calendars: book,
        ..Terms::default()
    }
}

/// All tickets: a first reply in 60, agents' work in 600 minutes of office time; urgent ones in half of it.
fn office_terms() -> Terms {
    let normal = |metric, minutes| promise(Priority::Normal, metric, minutes, true);
    let urgent = |metric, minutes| promise(Priority::Urgent, metric, minutes, true);
    let targets = vec![
        normal(Metric::FirstReply, 60),
        normal(Metric::AgentWork, 600),
        urgent(Metric::FirstReply, 30),
        urgent(Metric::AgentWork, 300),
    ];
    terms(vec![policy(1, 1, None, targets)], &[office(1, 9, 17)])
}

pub fn open_under(terms: Terms) -> Scenario<TicketAggregate> {
    ticket()
        .with_terms(terms)
        .given_command(0, customer(), TicketCommand::Open(open_command()))
}

pub fn clocks(ticket: &Scenario<TicketAggregate>) -> &Clocks {
    match ticket.state() {
        Ticket::Present(ticket) => &ticket.clocks,
        Ticket::Absent => panic!("the ticket exists"),
    }
}

pub fn clock(ticket: &Scenario<TicketAggregate>, metric: Metric) -> &Clock {
    clocks(ticket).of(metric).expect("the ticket has the clock")
}

fn policy_version(ticket: &Scenario<TicketAggregate>) -> u32 {
    let rule = clocks(ticket).rule().expect("something is promised");
    rule.policy.expect("by a policy").version
}

/// The deadline in minutes after the opening.
fn due(ticket: &Scenario<TicketAggregate>, metric: Metric, book: &CalendarBook) -> Option<i64> {
    let due_at = clock(ticket, metric).due_at(book);
    due_at.map(|due_at| (due_at - at(0)).num_minutes())
}

fn set(status: Status) -> TicketCommand {
    TicketCommand::SetStatus(status)
}

fn tag(text: &str) -> TicketCommand {
    TicketCommand::Tag(Tag::parse(text).unwrap())
}

fn applied(events: &[TicketEvent]) -> Vec<&TicketSlaApplied> {
    let found = events.iter().filter_map(|event| match event {
        TicketEvent::SlaApplied(applied) => Some(applied),
        _ => None,
    });
    found.collect()
}

#[test]
fn a_policy_that_matches_is_applied_with_the_opening() {
    let opening = ticket().with_terms(office_terms()).when(
        0,
        customer(),
        TicketCommand::Open(open_command()),
    );
    let events = opening.result.unwrap();
    let TicketEvent::Opened(opened) = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(
        opened.sla_targets, None,
        "the settings promise nothing then"
    );
    let [promised] = applied(&events)[..] else {
        panic!("{events:?}")
    };
    assert_eq!(promised.cause, SlaCause::Opened);
    assert_eq!(promised.rule.policy.unwrap().version, 1);
    assert_eq!(promised.rule.targets.len(), 2);
    let calendar = promised.rule.targets[0].calendar;
    assert_eq!(calendar.map(|calendar| calendar.version), Some(1));
}

#[test]
fn where_no_policy_matches_the_settings_hold_and_nothing_more_is_told() {
    let vip = policy(
        1,
        1,
        Some("vip"),
        vec![promise(Priority::Normal, Metric::FirstReply, 60, false)],
    );
    let opening = ticket().with_terms(terms(vec![vip], &[])).when(
        0,
        customer(),
        TicketCommand::Open(open_command()),
    );
    let events = opening.result.unwrap();
    assert!(matches!(&events[..], [TicketEvent::Opened(opened)] if opened.sla_targets.is_some()));
}

#[test]
fn only_working_time_counts() {
    let terms = office_terms();
    let book = terms.calendars.clone();
    let ticket = open_under(terms);
    assert_eq!(due(&ticket, Metric::FirstReply, &book), Some(60));
    assert_eq!(due(&ticket, Metric::AgentWork, &book), Some(days(1) + 120));
    let used_ms = clock(&ticket, Metric::AgentWork).used_at_ms(at(days(1)), &book);
    assert_eq!(used_ms, 480 * 60_000);
}

#[test]
fn a_pause_at_night_costs_no_working_time() {
    let terms = office_terms();
    let book = terms.calendars.clone();
    let ticket = open_under(terms)
        .given_command(hours(9), agent(), set(Status::Pending))
        .given_command(hours(23), customer(), REPLY);
    assert_eq!(due(&ticket, Metric::AgentWork, &book), Some(days(1) + 120));
}

#[test]
fn another_priority_keeps_the_time_used_and_measures_the_rest_by_its_own_target() {
    let terms = office_terms();
    let book = terms.calendars.clone();
    let ticket = open_under(terms);
    let change = TicketCommand::ChangePriority(Priority::Urgent);
    let events = ticket.when(20, agent(), change.clone()).result.unwrap();
    let [promised] = applied(&events)[..] else {
        panic!("{events:?}")
    };
    assert_eq!(promised.cause, SlaCause::TicketChanged);
    assert!(promised.used.iter().all(|used| used.used_ms == 20 * 60_000));
    let urgent = ticket.given_command(20, agent(), change);
    assert_eq!(due(&urgent, Metric::FirstReply, &book), Some(30));
    assert_eq!(due(&urgent, Metric::AgentWork, &book), Some(300));
}

#[test]
fn a_promise_that_is_overrun_when_it_is_made_is_missed_then_and_not_before() {
    let terms = office_terms();
    let book = terms.calendars.clone();
    let ticket = open_under(terms).given_command(
        45,
        agent(),
        TicketCommand::ChangePriority(Priority::Urgent),
    );
    assert_eq!(due(&ticket, Metric::FirstReply, &book), Some(45));
}

#[test]
fn a_tag_that_another_policy_asks_for_changes_the_policy_and_taking_it_away_changes_it_back() {
    let everybody = vec![promise(Priority::Normal, Metric::AgentWork, 600, false)];
    let vip = vec![promise(Priority::Normal, Metric::AgentWork, 100, false)];
    let policies = vec![
        policy(1, 7, Some("vip"), vip),
        policy(2, 1, None, everybody),
    ];
    let book = CalendarBook::default();
    let tagged = open_under(terms(policies, &[])).given_command(40, agent(), tag("vip"));
    assert_eq!(policy_version(&tagged), 7);
    assert_eq!(due(&tagged, Metric::AgentWork, &book), Some(100));
    let untag = TicketCommand::Untag(Tag::parse("vip").unwrap());
    let back = tagged.given_command(60, agent(), untag);
    assert_eq!(policy_version(&back), 1);
    assert_eq!(due(&back, Metric::AgentWork, &book), Some(600));
    let other = back.when(70, agent(), tag("other")).result.unwrap();
    assert_eq!(applied(&other).len(), 0, "what matches did not change");
}

#[test]
fn a_metric_that_is_promised_again_goes_on_with_the_time_it_had_used() {
    let update = |minutes| vec![promise(Priority::Normal, Metric::AgentWork, minutes, false)];
    let nothing = vec![promise(Priority::Normal, Metric::FirstReply, 6_000, false)];
    let policies = vec![
        policy(1, 1, Some("quiet"), nothing),
        policy(2, 1, None, update(100)),
    ];
    let untag = TicketCommand::Untag(Tag::parse("quiet").unwrap());
    let ticket = open_under(terms(policies, &[])).given_command(30, agent(), tag("quiet"));
    let book = CalendarBook::default();
    assert_eq!(due(&ticket, Metric::AgentWork, &book), None);
    let ticket = ticket.given_command(500, agent(), untag);
    assert_eq!(due(&ticket, Metric::AgentWork, &book), Some(500 + 70));
    // What was never promised before begins with nothing used.
    assert_eq!(clock(&ticket, Metric::FirstReply).phase, Phase::Idle);
}

#[test]
fn what_has_ended_keeps_its_end_while_nothing_is_promised_of_it_until_it_goes_on() {
    let resolution = vec![promise(Priority::Normal, Metric::Resolution, 100, false)];
    let nothing = vec![promise(Priority::Normal, Metric::FirstReply, 6_000, false)];
    let policies = vec![
        policy(1, 1, Some("quiet"), nothing),
        policy(2, 1, None, resolution),
    ];
    let untag = || TicketCommand::Untag(Tag::parse("quiet").unwrap());
    let done = open_under(terms(policies, &[]))
        .given_command(30, agent(), TicketCommand::Resolve)
        .given_command(40, agent(), tag("quiet"));
    let met = Phase::Met { at: at(30) };
    assert_eq!(clock(&done, Metric::Resolution).target, None);
    assert_eq!(clock(&done, Metric::Resolution).phase, met);
    let promised_again = done.given_command(50, agent(), untag());
    assert_eq!(clock(&promised_again, Metric::Resolution).phase, met);
    let book = CalendarBook::default();
    let back = promised_again
        .given_command(60, agent(), tag("quiet"))
        .given_command(70, agent(), TicketCommand::Reopen { reason: None });
    assert_eq!(clock(&back, Metric::Resolution).phase, Phase::Idle);
    let goes_on = back.given_command(80, agent(), untag());
    assert_eq!(due(&goes_on, Metric::Resolution, &book), Some(80 + 70));
}

#[test]
fn an_overrun_clock_shows_the_deadline_that_it_missed_after_a_pause_too() {
    let work = |priority, minutes| promise(priority, Metric::AgentWork, minutes, false);
    let targets = vec![work(Priority::Normal, 60), work(Priority::Low, 300)];
    let book = CalendarBook::default();
    let resumed = open_under(terms(vec![policy(1, 1, None, targets)], &[]))
        .given_command(90, agent(), set(Status::Pending))
        .given_command(200, agent(), set(Status::Open));
    assert_eq!(due(&resumed, Metric::AgentWork, &book), Some(60));
    let given_more =
        resumed.given_command(210, agent(), TicketCommand::ChangePriority(Priority::Low));
    assert_eq!(due(&given_more, Metric::AgentWork, &book), Some(210 + 200));
    let clock = clock(&given_more, Metric::AgentWork);
    assert_eq!(clock.breached_at, Some(at(60)));
}

/// What a command does to the clock of a metric, and what it had used by then, in minutes.
fn steps(
    ticket: &Scenario<TicketAggregate>,
    minute: i64,
    command: TicketCommand,
    metric: Metric,
) -> Vec<(Change, i64)> {
    let book = CalendarBook::default();
    let mut before = clocks(ticket).clone();
    let mut steps = Vec::new();
    for event in ticket.when(minute, agent(), command).result.unwrap() {
        let mut after = before.clone();
        after.evolve(&event, at(minute));
        steps.extend(steps::between(&before, &event, &after, at(minute), &book));
        before = after;
    }
    let of_metric = steps.into_iter().filter(|step| step.metric == metric);
    of_metric
        .map(|step| (step.change, step.used_ms / 60_000))
        .collect()
}

#[test]
fn an_update_that_is_met_during_a_pause_is_told_with_the_time_that_it_had_used() {
    let update = promise(Priority::Normal, Metric::PausableUpdate, 100, false);
    let ticket = open_under(terms(vec![policy(1, 1, None, vec![update])], &[]))
        .given_command(10, agent(), REPLY)
        .given_command(40, agent(), set(Status::Pending));
    assert_eq!(
        steps(&ticket, 90, REPLY, Metric::PausableUpdate),
        [(Change::Met, 30), (Change::Started, 0), (Change::Paused, 0)]
    );
}

#[test]
fn work_that_comes_back_goes_on_and_does_not_start_even_where_nothing_was_used() {
    let resolution = promise(Priority::Normal, Metric::Resolution, 100, false);
    let ticket = open_under(terms(vec![policy(1, 1, None, vec![resolution])], &[])).given_command(
        0,
        agent(),
        TicketCommand::Resolve,
    );
    let reopen = TicketCommand::Reopen { reason: None };
    assert_eq!(
        steps(&ticket, 30, reopen, Metric::Resolution),
        [(Change::Resumed, 0)]
    );
}

#[test]
fn a_first_reply_that_was_given_keeps_the_promise_that_held_then() {
    let terms = office_terms();
    let ticket = open_under(terms)
        .given_command(20, agent(), REPLY)
        .given_command(30, agent(), TicketCommand::ChangePriority(Priority::Urgent));
    let clock = clock(&ticket, Metric::FirstReply);
    assert_eq!(clock.target.unwrap().target_ms, 60 * 60_000);
    assert_eq!(clock.phase, Phase::Met { at: at(20) });
}

#[test]
fn a_changed_calendar_holds_from_when_it_is_applied_and_the_time_used_stays() {
    let before = office_terms();
    let mut after = before.clone();
    let (reference, late) = office(2, 12, 20);
    after.calendars.add(reference, late);
    let book = after.calendars.clone();
    let ticket = open_under(before).with_terms(after);
    // Until it is applied, the version that was promised counts.
    let noted = ticket.when(60, agent(), set(Status::Open)).result.unwrap();
    assert_eq!(applied(&noted).len(), 0);

    let again = ticket.given_command(120, Actor::Timer, TicketCommand::ReapplySla);
    // 120 minutes were used by 11; the other 480 are 12 to 20 of the same day.
    assert_eq!(due(&again, Metric::AgentWork, &book), Some(hours(11)));
    again
        .when(130, Actor::Timer, TicketCommand::ReapplySla)
        .changes_nothing();
}

#[test]
fn what_was_missed_before_rules_changed_is_told_first() {
    let before = office_terms();
    let policies = vec![policy(
        1,
        2,
        None,
        vec![promise(Priority::Normal, Metric::FirstReply, 600, false)],
    )];
    let ticket = open_under(before).with_terms(terms(policies, &[office(1, 9, 17)]));
    let events = ticket
        .when(90, Actor::Timer, TicketCommand::ReapplySla)
        .result
        .unwrap();
    let [
        TicketEvent::SlaBreached(breach),
        TicketEvent::SlaApplied(applied),
    ] = &events[..]
    else {
        panic!("{events:?}")
    };
    assert_eq!(breach.due_at, at(60));
    assert_eq!(applied.cause, SlaCause::RulesChanged);
    assert_eq!(applied.rule.policy.unwrap().version, 2);
}

#[test]
fn work_that_is_done_is_left_alone_until_it_comes_back() {
    let policies = |version| {
        vec![policy(
            1,
            version,
            None,
            vec![promise(Priority::Normal, Metric::AgentWork, 600, false)],
        )]
    };
    let done = open_under(terms(policies(1), &[]))
        .given_command(10, agent(), TicketCommand::Resolve)
        .with_terms(terms(policies(2), &[]));
    done.when(20, Actor::Timer, TicketCommand::ReapplySla)
        .changes_nothing();
    let back = done.when(30, customer(), REPLY).result.unwrap();
    assert_eq!(applied(&back)[0].rule.policy.unwrap().version, 2);
}

#[test]
fn only_background_work_applies_rules_anew() {
    let ticket = open_under(office_terms());
    for actor in [agent(), customer(), import()] {
        ticket
            .when(10, actor, TicketCommand::ReapplySla)
            .refuses(TicketError::TimerOnly);
    }
}

#[test]
fn nothing_is_promised_for_what_is_imported() {
    let opening =
        ticket()
            .with_terms(office_terms())
            .when(0, import(), TicketCommand::Open(open_command()));
    assert!(matches!(
        opening.result.unwrap()[..],
        [TicketEvent::Opened(_)]
    ));
    let imported = ticket().with_terms(office_terms()).given(0, opened());
    let events = imported.when(10, agent(), tag("vip")).result.unwrap();
    assert_eq!(applied(&events).len(), 0);
    imported
        .when(10, Actor::Timer, TicketCommand::ReapplySla)
        .changes_nothing();
}

#[test]
fn a_policy_is_found_by_what_the_ticket_comes_with() {
    let vip = policy(
        1,
        3,
        Some("vip"),
        vec![promise(Priority::Normal, Metric::FirstReply, 5, false)],
    );
    let open = OpenTicket {
        tags: vec![Tag::parse("vip").unwrap()],
        ..open_command()
    };
    let events = ticket()
        .with_terms(terms(vec![vip], &[]))
        .when(0, customer(), TicketCommand::Open(open))
        .result
        .unwrap();
    let last = events.last().cloned().unwrap();
    assert!(matches!(last, TicketEvent::SlaApplied(e) if e.rule.policy.unwrap().version == 3));
}

#[test]
fn a_machines_reply_is_told_as_one_and_meets_nothing() {
    let mut terms = office_terms();
    terms.is_machine = true;
    let ticket = open_under(terms).given_command(10, agent(), REPLY);
    assert!(clock(&ticket, Metric::FirstReply).runs());
}

#[test]
fn a_breach_of_an_earlier_wait_does_not_hide_that_of_a_later_one() {
    let targets = vec![promise(Priority::Normal, Metric::NextReply, 60, false)];
    let breach = |due: i64| TicketCommand::Breach {
        metric: Metric::NextReply,
        due_at: at(due),
    };
    let ticket = open_under(terms(vec![policy(1, 1, None, targets)], &[]))
        .given_command(10, agent(), REPLY)
        .given_command(20, customer(), REPLY)
        .given_command(80, Actor::Timer, breach(80))
        .given_command(100, agent(), REPLY);
    assert_eq!(clock(&ticket, Metric::NextReply).breached_at, Some(at(80)));
    let again = ticket.given_command(200, customer(), REPLY);
    assert_eq!(clock(&again, Metric::NextReply).breached_at, None);
    assert!(again.when(260, Actor::Timer, breach(260)).result.is_ok());
    again
        .when(260, Actor::Timer, breach(80))
        .refuses(TicketError::TimerStale);
}

/// Pauses a ticket over and over, a few minutes each, through nights and weekends.
fn with_pauses(terms: Terms, gaps: &[i64]) -> Scenario<TicketAggregate> {
    let mut ticket = open_under(terms);
    let mut minute = 0;
    for (index, gap) in gaps.iter().enumerate() {
        minute += gap;
        let status = [Status::Pending, Status::Open][index % 2];
        ticket = ticket.given_command(minute, agent(), set(status));
    }
    ticket
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However often a ticket is paused, the state stays small, and what was used is what a look at each minute finds.
    #[test]
    fn many_pauses_are_told_by_events_and_lose_no_time(gaps in prop::collection::vec(1..500_i64, 1..150)) {
        let terms = office_terms();
        let book = terms.calendars.clone();
        let (_, calendar) = office(1, 9, 17);
        let ticket = with_pauses(terms, &gaps);
        prop_assert!(clocks(&ticket).span_count() <= Clocks::MAX_SPANS);
        let now = gaps.iter().sum::<i64>() + 7;
        let mut expected_ms = 0;
        let mut from = 0;
        for (index, gap) in gaps.iter().enumerate() {
            if index % 2 == 0 {
                expected_ms += calendar.working_ms(at(from), at(from + gap));
            }
            from += gap;
        }
        if gaps.len() % 2 == 0 {
            expected_ms += calendar.working_ms(at(from), at(now));
        }
        let used_ms = clock(&ticket, Metric::AgentWork).used_at_ms(at(now), &book);
        prop_assert_eq!(used_ms, expected_ms);
    }
}
