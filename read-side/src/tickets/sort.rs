//! The order of a list of tickets.

use domain::view::definition::TicketOrder;
use platform::rows::{Column, TicketRow};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use platform::cursor::{InvalidCursor, Moment};
use platform::page::Direction;

/// The order of a list; equal values are ordered by id, so that the order is total, equal priorities by when the tickets
/// were opened first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sort {
    /// What is compared.
    pub field: SortField,
    /// Which way.
    pub direction: Direction,
}

/// What tickets are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SortField {
    /// When it changed last, as far as the viewer can see.
    UpdatedAt,
    /// When it was opened.
    CreatedAt,
    /// How urgent it is.
    Priority,
    /// Its next deadline. Tickets without one come last in both directions.
    NextDeadlineAt,
}

impl Default for Sort {
    /// What changed last comes first.
    fn default() -> Self {
        Self {
            field: SortField::UpdatedAt,
            direction: Direction::Descending,
        }
    }
}

impl From<TicketOrder> for Sort {
    fn from(order: TicketOrder) -> Self {
        use Direction::{Ascending, Descending};
        let (field, direction) = match order {
            TicketOrder::UpdatedAt => (SortField::UpdatedAt, Ascending),
            TicketOrder::UpdatedAtDescending => (SortField::UpdatedAt, Descending),
            TicketOrder::CreatedAt => (SortField::CreatedAt, Ascending),
            TicketOrder::CreatedAtDescending => (SortField::CreatedAt, Descending),
            TicketOrder::Priority => (SortField::Priority, Ascending),
            TicketOrder::PriorityDescending => (SortField::Priority, Descending),
            TicketOrder::NextDeadlineAt => (SortField::NextDeadlineAt, Ascending),
            TicketOrder::NextDeadlineAtDescending => (SortField::NextDeadlineAt, Descending),
        };
        Self { field, direction }
    }
}

impl Sort {
    /// True when the order depends on what customers do not see.
    #[must_use]
    pub fn is_for_staff(self) -> bool {
        self.field == SortField::NextDeadlineAt
    }
}

/// Where a ticket stands in the order: what a cursor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SortKey {
    #[serde(rename = "v")]
    pub(crate) value: SortValue,
    #[serde(rename = "i")]
    pub(crate) ticket_id: Uuid,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SortValue {
    #[serde(rename = "t")]
    Time(Moment),
    #[serde(rename = "p")]
    Priority(i16, Moment),
    #[serde(rename = "d")]
    Deadline(Option<Moment>),
}

impl SortKey {
    /// The key of a row under this order.
    pub(crate) fn of(row: &TicketRow, sort: Sort, sees_notes: bool) -> Self {
        let value = match sort.field {
            SortField::UpdatedAt if sees_notes => SortValue::Time(Moment::of_row(row.updated_at)),
            SortField::UpdatedAt => SortValue::Time(Moment::of_row(row.public_updated_at)),
            SortField::CreatedAt => SortValue::Time(Moment::of_row(row.created_at)),
            SortField::Priority => {
                SortValue::Priority(row.priority.parameter(), Moment::of_row(row.created_at))
            }
            SortField::NextDeadlineAt => {
                SortValue::Deadline(row.next_deadline_at.map(Moment::of_row))
            }
        };
        Self {
            value,
            ticket_id: row.ticket_id.0,
        }
    }

    /// Accepts the key of a cursor when its value is of the kind that this order compares.
    pub(crate) fn checked(self, sort: Sort) -> Result<Self, InvalidCursor> {
        let fits = match sort.field {
            SortField::UpdatedAt | SortField::CreatedAt => matches!(self.value, SortValue::Time(_)),
            SortField::Priority => matches!(self.value, SortValue::Priority(..)),
            SortField::NextDeadlineAt => matches!(self.value, SortValue::Deadline(_)),
        };
        if fits {
            Ok(self)
        } else {
            Err(InvalidCursor::Malformed)
        }
    }
}
