//! The rights of each role on each table.

use crate::role::{COMMAND, IDENTITY, LOG, PROJECTOR, QUERY, Role, SAGA};
use crate::table;

/// Which rows a right is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// Those of every organization.
    All,
    /// Those of the organization that the transaction names: see [`super::begin`].
    OfOrganization,
    /// Those of every organization until the transaction names one, then those of that one: ways in, which somebody uses
    /// before an organization is known and administers afterwards.
    OfOrganizationOnceKnown,
    /// The same where the organization is what `subject` begins with, as it does for invitations.
    BySubjectOnceKnown,
}

/// What a role may do with a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Right {
    /// Who.
    pub role: Role,
    /// The privileges, as in GRANT.
    pub privileges: &'static str,
    /// With which rows.
    pub rows: Rows,
}

/// The rights on a table. Who is not named has none.
#[derive(Debug, Clone, Copy)]
pub struct Access {
    /// Its name.
    pub table: &'static str,
    /// One for each role at most.
    pub rights: &'static [Right],
}

const READ: &str = "SELECT";
const ADD: &str = "SELECT, INSERT";
const CHANGE: &str = "SELECT, UPDATE";
const REMOVE: &str = "SELECT, DELETE";
const KEEP: &str = "SELECT, INSERT, UPDATE";
const EVERYTHING: &str = "SELECT, INSERT, UPDATE, DELETE";

/// A right on the rows of every organization, for those who work on a whole partition, or before an organization is known.
const fn all(role: Role, privileges: &'static str) -> Right {
    Right {
        role,
        privileges,
        rows: Rows::All,
    }
}

/// A right on the rows of the organization at hand.
const fn own(role: Role, privileges: &'static str) -> Right {
    Right {
        role,
        privileges,
        rows: Rows::OfOrganization,
    }
}

/// A right on the rows of every organization until one is known.
const fn known(role: Role, privileges: &'static str) -> Right {
    Right {
        role,
        privileges,
        rows: Rows::OfOrganizationOnceKnown,
    }
}

const fn on(table: &'static str, rights: &'static [Right]) -> Access {
    Access { table, rights }
}

/// The tables of the migrations.
pub const TABLES: &[Access] = &[
    // The log. A batch of its writers holds events of several organizations; nobody may change or remove one.
    on(
        table::LOG_HEADS,
        &[
            all(LOG, CHANGE),
            all(COMMAND, READ),
            all(PROJECTOR, READ),
            all(SAGA, READ),
        ],
    ),
    on(
        table::EVENTS,
        &[
            all(LOG, ADD),
            own(COMMAND, READ),
            // The feed and the past of a ticket.
            own(QUERY, READ),
            all(PROJECTOR, READ),
            all(SAGA, READ),
        ],
    ),
    // The projector's connections also take away the answers that are too old.
    on(
        table::COMMAND_RESULTS,
        &[all(LOG, ADD), own(COMMAND, READ), all(PROJECTOR, REMOVE)],
    ),
    // What is looked up is the organization itself.
    on(table::ORGANIZATION_PLACEMENTS, &[all(COMMAND, ADD)]),
    on(table::ORGANIZATION_SLUGS, &[all(COMMAND, ADD)]),
    // Every server looks which organizations are shut.
    on(
        table::ORGANIZATION_STANDINGS,
        &[known(IDENTITY, READ), all(PROJECTOR, KEEP)],
    ),
    // The saga works on whole partitions.
    on(table::SAGA_CHECKPOINTS, &[all(SAGA, KEEP)]),
    on(table::SAGA_LEASES, &[all(SAGA, KEEP)]),
    on(table::SLA_CLOCKS, &[all(SAGA, EVERYTHING)]),
    on(table::TIMERS, &[all(SAGA, EVERYTHING)]),
    on(table::NOTICES, &[all(SAGA, EVERYTHING)]),
    // Admins see how far it is.
    on(
        table::SLA_RECOMPUTES,
        &[own(QUERY, READ), all(SAGA, EVERYTHING)],
    ),
    // Keys are asked for by the page and by the batch, for people of several organizations; they are wrapped.
    on(
        table::DATA_KEYS,
        &[all(COMMAND, KEEP), all(PROJECTOR, KEEP)],
    ),
    on(
        table::MASTER_KEYS,
        &[all(COMMAND, "SELECT, INSERT, DELETE")],
    ),
    // Ways in: whoever signs in has no organization yet, and who administers them has one. An account, its codes and its
    // devices are of all organizations that it acts in, a letter of none. The projector ends the sessions of those who lost
    // their role, and takes away what is left of erased people.
    on(
        table::ACCOUNTS,
        &[all(IDENTITY, EVERYTHING), all(PROJECTOR, REMOVE)],
    ),
    on(
        table::MEMBERSHIPS,
        &[known(IDENTITY, EVERYTHING), all(PROJECTOR, REMOVE)],
    ),
    on(
        table::KNOWN_DEVICES,
        &[all(IDENTITY, EVERYTHING), all(PROJECTOR, REMOVE)],
    ),
    on(
        table::RECOVERY_CODES,
        &[all(IDENTITY, EVERYTHING), all(PROJECTOR, REMOVE)],
    ),
    on(
        table::CHALLENGES,
        &[
            // Links and codes of those who are nobody yet; of the mailed ones those of invitations are of an organization.
            Right {
                role: IDENTITY,
                privileges: EVERYTHING,
                rows: Rows::BySubjectOnceKnown,
            },
            all(PROJECTOR, REMOVE),
        ],
    ),
    on(
        table::SESSIONS,
        &[known(IDENTITY, EVERYTHING), all(PROJECTOR, CHANGE)],
    ),
    on(table::SECURITY_OUTBOX, &[known(IDENTITY, EVERYTHING)]),
    // Found by the id that the key shows. The projector takes away those of erased machines.
    on(
        table::API_KEYS,
        &[known(IDENTITY, EVERYTHING), all(PROJECTOR, REMOVE)],
    ),
    // Who signs on has no session yet. The projector takes away who erased people are elsewhere.
    on(table::SIGN_ON_PROVIDERS, &[known(IDENTITY, EVERYTHING)]),
    on(
        table::SIGN_ON_IDENTITIES,
        &[known(IDENTITY, EVERYTHING), all(PROJECTOR, REMOVE)],
    ),
    on(
        table::SIGN_ON_FACTORS,
        &[known(IDENTITY, EVERYTHING), all(PROJECTOR, REMOVE)],
    ),
    // The projector takes away what is about erased people.
    on(
        table::MAIL_OUTBOX,
        &[all(IDENTITY, EVERYTHING), all(PROJECTOR, REMOVE)],
    ),
    // Asked for by admins, and run for every organization by whichever server is free.
    on(table::SLA_SIMULATIONS, &[known(IDENTITY, EVERYTHING)]),
    on(
        table::SLA_SIMULATION_DIFFERENCES,
        &[known(IDENTITY, EVERYTHING)],
    ),
];

