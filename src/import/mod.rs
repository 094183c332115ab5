//! `insightdesk import`: takes the history of another system over, through the dispatcher like any command.
//!
//! What holds:
//! - One incident of the log becomes one ticket, appended whole or not at all.
//! - Ids follow from the organization and the log's own names, so a second run finds what the first made, an interrupted
//!   one is continued by running it again, and two at once make nothing twice.
//! - Tickets are appended, and so numbered, in the order in which the incidents' last rows stand in the file. Where many
//!   are in flight, a ticket whose people are new may come a few places later.

pub mod external_id;
mod history;
mod incidents;
mod log_file;
mod people;
mod reference;
mod rejects;
mod retry;
mod row;
mod run;
mod summary;

pub use rejects::Rejects;
pub use run::Import;
pub use summary::Summary;

/// The name of the format, as events carry it.
pub const SOURCE: &str = "servicenow-log";
