//! A year of tickets as a desk of a large company has them.
//!
//! The figures below are statistics of a public log of 24,918 incidents of such a desk over a year: how arrivals are spread
//! over the hours and weekdays, how long work takes, how often tickets are passed on and come back, how they are spread over
//! groups and people. Nothing else of that log is in here.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::vec::IntoIter;

use chrono::{DateTime, Datelike, TimeDelta, Timelike, Utc};
use domain::ids::MessageId;
use domain::ids::{TeamId, TicketId, UserId};
use domain::sla::targets::Targets;
use domain::text::{Subject, Tag};
use domain::ticket::event::{
    Cause, TicketAgentReplied, TicketAssigned, TicketClosed, TicketEvent, TicketOpened,
    TicketReopened, TicketResolved, TicketStatusChanged, TicketTagged,
};
use domain::ticket::state::{Assignment, Channel, Priority, Status};
use rand::prelude::*;
use rand::rngs::StdRng;
use uuid::{Builder, Uuid};

use crate::history::Life;

/// Of a thousand arrivals, those of each hour.
const HOURS: [u32; 24] = [
    11, 9, 6, 5, 5, 5, 13, 23, 102, 121, 116, 99, 54, 66, 90, 86, 75, 43, 19, 12, 9, 14, 10, 7,
];
/// Of a thousand arrivals, those of each weekday from Monday.
const WEEKDAYS: [u32; 7] = [239, 199, 196, 165, 154, 26, 23];
/// Hours from opened to resolved: every twentieth of the tickets took at most so long.
const RESOLVED_AFTER_HOURS: [f64; 21] = [
    0.0, 0.05, 0.1, 0.17, 0.25, 0.42, 0.75, 1.53, 3.58, 8.2, 22.1, 28.37, 48.85, 73.2, 113.12,
    148.47, 193.62, 282.1, 381.53, 704.2, 8070.17,
];
/// Of a thousand tickets, those that were passed on no time, once, twice and so on.
const REASSIGNED: [u32; 9] = [544, 250, 92, 50, 28, 15, 7, 6, 8];
/// Of a thousand tickets, those that came back.
const REOPENED: u32 = 11;
/// Hours from resolved to closed.
const CLOSED_AFTER_HOURS: i64 = 5 * 24;
/// Of a thousand tickets, those of each priority.
const PRIORITIES: [(Priority, u32); 4] = [
    (Priority::Low, 31),
    (Priority::Normal, 942),
    (Priority::High, 16),
    (Priority::Urgent, 11),
];
/// Every ticket has two clocks, so that reports of attainment have two waits of each.
const TARGETS: Targets = Targets {
    first_response_minutes: Targets::MAX_MINUTES,
    resolution_minutes: Targets::MAX_MINUTES,
};
/// Of a thousand tickets, those of each channel.
const CHANNELS: [(Channel, u32); 3] = [
    (Channel::Phone, 991),
    (Channel::Web, 7),
    (Channel::Email, 2),
];
/// Of a thousand tickets, those of the first groups; the others share the rest evenly.
const GROUPS: [u32; 10] = [379, 87, 50, 48, 43, 33, 29, 23, 22, 21];
/// Tags of the year: the log's categories are about as many.
const TAGS: u32 = 50;

/// Who works at the desk, and for whom.
pub struct People<'a> {
    /// Agents. The n-th is of the team n modulo the number of teams.
    pub agents: &'a [UserId],
    /// Customers.
    pub customers: &'a [UserId],
    /// Teams, the busiest first.
    pub teams: &'a [TeamId],
}

/// Makes tickets one by one, each from its number alone.
pub struct Model {
    start: DateTime<Utc>,
    seed: u64,
    count: usize,
    /// For each hour of the year, the share of tickets that came up to its end.
    came: Vec<f64>,
}

impl Model {
    /// So many tickets in the year from this day on.
    pub fn new(start: DateTime<Utc>, count: usize, seed: u64) -> Self {
        let start = start - TimeDelta::seconds(start.num_seconds_from_midnight().into());
        let weight = |hour: i32| {
            let at = start + TimeDelta::hours(hour.into());
            let weekday = WEEKDAYS[at.weekday().num_days_from_monday() as usize];
            f64::from(weekday * HOURS[at.hour() as usize])
        };
        let mut came: Vec<f64> = (0..365 * 24)
            .scan(0.0, |sum, hour| {
                *sum += weight(hour);
                Some(*sum)
            })
            .collect();
        let all = came.last().copied().unwrap_or(1.0);
        came.iter_mut().for_each(|share| *share /= all);
        Self {
            start,
            seed,
            count,
            came,
        }
    }

    /// The life of a ticket. Of two, the one with the higher number came later.
    pub fn life(&self, number: usize, people: &People<'_>) -> Life {
        let seed = self.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = StdRng::seed_from_u64(seed ^ number as u64);
        let opened_at = self.arrival(number);
        let id = TicketId(id(opened_at, &mut random));
        let mut life = Making {
            at: opened_at,
            until: self.start + TimeDelta::days(365),
            events: Vec::new(),
        };
        life.open(&mut random, number, people);
        life.work(&mut random, people);
        (id, life.events)
    }