const DERIVED: &[Right] = &[own(QUERY, READ), all(PROJECTOR, KEEP)];

/// The tables of the read models, in whichever namespace.
pub const READ_MODELS: &[Access] = &[
    on(
        table::core::CHECKPOINTS,
        &[all(QUERY, READ), all(PROJECTOR, KEEP)],
    ),
    on(table::core::ORGANIZATIONS, DERIVED),
    on(table::core::USERS, DERIVED),
    on(table::core::TEAMS, DERIVED),
    on(table::core::COMPANIES, DERIVED),
    on(table::core::CALENDARS, DERIVED),
    on(table::core::CALENDAR_VERSIONS, DERIVED),
    on(table::core::SERVICE_LEVELS, DERIVED),
    on(table::core::POLICY_VERSIONS, DERIVED),
    on(table::core::VIEWS, DERIVED),
    on(table::core::TICKET_COUNTS, DERIVED),
    on(table::core::SLA_MEASURES, DERIVED),
    on(table::core::TICKET_FACTS, DERIVED),
    // Made anew when the organization's zone changes.
    on(
        table::core::REPORT_CELLS,
        &[own(QUERY, READ), all(PROJECTOR, EVERYTHING)],
    ),
    on(table::core::MESSAGE_FACTS, DERIVED),
    on(
        table::core::MESSAGE_CELLS,
        &[own(QUERY, READ), all(PROJECTOR, EVERYTHING)],
    ),
    on(table::core::TICKETS, DERIVED),
    on(table::core::TICKET_WORDS, DERIVED),
    on(table::core::MESSAGES, DERIVED),
    on(table::core::TICKET_HISTORY, DERIVED),
    on(table::core::AUDIT, DERIVED),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_has_its_rights() {
        let named = |rights: &[Access]| rights.iter().map(|on| on.table).collect::<Vec<_>>();
        assert_eq!(named(TABLES), table::ALL);
        assert_eq!(named(READ_MODELS)[1..], *table::core::DERIVED);
    }

    #[test]
    fn nobody_may_change_or_remove_an_event() {
        let events = TABLES.iter().find(|on| on.table == table::EVENTS);
        let rights = events.into_iter().flat_map(|on| on.rights);
        for right in rights {
            assert!(
                [READ, ADD].contains(&right.privileges),
                "{} {}",
                right.role,
                right.privileges
            );
        }
    }

    #[test]
    fn a_query_reads_and_nothing_else() {
        let of_queries = TABLES.iter().chain(READ_MODELS).flat_map(|on| on.rights);
        for right in of_queries.filter(|right| right.role == QUERY) {
            assert_eq!(right.privileges, READ);
        }
    }
}
