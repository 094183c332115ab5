//! Tickets: one, and lists of them.

mod clauses;
mod counting;
mod filter;
mod find;
mod list;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod query_plans;
mod sort;
pub(crate) mod statement;
mod terms;

pub(crate) use clauses::{Columns, push_clause};
pub use counting::{COUNTED_MAX, Counted};
pub use filter::{Holder, TicketFilter, TimeRange};
pub use list::{TicketList, TicketQuery};
pub use sort::{Sort, SortField};
pub(crate) use statement::push_range;
pub use terms::{Clause, Terms};
