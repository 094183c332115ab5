//! The rows that a batch of events touches: loaded before, changed by the fold, written after.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::Hash;

use crate::access::Lost;
use crate::cells::Cells;
use crate::counts::Counts;
use crate::message_cells::MessageCells;
use domain::calendar::zone::Zone;
use domain::ids::{
    CalendarId, CompanyId, MessageId, OrganizationId, TeamId, TicketId, UserId, ViewId,
};
use domain::organization::language::SearchLanguage;
use domain::organization::state::Standing;
use domain::sla::Metric;
use domain::sla::terms::CalendarBook;
use domain::user::state::UserKind;
use platform::rows::{
    ActorKind, AuditRow, CalendarRow, CalendarVersionRow, CompanyRow, FactsRow, HistoryRow,
    MessageFactsRow, MessageRow, OrganizationRow, PolicyVersionRow, ServiceLevelsRow,
    SlaMeasureRow, TeamRow, TicketRow, UserRow, ViewRow, Writer,
};

/// Rows by their id within an organization.
pub type Of<Id> = (OrganizationId, Id);

/// A wait: the ticket, what is measured, and which of several.
pub type MeasureKey = (OrganizationId, TicketId, Metric, i32);

/// What was known of a ticket since a version of its stream.
pub type FactsKey = (OrganizationId, TicketId, i64);

/// Some rows of one table: which of them are new, and which of the others changed.
#[derive(Debug, Clone)]
pub struct Rows<K, R> {
    rows: HashMap<K, R>,
    new: HashSet<K>,
    changed: HashSet<K>,
}

impl<K, R> Default for Rows<K, R> {
    fn default() -> Self {
        Self {
            rows: HashMap::new(),
            new: HashSet::new(),
            changed: HashSet::new(),
        }
    }
}

impl<K: Copy + Eq + Hash, R> Rows<K, R> {
    /// Rows as they stand in the table.
    pub fn of(found: impl IntoIterator<Item = R>, key: impl Fn(&R) -> K) -> Self {
        Self {
            rows: found.into_iter().map(|row| (key(&row), row)).collect(),
            ..Self::default()
        }
    }

    /// Every row, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.rows.values()
    }

    /// The row, if it exists.
    #[must_use]
    pub fn get(&self, key: K) -> Option<&R> {
        self.rows.get(&key)
    }

    /// The row to be changed, if it exists.
    pub fn change(&mut self, key: K) -> Option<&mut R> {
        let row = self.rows.get_mut(&key)?;
        if !self.new.contains(&key) {
            self.changed.insert(key);
        }
        Some(row)
    }

    /// A new row.
    pub fn insert(&mut self, key: K, row: R) {
        self.new.insert(key);
        self.rows.insert(key, row);
    }

    /// The rows that are in no table yet.
    #[must_use]
    pub fn new_rows(&self) -> Vec<&R> {
        self.those(&self.new).collect()
    }

    /// Whether the row is in no table yet.
    #[must_use]
    pub fn is_new(&self, key: K) -> bool {
        self.new.contains(&key)
    }

    /// The rows of the table that changed.
    #[must_use]
    pub fn changed(&self) -> Vec<&R> {
        self.those(&self.changed).collect()
    }

    /// How many are to be written.
    #[must_use]
    pub fn written_count(&self) -> usize {
        self.new.len() + self.changed.len()
    }

    /// Takes out everything that was written.
    pub fn take_written(&mut self) -> Vec<R> {
        let keys = self.new.drain().chain(self.changed.drain());
        keys.filter_map(|key| self.rows.remove(&key)).collect()
    }

    fn those<'a>(&'a self, keys: &'a HashSet<K>) -> impl Iterator<Item = &'a R> {
        keys.iter().filter_map(|key| self.rows.get(key))
    }
}

