//! What reports count, by what the counts are cut, and how measured times are packed.

use domain::actor::Role;
use domain::ids::UserId;
use domain::message::state::Visibility;
use domain::ticket::state::{Channel, Priority, Status};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::column::{Column, RowError};

/// What a report counts. The definitions are in docs/METRICS.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Figure {
    /// Tickets by when they were opened.
    Opened,
    /// Tickets by when a person first answered; the time since they were opened.
    FirstResponse,
    /// Tickets by when they were first done; the time since they were opened.
    FirstResolution,
    /// Tickets by since when they are done; the time since they were opened.
    Resolution,
    /// Tickets by since when they are closed.
    Closed,
    /// Those of [`Figure::FirstResolution`] that came back; how often.
    Reopened,
    /// Those of [`Figure::Resolution`] that went from an agent or team to another; how often.
    Reassigned,
    /// Tickets that are not done at the end of a day.
    Backlog,
    /// Tickets by since when they are with the agent who has them; the time since they were opened.
    Assigned,
}

impl Figure {
    /// Every figure, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Opened,
        Self::FirstResponse,
        Self::FirstResolution,
        Self::Resolution,
        Self::Closed,
        Self::Reopened,
        Self::Reassigned,
        Self::Backlog,
        Self::Assigned,
    ];

    /// Whether times are measured: how long it took from the opening.
    #[must_use]
    pub fn is_timed(self) -> bool {
        match self {
            Self::FirstResponse | Self::FirstResolution | Self::Resolution | Self::Assigned => true,
            Self::Opened | Self::Closed | Self::Reopened | Self::Reassigned | Self::Backlog => {
                false
            }
        }
    }

    /// Whether a ticket may count more than once: how often is summed.
    #[must_use]
    pub fn is_repeated(self) -> bool {
        match self {
            Self::Reopened | Self::Reassigned => true,
            Self::Opened
            | Self::FirstResponse
            | Self::FirstResolution
            | Self::Resolution
            | Self::Closed
            | Self::Backlog
            | Self::Assigned => false,
        }
    }
}

/// Who wrote a message to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// The staff to whoever can read the ticket.
    PublicReply,
    /// A customer.
    CustomerMessage,
    /// The staff to each other.
    InternalNote,
}

impl MessageKind {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::PublicReply, Self::CustomerMessage, Self::InternalNote];

    /// Of a message that somebody of this role wrote.
    #[must_use]
    pub fn of(role: Role, visibility: Visibility) -> Self {
        match (visibility, role) {
            (Visibility::Internal, _) => Self::InternalNote,
            (Visibility::Public, Role::Customer) => Self::CustomerMessage,
            (Visibility::Public, Role::Agent | Role::Lead | Role::Admin) => Self::PublicReply,
        }
    }
}

/// What a sum is cut by, beside the team in all cuts but that by tag, whose rows would be too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Cut {
    /// The priority. Every figure of every ticket is here once: totals are read from it, too.
    Priority,
    /// The channel.
    Channel,
    /// The agent.
    Agent,
    /// Each of the tags, and none.
    Tag,
    /// The local hour, of what has an instant.
    Hour,
}

impl Cut {
    /// Every cut, in the order of their numbers.
    pub const ALL: [Self; 5] = [
        Self::Priority,
        Self::Channel,
        Self::Agent,
        Self::Tag,
        Self::Hour,
    ];

    /// Whether the sums are cut by the team, too.
    #[must_use]
    pub fn is_by_team(self) -> bool {
        self != Self::Tag
    }

    /// The key of a priority.
    #[must_use]
    pub fn of_priority(priority: Priority) -> Uuid {
        number(priority.parameter().unsigned_abs().into())
    }

