//! The clocks, with worked numbers. Urgent: first response 60 minutes, resolution 480; normal: 480 and 4,320;
//! high: 240 and 1,440; low: 1,440 and 10,080. Times are minutes after the opening.

use crate::scenario::{MESSAGE, Scenario, agent, at, customer, days, hours};
use crate::ticket::{opened, ticket};
use chrono::TimeDelta;
use domain::actor::Actor;
use domain::aggregate::TicketAggregate;
use domain::organization::settings::Settings;
use domain::sla::Metric;
use domain::sla::clock::{Clock, Phase};
use domain::sla::clocks::Clocks;
use domain::sla::terms::CalendarBook;
use domain::ticket::command::TicketCommand;
use domain::ticket::event::TicketOpened;
use domain::ticket::state::{Priority, Status, Ticket};

const REPLY: TicketCommand = TicketCommand::Reply {
    message_id: MESSAGE,
};
const REOPEN: TicketCommand = TicketCommand::Reopen { reason: None };

fn ticket_of(priority: Priority) -> Scenario<TicketAggregate> {
    let sla_targets = Some(Settings::default().sla_targets.of(priority));
    ticket().given(
        0,
        TicketOpened {
            priority,
            sla_targets,
            ..opened()
        },
    )
}

fn clocks(ticket: &Scenario<TicketAggregate>) -> &Clocks {
    match ticket.state() {
        Ticket::Present(ticket) => &ticket.clocks,
        Ticket::Absent => panic!("the ticket exists"),
    }
}

fn clock(ticket: &Scenario<TicketAggregate>, metric: Metric) -> &Clock {
    clocks(ticket).of(metric).expect("the ticket has clocks")
}

/// The deadline in minutes after the opening.
fn due(ticket: &Scenario<TicketAggregate>, metric: Metric) -> Option<i64> {
    clock(ticket, metric)
        .due_at(&CalendarBook::default())
        .map(|due_at| (due_at - at(0)).num_minutes())
}

fn used_minutes(ticket: &Scenario<TicketAggregate>, metric: Metric, now: i64) -> i64 {
    clock(ticket, metric).used_at_ms(at(now), &CalendarBook::default()) / 60_000
}

fn set(status: Status) -> TicketCommand {
    TicketCommand::SetStatus(status)
}

#[test]
fn both_clocks_run_from_the_opening_by_the_default_targets() {
    let expected = [
        (Priority::Urgent, 60, 480),
        (Priority::High, 240, 1_440),
        (Priority::Normal, 480, 4_320),
        (Priority::Low, 1_440, 10_080),
    ];
    for (priority, first_response, resolution) in expected {
        let ticket = ticket_of(priority);
        assert_eq!(due(&ticket, Metric::FirstReply), Some(first_response));
        assert_eq!(due(&ticket, Metric::AgentWork), Some(resolution));
        assert_eq!(
            clocks(&ticket).next_deadline(&CalendarBook::default()),
            Some(at(first_response))
        );
    }
}

#[test]
fn without_targets_there_are_no_clocks() {
    let ticket = ticket().given(0, opened());
    assert_eq!(clocks(&ticket).iter().count(), 0);
    assert_eq!(
        clocks(&ticket).next_deadline(&CalendarBook::default()),
        None
    );
}

#[test]
fn the_first_public_reply_of_an_agent_meets_the_first_response_and_later_ones_change_nothing() {
    let ticket = ticket_of(Priority::Urgent).given_command(30, agent(), REPLY);
    let met = Phase::Met { at: at(30) };
    assert_eq!(clock(&ticket, Metric::FirstReply).phase, met);
    assert_eq!(used_minutes(&ticket, Metric::FirstReply, 400), 30);
    assert_eq!(due(&ticket, Metric::FirstReply), None);
    assert_eq!(
        clocks(&ticket).next_deadline(&CalendarBook::default()),
        Some(at(480))
    );

    let again = ticket.given_command(45, agent(), REPLY);
    assert_eq!(clock(&again, Metric::FirstReply).phase, met);
}

#[test]
fn notes_and_customers_replies_do_not_meet_the_first_response() {
    let ticket = ticket_of(Priority::Urgent)
        .given_command(
            10,
            agent(),
            TicketCommand::AddNote {
                message_id: MESSAGE,
            },
        )
        .given_command(20, customer(), REPLY);
    assert_eq!(due(&ticket, Metric::FirstReply), Some(60));
}

#[test]
fn an_answer_exactly_at_the_deadline_is_in_time() {
    let ticket = ticket_of(Priority::Urgent).given_command(60, agent(), REPLY);
    let clock = clock(&ticket, Metric::FirstReply);
    assert_eq!(
        (clock.phase, clock.breached_at),
        (Phase::Met { at: at(60) }, None)
    );
}

