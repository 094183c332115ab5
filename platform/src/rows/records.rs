//! The rows of what happened, one a fact: the history of tickets and the audit.

use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::ids::{MessageId, OrganizationId, TeamId, TicketId, UserId};
use domain::sla::steps::Step;
use schema::table::core as table;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::ActorKind;
use super::column::row;

row! {
    /// One fact of a ticket's history.
    HistoryRow in table::TICKET_HISTORY, key [position] {
        /// Of the event.
        position: i64,
        /// Its organization.
        org_id: OrganizationId,
        /// Its ticket.
        ticket_id: TicketId,
        /// The event.
        event_id: Uuid,
        /// What happened, `noun.past_tense`.
        event_type: String,
        /// The version of the stream that the event belongs to, the ticket's or the message's.
        version: i64,
        /// Who did it.
        actor_kind: ActorKind,
        /// The person, if a person did.
        actor_id: Option<UserId>,
        /// In which role.
        actor_role: Option<Role>,
        /// The name of that moment.
        actor_name: String,
        /// One sentence for people, without the words of any message, with tokens in the place of names and texts: see
        /// [`HistoryRow::told`].
        summary: String,
        /// The agent whom the ticket was given to, if it was.
        assignee_id: Option<UserId>,
        /// Their name of that moment.
        assignee_name: Option<String>,
        /// The agent whom it was taken from, if it was.
        former_assignee_id: Option<UserId>,
        /// The team that it was given to, if it was.
        team_id: Option<TeamId>,
        /// Its name of that moment.
        team_name: Option<String>,
        /// The team that it was taken from, if it was.
        former_team_id: Option<TeamId>,
        /// What changed, from what to what.
        changes: Json<Vec<Change>>,
        /// What it did to the ticket's service level clocks.
        sla_steps: Json<Vec<Step>>,
        /// The message that it is about.
        message_id: Option<MessageId>,
        /// What staff said about it. Not for the requester, even where `public` is true.
        reason: Option<String>,
        /// Whether the requester may see it.
        public: bool,
        /// When it happened.
        occurred_at: DateTime<Utc>,
        /// When the log took it.
        recorded_at: DateTime<Utc>,
    }
}

row! {
    /// One fact of the audit of an organization.
    AuditRow in table::AUDIT, key [position] {
        /// Of the event.
        position: i64,
        /// The organization.
        org_id: OrganizationId,
        /// The event.
        event_id: Uuid,
        /// What happened, `noun.past_tense`.
        event_type: String,
        /// What it happened to: `user`, `team`, `organization`, `message`, `session`, `api_key` or `invitation`.
        resource_type: String,
        /// Its id.
        resource_id: Uuid,
        /// Who did it.
        actor_kind: ActorKind,
        /// The person, if a person did.
        actor_id: Option<UserId>,
        /// In which role.
        actor_role: Option<Role>,
        /// The name of that moment.
        actor_name: String,
        /// Whom it concerns, if it concerns a person.
        subject_id: Option<UserId>,
        /// Their name of that moment, if they were one of the organization's people.
        subject_name: Option<String>,
        /// One sentence for people, with tokens in the place of names and texts: see [`AuditRow::told`].
        summary: String,
        /// What changed, from what to what.
        changes: Json<Vec<Change>>,
        /// What staff said about it.
        reason: Option<String>,
        /// The address of the machine that it came from, if it is known.
        source_address: Option<String>,
        /// When it happened.
        occurred_at: DateTime<Utc>,
        /// When the log took it.
        recorded_at: DateTime<Utc>,
    }
}

/// One field that changed.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Change {
    /// Which, as the API names it; `custom_fields.<key>` for a custom field.
    pub field: String,
    /// The old value, people and teams by their names of that moment; null for none.
    pub from: serde_json::Value,
    /// The new value, likewise.
    pub to: serde_json::Value,
}
