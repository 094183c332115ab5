//! The history of a ticket: every event of it and of its messages, readable.

use const_format::formatcp;
use domain::ids::TicketId;
use event_store::Position;
use futures::try_join;
use platform::rows::{HistoryRow, Row};
use schema::projection::CORE;

use crate::cursor::{self, Fingerprint, InvalidCursor};
use crate::error::ReadError;
use crate::models::ReadModels;
use crate::page::{Direction, Limit, Page};
use crate::viewer::Viewer;

const FORWARD: &str = formatcp!("{SELECT} AND position > $5 ORDER BY position ASC LIMIT $6");
const BACKWARD: &str = formatcp!("{SELECT} AND position < $5 ORDER BY position DESC LIMIT $6");
const SELECT: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND ticket_id = $3 AND (public OR $4)",
    <HistoryRow as Row>::COLUMNS,
    <HistoryRow as Row>::TABLE
);

/// The history of a ticket, from its beginning or end, or from where a cursor says.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    ticket_id: TicketId,
    direction: Direction,
    fingerprint: Fingerprint,
    /// The position of the last event of the page before.
    after: i64,
}

impl History {
    /// What happened to a ticket in the order in which it was recorded, or the newest first.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another ticket or direction.
    pub fn new(
        ticket_id: TicketId,
        direction: Direction,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of("history", &(ticket_id, direction));
        let after = cursor
            .map(|text| cursor::decode::<i64>(&fingerprint, text))
            .transpose()?;
        let after = after.unwrap_or(direction.before_first());
        Ok(Self {
            ticket_id,
            direction,
            fingerprint,
            after,
        })
    }
}

impl ReadModels {
    /// One page of the history as the viewer may see it; none when there is no such ticket for them.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn history(
        &self,
        viewer: &Viewer,
        history: &History,
        limit: Limit,
        at_least: Position,
    ) -> Result<Option<Page<HistoryRow>>, ReadError> {
        let (ticket, rows) = try_join!(
            self.ticket(viewer, history.ticket_id, at_least),
            self.history_rows(viewer, history, limit),
        )?;
        Ok(ticket.map(|_| Page::cut(rows, limit, &history.fingerprint, |row| row.position)))
    }

    async fn history_rows(
        &self,
        viewer: &Viewer,
        history: &History,
        limit: Limit,
    ) -> Result<Vec<HistoryRow>, ReadError> {
        let statement = match history.direction {
            Direction::Ascending => FORWARD,
            Direction::Descending => BACKWARD,
        };
        let tenant = viewer.tenant;
        let rows = self
            .database
            .query(
                statement,
                &[
                    &tenant.partition.get(),
                    &tenant.org_id.0,
                    &history.ticket_id.0,
                    &viewer.is_staff(),
                    &history.after,
                    &limit.rows(),
                ],
            )
            .await?;
        Ok(rows
            .iter()
            .map(HistoryRow::from_row)
            .collect::<Result<_, _>>()?)
    }
}
