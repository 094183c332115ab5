//! What the log holds at the end: what happened to each ticket, what was found missed, and what the domain's clocks show.

use super::office::Office;
use super::walk::{Fact, History};
use super::{DAY_OFF, DAY_S, at, seconds};
use crate::desk::{Desk, Recorded};
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::Actor;
use domain::calendar::arithmetic::Calendar;
use domain::ids::TicketId;
use domain::sla::Metric;
use domain::sla::clocks::Clocks;
use domain::sla::terms::CalendarBook;
use domain::ticket::event::{SlaBreached, TicketEvent};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A ticket as the log tells it.
#[derive(Default)]
pub struct Told {
    pub history: History,
    /// How many breaches were told by a command that came before the timer.
    pub told_by_commands: usize,
    pub clocks: Clocks,
}

/// Every ticket. Fails for a deadline that is told early.
pub async fn told(desk: &Desk) -> BTreeMap<TicketId, Told> {
    let mut tickets: BTreeMap<TicketId, Told> = BTreeMap::new();
    for recorded in desk.events().await {
        let told = tickets.entry(recorded.ticket_id).or_default();
        told.clocks.evolve(&recorded.event, recorded.occurred_at);
        told.take(&recorded);
    }
    tickets
}

impl Told {
    fn take(&mut self, recorded: &Recorded) {
        let fact = match &recorded.event {
            TicketEvent::Opened(_) => {
                self.history.opened_s = seconds(recorded.occurred_at);
                return;
            }
            TicketEvent::SlaBreached(breach) => {
                self.check(breach, recorded);
                Fact::Missed(breach.metric)
            }
            TicketEvent::AgentReplied(_) => Fact::AgentReplied,
            TicketEvent::CustomerReplied(_) => Fact::CustomerReplied,
            TicketEvent::PriorityChanged(changed) => Fact::Prioritised(changed.to),
            event => match event.status_move() {
                Some((_, to, _)) => Fact::Moved(to),
                None => return,
            },
        };
        let second = seconds(recorded.occurred_at);
        self.history.facts.push((second, fact));
    }

    /// A breach is told at its deadline or after it, and by a timer only while a saga runs.
    fn check(&mut self, breach: &SlaBreached, recorded: &Recorded) {
        assert!(breach.lateness_ms >= 0, "early: {recorded:?}");
        assert_eq!(recorded.occurred_at, breach.due_at, "{recorded:?}");
        let told_at = breach.due_at + TimeDelta::milliseconds(breach.lateness_ms);
        let is_timer = recorded.metadata.actor == Actor::Timer;
        assert!(!is_timer || !is_day_off(told_at), "{recorded:?}");
        self.told_by_commands += usize::from(!is_timer);
    }

    /// What the clock of a metric has used by a second, in milliseconds, by the arithmetic of the domain.
    pub fn used_ms(&self, metric: Metric, second: i64, office: &Office) -> i64 {
        let calendar = Arc::new(Calendar::new(&office.calendar));
        let mut book = CalendarBook::default();
        for reference in self.clocks.calendars() {
            book.add(reference, Arc::clone(&calendar));
        }
        let clock = self.clocks.of(metric);
        clock.map_or(0, |clock| clock.used_at_ms(at(second), &book))
    }
}

/// Whether no saga runs.
fn is_day_off(instant: DateTime<Utc>) -> bool {
    at(DAY_OFF * DAY_S) < instant && instant < at((DAY_OFF + 1) * DAY_S)
}
