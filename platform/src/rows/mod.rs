//! The rows of the core read models, as the projector writes them and the queries read them.
//!
//! Each row is declared once; the select list, the reader and the array parameters follow from it.
//! `partition` is no field: every statement names it as its first parameter.

pub(crate) mod column;
mod told;
mod words;

use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::calendar::definition::CalendarDefinition;
use domain::ids::{
    CalendarId, CompanyId, MessageId, OrganizationId, PolicyId, RoleId, TeamId, TicketId, UserId,
};
use domain::message::state::Visibility;
use domain::organization::settings::Settings;
use domain::service_levels::state::ServiceLevels;
use domain::sla::Metric;
use domain::sla::clocks::Clocks;
use domain::sla::measure::Outcome;
use domain::sla::policy::PolicyDefinition;
use domain::sla::steps::Step;
use domain::ticket::state::{Channel, Priority, Status};
use domain::user::state::UserKind;
use schema::table::core as table;
use tokio_postgres::types::Json;
use uuid::Uuid;

use column::row;
pub use column::{Column, ColumnInfo, CustomFields, Row, RowError};
pub use told::{ACTOR, ASSIGNEE, FROM, SUBJECT, TEAM, TO};
pub use words::{ActorKind, ClockState, ShownClock, ShownClocks};

row! {
    /// An organization.
    OrganizationRow in table::ORGANIZATIONS, key [org_id] {
        /// Its id.
        org_id: OrganizationId,
        /// What people read.
        name: String,
        /// Its short name.
        slug: String,
        /// Its settings.
        settings: Json<Settings>,
        /// The number of its newest ticket.
        ticket_count: i64,
        /// The version of its stream.
        version: i64,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it changed last.
        updated_at: DateTime<Utc>,
        /// Of the event of its stream that this row shows last. `ticket_count` may be newer.
        position: i64,
    }
}

row! {
    /// A person of an organization.
    UserRow in table::USERS, key [org_id, user_id] {
        /// Their organization.
        org_id: OrganizationId,
        /// Their id.
        user_id: UserId,
        /// What people read.
        name: String,
        /// Where mail reaches them.
        email: Option<String>,
        /// What they may do.
        role: Role,
        /// The role of the organization's own within it.
        role_id: Option<RoleId>,
        /// Whether a person or a machine.
        kind: UserKind,
        /// The company that a customer belongs to.
        company_id: Option<CompanyId>,
        /// Whether they may act.
        active: bool,
        /// The version of their stream.
        version: i64,
        /// When they joined.
        created_at: DateTime<Utc>,
        /// When they changed last.
        updated_at: DateTime<Utc>,
    }
}

row! {
    /// A team of agents.
    TeamRow in table::TEAMS, key [org_id, team_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// Its id.
        team_id: TeamId,
        /// What people read.
        name: String,
        /// Whether only its members, and admins, see it and its tickets.
        private: bool,
        /// Who is in it, in the order of their ids.
        member_ids: Vec<UserId>,
        /// The version of its stream.
        version: i64,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it changed last.
        updated_at: DateTime<Utc>,
    }
}

row! {
    /// A company of customers.
    CompanyRow in table::COMPANIES, key [org_id, company_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// Its id.
        company_id: CompanyId,
        /// What people read.
        name: String,
        /// New customers with an address of one of these belong to it; in alphabetical order.
        domains: Vec<String>,
        /// The version of its stream.
        version: i64,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it changed last.
        updated_at: DateTime<Utc>,
    }
}

row! {
    /// A calendar of working time, as it is now.
    CalendarRow in table::CALENDARS, key [org_id, calendar_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// Its id.
        calendar_id: CalendarId,
        /// What people read.
        name: String,
        /// What it says.
        definition: Json<CalendarDefinition>,
        /// Since when nothing may count by it any more.
        retired_at: Option<DateTime<Utc>>,
        /// The version of its stream.
        version: i64,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it changed last.
        updated_at: DateTime<Utc>,
    }
}

row! {
    /// What a calendar said from a version of its stream on.
    CalendarVersionRow in table::CALENDAR_VERSIONS, key [org_id, calendar_id, version] {
        /// Its organization.
        org_id: OrganizationId,
        /// The calendar.
        calendar_id: CalendarId,
        /// The version of its stream.
        version: i64,
        /// What people read.
        name: String,
        /// What it said.
        definition: Json<CalendarDefinition>,
        /// From when on.
        valid_from: DateTime<Utc>,
    }
}

