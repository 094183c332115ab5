//! What the clients do at which second: made before anybody runs, so that it is the same on every machine.

use super::office::OFFICES;
use super::{DAY_S, DAYS};
use crate::random::Random;
use domain::ticket::state::{Priority, Status};
use std::collections::BTreeSet;

pub const TICKETS: usize = 300;
const STEPS_PER_TICKET: usize = 14;
/// One step of so many is taken together with another one of the same ticket.
const ALONE_PER_PAIR: i64 = 4;

/// A step of a ticket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    AgentReplies,
    CustomerReplies,
    Set(Status),
    Prioritise(Priority),
    Resolve,
    Reopen,
}

/// A ticket before it is opened.
#[derive(Debug, Clone, Copy)]
pub struct Opening {
    pub second: i64,
    pub office: usize,
    pub priority: Priority,
}

/// What one client does at a second, to the ticket of a number.
#[derive(Debug, Clone)]
pub struct Errand {
    pub second: i64,
    pub ticket: usize,
    /// Those of one errand are sent at once. None: the opening.
    pub steps: Vec<Step>,
}

/// Tickets in the order of their opening, and the errands in theirs.
pub fn plan(random: &mut Random) -> (Vec<Opening>, Vec<Errand>) {
    let mut seconds = BTreeSet::new();
    while seconds.len() < TICKETS {
        seconds.insert(random.below(DAYS * DAY_S * 3 / 4));
    }
    let mut opening = |second| Opening {
        second,
        office: usize::try_from(random.below(OFFICES.len().try_into().unwrap())).unwrap(),
        priority: random.pick(&Priority::ALL),
    };
    let openings: Vec<_> = seconds.into_iter().map(&mut opening).collect();
    let mut errands = Vec::new();
    for (ticket, Opening { mut second, .. }) in openings.iter().copied().enumerate() {
        errands.push(Errand {
            second,
            ticket,
            steps: Vec::new(),
        });
        for _ in 0..STEPS_PER_TICKET {
            let longest_s = random.pick(&[1_800, 4 * 3_600, DAY_S, 6 * DAY_S]);
            second += 1 + random.below(longest_s);
            let count = 1 + usize::from(random.below(ALONE_PER_PAIR) == 0);
            errands.push(Errand {
                second,
                ticket,
                steps: (0..count).map(|_| step(random)).collect(),
            });
        }
    }
    errands.retain(|errand| errand.second < DAYS * DAY_S);
    errands.sort_by_key(|errand| errand.second);
    (openings, errands)
}

fn step(random: &mut Random) -> Step {
    let priority = random.pick(&Priority::ALL);
    random.pick(&[
        Step::AgentReplies,
        Step::AgentReplies,
        Step::CustomerReplies,
        Step::CustomerReplies,
        Step::Set(Status::Open),
        Step::Set(Status::Pending),
        Step::Set(Status::OnHold),
        Step::Prioritise(priority),
        Step::Resolve,
        Step::Reopen,
    ])
}
