//! What the rows of now say of what events are about: whose ticket it is, which team has it, whether a message is internal or
//! was redacted, whose a view is.

use std::collections::{BTreeSet, HashMap};

use const_format::formatcp;
use domain::ids::{TeamId, TicketId, UserId};
use domain::message::state::Visibility;
use domain::view::definition::ViewOwner;
use event_store::Position;
use platform::rows::{Column, MessageRow, Row, TicketRow, ViewRow};
use schema::projection::{CORE, LISTED_MESSAGES};
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::Tenant;

pub(super) const MESSAGES: &str = formatcp!(
    "SELECT message_id, ticket_id, visibility, redacted_at IS NOT NULL, version FROM {CORE}.{} \
      WHERE partition = $1 AND org_id = $2 AND message_id = ANY($3)",
    <MessageRow as Row>::TABLE
);
pub(super) const TICKETS: &str = formatcp!(
    "SELECT ticket_id, requester_id, team_id, position FROM {CORE}.{} \
      WHERE partition = $1 AND org_id = $2 AND ticket_id = ANY($3)",
    <TicketRow as Row>::TABLE
);
pub(super) const MESSAGES_OF_TICKET: &str = formatcp!(
    "SELECT message_id FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND ticket_id = $3 AND {LISTED_MESSAGES}",
    <MessageRow as Row>::TABLE
);

pub(super) const VIEWS: &str = formatcp!(
    "SELECT view_id, team_id, person_id FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND view_id = ANY($3)",
    <ViewRow as Row>::TABLE
);

/// What events are about, by ids.
#[derive(Debug, Default)]
pub(super) struct Named {
    pub(super) tickets: BTreeSet<Uuid>,
    pub(super) messages: BTreeSet<Uuid>,
    pub(super) views: BTreeSet<Uuid>,
}

/// A ticket as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TicketFact {
    pub(super) id: TicketId,
    pub(super) requester_id: UserId,
    pub(super) team_id: Option<TeamId>,
}

/// A message as it is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MessageFact {
    pub(super) ticket_id: TicketId,
    pub(super) internal: bool,
    pub(super) redacted: bool,
    /// Of its last event.
    pub(super) version: i64,
}

/// What events are about.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) tickets: HashMap<Uuid, TicketFact>,
    pub(super) messages: HashMap<Uuid, MessageFact>,
    /// Whose each view is, also once it is gone.
    pub(super) views: HashMap<Uuid, ViewOwner>,
    /// The newest event that a ticket's row shows: who looks at teams has to know them as they were then, or later.
    pub(super) newest: Position,
}

impl ReadModels {
    /// The facts of what is named, and of the tickets of the messages.
    pub(super) async fn facts_of(&self, tenant: Tenant, named: Named) -> Result<Facts, ReadError> {
        let Named {
            mut tickets,
            messages,
            views,
        } = named;
        let mut facts = Facts {
            tickets: HashMap::new(),
            messages: HashMap::new(),
            views: HashMap::new(),
            newest: Position::START,
        };
        for row in self.named(tenant, VIEWS, &views).await? {
            let (team_id, person_id): (Option<Uuid>, Option<Uuid>) =
                (row.try_get(1)?, row.try_get(2)?);
            let owner = ViewOwner::of(team_id.map(TeamId), person_id.map(UserId));
            facts.views.insert(row.try_get(0)?, owner);
        }
        for row in self.named(tenant, MESSAGES, &messages).await? {
            let message = MessageFact {
                ticket_id: TicketId(row.try_get(1)?),
                internal: Visibility::read(&row, 2)? == Visibility::Internal,
                redacted: row.try_get(3)?,
                version: row.try_get(4)?,
            };
            tickets.insert(message.ticket_id.0);
            facts.messages.insert(row.try_get(0)?, message);
        }
        for row in self.named(tenant, TICKETS, &tickets).await? {
            let id: Uuid = row.try_get(0)?;
            let ticket = TicketFact {
                id: TicketId(id),
                requester_id: UserId(row.try_get(1)?),
                team_id: row.try_get::<_, Option<Uuid>>(2)?.map(TeamId),
            };
            let position = Position::new(row.try_get(3)?).unwrap_or(Position::START);
            facts.newest = facts.newest.max(position);
            facts.tickets.insert(id, ticket);
        }
        Ok(facts)
    }

    /// The streams of a ticket: its own and those of its messages.
    pub(crate) async fn streams_of_ticket(
        &self,
        tenant: Tenant,
        ticket: TicketId,
    ) -> Result<Vec<Uuid>, ReadError> {
        let values: [&(dyn ToSql + Sync); 3] =
            [&tenant.partition.get(), &tenant.org_id.0, &ticket.0];
        let rows = self.database.query(tenant, MESSAGES_OF_TICKET, &values);
        let mut streams = vec![ticket.0];
        for row in rows.await? {
            streams.push(row.try_get(0)?);
        }
        Ok(streams)
    }

    async fn named(
        &self,
        tenant: Tenant,
        statement: &str,
        ids: &BTreeSet<Uuid>,
    ) -> Result<Vec<tokio_postgres::Row>, ReadError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = ids.iter().copied().collect();
        let values: [&(dyn ToSql + Sync); 3] = [&tenant.partition.get(), &tenant.org_id.0, &ids];
        self.database.query(tenant, statement, &values).await
    }
}
