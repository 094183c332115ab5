//! Names of the Valkey channels.

/// Wake-ups of the log; a message is `<partition>-<position>` and only a hint.
pub const LOG_WAKEUPS: &str = "insightdesk:log-wakeups";
