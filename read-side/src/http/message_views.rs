//! Reports of messages on the wire.

use chrono::{DateTime, NaiveDate, Utc};
use platform::rows::MessageKind;
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use super::report_views::{NamedView, named};
use crate::reports::figures::Key;
use crate::reports::messages::{
    CountedMessage, MessageGroup, MessageNumbers, MessageReport, MessageSplit,
};

/// Who wrote a message to whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "MessageKind", rename_all = "snake_case")]
pub(super) enum MessageKindView {
    /// The staff to whoever can read the ticket.
    PublicReply,
    /// A customer.
    CustomerMessage,
    /// The staff to each other.
    InternalNote,
}

/// What a report of messages is split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "MessageSplit", rename_all = "snake_case")]
pub(super) enum MessageSplitView {
    /// The team that had the ticket then.
    Team,
    /// Who of the staff wrote them; what customers wrote has a group without an agent.
    Agent,
}

/// A report of messages.
#[derive(Debug, Object)]
#[oai(rename = "MessageReport", skip_serializing_if_is_none)]
pub(super) struct MessageReportView {
    /// The first day.
    from: NaiveDate,
    /// The day after the last.
    to: NaiveDate,
    /// The organization's zone, in which these days are.
    time_zone: String,
    /// The moment as of which it is, if one was asked for.
    as_of: Option<DateTime<Utc>>,
    /// The numbers of all days.
    total: MessageNumbersView,
    /// The numbers by period and by what was asked for, in this order.
    groups: Vec<MessageGroupView>,
}

/// Messages of a period that have in common what the report is split by. Without a team or agent, that is absent.
#[derive(Debug, Object)]
#[oai(rename = "MessageReportGroup", skip_serializing_if_is_none)]
pub(super) struct MessageGroupView {
    /// The first day of the period.
    from: NaiveDate,
    /// The day after its last.
    to: NaiveDate,
    /// The team that had their tickets.
    team: Option<NamedView>,
    /// Who of the staff wrote them.
    agent: Option<NamedView>,
    /// The numbers.
    numbers: MessageNumbersView,
}

/// How many messages there are of each kind.
#[derive(Debug, Object)]
#[oai(rename = "MessageNumbers")]
pub(super) struct MessageNumbersView {
    /// Of the staff to whoever can read the ticket.
    public_replies: i64,
    /// Of customers.
    customer_messages: i64,
    /// Of the staff to each other.
    internal_notes: i64,
}

/// A message as a report counts it.
#[derive(Debug, Object)]
#[oai(rename = "CountedMessage", skip_serializing_if_is_none)]
pub(super) struct CountedMessageView {
    /// The message.
    message_id: Uuid,
    /// Its ticket.
    ticket_id: Uuid,
    /// The number of the ticket.
    number: i64,
    /// Who wrote to whom.
    kind: MessageKindView,
    /// Who wrote it.
    author_id: Uuid,
    /// The team that had the ticket then.
    team_id: Option<Uuid>,
    /// When it was written.
    written_at: DateTime<Utc>,
}

impl MessageReportView {
    pub(super) fn new(as_of: Option<DateTime<Utc>>, report: MessageReport) -> Self {
        let frame = &report.frame;
        let (from, to) = frame.range();
        let groups = report.groups.into_iter();
        Self {
            from,
            to,
            time_zone: frame.zone.to_string(),
            as_of,
            total: report.total.into(),
            groups: groups
                .map(|it| group(frame.days_of(it.period), it))
                .collect(),
        }
    }
}

fn group((from, to): (NaiveDate, NaiveDate), group: MessageGroup) -> MessageGroupView {
    let (team, agent) = team_or_agent(group.key);
    MessageGroupView {
        from,
        to,
        team,
        agent,
        numbers: group.numbers.into(),
    }
}

/// The team or the agent that a key names.
pub(super) fn team_or_agent(key: Option<Key>) -> (Option<NamedView>, Option<NamedView>) {
    match key {
        Some(Key::Team(Some(team))) => (Some(named(team, |id| id.0)), None),
        Some(Key::Agent(Some(agent))) => (None, Some(named(agent, |id| id.0))),
        Some(_) | None => (None, None),
    }
}

impl From<MessageNumbers> for MessageNumbersView {
    fn from(numbers: MessageNumbers) -> Self {
        Self {
            public_replies: numbers.public_replies,
            customer_messages: numbers.customer_messages,
            internal_notes: numbers.internal_notes,
        }
    }
}

impl From<CountedMessage> for CountedMessageView {
    fn from(CountedMessage { facts, number }: CountedMessage) -> Self {
        Self {
            message_id: facts.message_id.0,
            ticket_id: facts.ticket_id.0,
            number,
            kind: facts.kind.into(),
            author_id: facts.author_id.0,
            team_id: facts.team_id.map(|id| id.0),
            written_at: facts.written_at,
        }
    }
}

impl From<MessageKind> for MessageKindView {
    fn from(kind: MessageKind) -> Self {
        match kind {
            MessageKind::PublicReply => Self::PublicReply,
            MessageKind::CustomerMessage => Self::CustomerMessage,
            MessageKind::InternalNote => Self::InternalNote,
        }
    }
}

impl From<MessageKindView> for MessageKind {
    fn from(view: MessageKindView) -> Self {
        match view {
            MessageKindView::PublicReply => Self::PublicReply,
            MessageKindView::CustomerMessage => Self::CustomerMessage,
            MessageKindView::InternalNote => Self::InternalNote,
        }
    }
}

impl From<MessageSplitView> for MessageSplit {
    fn from(view: MessageSplitView) -> Self {
        match view {
            MessageSplitView::Team => Self::Team,
            MessageSplitView::Agent => Self::Agent,
        }
    }
}
