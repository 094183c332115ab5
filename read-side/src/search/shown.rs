//! What was found as it is shown: rows and highlighted texts, of the page alone.

use std::collections::HashMap;

use domain::ids::MessageId;
use platform::rows::{Row as _, TicketRow};
use tokio_postgres::Row;
use uuid::Uuid;

use super::highlight::{Segment, segments};
use super::statements::{self, Forms};
use super::turns::Planned;
use super::{Hit, Running, Score};
use crate::error::ReadError;
use crate::models::ReadModels;

impl ReadModels {
    /// The rows of the best, highlighted. One that changed meanwhile and does not fit any more is left out.
    pub(super) async fn shown(
        &self,
        running: &Running<'_>,
        forms: &Forms,
        best: Vec<(Uuid, Score)>,
    ) -> Result<Vec<Hit>, ReadError> {
        if best.is_empty() {
            return Ok(Vec::new());
        }
        let ids = best.iter().map(|(id, _)| *id).collect();
        let statement = statements::tickets(running.asker, forms, running.filter, ids);
        let rows = self.run(running, &statement, Planned::Freely).await?;
        let subject = TicketRow::INFO.len();
        let mut tickets = Vec::with_capacity(rows.len());
        let mut subjects = HashMap::new();
        for row in &rows {
            let ticket = TicketRow::from_row(row)?;
            subjects.insert(ticket.ticket_id.0, segments(row.try_get(subject)?));
            tickets.push(ticket);
        }
        self.hide_links(running.asker.viewer, &mut tickets).await?;
        let mut excerpts = self.excerpts(running, forms, &best).await?;
        let rows = tickets.into_iter();
        let mut tickets: HashMap<Uuid, TicketRow> =
            rows.map(|row| (row.ticket_id.0, row)).collect();
        let hit = |(id, score): (Uuid, Score)| {
            let excerpt = score.message.and_then(|(id, _)| excerpts.remove_entry(&id));
            Some(Hit {
                ticket: tickets.remove(&id)?,
                subject: subjects.remove(&id)?,
                message: excerpt.map(|(id, excerpt)| (MessageId(id), excerpt)),
                rank: score.rank,
            })
        };
        Ok(best.into_iter().filter_map(hit).collect())
    }

    async fn excerpts(
        &self,
        running: &Running<'_>,
        forms: &Forms,
        best: &[(Uuid, Score)],
    ) -> Result<HashMap<Uuid, Vec<Segment>>, ReadError> {
        let messages = best.iter().filter_map(|(_, score)| Some(score.message?.0));
        let ids: Vec<Uuid> = messages.collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let statement = statements::excerpts(running.asker.viewer, forms, ids);
        let rows = self.run(running, &statement, Planned::Freely).await?;
        let excerpt = |row: &Row| Ok((row.try_get(0)?, segments(row.try_get(1)?)));
        rows.iter().map(excerpt).collect()
    }
}
