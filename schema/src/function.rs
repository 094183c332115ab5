//! Names of the SQL functions that migrations define and code calls.

/// Appends a batch to one partition by compare-and-set on its head; returns the rows written, all of them or 0.
pub const APPEND_EVENTS: &str = "append_events";
