//! One ticket, as it went and as it would have gone.

use super::rules::Rules;
use crate::sla::Metric;
use crate::sla::measure::{self, Holder, Measure};
use crate::sla::rule::Rule;
use crate::sla::targets::TargetTable;
use crate::sla::terms::{CalendarBook, Terms};
use crate::ticket::decide::service_levels::{
    applied, changes_what_matches, differing, facts, holding, targets_of,
};
use crate::ticket::event::{
    SlaBreached, SlaCause, TicketEvent, TicketOpened, TicketPriorityChanged, TicketSlaApplied,
};
use crate::ticket::evolve::evolve;
use crate::ticket::state::{PresentTicket, Ticket};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// The waits of a ticket, in the order of metric and round.
pub type Waits = BTreeMap<(Metric, u32), Measure>;

/// A ticket that is replayed: first its opening, then each later event in the order of its stream.
#[derive(Debug)]
pub struct Replay {
    /// Whether what another system's history made is promised something, too. Really it never was.
    imported: bool,
    really: Course,
    draft: Course,
    /// The opening, until all of what came with it is told.
    opening: Option<Opening>,
}

/// What a promise at the opening waits for: tags, fields and assignment that came in the same request.
#[derive(Debug)]
struct Opening {
    request: Uuid,
    at: DateTime<Utc>,
    rules: Arc<Rules>,
}

/// A ticket under some rules, and its waits.
#[derive(Debug, Default)]
struct Course {
    ticket: Ticket,
    waits: Waits,
}

impl Replay {
    /// A ticket before its first event. With `imported`, one that came from another system is promised something, too.
    #[must_use]
    pub fn new(imported: bool) -> Self {
        Self {
            imported,
            really: Course::default(),
            draft: Course::default(),
            opening: None,
        }
    }

    /// Takes an event in that occurred at `at`. `request` is the same of all events of one request; `rules` are those of the
    /// moment, with the drafts in their place and the requester's company.
    pub fn take(
        &mut self,
        event: &TicketEvent,
        at: DateTime<Utc>,
        request: Uuid,
        rules: &Arc<Rules>,
    ) {
        let book = &rules.terms.calendars;
        self.really.take(event, at, book);
        if let TicketEvent::Opened(opened) = event {
            self.open(opened, at, request, rules);
            return;
        }
        // A move of the status counts from the promise on, also one of the same instant: of an imported ticket nothing is
        // followed before something is promised.
        let is_of_opening = |opening: &Opening| {
            opening.request == request && opening.at == at && event.status_move().is_none()
        };
        if !self.opening.as_ref().is_some_and(is_of_opening) {
            self.promise_opening();
        }
        match event {
            TicketEvent::SlaApplied(applied) => {
                let is_recomputed = applied.cause == SlaCause::RulesChanged;
                if is_recomputed && !self.draft.is_done() {
                    self.draft.miss(at, book);
                    self.draft
                        .match_anew(at, SlaCause::RulesChanged, rules, differing);
                }
            }
            // What is told of a deadline was written at it or later: what the draft promised by then is missed, too.
            TicketEvent::SlaBreached(breach) => {
                let after = breach.due_at + TimeDelta::microseconds(1);
                self.draft.miss(after, book);
            }
            // What a warning changed is told by events of its own, and stays as it was.
            TicketEvent::SlaWarned(_) => {}
            _ => {
                self.draft.miss(at, book);
                self.draft.change(event, at, rules);
            }
        }
    }

    /// The waits as they went and as they would have gone, as of an instant. `rules` are those of the end of the log.
    #[must_use]
    pub fn end(mut self, as_of: DateTime<Utc>, rules: &Rules) -> (Waits, Waits) {
        self.promise_opening();
        let book = &rules.terms.calendars;
        self.really.miss(as_of, book);
        self.draft.miss(as_of, book);
        (self.really.waits, self.draft.waits)
    }