    /// The key of a channel.
    #[must_use]
    pub fn of_channel(channel: Channel) -> Uuid {
        let channels = Channel::ALL.into_iter();
        // Every channel is among all of them.
        number(channels.take_while(|one| *one != channel).count() as u128 + 1)
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

macro_rules! numbered {
    ($($type:ident),+) => {
        $(impl Column for $type {
            const TYPE: &'static str = "smallint";
            type Parameter = i16;
            type Stored = i16;

            fn parameter(&self) -> i16 {
                let number = Self::ALL.iter().take_while(|one| *one != self).count();
                i16::try_from(number + 1).unwrap_or(i16::MAX)
            }

            fn from_stored(stored: i16) -> Result<Self, RowError> {
                let mut all = Self::ALL.into_iter();
                let known = all.find(|one| one.parameter() == stored);
                known.ok_or_else(|| RowError::Value {
                    value: stored.to_string(),
                })
            }
        })+
    };
}

numbered!(Figure, Cut, MessageKind);

impl super::FactsRow {
    /// Whether the ticket is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        matches!(self.status, Status::Resolved | Status::Closed)
    }
}

/// Times in seconds that were added and taken away, packed: each as twice its seconds, and one more where it was taken away,
/// in groups of seven bits, the lowest first, the eighth bit set on all but the last.
///
/// Two of these one after the other are the times of both, so PostgreSQL sums them by `||` and by `string_agg`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Times(pub Vec<u8>);

impl Times {
    /// Notes a time; `sign` is negative for one that is taken away.
    pub fn push(&mut self, seconds: i64, sign: i64) {
        // Times begin at an opening and end later: see the fold of the facts.
        let mut rest = seconds.unsigned_abs() << 1 | u64::from(sign < 0);
        while rest >= 0x80 {
            self.0.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.0.push(rest as u8);
    }

    /// The times that are left, in no order.
    #[must_use]
    pub fn left(&self) -> Vec<u32> {
        let (mut added, mut taken) = (Vec::with_capacity(self.0.len() / 2), Vec::new());
        let (mut value, mut shift) = (0_u64, 0_u32);
        for byte in &self.0 {
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                let seconds = u32::try_from(value >> 1).unwrap_or(u32::MAX);
                if value & 1 == 0 {
                    added.push(seconds);
                } else {
                    taken.push(seconds);
                }
                (value, shift) = (0, 0);
            }
        }
        if taken.is_empty() {
            return added;
        }
        added.sort_unstable();
        taken.sort_unstable();
        let mut taken = taken.into_iter().peekable();
        added.retain(|seconds| taken.next_if_eq(seconds).is_none());
        added
    }
}

impl Column for Times {
    const TYPE: &'static str = "bytea";
    type Parameter = Vec<u8>;
    type Stored = Vec<u8>;

    fn parameter(&self) -> Vec<u8> {
        self.0.clone()
    }

    fn from_stored(stored: Vec<u8>) -> Result<Self, RowError> {
        Ok(Self(stored))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_but_for_those_that_were_taken_away() {
        let mut times = Times::default();
        for seconds in [0, 1, 63, 64, 5_000_000, 64] {
            times.push(seconds, 1);
        }
        times.push(64, -1);
        times.push(0, -1);
        let mut left = times.left();
        left.sort_unstable();
        assert_eq!(left, [1, 63, 64, 5_000_000]);
    }

    #[test]
    fn the_times_of_both_are_one_after_the_other() {
        let (mut one, mut other) = (Times::default(), Times::default());
        one.push(300, 1);
        other.push(300, -1);
        other.push(7, 1);
        one.0.extend(other.0);
        assert_eq!(one.left(), [7]);
    }

    #[test]
    fn figures_and_cuts_come_back_as_they_went() {
        for figure in Figure::ALL {
            assert_eq!(Figure::from_stored(figure.parameter()).ok(), Some(figure));
        }
        for cut in Cut::ALL {
            assert_eq!(Cut::from_stored(cut.parameter()).ok(), Some(cut));
        }
        for kind in MessageKind::ALL {
            assert_eq!(MessageKind::from_stored(kind.parameter()).ok(), Some(kind));
        }
    }
}
