//! Events of the log page by page, so that no more than a page of them is in memory.

use std::mem;

use event_store::{RecordedEvent, Selection};

use super::Told;
use crate::error::ReadError;
use crate::feed::Log;

/// Selected events in their order. A page has so many events, or so many bytes, as the store gives at a time.
pub(super) struct Pages<'a> {
    log: &'a Log,
    /// What is left.
    selection: Selection<'a>,
    /// The last append of the page before, which may go on in the next.
    unfinished: Vec<Told>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(log: &'a Log, selection: Selection<'a>) -> Self {
        Self {
            log,
            selection,
            unfinished: Vec::new(),
        }
    }

    /// The next events, sealed as they are; none after the last page.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<RecordedEvent>>, ReadError> {
        if self.selection.after >= self.selection.up_to {
            return Ok(None);
        }
        let selected = self.log.store.select(&self.selection).await?;
        self.selection.after = selected.reached;
        Ok(Some(selected.events))
    }

    /// The next events, opened: what was erased since reads as erased.
    pub(super) async fn opened(&mut self) -> Result<Option<Vec<Told>>, ReadError> {
        let Some(mut page) = self.next().await? else {
            return Ok(None);
        };
        self.log.keys.open_page(&mut page).await?;
        page.into_iter()
            .map(Told::of)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The next appends, each of them whole, opened.
    pub(super) async fn appends(&mut self) -> Result<Option<Vec<Told>>, ReadError> {
        let mut events = mem::take(&mut self.unfinished);
        let Some(mut page) = self.opened().await? else {
            return Ok((!events.is_empty()).then_some(events));
        };
        events.append(&mut page);
        let last = events.chunk_by(Told::is_appended_with).next_back();
        let finished = events.len() - last.map_or(0, <[Told]>::len);
        self.unfinished = events.split_off(finished);
        Ok(Some(events))
    }
}
