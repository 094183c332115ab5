//! Where a list of what belongs to a ticket, a person, a team or a policy goes on: by the position of the event that made each item.

use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::Direction;
use serde::Serialize;

/// Of what, which way, and after which position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Timeline<I> {
    pub(crate) of: I,
    pub(crate) direction: Direction,
    pub(crate) fingerprint: Fingerprint,
    /// The position of the last item of the page before.
    pub(crate) after: i64,
}

impl<I: Copy + Serialize> Timeline<I> {
    /// The beginning of `list` in this direction, or where `cursor` says.
    pub(crate) fn new(
        list: &str,
        of: I,
        direction: Direction,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of(list, &(of, direction));
        let after = cursor
            .map(|text| cursor::decode::<i64>(&fingerprint, text))
            .transpose()?;
        Ok(Self {
            of,
            direction,
            fingerprint,
            after: after.unwrap_or(direction.before_first()),
        })
    }
}