/// Everything that a batch touches. After the fold it is the write set.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Organizations.
    pub organizations: Rows<OrganizationId, OrganizationRow>,
    /// People.
    pub users: Rows<Of<UserId>, UserRow>,
    /// Teams.
    pub teams: Rows<Of<TeamId>, TeamRow>,
    /// Companies.
    pub companies: Rows<Of<CompanyId>, CompanyRow>,
    /// Calendars.
    pub calendars: Rows<Of<CalendarId>, CalendarRow>,
    /// New versions of calendars.
    pub calendar_versions: Vec<CalendarVersionRow>,
    /// The policies of organizations.
    pub service_levels: Rows<OrganizationId, ServiceLevelsRow>,
    /// New versions of policies.
    pub policy_versions: Vec<PolicyVersionRow>,
    /// The calendars that the clocks of these tickets count by.
    pub book: CalendarBook,
    /// The waits that the clocks of these tickets measure now: as they are known to be, and what became past.
    pub measures: Rows<(MeasureKey, i64), SlaMeasureRow>,
    /// Since which version each is as it is.
    pub measures_now: HashMap<MeasureKey, i64>,
    /// Saved views.
    pub views: Rows<Of<ViewId>, ViewRow>,
    /// By how many the tickets of each kind become more or less.
    pub counts: Counts,
    /// What reports know of these tickets: as they are, and what became past.
    pub facts: Rows<FactsKey, FactsRow>,
    /// Since which version each ticket is as it is.
    pub facts_now: HashMap<Of<TicketId>, i64>,
    /// What is added to the sums of reports.
    pub cells: Cells,
    /// What reports know of new messages.
    pub message_facts: Vec<MessageFactsRow>,
    /// What is added to the sums of messages.
    pub message_cells: MessageCells,
    /// Organizations whose sums are to be made anew, by another zone.
    pub rezoned: BTreeSet<OrganizationId>,
    /// Tickets.
    pub tickets: Rows<Of<TicketId>, TicketRow>,
    /// Tickets whose words changed.
    pub reworded: BTreeSet<Of<TicketId>>,
    /// Messages.
    pub messages: Rows<Of<MessageId>, MessageRow>,
    /// New history rows, in the order of their events.
    pub history: Vec<HistoryRow>,
    /// New rows of the audit, in the order of their events.
    pub audit: Vec<AuditRow>,
    /// People whose name in tickets and messages is no longer theirs.
    pub renamed_users: BTreeSet<Of<UserId>>,
    /// People who were erased: what they wrote, and what is about them, is to be taken out of every row.
    pub erased_users: BTreeSet<Of<UserId>>,
    /// People whose role or activity an event took: its version in their stream, and what it took.
    pub lost_access: BTreeMap<Of<UserId>, (i64, Lost)>,
    /// Organizations that were shut or opened: the version of the event in their stream, and how they stand since.
    pub standings: BTreeMap<OrganizationId, (i64, Standing)>,
    /// Teams whose name in tickets is no longer theirs.
    pub renamed_teams: BTreeSet<Of<TeamId>>,
    /// Organizations whose own events changed them (and not only the count of their tickets).
    pub changed_settings: BTreeSet<OrganizationId>,
}

/// What stands where a name should be and the person is not known.
pub const UNKNOWN_USER: &str = "Unknown user";
/// What stands where a name should be and the company is not known.
pub const UNKNOWN_COMPANY: &str = "Unknown company";
/// What stands where a name should be and the team is not known.
pub const UNKNOWN_TEAM: &str = "Unknown team";

impl State {
    /// The name of a person at this point of the log.
    #[must_use]
    pub fn user_name(&self, org: OrganizationId, user: UserId) -> String {
        let row = self.users.get((org, user));
        row.map_or_else(|| UNKNOWN_USER.to_owned(), |row| row.name.clone())
    }

    /// The zone of an organization's reports at this point of the log.
    #[must_use]
    pub fn zone(&self, org: OrganizationId) -> Zone {
        let row = self.organizations.get(org);
        row.map_or(Zone::UTC, |row| row.settings.0.time_zone)
    }

    /// Who writes at this point of the log, and in which language.
    #[must_use]
    pub fn writer(&self, org: OrganizationId, user: UserId) -> Writer {
        let row = self.organizations.get(org);
        Writer {
            name: self.user_name(org, user),
            language: row.map_or(SearchLanguage::Simple, |row| row.settings.0.search_language),
        }
    }

    /// Whether a user is a person or a machine.
    #[must_use]
    pub fn actor_kind(&self, org: OrganizationId, user: UserId) -> ActorKind {
        match self.users.get((org, user)).map(|row| row.kind) {
            Some(UserKind::Machine) => ActorKind::Machine,
            Some(UserKind::Person) | None => ActorKind::User,
        }
    }

    /// The name of a company at this point of the log.
    #[must_use]
    pub fn company_name(&self, org: OrganizationId, company: CompanyId) -> String {
        let row = self.companies.get((org, company));
        row.map_or_else(|| UNKNOWN_COMPANY.to_owned(), |row| row.name.clone())
    }

    /// The name of a team at this point of the log.
    #[must_use]
    pub fn team_name(&self, org: OrganizationId, team: TeamId) -> String {
        let row = self.teams.get((org, team));
        row.map_or_else(|| UNKNOWN_TEAM.to_owned(), |row| row.name.clone())
    }
}
