//! What holds of every ticket, whatever happened to it.

use chrono::{DateTime, Utc};
use domain::actor::Actor;
use domain::sla::Metric;
use domain::sla::clock::{Clock, Phase};
use domain::sla::clocks::Clocks;
use domain::sla::terms::CalendarBook;
use domain::ticket::event::{Cause, TicketEvent};
use domain::ticket::state::{PresentTicket, Status, Ticket};

/// The invariants, with what has to be remembered over the stream to check them.
#[derive(Default)]
pub struct Invariants {
    imported: bool,
    answered: bool,
    breaches: Vec<Metric>,
}

impl Invariants {
    /// Checks one event between the states before and after it.
    pub fn check_event(
        &mut self,
        before: &Ticket,
        event: &TicketEvent,
        after: &Ticket,
        actor: &Actor,
        now: DateTime<Utc>,
    ) {
        self.imported |= actor.is_import();
        self.answered |= matches!(event, TicketEvent::AgentReplied(_));
        let after = present(after);
        let Ticket::Present(before) = before else {
            assert!(
                matches!(event, TicketEvent::Opened(_)),
                "a stream begins with its opening"
            );
            assert_eq!(after.status, Status::New, "a ticket starts as new");
            return;
        };
        assert!(
            !matches!(event, TicketEvent::Opened(_)),
            "a ticket opens once"
        );
        check_what_never_changes(before, after);
        check_differs(before, event);
        check_closed(before, event, actor);
        check_actor(event, actor);
        if let Some((from, to, cause)) = event.status_move() {
            assert_eq!(from, before.status, "a move starts where the ticket stands");
            check_move(from, to, cause, actor);
        }
        if let TicketEvent::SlaBreached(breach) = event {
            assert!(
                !self.breaches.contains(&breach.metric),
                "a clock breaches at most once"
            );
            assert!(breach.due_at <= now, "a breach is never early");
            assert_eq!(breach.lateness_ms, (now - breach.due_at).num_milliseconds());
            self.breaches.push(breach.metric);
        }
    }

    /// Checks the state after a command with all its events.
    pub fn check_state(
        &self,
        state: &Ticket,
        actor: &Actor,
        events: &[TicketEvent],
        now: DateTime<Utc>,
    ) {
        let ticket = present(state);
        assert_eq!(ticket.status == Status::Resolved, ticket.resolved.is_some());
        assert_eq!(ticket.status == Status::Closed, ticket.closed_at.is_some());
        assert!(ticket.tags.len() <= PresentTicket::MAX_TAGS);
        if ticket.status == Status::Resolved && !self.imported {
            assert!(
                ticket.assignment.agent_id.is_some(),
                "a resolved ticket has an assignee"
            );
        }
        self.check_clocks(&ticket.clocks, ticket.status);
        if *actor != Actor::Timer && !events.is_empty() {
            assert_eq!(
                ticket.clocks.missed(now, &CalendarBook::default()),
                [],
                "no stream goes on past a missed deadline"
            );
        }
    }

    fn check_clocks(&self, clocks: &Clocks, status: Status) {
        assert!(matches!(clocks.iter().count(), 0 | 2));
        for metric in Metric::ALL {
            let Some(clock) = clocks.of(metric) else {
                continue;
            };
            assert!(clock.used_ms >= 0, "time used is never negative");
            assert_eq!(clock.breached_at.is_some(), self.breaches.contains(&metric));
            assert_eq!(
                clock.due_at(&CalendarBook::default()).is_some(),
                clock.runs()
            );
        }
        let phase = |clock: &Clock| clock.phase;
        match clocks.of(Metric::AgentWork).map(phase) {
            None => {}
            Some(Phase::Running { .. }) => assert!(matches!(status, Status::New | Status::Open)),
            Some(Phase::Paused) => assert!(matches!(status, Status::Pending | Status::OnHold)),
            Some(Phase::Met { .. }) => assert!(status.is_done()),
            Some(Phase::Idle | Phase::Cancelled { .. }) => panic!("work is never cancelled"),
        }
        match clocks.of(Metric::FirstReply).map(phase) {
            None | Some(Phase::Cancelled { .. }) => {}
            Some(Phase::Running { .. }) => assert!(!self.answered && !status.is_done()),
            Some(Phase::Met { .. }) => assert!(self.answered),
            Some(Phase::Idle | Phase::Paused) => panic!("a first reply never pauses"),
        }
    }
}

