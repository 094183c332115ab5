//! The rows that reports are made from.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{MessageId, OrganizationId, PolicyId, TeamId, TicketId, UserId};
use domain::sla::Metric;
use domain::sla::measure::Outcome;
use domain::ticket::state::{Channel, Priority, Status};
use schema::table::core as table;
use uuid::Uuid;

use super::column::row;
use super::{Counted, Cut, MessageKind, Times};

row! {
    /// What became of a wait that a service level clock measured.
    SlaMeasureRow in table::SLA_MEASURES, key [org_id, ticket_id, metric, round, version] {
        /// Its organization.
        org_id: OrganizationId,
        /// The ticket.
        ticket_id: TicketId,
        /// What was measured.
        metric: Metric,
        /// Which of several waits.
        round: i32,
        /// Of the ticket's stream, since when this holds.
        version: i64,
        /// The number of the ticket.
        number: i64,
        /// How it is counted.
        outcome: Outcome,
        /// The policy that promised it; none where it was the organization's settings.
        policy_id: Option<PolicyId>,
        /// Which version of it.
        policy_version: Option<i32>,
        /// What it may use, in milliseconds.
        target_ms: i64,
        /// How urgent the ticket was.
        priority: Priority,
        /// The team that it is counted for.
        team_id: Option<TeamId>,
        /// The agent that it is counted for.
        agent_id: Option<UserId>,
        /// Since when it runs.
        started_at: DateTime<Utc>,
        /// When it is counted: the deadline that was missed, else its end, else its start.
        counted_at: DateTime<Utc>,
        /// When it ended.
        ended_at: Option<DateTime<Utc>>,
        /// What it had used when it was reached, in milliseconds.
        used_ms: Option<i64>,
        /// Since when this was what was known of it, by the log's time.
        known_from: DateTime<Utc>,
        /// Until when; none while it is.
        known_until: Option<DateTime<Utc>>,
    }
}

row! {
    /// What reports know of a ticket, for as long as it was so.
    FactsRow in table::TICKET_FACTS, key [org_id, ticket_id, version] {
        /// Its organization.
        org_id: OrganizationId,
        /// The ticket.
        ticket_id: TicketId,
        /// Of the ticket's stream, since when this holds.
        version: i64,
        /// Its number.
        number: i64,
        /// Where it stands.
        status: Status,
        /// How urgent it is.
        priority: Priority,
        /// How it came in.
        channel: Channel,
        /// Whose it is.
        requester_id: UserId,
        /// The agent who works on it.
        agent_id: Option<UserId>,
        /// The team that works on it.
        team_id: Option<TeamId>,
        /// Its tags, in alphabetical order.
        tags: Vec<String>,
        /// When it was opened.
        opened_at: DateTime<Utc>,
        /// When a person first answered in public.
        first_response_at: Option<DateTime<Utc>>,
        /// When it was first done.
        first_resolved_at: Option<DateTime<Utc>>,
        /// Since when it is done.
        resolved_at: Option<DateTime<Utc>>,
        /// Since when it is closed.
        closed_at: Option<DateTime<Utc>>,
        /// Since when it is with the agent who has it.
        assigned_at: Option<DateTime<Utc>>,
        /// How often it came back.
        reopen_count: i32,
        /// How often it went from an agent or team to another.
        reassign_count: i32,
        /// Since when this was so; never before what was so earlier.
        since_at: DateTime<Utc>,
        /// Until when, if it is over.
        until_at: Option<DateTime<Utc>>,
        /// Since when the log knew it.
        known_from: DateTime<Utc>,
        /// Until when that was the newest it knew.
        known_until: Option<DateTime<Utc>>,
    }
}

row! {
    /// The sum of a figure over a local day, for a team and one thing more.
    CellRow in table::REPORT_CELLS, key [org_id, figure, cut, day, team_id, key] {
        /// The organization.
        org_id: OrganizationId,
        /// What is counted.
        figure: Counted,
        /// What it is cut by.
        cut: Cut,
        /// The day in the organization's zone.
        day: NaiveDate,
        /// The team; nil where there is none, and where the cut is not by team.
        team_id: Uuid,
        /// The other thing: see [`Cut`].
        key: Uuid,
        /// The word of the priority or channel, or the tag.
        label: String,
        /// How many.
        count: i64,
        /// Together: seconds, or how often.
        total: i64,
        /// What was measured.
        times: Times,
    }
}

row! {
    /// What reports know of a message. It never changes.
    MessageFactsRow in table::MESSAGE_FACTS, key [org_id, message_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// The message.
        message_id: MessageId,
        /// Its ticket.
        ticket_id: TicketId,
        /// Who wrote to whom.
        kind: MessageKind,
        /// Who wrote it.
        author_id: UserId,
        /// The team that had the ticket then.
        team_id: Option<TeamId>,
        /// When it was written.
        written_at: DateTime<Utc>,
        /// Since when the log knew it.
        known_from: DateTime<Utc>,
    }
}

row! {
    /// How many messages somebody wrote on a local day, on tickets that a team had.
    MessageCellRow in table::MESSAGE_CELLS, key [org_id, author_id, day, kind, team_id] {
        /// The organization.
        org_id: OrganizationId,
        /// Who of the staff; [`super::NOBODY`] for all customers, [`super::WHOEVER`] for everybody.
        author_id: Uuid,
        /// The day in the organization's zone.
        day: NaiveDate,
        /// Who wrote to whom.
        kind: MessageKind,
        /// The team; nil where there was none.
        team_id: Uuid,
        /// How many.
        count: i64,
    }
}
