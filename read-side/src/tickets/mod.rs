//! Tickets: one, and lists of them.

mod filter;
mod find;
mod list;
#[cfg(test)]
mod plans;
mod sort;
mod statement;

pub use filter::{Holder, TicketFilter, TimeRange};
pub use list::{TicketList, TicketQuery};
pub use sort::{Sort, SortField};
