//! The rows of the core read models, as the projector writes them and the queries read them.
//!
//! Each row is declared once; the select list, the reader and the array parameters follow from it.
//! `partition` is no field: every statement names it as its first parameter.

pub(crate) mod column;
mod cuts;
mod evolve;
mod evolve_calendars;
mod evolve_people;
mod figures;
mod people;
mod promises;
mod records;
mod reports;
mod tickets;
mod times;
mod told;
mod views;
mod words;

pub use column::{Column, ColumnInfo, CustomFields, Row, RowError};
pub use cuts::{Counted, Cut};
pub use evolve::{EXCERPT_CHARS, Moment, Writer};
pub use figures::{Figure, MessageKind};
pub use people::{CompanyRow, OrganizationRow, TeamRow, UserRow};
pub use promises::{CalendarRow, CalendarVersionRow, PolicyVersionRow, ServiceLevelsRow};
pub use records::{AuditRow, Change, HistoryRow};
pub use reports::{CellRow, FactsRow, MessageCellRow, MessageFactsRow, SlaMeasureRow};
pub use tickets::{MessageRow, TicketRow, TicketWordsRow};
pub use times::Times;
pub use told::{ACTOR, ASSIGNEE, FROM, SUBJECT, TEAM, TO};
pub use views::{NOBODY, TicketCountRow, ViewRow, WHOEVER};
pub use words::{ActorKind, ClockState, ShownClock, ShownClocks};
