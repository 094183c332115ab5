//! The history of a ticket: every event of it and of its messages, readable.

use const_format::formatcp;
use domain::ids::TicketId;
use event_store::Position;
use futures::try_join;
use platform::rows::{HistoryRow, Row};
use schema::projection::CORE;

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
     WHERE partition = $1 AND org_id = $2 AND ticket_id = $3 AND (public OR $4)",
    <HistoryRow as Row>::COLUMNS,
    <HistoryRow as Row>::TABLE
);

/// The history of a ticket, from its beginning or end, or from where a cursor says.
#[derive(Debug, Clone, PartialEq)]
pub struct History(Timeline<TicketId>);

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
        Timeline::new("history", ticket_id, direction, cursor).map(Self)
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
            self.ticket(viewer, history.0.of, at_least),
            self.history_rows(viewer, history, limit),
        )?;
        Ok(ticket.map(|_| Page::cut(rows, limit, &history.0.fingerprint, |row| row.position)))
    }

    async fn history_rows(
        &self,
        viewer: &Viewer,
        history: &History,
        limit: Limit,
    ) -> Result<Vec<HistoryRow>, ReadError> {
        let statement = match history.0.direction {
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
                    &history.0.of.0,
                    &viewer.is_staff(),
                    &history.0.after,
                    &limit.rows(),
                ],
            )
            .await?;
        let mut rows: Vec<HistoryRow> = rows
            .iter()
            .map(HistoryRow::from_row)
            .collect::<Result<_, _>>()?;
        self.hide_of_history(viewer, &mut rows).await?;
        Ok(rows)
    }
}