    fn arrival(&self, number: usize) -> DateTime<Utc> {
        let share = (number as f64 + 0.5) / self.count as f64;
        let hour = self.came.partition_point(|came| *came < share);
        let (before, after) = match hour {
            0 => (0.0, self.came[0]),
            _ => (self.came[hour - 1], self.came[hour]),
        };
        let hours = hour as f64 + (share - before) / (after - before);
        self.start + TimeDelta::microseconds((hours * 3_600e6) as i64)
    }

    /// All that happens in the year, in the order of time: the ticket, how many of its events came before, when, and what.
    pub fn happenings<'a>(
        &'a self,
        people: &'a People<'a>,
    ) -> impl Iterator<Item = Happening> + 'a {
        let mut next = 0;
        let mut lives: HashMap<usize, Living> = HashMap::new();
        let mut due = BinaryHeap::new();
        std::iter::from_fn(move || {
            // Whoever came before what is due next has to be known first.
            while next < self.count
                && due
                    .peek()
                    .is_none_or(|Reverse((at, _))| self.arrival(next) <= *at)
            {
                let (id, events) = self.life(next, people);
                due.push(Reverse((self.arrival(next), next)));
                lives.insert(next, (id, events.into_iter(), 0));
                next += 1;
            }
            let Reverse((_, number)) = due.pop()?;
            let (id, events, count) = lives.get_mut(&number)?;
            let (at, event) = events.next()?;
            let happening = (*id, *count, at, event);
            *count += 1;
            match events.as_slice().first() {
                Some((at, _)) => due.push(Reverse((*at, number))),
                None => {
                    lives.remove(&number);
                }
            }
            Some(happening)
        })
    }
}

/// A ticket whose life goes on: what is yet to come, and how many events it had.
type Living = (TicketId, IntoIter<(DateTime<Utc>, TicketEvent)>, i64);

/// A ticket, how many events it had before, when, and what happened.
pub type Happening = (TicketId, i64, DateTime<Utc>, TicketEvent);

/// A life in the making. What would be after the end of the year has not happened yet.
struct Making {
    at: DateTime<Utc>,
    until: DateTime<Utc>,
    events: Vec<(DateTime<Utc>, TicketEvent)>,
}

impl Making {
    /// Adds what happens `after` what was last; false when the year is over.
    fn then(&mut self, after: TimeDelta, event: TicketEvent) -> bool {
        let at = self.at + after;
        if at >= self.until {
            return false;
        }
        self.at = at;
        self.events.push((at, event));
        true
    }

    fn open(&mut self, random: &mut StdRng, number: usize, people: &People<'_>) {
        let opened = TicketOpened {
            subject: subject(number),
            requester_id: people.customers[random.random_range(0..people.customers.len())],
            priority: one_of(random, &PRIORITIES),
            channel: one_of(random, &CHANNELS),
            message_id: None,
            follow_up_of: None,
            external: None,
            sla_targets: Some(TARGETS),
        };
        let tag = tag(random.random_range(0..TAGS));
        self.then(TimeDelta::zero(), TicketEvent::Opened(opened));
        self.then(TimeDelta::zero(), TicketEvent::Tagged(TicketTagged { tag }));
    }

    /// Passed on, answered, resolved, perhaps back and resolved again, closed: over the time that the model gives.
    fn work(&mut self, random: &mut StdRng, people: &People<'_>) {
        let passes = weighted(random, &REASSIGNED);
        let step = resolved_after(random) / i32::try_from(passes + 2).unwrap_or(i32::MAX);
        let mut holder = Assignment::default();
        for pass in 0..=passes {
            let to = somebody(random, people);
            let assigned = TicketAssigned { from: holder, to };
            if !self.then(step, TicketEvent::Assigned(assigned)) {
                return;
            }
            holder = to;
            if pass == 0 && !self.answer(random) {
                return;
            }
        }
        let comes_back = random.random_range(0..1_000) < REOPENED;
        if !self.resolve(step) {
            return;
        }
        if comes_back {
            let reopened = TicketReopened {
                from: Status::Resolved,
                to: Status::Open,
                cause: Cause::Request,
                reason: None,
            };
            let back = TimeDelta::hours(random.random_range(1..CLOSED_AFTER_HOURS));
            if !self.then(back, TicketEvent::Reopened(reopened)) || !self.resolve(step) {
                return;
            }
        }
        let closed = TicketClosed {
            from: Status::Resolved,
            cause: Cause::Timer,
        };
        self.then(
            TimeDelta::hours(CLOSED_AFTER_HOURS),
            TicketEvent::Closed(closed),
        );
    }

    /// The first to have it opens it, and answers within the hour.
    fn answer(&mut self, random: &mut StdRng) -> bool {
        let opened = TicketStatusChanged {
            from: Status::New,
            to: Status::Open,
            cause: Cause::Assignment,
        };
        let replied = TicketAgentReplied {
            message_id: MessageId(id(self.at, random)),
            machine: false,
        };
        let after = TimeDelta::seconds(random.random_range(0..3_600));
        self.then(TimeDelta::zero(), TicketEvent::StatusChanged(opened))
            && self.then(after, TicketEvent::AgentReplied(replied))
    }