    fn open(
        &mut self,
        opened: &TicketOpened,
        at: DateTime<Utc>,
        request: Uuid,
        rules: &Arc<Rules>,
    ) {
        let unpromised = TicketOpened {
            sla_targets: None,
            ..opened.clone()
        };
        self.draft
            .take(&unpromised.into(), at, &rules.terms.calendars);
        if opened.external.is_none() || self.imported {
            self.opening = Some(Opening {
                request,
                at,
                rules: Arc::clone(rules),
            });
        }
    }

    fn promise_opening(&mut self) {
        let Some(opening) = self.opening.take() else {
            return;
        };
        let Rules { terms, settings } = &*opening.rules;
        let Ticket::Present(ticket) = &self.draft.ticket else {
            return;
        };
        let promise = TicketSlaApplied {
            rule: Rule::holding(terms, settings, &facts(ticket, terms)),
            used: Vec::new(),
            cause: SlaCause::Opened,
        };
        self.draft
            .take(&promise.into(), opening.at, &terms.calendars);
    }
}

impl Course {
    fn take(&mut self, event: &TicketEvent, at: DateTime<Utc>, book: &CalendarBook) {
        let before = self.present().map(|ticket| ticket.clocks.clone());
        self.ticket = evolve(std::mem::take(&mut self.ticket), event, at);
        let Some(ticket) = self.present() else {
            return;
        };
        let holder = Holder {
            priority: ticket.priority,
            team_id: ticket.assignment.team_id,
            agent_id: ticket.assignment.agent_id,
        };
        let before = before.unwrap_or_default();
        let known = |metric, round| self.waits.get(&(metric, round)).cloned();
        let changed = measure::between(&before, &ticket.clocks, at, holder, book, known);
        for wait in changed {
            self.waits.insert((wait.metric, wait.round), wait);
        }
    }

    /// Something that people did, and what it promises.
    fn change(&mut self, event: &TicketEvent, at: DateTime<Utc>, rules: &Rules) {
        let book = &rules.terms.calendars;
        match (event, self.present()) {
            (TicketEvent::PriorityChanged(changed), Some(ticket)) => {
                let (terms, settings) = (&rules.terms, &rules.settings);
                let told = TicketPriorityChanged {
                    sla_targets: targets_of(ticket, changed.to, terms, settings),
                    ..changed.clone()
                };
                self.take(&told.into(), at, book);
            }
            _ => self.take(event, at, book),
        }
        if changes_what_matches(event) {
            let comes_back = matches!(event, TicketEvent::Reopened(_));
            let promised = if comes_back { differing } else { holding };
            self.match_anew(at, SlaCause::TicketChanged, rules, promised);
        }
    }

    fn match_anew(
        &mut self,
        at: DateTime<Utc>,
        cause: SlaCause,
        rules: &Rules,
        promised: fn(&PresentTicket, &Terms, &TargetTable) -> Option<Rule>,
    ) {
        let Rules { terms, settings } = rules;
        let Some(ticket) = self.present() else {
            return;
        };
        let promised =
            promised(ticket, terms, settings).map(|rule| applied(ticket, rule, cause, at, terms));
        if let Some(promised) = promised {
            self.take(&promised, at, &terms.calendars);
        }
    }

    /// Misses the deadlines before an instant.
    fn miss(&mut self, before: DateTime<Utc>, book: &CalendarBook) {
        let Some(ticket) = self.present() else {
            return;
        };
        for missed in ticket.clocks.missed(before, book) {
            let due_at = missed.due_at;
            let missed = SlaBreached {
                lateness_ms: 0,
                ..missed
            };
            self.take(&missed.into(), due_at, book);
        }
    }

    fn is_done(&self) -> bool {
        self.present().is_some_and(|ticket| ticket.status.is_done())
    }

    fn present(&self) -> Option<&PresentTicket> {
        match &self.ticket {
            Ticket::Present(ticket) => Some(ticket),
            Ticket::Absent => None,
        }
    }
}
