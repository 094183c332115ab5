//! Where a list of what belongs to a ticket goes on: by the position of the event that made each item.

use domain::ids::TicketId;

use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::Direction;

/// Which ticket, which way, and after which position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Timeline {
    pub(crate) ticket_id: TicketId,
    pub(crate) direction: Direction,
    pub(crate) fingerprint: Fingerprint,
    /// The position of the last item of the page before.
    pub(crate) after: i64,
}

impl Timeline {
    /// The beginning of `list` in this direction, or where `cursor` says.
    pub(crate) fn new(
        list: &str,
        ticket_id: TicketId,
        direction: Direction,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of(list, &(ticket_id, direction));
        let after = cursor
            .map(|text| cursor::decode::<i64>(&fingerprint, text))
            .transpose()?;
        Ok(Self {
            ticket_id,
            direction,
            fingerprint,
            after: after.unwrap_or(direction.before_first()),
        })
    }
}
