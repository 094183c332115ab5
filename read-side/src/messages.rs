//! The messages of a ticket.

use const_format::formatcp;
use domain::ids::TicketId;
use domain::message::state::Visibility;
use event_store::Position;
use futures::try_join;
use platform::rows::{MessageRow, Row};
use schema::projection::{CORE, LISTED_MESSAGES};

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::timeline::Timeline;
use crate::viewer::Viewer;
use platform::cursor::InvalidCursor;
use platform::page::{Direction, Limit, Page};

const FORWARD: &str = formatcp!("{SELECT} AND position > $5 ORDER BY position ASC LIMIT $6");
const BACKWARD: &str = formatcp!("{SELECT} AND position < $5 ORDER BY position DESC LIMIT $6");
const SELECT: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND ticket_id = $3 AND {LISTED_MESSAGES} AND visibility = ANY($4)",
    <MessageRow as Row>::COLUMNS,
    <MessageRow as Row>::TABLE
);

/// The conversation of a ticket, from its beginning or end, or from where a cursor says.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation(Timeline<TicketId>);

impl Conversation {
    /// The messages of a ticket in the order in which they were posted, or the newest first.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another ticket or direction.
    pub fn new(
        ticket_id: TicketId,
        direction: Direction,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        Timeline::new("messages", ticket_id, direction, cursor).map(Self)
    }
}

impl ReadModels {
    /// One page of the conversation as the viewer may see it; none when there is no such ticket for them.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn messages(
        &self,
        viewer: &Viewer,
        conversation: &Conversation,
        limit: Limit,
        at_least: Position,
    ) -> Result<Option<Page<MessageRow>>, ReadError> {
        let (ticket, rows) = try_join!(
            self.ticket(viewer, conversation.0.of, at_least),
            self.message_rows(viewer, conversation, limit),
        )?;
        Ok(ticket.map(|_| Page::cut(rows, limit, &conversation.0.fingerprint, |row| row.position)))
    }

    async fn message_rows(
        &self,
        viewer: &Viewer,
        conversation: &Conversation,
        limit: Limit,
    ) -> Result<Vec<MessageRow>, ReadError> {
        let visible: &[&str] = if viewer.is_staff() {
            &[Visibility::Public.as_str(), Visibility::Internal.as_str()]
        } else {
            &[Visibility::Public.as_str()]
        };
        let statement = match conversation.0.direction {
            Direction::Ascending => FORWARD,
            Direction::Descending => BACKWARD,
        };
        let tenant = viewer.tenant;
        let rows = self
            .database
            .query(
                tenant,
                statement,
                &[
                    &tenant.partition.get(),
                    &tenant.org_id.0,
                    &conversation.0.of.0,
                    &visible,
                    &conversation.0.after,
                    &limit.rows(),
                ],
            )
            .await?;
        Ok(rows
            .iter()
            .map(MessageRow::from_row)
            .collect::<Result<_, _>>()?)
    }
}
