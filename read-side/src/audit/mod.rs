//! The audit of an organization: what happened to its people, teams and settings, and to people's ways in.

mod filter;
mod list;
#[cfg(test)]
mod plans;
mod statement;

pub use filter::{AuditFilter, EventTypes, UnknownEventType};
pub use list::{AuditList, AuditQuery};
