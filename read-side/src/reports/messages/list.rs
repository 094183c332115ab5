//! A page of the messages behind a number.

use std::collections::HashMap;

use domain::calendar::zone::Zone;
use platform::cursor::{InvalidCursor, Moment};
use platform::page::{Direction, Limit, Page};
use platform::rows::MessageFactsRow;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::filter::MessageFilter;
use super::statement;
use crate::error::ReadError;
use crate::keyset::Keyset;
use crate::models::ReadModels;
use crate::reports::figures::Frame;
use crate::tickets::Terms;
use crate::viewer::Viewer;

/// What a client asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct MessagesQuery {
    /// Which messages.
    pub filter: MessageFilter,
    /// On which tickets, in the words of whoever asks.
    pub terms: Option<Terms>,
    /// The first or the last written first.
    pub direction: Direction,
    /// How many at once.
    pub limit: Limit,
    /// The organization's zone.
    pub zone: Zone,
}

/// Where a message stands in the order: what a cursor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessageKey {
    #[serde(rename = "t")]
    pub(super) at: Moment,
    #[serde(rename = "i")]
    pub(super) message_id: Uuid,
}

/// The list of a query, from its beginning or from where a cursor says.
pub type MessagesList = Keyset<MessagesQuery, MessageKey>;

impl MessagesList {
    /// The list of `query`, from its beginning or from where `cursor` says.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another filter, zone or order.
    pub fn new(query: MessagesQuery, cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let filter = query.filter.normalized();
        // Of the terms as they were written: what an age means moves on from page to page.
        let written = query.terms.as_ref().map(|terms| terms.query.to_string());
        let bound_to = (query.direction, filter.clone(), written, query.zone);
        let filter = filter.narrowed(query.terms.as_ref());
        let query = MessagesQuery { filter, ..query };
        Self::bound("message_facts", &bound_to, query, cursor)
    }
}

/// A message with the number of its ticket.
#[derive(Debug, Clone, PartialEq)]
pub struct CountedMessage {
    /// The message.
    pub facts: MessageFactsRow,
    /// The number of its ticket.
    pub number: i64,
}

impl ReadModels {
    /// One page of the messages that count, without those that are hidden from the viewer.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn counted_messages(
        &self,
        viewer: &Viewer,
        list: &MessagesList,
    ) -> Result<Page<CountedMessage>, ReadError> {
        let query = &list.query;
        let shape = (query.direction, query.limit);
        let frame = query.frame();
        let statement = statement::page(viewer, &query.filter, &frame, shape, list.after);
        let key = |row: &MessageFactsRow| MessageKey {
            at: Moment::of_row(row.written_at),
            message_id: row.message_id.0,
        };
        let page = self.page_of(viewer.tenant, list, &statement, query.limit, key);
        let page: Page<MessageFactsRow> = page.await?;
        let tickets = page.items.iter().map(|row| row.ticket_id.0).collect();
        let statement = statement::numbers(viewer, tickets);
        let rows = self.database.query_composed(viewer.tenant, &statement);
        let mut numbers = HashMap::<Uuid, i64>::new();
        for row in rows.await? {
            numbers.insert(row.try_get(0)?, row.try_get(1)?);
        }
        Ok(page.map(|facts| CountedMessage {
            number: numbers.get(&facts.ticket_id.0).copied().unwrap_or_default(),
            facts,
        }))
    }

    /// How many messages the whole list has. Counts them one by one: for those who ask for it.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn counted_message_count(
        &self,
        viewer: &Viewer,
        list: &MessagesList,
    ) -> Result<i64, ReadError> {
        let query = &list.query;
        let statement = statement::count(viewer, &query.filter, &query.frame());
        self.number_of(viewer.tenant, &statement).await
    }
}

impl MessagesQuery {
    fn frame(&self) -> Frame {
        Frame::of(self.filter.days, None, self.zone)
    }
}
