//! What sums count, and by what they are cut.

use chrono::{Datelike, NaiveDate};
use domain::ids::{PolicyId, UserId};
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use domain::ticket::state::{Channel, Priority};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Figure;
use super::column::{Column, RowError};
use super::figures::numbered;

/// What a sum counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Counted {
    /// Tickets of a figure.
    Tickets(Figure),
    /// Waits of a metric that came to this.
    Waits(Metric, Outcome),
}

/// Waits are numbered from here on: ten for each metric.
const WAITS: i16 = 100;

impl Counted {
    /// All waits of a metric.
    pub fn waits(metric: Metric) -> impl Iterator<Item = Self> {
        let outcomes = Outcome::ALL.into_iter();
        outcomes.map(move |outcome| Self::Waits(metric, outcome))
    }
}

impl Column for Counted {
    const TYPE: &'static str = "smallint";
    type Parameter = i16;
    type Stored = i16;

    fn parameter(&self) -> i16 {
        match self {
            Self::Tickets(figure) => figure.parameter(),
            Self::Waits(metric, outcome) => {
                let before = Outcome::ALL.into_iter().take_while(|one| one != outcome);
                // There are four.
                let place = before.fold(0, |place, _| place + 1);
                WAITS + 10 * metric.parameter() + place
            }
        }
    }

    fn from_stored(stored: i16) -> Result<Self, RowError> {
        if stored < WAITS {
            return Figure::from_stored(stored).map(Self::Tickets);
        }
        let mut all = Metric::ALL.into_iter().flat_map(Self::waits);
        let known = all.find(|one| one.parameter() == stored);
        known.ok_or_else(|| RowError::Value {
            value: stored.to_string(),
        })
    }
}

/// What a sum is cut by. Most are cut by the team as well, since teams may be hidden from who asks; a year of them is some ten
/// thousand rows, and so there are others of all teams together, and of whole months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cut {
    /// The team and the priority.
    Priority,
    /// The team and the channel.
    Channel,
    /// The team and the agent.
    Agent,
    /// Each of the tags, and none; of all teams.
    Tag,
    /// The team and the local hour, of what has an instant.
    Hour,
    /// The team alone. Every figure of every ticket is here once.
    Team,
    /// The priority with the channel, of all teams. Every figure of every ticket is here once.
    PriorityAndChannel,
    /// The local hour, of all teams.
    HourOfAll,
    /// The agent, of all teams, by months.
    AgentByMonth,
    /// Each of the tags, and none, of all teams, by months; without times, of which a month of a frequent tag has too many to be
    /// written anew with each change.
    TagByMonth,
    /// The policy with the priority and the channel, of all teams. Every wait is here once.
    Policy,
}

impl Cut {
    /// Every cut, in the order of their numbers.
    pub const ALL: [Self; 11] = [
        Self::Priority,
        Self::Channel,
        Self::Agent,
        Self::Tag,
        Self::Hour,
        Self::Team,
        Self::PriorityAndChannel,
        Self::HourOfAll,
        Self::AgentByMonth,
        Self::TagByMonth,
        Self::Policy,
    ];

    /// Whether the sums are cut by the team, too.
    #[must_use]
    pub fn is_by_team(self) -> bool {
        match self {
            Self::Priority | Self::Channel | Self::Agent | Self::Hour | Self::Team => true,
            Self::Tag
            | Self::PriorityAndChannel
            | Self::HourOfAll
            | Self::AgentByMonth
            | Self::TagByMonth
            | Self::Policy => false,
        }
    }

    /// Whether the sums are of whole months, under their first day.
    #[must_use]
    pub fn is_by_month(self) -> bool {
        matches!(self, Self::AgentByMonth | Self::TagByMonth)
    }

    /// The day under which what happened on a local day is summed.
    #[must_use]
    pub fn day_of(self, day: NaiveDate) -> NaiveDate {
        let first = day.with_day(1).filter(|_| self.is_by_month());
        first.unwrap_or(day)
    }

    /// The key of a priority.
    #[must_use]
    pub fn of_priority(priority: Priority) -> Uuid {
        number(priority.parameter().unsigned_abs().into())
    }

    /// The key of a channel.
    #[must_use]
    pub fn of_channel(channel: Channel) -> Uuid {
        number(place_of(channel))
    }

    /// The key of a priority with a channel.
    #[must_use]
    pub fn of_priority_and_channel(priority: Priority, channel: Channel) -> Uuid {
        let priority = u128::from(priority.parameter().unsigned_abs());
        number(priority << 8 | place_of(channel))
    }

    /// The key of a policy, or of the organization's settings, with what its label says of a priority and a channel.
    #[must_use]
    pub fn of_policy(policy_id: Option<PolicyId>, label: &str) -> Uuid {
        let policy = policy_id.map_or(Uuid::nil(), |id| id.0);
        Uuid::new_v5(&policy, label.as_bytes())
    }

    /// The key of an agent, or of nobody.
    #[must_use]
    pub fn of_agent(agent_id: Option<UserId>) -> Uuid {
        agent_id.map_or(Uuid::nil(), |id| id.0)
    }

    /// The key of a tag.
    #[must_use]
    pub fn of_tag(tag: &str) -> Uuid {
        Uuid::new_v5(&Uuid::NAMESPACE_OID, tag.as_bytes())
    }

    /// The key of an hour, 0 to 23.
    #[must_use]
    pub fn of_hour(hour: u32) -> Uuid {
        number(u128::from(hour) + 1)
    }
}

fn number(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Channels are counted from 1.
fn place_of(channel: Channel) -> u128 {
    let channels = Channel::ALL.into_iter();
    // Every channel is among all of them.
    channels.take_while(|one| *one != channel).count() as u128 + 1
}

numbered!(Cut);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_and_what_is_counted_come_back_as_they_went() {
        for cut in Cut::ALL {
            assert_eq!(Cut::from_stored(cut.parameter()).ok(), Some(cut));
        }
        let waits = Metric::ALL.into_iter().flat_map(Counted::waits);
        for counted in Figure::ALL.map(Counted::Tickets).into_iter().chain(waits) {
            let stored = counted.parameter();
            assert_eq!(Counted::from_stored(stored).ok(), Some(counted));
        }
    }

    #[test]
    fn a_day_is_summed_under_itself_or_under_the_first_of_its_month() {
        let day = |text: &str| text.parse::<NaiveDate>().ok();
        let last = day("2026-02-28");
        assert_eq!(last.map(|it| Cut::Agent.day_of(it)), last);
        let month = last.map(|it| Cut::AgentByMonth.day_of(it));
        assert_eq!(month, day("2026-02-01"));
    }
}