row! {
    /// The policies of an organization, as they are now.
    ServiceLevelsRow in table::SERVICE_LEVELS, key [org_id] {
        /// The organization.
        org_id: OrganizationId,
        /// The policies in their order, and the calendars that they may count by.
        state: Json<ServiceLevels>,
        /// The version of their stream.
        version: i64,
        /// When they changed last.
        updated_at: DateTime<Utc>,
    }
}

row! {
    /// What a policy said from a version of its own on.
    PolicyVersionRow in table::POLICY_VERSIONS, key [org_id, policy_id, policy_version] {
        /// Its organization.
        org_id: OrganizationId,
        /// The policy.
        policy_id: PolicyId,
        /// The version, from 1.
        policy_version: i32,
        /// What it said.
        definition: Json<PolicyDefinition>,
        /// From when on.
        valid_from: DateTime<Utc>,
    }
}

row! {
    /// What became of a wait that a service level clock measured.
    SlaMeasureRow in table::SLA_MEASURES, key [org_id, ticket_id, metric, round] {
        /// Its organization.
        org_id: OrganizationId,
        /// The ticket.
        ticket_id: TicketId,
        /// What was measured.
        metric: Metric,
        /// Which of several waits.
        round: i32,
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
    }
}

row! {
    /// A ticket, with the names of the people and teams that it mentions. Nothing in it depends on who looks.
    TicketRow in table::TICKETS, key [org_id, ticket_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// Its id.
        ticket_id: TicketId,
        /// The n-th ticket of its organization, from 1.
        number: i64,
        /// What it is about.
        subject: String,
        /// Where it stands.
        status: Status,
        /// How urgent it is.
        priority: Priority,
        /// How it came in.
        channel: Channel,
        /// Whose it is.
        requester_id: UserId,
        /// Their name.
        requester_name: String,
        /// The agent who works on it.
        assignee_id: Option<UserId>,
        /// Their name.
        assignee_name: Option<String>,
        /// The team that works on it.
        team_id: Option<TeamId>,
        /// Its name.
        team_name: Option<String>,
        /// Its tags, in alphabetical order.
        tags: Vec<String>,
        /// Its custom fields.
        custom_fields: CustomFields,
        /// The closed ticket that it continues.
        follow_up_of: Option<TicketId>,
        /// The tickets that continue it.
        follow_up_ids: Vec<TicketId>,
        /// The system it was imported from.
        external_source: Option<String>,
        /// Its id there.
        external_id: Option<String>,
        /// How many messages the requester can read.
        public_message_count: i32,
        /// How many only staff can read.
        note_count: i32,
        /// The newest public message.
        last_message_id: Option<MessageId>,
        /// When it was written.
        last_message_at: Option<DateTime<Utc>>,
        /// By whom.
        last_message_author_id: Option<UserId>,
        /// Their name.
        last_message_author_name: Option<String>,
        /// Its first 200 characters; none once it is redacted.
        last_message_excerpt: Option<String>,
        /// How often it came back from resolved or closed.
        reopen_count: i32,
        /// When it was opened.
        created_at: DateTime<Utc>,
        /// The latest time of an event of it or of its messages.
        updated_at: DateTime<Utc>,
        /// The same of the events that the requester may see.
        public_updated_at: DateTime<Utc>,
        /// Since when it is resolved.
        resolved_at: Option<DateTime<Utc>>,
        /// Since when it is closed.
        closed_at: Option<DateTime<Utc>>,
        /// When it closes by itself.
        auto_close_at: Option<DateTime<Utc>>,
        /// What each clock shows; those that nothing is promised of, or that never began, are absent.
        sla: Json<ShownClocks>,
        /// The earliest deadline that still runs and was not breached.
        next_deadline_at: Option<DateTime<Utc>>,
        /// The clocks, so that the projector can go on from here.
        clocks: Json<Clocks>,
        /// The version of its stream.
        version: i64,
        /// Of the event that this row shows last.
        position: i64,
    }
}

row! {
    /// A message of a ticket.
    MessageRow in table::MESSAGES, key [org_id, message_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// Its id.
        message_id: MessageId,
        /// Its ticket.
        ticket_id: TicketId,
        /// Who can read it.
        visibility: Visibility,
        /// Who wrote it.
        author_id: UserId,
        /// In which role.
        author_role: Role,
        /// Their name.
        author_name: String,
        /// The words; none once redacted.
        body: Option<String>,
        /// When it was written.
        created_at: DateTime<Utc>,
        /// When it was written anew last.
        edited_at: Option<DateTime<Utc>>,
        /// When its text was taken away.
        redacted_at: Option<DateTime<Utc>>,
        /// The version of its stream.
        version: i64,
        /// Of the event that posted it: the order of a conversation.
        position: i64,
    }
}

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
        /// The name, of that moment, of the team that it was given to, if it was.
        team_name: Option<String>,
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