    fn resolve(&mut self, after: TimeDelta) -> bool {
        let resolved = TicketResolved {
            from: Status::Open,
            cause: Cause::Request,
            auto_close_at: None,
        };
        self.then(after, TicketEvent::Resolved(resolved))
    }
}

fn somebody(random: &mut StdRng, people: &People<'_>) -> Assignment {
    let named: u32 = GROUPS.iter().sum();
    let team = match random.random_range(0..1_000) {
        busy if busy < named => weighted(random, &GROUPS) as usize,
        _ => random.random_range(0..people.teams.len()),
    };
    let team = team % people.teams.len();
    let colleagues = people.agents.len().div_ceil(people.teams.len());
    let agent = team + random.random_range(0..colleagues) * people.teams.len();
    Assignment {
        agent_id: Some(people.agents[agent % people.agents.len()]),
        team_id: Some(people.teams[team]),
    }
}

fn resolved_after(random: &mut StdRng) -> TimeDelta {
    let steps = RESOLVED_AFTER_HOURS.len() - 1;
    let step = random.random_range(0..steps);
    let (least, most) = (RESOLVED_AFTER_HOURS[step], RESOLVED_AFTER_HOURS[step + 1]);
    let hours = least + (most - least) * random.random::<f64>();
    TimeDelta::seconds((hours * 3_600.0) as i64)
}

/// The place of a weight, drawn by it.
fn weighted(random: &mut StdRng, weights: &[u32]) -> u32 {
    let mut rest = random.random_range(0..weights.iter().sum::<u32>());
    let mut place = 0;
    for weight in weights {
        if rest < *weight {
            break;
        }
        rest -= weight;
        place += 1;
    }
    place
}

fn one_of<T: Copy>(random: &mut StdRng, weights: &[(T, u32)]) -> T {
    let shares: Vec<u32> = weights.iter().map(|(_, weight)| *weight).collect();
    weights[weighted(random, &shares) as usize].0
}

/// As the product makes ids: by time, and the same from the same seed.
fn id(at: DateTime<Utc>, random: &mut StdRng) -> Uuid {
    let ms = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    Builder::from_unix_timestamp_millis(ms, &random.random::<[u8; 10]>()).into_uuid()
}

/// The words are right by construction: the parsers only refuse what is empty, too long or has other characters.
#[allow(clippy::expect_used)]
fn subject(number: usize) -> Subject {
    Subject::parse(&format!("The printer on floor {number} is on fire")).expect("a short subject")
}

/// See [`subject`].
#[allow(clippy::expect_used)]
fn tag(number: u32) -> Tag {
    Tag::parse(&format!("tag-{number}")).expect("a short tag")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn year(seed: u64, count: usize) -> Vec<Life> {
        let ids = |count: u128| (1..=count).map(Uuid::from_u128).collect::<Vec<_>>();
        let agents: Vec<_> = ids(220).into_iter().map(UserId).collect();
        let teams: Vec<_> = ids(70).into_iter().map(TeamId).collect();
        let people = People {
            agents: &agents,
            customers: &agents,
            teams: &teams,
        };
        let model = Model::new(DateTime::UNIX_EPOCH + TimeDelta::days(20_000), count, seed);
        (0..count)
            .map(|number| model.life(number, &people))
            .collect()
    }

    #[test]
    fn the_same_seed_makes_the_same_year_and_another_another() {
        assert_eq!(year(1, 50), year(1, 50));
        assert_ne!(year(1, 50), year(2, 50));
    }

    #[test]
    fn everything_happens_once_and_in_the_order_of_time() {
        let customers = [UserId(Uuid::from_u128(1))];
        let teams = [TeamId(Uuid::from_u128(2))];
        let people = People {
            agents: &customers,
            customers: &customers,
            teams: &teams,
        };
        let model = Model::new(DateTime::UNIX_EPOCH + TimeDelta::days(20_000), 300, 1);
        let all: Vec<Happening> = model.happenings(&people).collect();
        let lives: usize = (0..300)
            .map(|number| model.life(number, &people).1.len())
            .sum();
        assert_eq!(all.len(), lives);
        assert!(all.is_sorted_by_key(|(_, _, at, _)| *at));
    }

    #[test]
    fn a_year_has_the_shape_of_the_log_that_it_is_modelled_on() {
        let year = year(7, 20_000);
        let share = |fits: &dyn Fn(&Life) -> bool| {
            year.iter().filter(|life| fits(life)).count() as f64 / year.len() as f64
        };
        let on_mondays = share(&|life| life.1[0].0.weekday().num_days_from_monday() == 0);
        let at_nine = share(&|life| life.1[0].0.hour() == 9);
        let back = share(&|life| {
            life.1
                .iter()
                .any(|(_, event)| matches!(event, TicketEvent::Reopened(_)))
        });
        assert!((0.22..0.26).contains(&on_mondays), "{on_mondays}");
        assert!((0.11..0.13).contains(&at_nine), "{at_nine}");
        assert!((0.007..0.015).contains(&back), "{back}");
    }
}
