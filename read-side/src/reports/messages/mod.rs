//! Reports of messages: how many were written, by whom and for which team, and the messages behind each number.
//!
//! The definitions are those of docs/METRICS.md. A message never changes what it counts for, so whoever sees all teams is
//! answered from sums (`message_cells`) that the projector keeps of the facts (`message_facts`); everything else is counted.

mod filter;
mod list;
#[cfg(test)]
mod plans;
mod report;
mod statement;

pub use filter::{MessageFilter, MessageSplit};
pub use list::{CountedMessage, MessagesList, MessagesQuery};
pub(crate) use report::Told;
pub use report::{MessageGroup, MessageNumbers, MessageReport, MessagesReported};
