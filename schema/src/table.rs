//! Names of the tables.

/// One row per partition of the log: its last position and the hash of its last event.
pub const LOG_HEADS: &str = "log_heads";
/// The log: every event of every organization, never changed.
pub const EVENTS: &str = "events";
/// The stored answer of each command, by organization and idempotency key.
pub const COMMAND_RESULTS: &str = "command_results";
/// The partition of each organization.
pub const ORGANIZATION_PLACEMENTS: &str = "organization_placements";
/// The organization of each slug.
pub const ORGANIZATION_SLUGS: &str = "organization_slugs";
/// Organizations that the operator has ever shut, and how each stands.
pub const ORGANIZATION_STANDINGS: &str = "organization_standings";
/// How far the SLA saga has folded each partition.
pub const SAGA_CHECKPOINTS: &str = "saga_checkpoints";
/// Which instance of the SLA saga holds each partition.
pub const SAGA_LEASES: &str = "saga_leases";
/// The SLA clocks of each ticket.
pub const SLA_CLOCKS: &str = "sla_clocks";
/// What comes due, and when.
pub const TIMERS: &str = "timers";
/// What is to be written to people because of what happened to tickets.
pub const NOTICES: &str = "notices";
/// How far changed service levels were carried to the open tickets of each organization.
pub const SLA_RECOMPUTES: &str = "sla_recomputes";
/// The data key of each person, wrapped, or the mark that it was destroyed.
pub const DATA_KEYS: &str = "data_keys";
/// A proof of each master key in use.
pub const MASTER_KEYS: &str = "master_keys";

/// Logins: an e-mail address and what proves that somebody is its owner.
pub const ACCOUNTS: &str = "accounts";
/// The people of organizations that an account may act as.
pub const MEMBERSHIPS: &str = "memberships";
/// The devices that a login is known to be used from, as hashes.
pub const KNOWN_DEVICES: &str = "known_devices";
/// Codes that stand in for a lost second factor.
pub const RECOVERY_CODES: &str = "recovery_codes";
/// What somebody was asked to show once: links, codes, steps of a sign-in.
pub const CHALLENGES: &str = "challenges";
/// The sign-ins of people, a row each.
pub const SESSIONS: &str = "sessions";
/// What happened to credentials, on its way to the log.
pub const SECURITY_OUTBOX: &str = "security_outbox";
/// The providers that people of organizations sign on by.
pub const SIGN_ON_PROVIDERS: &str = "sign_on_providers";
/// Who is who at a provider.
pub const SIGN_ON_IDENTITIES: &str = "sign_on_identities";

/// The second factors of people who come by a provider.
pub const SIGN_ON_FACTORS: &str = "sign_on_factors";

/// What machines show: a row for each API key.
pub const API_KEYS: &str = "api_keys";

/// Letters on their way to people.
pub const MAIL_OUTBOX: &str = "mail_outbox";
/// What-if simulations that admins asked for.
pub const SLA_SIMULATIONS: &str = "sla_simulations";
/// The waits that a simulation counts otherwise.
pub const SLA_SIMULATION_DIFFERENCES: &str = "sla_simulation_differences";

/// Every table above.
pub const ALL: &[&str] = &[
    LOG_HEADS,
    EVENTS,
    COMMAND_RESULTS,
    ORGANIZATION_PLACEMENTS,
    ORGANIZATION_SLUGS,
    ORGANIZATION_STANDINGS,
    SAGA_CHECKPOINTS,
    SAGA_LEASES,
    SLA_CLOCKS,
    TIMERS,
    NOTICES,
    SLA_RECOMPUTES,
    DATA_KEYS,
    MASTER_KEYS,
    ACCOUNTS,
    MEMBERSHIPS,
    KNOWN_DEVICES,
    RECOVERY_CODES,
    CHALLENGES,
    SESSIONS,
    SECURITY_OUTBOX,
    API_KEYS,
    SIGN_ON_PROVIDERS,
    SIGN_ON_IDENTITIES,
    SIGN_ON_FACTORS,
    MAIL_OUTBOX,
    SLA_SIMULATIONS,
    SLA_SIMULATION_DIFFERENCES,
];

/// The core read models. Unqualified: they stand in the namespace [`crate::projection::CORE`], or in that of a rebuild.
pub mod core {
    /// How far the projection is, a row a partition.
    pub const CHECKPOINTS: &str = "checkpoints";
    /// Organizations.
    pub const ORGANIZATIONS: &str = "organizations";
    /// People.
    pub const USERS: &str = "users";
    /// Teams.
    pub const TEAMS: &str = "teams";
    /// Companies of customers.
    pub const COMPANIES: &str = "companies";
    /// Calendars of working time, as they are now.
    pub const CALENDARS: &str = "calendars";
    /// What each calendar said, version by version.
    pub const CALENDAR_VERSIONS: &str = "calendar_versions";
    /// The ordered policies of each organization, as they are now.
    pub const SERVICE_LEVELS: &str = "service_levels";
    /// What each policy said, version by version.
    pub const POLICY_VERSIONS: &str = "policy_versions";
    /// Saved views of tickets.
    pub const VIEWS: &str = "views";
    /// How many tickets there are of each kind.
    pub const TICKET_COUNTS: &str = "ticket_counts";
    /// What became of each wait that a service level clock measured.
    pub const SLA_MEASURES: &str = "sla_measures";
    /// What reports know of each ticket, as it is and as it was.
    pub const TICKET_FACTS: &str = "ticket_facts";
    /// Sums of these facts by day.
    pub const REPORT_CELLS: &str = "report_cells";
    /// What reports know of each message.
    pub const MESSAGE_FACTS: &str = "message_facts";
    /// Sums of these by day.
    pub const MESSAGE_CELLS: &str = "message_cells";
    /// Tickets.
    pub const TICKETS: &str = "tickets";
    /// The tickets of the organization at hand, as lists by tag read them.
    pub const TAGGABLE_TICKETS: &str = "taggable_tickets";
    /// The words of tickets.
    pub const TICKET_WORDS: &str = "ticket_words";
    /// The words of the tickets of the organization at hand, as a search reads them.
    pub const SEARCHABLE_TICKETS: &str = "searchable_tickets";
    /// Messages.
    pub const MESSAGES: &str = "messages";
    /// The words of the messages of the organization at hand, as a search reads them.
    pub const SEARCHABLE_MESSAGES: &str = "searchable_messages";
    /// The people of the organization at hand, as a search reads them.
    pub const SEARCHABLE_USERS: &str = "searchable_users";
    /// What happened to each ticket.
    pub const TICKET_HISTORY: &str = "ticket_history";
    /// What happened to people, teams, the organization and people's ways in.
    pub const AUDIT: &str = "audit";

    /// Every table above that holds rows derived from events.
    pub const DERIVED: &[&str] = &[
        ORGANIZATIONS,
        USERS,
        TEAMS,
        COMPANIES,
        CALENDARS,
        CALENDAR_VERSIONS,
        SERVICE_LEVELS,
        POLICY_VERSIONS,
        VIEWS,
        TICKET_COUNTS,
        SLA_MEASURES,
        TICKET_FACTS,
        REPORT_CELLS,
        MESSAGE_FACTS,
        MESSAGE_CELLS,
        TICKETS,
        TICKET_WORDS,
        MESSAGES,
        TICKET_HISTORY,
        AUDIT,
    ];
}