#[test]
fn an_answer_after_the_deadline_is_met_and_breached() {
    let ticket = ticket_of(Priority::Urgent).given_command(270, agent(), REPLY);
    let clock = clock(&ticket, Metric::FirstReply);
    assert_eq!(
        (clock.phase, clock.breached_at),
        (Phase::Met { at: at(270) }, Some(at(60)))
    );
}

#[test]
fn the_first_response_never_pauses() {
    let ticket = ticket_of(Priority::Urgent).given_command(10, agent(), set(Status::Pending));
    assert_eq!(due(&ticket, Metric::FirstReply), Some(60));
}

#[test]
fn resolving_without_a_reply_cancels_the_first_response_for_good() {
    let ticket = ticket_of(Priority::Urgent)
        .given_command(10, agent(), TicketCommand::Resolve)
        .given_command(20, agent(), REOPEN)
        .given_command(30, agent(), REPLY);
    assert_eq!(
        clock(&ticket, Metric::FirstReply).phase,
        Phase::Cancelled { at: at(10) }
    );
    assert_eq!(used_minutes(&ticket, Metric::FirstReply, 40), 10);
}

#[test]
fn pending_and_on_hold_pause_the_resolution_and_the_time_used_stays() {
    let ticket = ticket_of(Priority::Urgent).given_command(100, agent(), set(Status::Pending));
    assert_eq!(clock(&ticket, Metric::AgentWork).phase, Phase::Paused);
    assert_eq!(due(&ticket, Metric::AgentWork), None);

    let on_hold = ticket.given_command(150, agent(), set(Status::OnHold));
    assert_eq!(clock(&on_hold, Metric::AgentWork).phase, Phase::Paused);

    let running = on_hold.given_command(400, agent(), set(Status::Open));
    assert_eq!(used_minutes(&running, Metric::AgentWork, 400), 100);
    assert_eq!(due(&running, Metric::AgentWork), Some(400 + 380));
}

#[test]
fn opening_a_new_ticket_leaves_its_deadline_to_the_microsecond() {
    let ticket = ticket_of(Priority::Urgent);
    let due_at = clock(&ticket, Metric::AgentWork).due_at(&CalendarBook::default());
    let moment = at(10) + TimeDelta::microseconds(1);
    let Ticket::Present(open) = ticket.when_at(moment, agent(), REPLY).state else {
        panic!("the ticket exists")
    };
    assert_eq!(open.status, Status::Open);
    assert_eq!(
        open.clocks
            .of(Metric::AgentWork)
            .and_then(|clock| clock.due_at(&CalendarBook::default())),
        due_at
    );
}

#[test]
fn several_pauses_add_up() {
    // As the pause 10:00-15:00 that moves a deadline by five hours, then one of 15 minutes.
    let ticket = ticket_of(Priority::Urgent)
        .given_command(60, agent(), set(Status::Pending))
        .given_command(360, customer(), REPLY)
        .given_command(390, agent(), set(Status::OnHold))
        .given_command(405, agent(), set(Status::Open));
    assert_eq!(used_minutes(&ticket, Metric::AgentWork, 405), 90);
    assert_eq!(due(&ticket, Metric::AgentWork), Some(480 + 300 + 15));
}

#[test]
fn working_minutes_over_a_life_leave_pauses_and_the_time_after_resolving_out() {
    // New for 60 minutes, open for 30, pending for 30, resolved: 90 minutes were used.
    let ticket = ticket_of(Priority::Normal)
        .given_command(60, agent(), set(Status::Open))
        .given_command(90, agent(), set(Status::Pending))
        .given_command(120, agent(), TicketCommand::Resolve);
    let clock = clock(&ticket, Metric::AgentWork);
    assert_eq!(clock.phase, Phase::Met { at: at(120) });
    assert_eq!(used_minutes(&ticket, Metric::AgentWork, days(9)), 90);
}

#[test]
fn a_reopened_ticket_goes_on_with_the_time_it_had_used() {
    // Used 60 of 480 minutes when resolved; reopened after a day, 420 are left.
    let ticket = ticket_of(Priority::Urgent)
        .given_command(60, agent(), TicketCommand::Resolve)
        .given_command(days(1), customer(), REPLY);
    assert_eq!(due(&ticket, Metric::AgentWork), Some(days(1) + 420));
}

#[test]
fn closing_keeps_the_time_of_resolving() {
    let ticket = ticket_of(Priority::Urgent)
        .given_command(60, agent(), TicketCommand::Resolve)
        .given_command(90, agent(), TicketCommand::Close);
    assert_eq!(
        clock(&ticket, Metric::AgentWork).phase,
        Phase::Met { at: at(60) }
    );
    let reopened = ticket.given_command(120, agent(), REOPEN);
    assert_eq!(used_minutes(&reopened, Metric::AgentWork, 120), 60);
}