fn present(state: &Ticket) -> &PresentTicket {
    match state {
        Ticket::Present(ticket) => ticket,
        Ticket::Absent => panic!("a ticket never goes away"),
    }
}

fn check_what_never_changes(before: &PresentTicket, after: &PresentTicket) {
    assert_eq!(before.requester_id, after.requester_id);
    assert_eq!(before.channel, after.channel);
    assert_eq!(before.external, after.external);
    assert_eq!(before.follow_up_of, after.follow_up_of);
    assert_eq!(before.first_message_id, after.first_message_id);
    assert!(
        after.follow_ups.starts_with(&before.follow_ups),
        "follow-ups only grow"
    );
}

/// An event tells a change, and what was there before it.
fn check_differs(before: &PresentTicket, event: &TicketEvent) {
    match event {
        TicketEvent::Assigned(e) => assert!(e.from == before.assignment && e.from != e.to),
        TicketEvent::PriorityChanged(e) => assert!(e.from == before.priority && e.from != e.to),
        TicketEvent::SubjectChanged(e) => assert!(e.from == before.subject && e.from != e.to),
        TicketEvent::Tagged(e) => assert!(!before.tags.contains(&e.tag)),
        TicketEvent::Untagged(e) => assert!(before.tags.contains(&e.tag)),
        TicketEvent::CustomFieldSet(e) => {
            assert!(e.from.as_ref() == before.custom_fields.get(&e.key) && e.from != e.to);
        }
        _ => {
            if let Some((from, to, _)) = event.status_move() {
                assert_ne!(from, to);
            }
        }
    }
}

fn check_closed(before: &PresentTicket, event: &TicketEvent, actor: &Actor) {
    if before.status == Status::Closed && !actor.is_import() {
        let allowed = matches!(
            event,
            TicketEvent::Reopened(_) | TicketEvent::FollowUpOpened(_)
        );
        assert!(
            allowed,
            "a closed ticket is reopened or continued, nothing else: {event:?}"
        );
    }
}

/// Who may cause what.
fn check_actor(event: &TicketEvent, actor: &Actor) {
    if *actor == crate::scenario::other_customer() {
        panic!("for another customer there is no ticket: {event:?}");
    }
    if *actor == Actor::Timer {
        let timers = matches!(event, TicketEvent::SlaBreached(_) | TicketEvent::Closed(_));
        assert!(
            timers,
            "a timer tells that time is up, nothing else: {event:?}"
        );
    }
    if *actor == crate::scenario::customer() {
        let status_move = event.status_move();
        let by_reply = status_move.is_none_or(|(_, _, cause)| matches!(cause, Cause::Reply { .. }));
        assert!(
            by_reply,
            "a customer moves a ticket by writing only: {event:?}"
        );
    }
}

/// The moves that anybody but an import may make.
fn check_move(from: Status, to: Status, cause: Cause, actor: &Actor) {
    use Status::{Closed, New, OnHold, Open, Pending, Resolved};
    assert_eq!(
        cause == Cause::Import,
        actor.is_import(),
        "an imported move says so"
    );
    if actor.is_import() {
        return;
    }
    let allowed = match (from, to) {
        (_, New) => false,
        (Resolved, Closed) => matches!(cause, Cause::Request | Cause::Timer),
        (_, Closed) => false,
        (New | Open | Pending | OnHold, Resolved) => cause == Cause::Request,
        (Resolved, Open) => matches!(cause, Cause::Request | Cause::Reply { .. }),
        (Closed, Open) => cause == Cause::Request,
        (Resolved | Closed, _) => false,
        (New | Open | Pending | OnHold, Open | Pending | OnHold) => cause != Cause::Timer,
    };
    assert!(allowed, "{from:?} -> {to:?} because of {cause:?}");
}
