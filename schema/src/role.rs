//! The roles of the database: what each part of the product is while it is connected.
//!
//! The login of `DATABASE_URL` is a member of all of them and nothing else: it owns nothing and may do nothing by itself.
//! A connection takes its role as it starts, as an option of the connection, so that there is no moment without it and
//! `RESET ROLE` leads back to it.

use std::fmt;

/// A role that cannot log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role(&'static str);

/// Owns every table, and so passes by every policy: migrations, rebuilds, replays, restores. No request is answered with it.
pub const OWNER: Role = Role("insightdesk_owner");
/// The writers of the log: they add events and change none.
pub const LOG: Role = Role("insightdesk_log");
/// Commands: reads streams and stored answers of the organization at hand, places organizations, keeps data keys.
pub const COMMAND: Role = Role("insightdesk_command");
/// Sign-in, sessions, mail: whoever comes has no organization yet, and sees ways in of one alone once it is known. Sees neither
/// log nor read models.
pub const IDENTITY: Role = Role("insightdesk_identity");
/// Queries: reads the read models of the organization at hand, and writes nothing.
pub const QUERY: Role = Role("insightdesk_query");
/// Reads the log and writes the read models.
pub const PROJECTOR: Role = Role("insightdesk_projector");
/// Reads the log and keeps clocks and timers.
pub const SAGA: Role = Role("insightdesk_saga");

/// Every role above.
pub const ALL: &[Role] = &[OWNER, LOG, COMMAND, IDENTITY, QUERY, PROJECTOR, SAGA];

impl Role {
    /// Its name in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// The option of a connection that takes the role.
    #[must_use]
    pub fn connection_option(self) -> String {
        format!("-c role={}", self.0)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