#[test]
fn a_changed_priority_keeps_the_time_used_and_takes_the_new_target() {
    let ticket = ticket_of(Priority::Normal).given_command(
        100,
        agent(),
        TicketCommand::ChangePriority(Priority::Urgent),
    );
    assert_eq!(due(&ticket, Metric::AgentWork), Some(480));
    let back = ticket.given_command(120, agent(), TicketCommand::ChangePriority(Priority::Low));
    assert_eq!(due(&back, Metric::AgentWork), Some(10_080));
    assert_eq!(due(&back, Metric::FirstReply), Some(1_440));
}

#[test]
fn a_change_by_a_server_whose_clock_is_behind_counts_no_time_twice() {
    let change = TicketCommand::ChangePriority;
    let ticket = ticket_of(Priority::Normal)
        .given_command(100, agent(), change(Priority::Urgent))
        .given_command(90, agent(), change(Priority::Normal));
    assert_eq!(due(&ticket, Metric::AgentWork), Some(4_320));
    assert_eq!(used_minutes(&ticket, Metric::AgentWork, 120), 120);
}

#[test]
fn a_target_that_is_overrun_when_it_is_set_breaches_at_the_change_and_not_before() {
    let ticket = ticket_of(Priority::Normal).given_command(
        hours(10),
        agent(),
        TicketCommand::ChangePriority(Priority::Urgent),
    );
    assert_eq!(due(&ticket, Metric::AgentWork), Some(hours(10)));
    let breach = TicketCommand::Breach {
        metric: Metric::AgentWork,
        due_at: at(hours(10)),
    };
    assert!(ticket.when(hours(10), Actor::Timer, breach).result.is_ok());
}

#[test]
fn a_target_that_is_overrun_when_it_is_set_during_a_pause_breaches_at_the_end_of_the_pause() {
    let ticket = ticket_of(Priority::Normal)
        .given_command(hours(10), agent(), set(Status::Pending))
        .given_command(
            hours(11),
            agent(),
            TicketCommand::ChangePriority(Priority::Urgent),
        );
    assert_eq!(due(&ticket, Metric::AgentWork), None);
    let running = ticket.given_command(hours(20), customer(), REPLY);
    assert_eq!(due(&running, Metric::AgentWork), Some(hours(20)));
}

#[test]
fn a_first_response_that_was_given_keeps_the_target_that_held_then() {
    let ticket = ticket_of(Priority::Normal)
        .given_command(30, agent(), REPLY)
        .given_command(40, agent(), TicketCommand::ChangePriority(Priority::Urgent));
    let target_ms = |metric| clock(&ticket, metric).target.unwrap().target_ms;
    assert_eq!(target_ms(Metric::FirstReply), 480 * 60_000);
    assert_eq!(target_ms(Metric::AgentWork), 480 * 60_000);
}

#[test]
fn no_pause_reopening_or_priority_yields_a_second_breach() {
    let breach = TicketCommand::Breach {
        metric: Metric::AgentWork,
        due_at: at(480),
    };
    let ticket = ticket_of(Priority::Urgent)
        .given_command(10, agent(), REPLY)
        .given_command(480, Actor::Timer, breach)
        .given_command(500, agent(), set(Status::Pending))
        .given_command(510, customer(), REPLY)
        .given_command(520, agent(), TicketCommand::Resolve)
        .given_command(530, agent(), REOPEN)
        .given_command(540, agent(), TicketCommand::ChangePriority(Priority::High));
    assert_eq!(
        clocks(&ticket).next_deadline(&CalendarBook::default()),
        None
    );
    assert_eq!(
        clocks(&ticket).missed(at(days(100)), &CalendarBook::default()),
        []
    );
    assert_eq!(clock(&ticket, Metric::AgentWork).breached_at, Some(at(480)));

    let due_at = clock(&ticket, Metric::AgentWork)
        .due_at(&CalendarBook::default())
        .expect("the clock runs");
    let again = TicketCommand::Breach {
        metric: Metric::AgentWork,
        due_at,
    };
    assert!(ticket.when(days(100), Actor::Timer, again).result.is_err());
}

#[test]
fn clocks_of_servers_that_disagree_never_make_time_used_negative() {
    let ticket = ticket_of(Priority::Urgent).given_command(-1, agent(), set(Status::Pending));
    assert_eq!(used_minutes(&ticket, Metric::AgentWork, 0), 0);
}

#[test]
fn clocks_read_back_as_they_were_written() {
    let running = ticket_of(Priority::Urgent);
    let breached = ticket_of(Priority::Urgent)
        .given_command(90, agent(), REPLY)
        .given_command(95, agent(), set(Status::Pending));
    let cancelled = ticket_of(Priority::Urgent).given_command(5, agent(), TicketCommand::Resolve);
    for ticket in [running, breached, cancelled, ticket().given(0, opened())] {
        let json = serde_json::to_string(clocks(&ticket)).unwrap();
        assert_eq!(
            &serde_json::from_str::<Clocks>(&json).unwrap(),
            clocks(&ticket)
        );
    }
}
