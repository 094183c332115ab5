//! The rows of tickets and their messages.

use chrono::{DateTime, Utc};
use domain::actor::Role;
use domain::ids::{MessageId, OrganizationId, TeamId, TicketId, UserId};
use domain::message::state::Visibility;
use domain::organization::language::SearchLanguage;
use domain::sla::clocks::Clocks;
use domain::ticket::state::{Channel, Priority, Status};
use schema::table::core as table;
use tokio_postgres::types::Json;

use super::ShownClocks;
use super::column::CustomFields;
use super::column::row;

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
        /// In which language it is taken into the search.
        language: SearchLanguage,
    }
}

row! {
    /// What a search finds a ticket by, as the ticket's row has it. Written only when it changes, which it seldom does.
    TicketWordsRow in table::TICKET_WORDS, key [org_id, ticket_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// The ticket.
        ticket_id: TicketId,
        /// Its number.
        number: i64,
        /// Its subject.
        subject: String,
        /// The name of whose it is.
        requester_name: String,
        /// Its tags.
        tags: Vec<String>,
        /// In which language it is taken into the search.
        language: SearchLanguage,
    }
}

impl TicketWordsRow {
    /// The words of a ticket.
    #[must_use]
    pub fn of(ticket: &TicketRow) -> Self {
        Self {
            org_id: ticket.org_id,
            ticket_id: ticket.ticket_id,
            number: ticket.number,
            subject: ticket.subject.clone(),
            requester_name: ticket.requester_name.clone(),
            tags: ticket.tags.clone(),
            language: ticket.language,
        }
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
        /// In which language it is taken into the search.
        language: SearchLanguage,
    }
}
