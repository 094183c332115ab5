//! Recent states of aggregates, kept in memory, and how they are loaded from the log.
//!
//! A kept state is a guess: another process may have appended since. Appending with its version as the expected one makes
//! that harmless; where nothing is appended to the stream, the state is refreshed first.

use super::aggregate::Aggregate;
use super::error::CommandError;
use super::weight::Weigh;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{CalendarDefinition, CalendarRef};
use domain::calendar::state::BusinessCalendar;
use domain::company::state::{Company, DomainClaim};
use domain::ids::UserId;
use domain::message::state::Message;
use domain::organization::settings::Settings;
use domain::organization::state::Organization;
use domain::security::state::Occurrence;
use domain::service_levels::state::ServiceLevels;
use domain::team::state::Team;
use domain::ticket::state::Ticket;
use domain::user::state::{EmailClaim, User};
use domain::view::state::{View, ViewShelf};
use event_store::{EventStore, OrgId, Partition, Version};
use metrics::gauge;
use moka::ops::compute::Op;
use moka::sync::Cache;
use sealing::Keyring;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use uuid::Uuid;

/// Where an organization's streams are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Place {
    /// Its partition.
    pub partition: Partition,
    /// The organization.
    pub org_id: OrgId,
}

impl Place {
    /// Where the keys of its people are.
    pub(super) fn of_keys(self) -> sealing::Place {
        sealing::Place {
            partition: self.partition,
            org_id: self.org_id,
        }
    }
}

/// What states are read from: the log, and the keys that open it.
#[derive(Debug, Clone, Copy)]
pub struct Log<'a> {
    /// The log.
    pub store: &'a EventStore,
    /// The keys of what is sealed in it.
    pub keys: &'a Keyring,
}

/// A state with the version of the stream that it was folded from.
#[derive(Debug)]
pub struct Known<A> {
    /// How many events it has seen.
    pub version: Version,
    /// The state.
    pub state: A,
    /// When the log last confirmed it, in milliseconds of [`StateCache::now_ms`].
    confirmed_at_ms: AtomicU64,
    /// When somebody last began to refresh it ahead of time.
    refreshing_since_ms: AtomicU64,
}

impl<A> Known<A> {
    fn new(version: Version, state: A, confirmed_at_ms: u64) -> Self {
        Self {
            version,
            state,
            confirmed_at_ms: AtomicU64::new(confirmed_at_ms),
            refreshing_since_ms: AtomicU64::new(confirmed_at_ms),
        }
    }

    /// Whether the caller may go on with it at `now_ms`, or has to refresh it. In the second half of its time one of those
    /// who ask refreshes it and the others go on; beyond `max_age_ms` everybody has to.
    fn may_be_used(&self, now_ms: u64, max_age_ms: u64) -> bool {
        let since = |at_ms: u64| now_ms.saturating_sub(at_ms);
        let age_ms = since(self.confirmed_at_ms.load(Ordering::Relaxed));
        if age_ms > max_age_ms {
            return false;
        }
        let refreshing_since_ms = self.refreshing_since_ms.load(Ordering::Relaxed);
        let is_taken_care_of =
            age_ms <= max_age_ms / 2 || since(refreshing_since_ms) <= max_age_ms / 2;
        is_taken_care_of
            || self
                .refreshing_since_ms
                .compare_exchange(
                    refreshing_since_ms,
                    now_ms,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                )
                .is_err()
    }
}

/// The recent states of one kind of aggregate. Streams without events are not kept, but for those that every organization
/// has from the start.
pub struct StateCache<A> {
    states: Cache<(Place, Uuid), Arc<Known<A>>>,
    started_at: Instant,
    page_limit: u32,
}

impl<A> fmt::Debug for StateCache<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateCache")
            .field("page_limit", &self.page_limit)
            .finish_non_exhaustive()
    }
}

impl<A: Aggregate> StateCache<A> {
    fn new(max_bytes: u64, page_limit: u32) -> Self {
        let weigher = |_: &(Place, Uuid), known: &Arc<Known<A>>| known.state.weight();
        Self {
            states: Cache::builder()
                .weigher(weigher)
                .max_capacity(max_bytes)
                .build(),
            started_at: Instant::now(),
            page_limit,
        }
    }

    /// Says how much is kept. The cache counts late what nobody asked for since.
    fn measure(&self) {
        self.states.run_pending_tasks();
        measure(
            A::STREAM_TYPE,
            self.states.entry_count(),
            self.states.weighted_size(),
        );
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started_at.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The state, at least as new as `at_least`: the kept one if there is one, else from the log.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn load(
        &self,
        log: Log<'_>,
        place: Place,
        id: Uuid,
        at_least: Version,
    ) -> Result<Arc<Known<A>>, CommandError> {
        match self.states.get(&(place, id)) {
            Some(known) if known.version >= at_least => Ok(known),
            _ => self.refresh(log, place, id).await,
        }
    }

    /// The state as the log had it at most `max_age_ms` ago.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn load_recent(
        &self,
        log: Log<'_>,
        place: Place,
        id: Uuid,
        max_age_ms: u64,
    ) -> Result<Arc<Known<A>>, CommandError> {
        match self.states.get(&(place, id)) {
            Some(known) if known.may_be_used(self.now_ms(), max_age_ms) => Ok(known),
            _ => self.refresh(log, place, id).await,
        }
    }

    /// Reads what the log has beyond the kept state, and keeps the result.
    ///
    /// # Errors
    /// When the log cannot be read or holds an event that this program does not know.
    pub async fn refresh(
        &self,
        log: Log<'_>,
        place: Place,
        id: Uuid,
    ) -> Result<Arc<Known<A>>, CommandError> {
        let kept = self.states.get(&(place, id));
        let confirmed_at_ms = self.now_ms();
        let (mut version, mut state) = kept
            .as_ref()
            .map_or((Version::NONE, A::default()), |known| {
                (known.version, known.state.clone())
            });
        loop {
            let mut page = log
                .store
                .read_stream(place.partition, place.org_id, id, version, self.page_limit)
                .await?;
            let is_last = page.len() < self.page_limit as usize;
            log.keys.open_page(&mut page).await?;
            for recorded in page {
                // An id may be that of a stream of another kind: for this aggregate it does not exist.
                if recorded.stream_type != A::STREAM_TYPE {
                    return Ok(self.known(Version::NONE, A::default()));
                }
                let event = A::decode(
                    &recorded.event_type,
                    recorded.schema_version,
                    &recorded.data,
                )?;
                state = state.evolve(&event, recorded.occurred_at);
                version = recorded.version;
            }
            if is_last {
                break;
            }
        }
        if let Some(known) = kept.filter(|known| known.version == version) {
            known
                .confirmed_at_ms
                .fetch_max(confirmed_at_ms, Ordering::Relaxed);
            return Ok(known);
        }
        let known = Arc::new(Known::new(version, state, confirmed_at_ms));
        self.keep_newest(place, id, known.clone());
        Ok(known)
    }

    /// Keeps a state that an append confirmed.
    pub fn keep(&self, place: Place, id: Uuid, version: Version, state: A) {
        let known = self.known(version, state);
        self.keep_newest(place, id, known);
    }

    /// Forgets a state.
    pub fn forget(&self, place: Place, id: Uuid) {
        self.states.invalidate(&(place, id));
    }

    /// Forgets the states of streams that are about a person. It looks at every kept state: erasures are rare.
    fn forget_subject(&self, org_id: OrgId, subject: UserId) {
        for (key, known) in &self.states {
            let (place, id) = *key;
            if place.org_id == org_id && known.state.stream_subject(id) == Some(subject) {
                self.states.invalidate(&*key);
            }
        }
    }

    fn known(&self, version: Version, state: A) -> Arc<Known<A>> {
        Arc::new(Known::new(version, state, self.now_ms()))
    }

    /// Two commands may finish in another order than their appends: the newer state stays.
    fn keep_newest(&self, place: Place, id: Uuid, known: Arc<Known<A>>) {
        if known.version == Version::NONE && !A::IS_THERE_FROM_THE_START {
            return;
        }
        self.states
            .entry((place, id))
            .and_compute_with(|kept| match kept {
                Some(entry) if entry.value().version > known.version => Op::Nop,
                _ => Op::Put(known),
            });
    }
}

/// The recent states of all aggregates.
#[derive(Debug)]
pub struct Caches {
    pub(super) organizations: StateCache<Organization>,
    pub(super) users: StateCache<User>,
    pub(super) email_claims: StateCache<EmailClaim>,
    pub(super) teams: StateCache<Team>,
    pub(super) companies: StateCache<Company>,
    pub(super) domain_claims: StateCache<DomainClaim>,
    pub(super) calendars: StateCache<BusinessCalendar>,
    pub(super) service_levels: StateCache<ServiceLevels>,
    pub(super) views: StateCache<View>,
    pub(super) view_shelves: StateCache<ViewShelf>,
    pub(super) tickets: StateCache<Ticket>,
    pub(super) messages: StateCache<Message>,
    pub(super) occurrences: StateCache<Occurrence>,
    settings: Cache<(Place, Version), Arc<Settings>>,
    levels: Cache<(Place, Version), Arc<ServiceLevels>>,
    ready: ReadyCalendars,
}

/// Calendars made ready for questions, each with the definition that it was made from.
type ReadyCalendars = Cache<CalendarRef, (Arc<CalendarDefinition>, Arc<Calendar>)>;

impl Caches {
    /// Empty caches of about `max_bytes` a kind of aggregate.
    #[must_use]
    pub fn new(max_bytes: u64, page_limit: u32) -> Self {
        let weigher = |_: &(Place, Version), settings: &Arc<Settings>| settings.weight();
        Self {
            organizations: StateCache::new(max_bytes, page_limit),
            users: StateCache::new(max_bytes, page_limit),
            email_claims: StateCache::new(max_bytes, page_limit),
            teams: StateCache::new(max_bytes, page_limit),
            companies: StateCache::new(max_bytes, page_limit),
            domain_claims: StateCache::new(max_bytes, page_limit),
            calendars: StateCache::new(max_bytes, page_limit),
            service_levels: StateCache::new(max_bytes, page_limit),
            views: StateCache::new(max_bytes, page_limit),
            view_shelves: StateCache::new(max_bytes, page_limit),
            tickets: StateCache::new(max_bytes, page_limit),
            messages: StateCache::new(max_bytes, page_limit),
            // Touched once each: there is nothing to keep.
            occurrences: StateCache::new(0, page_limit),
            settings: Cache::builder()
                .weigher(weigher)
                .max_capacity(max_bytes)
                .build(),
            levels: Cache::builder()
                .weigher(|_: &_, levels: &Arc<ServiceLevels>| levels.weight())
                .max_capacity(max_bytes)
                .build(),
            ready: Cache::builder()
                .weigher(|_: &_, (_, calendar): &(_, Arc<Calendar>)| {
                    u32::try_from(calendar.bytes()).unwrap_or(u32::MAX)
                })
                .max_capacity(max_bytes)
                .build(),
        }
    }

    /// Says how much is kept, for the metrics.
    pub(super) fn measure(&self) {
        self.organizations.measure();
        self.users.measure();
        self.email_claims.measure();
        self.teams.measure();
        self.companies.measure();
        self.domain_claims.measure();
        self.calendars.measure();
        self.service_levels.measure();
        self.views.measure();
        self.view_shelves.measure();
        self.tickets.measure();
        self.messages.measure();
        self.occurrences.measure();
        measure(
            "settings",
            self.settings.entry_count(),
            self.settings.weighted_size(),
        );
    }

    /// Forgets what is kept about an erased person.
    pub(super) fn forget_subject(&self, org_id: OrgId, subject: UserId) {
        self.users.forget_subject(org_id, subject);
        self.views.forget_subject(org_id, subject);
        self.tickets.forget_subject(org_id, subject);
        self.messages.forget_subject(org_id, subject);
    }

    /// The service levels of an organization, shared.
    pub(super) fn levels(&self, place: Place, known: &Known<ServiceLevels>) -> Arc<ServiceLevels> {
        if known.version == Version::NONE {
            return Arc::default();
        }
        self.levels
            .get_with((place, known.version), || Arc::new(known.state.clone()))
    }

    /// A version of a calendar made ready for questions. A version of another log (a restored database) may say something
    /// else under the same name, hence the look at the definition.
    pub(super) fn ready(
        &self,
        reference: CalendarRef,
        definition: &Arc<CalendarDefinition>,
    ) -> Arc<Calendar> {
        if let Some((made_from, calendar)) = self.ready.get(&reference)
            && made_from == *definition
        {
            return calendar;
        }
        let calendar = Arc::new(Calendar::new(definition));
        self.ready
            .insert(reference, (Arc::clone(definition), Arc::clone(&calendar)));
        calendar
    }

    /// The settings of an organization, shared; the defaults while it does not exist.
    pub(super) fn settings(&self, place: Place, known: &Known<Organization>) -> Arc<Settings> {
        match &known.state {
            Organization::Absent => Arc::default(),
            Organization::Present(present) => {
                self.settings.get_with((place, known.version), || {
                    Arc::new(present.settings.clone())
                })
            }
        }
    }
}

/// Both figures are exact up to 2^53.
#[allow(clippy::cast_precision_loss)]
fn measure(kind: &'static str, entries: u64, bytes: u64) {
    gauge!("insightdesk_recent_states_entries", "kind" => kind).set(entries as f64);
    gauge!("insightdesk_recent_states_bytes", "kind" => kind).set(bytes as f64);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use chrono::DateTime;
    use domain::ids::TicketId;
    use domain::message::state::{PresentMessage, Visibility};
    use domain::text::MessageBody;

    const PAGE_LIMIT: u32 = 500;

    #[test]
    fn large_states_leave_the_cache_sooner_than_their_number_says() {
        let max_bytes = 1 << 20;
        let caches = Caches::new(max_bytes, PAGE_LIMIT);
        let place = Place {
            partition: Partition::new(0).unwrap(),
            org_id: OrgId(Uuid::nil()),
        };
        let message = Message::Present(PresentMessage {
            ticket_id: TicketId(Uuid::nil()),
            author_id: UserId(Uuid::nil()),
            visibility: Visibility::Public,
            posted_at: DateTime::UNIX_EPOCH,
            body: Some(MessageBody::parse(&"x".repeat(MessageBody::MAX_CHARS)).unwrap()),
        });
        for id in 0..100 {
            let version = Version::new(1).unwrap();
            let state = message.clone();
            caches
                .messages
                .keep(place, Uuid::from_u128(id), version, state);
        }
        caches.messages.states.run_pending_tasks();
        assert!(caches.messages.states.weighted_size() <= max_bytes);
        assert!((1..=16).contains(&caches.messages.states.entry_count()));
    }

    fn known() -> Known<()> {
        Known::new(Version::NONE, (), 10_000)
    }

    #[test]
    fn a_state_in_the_second_half_of_its_time_is_refreshed_by_one_and_used_by_the_others() {
        let known = known();
        assert!(known.may_be_used(10_500, 1_000));
        assert!(!known.may_be_used(10_501, 1_000));
        assert!(known.may_be_used(10_501, 1_000));
        assert!(known.may_be_used(11_000, 1_000));
    }

    /// Nobody may act on a role of an hour ago because somebody else is about to read the one of today.
    #[test]
    fn a_state_beyond_its_time_is_used_by_nobody_even_while_another_refreshes_it() {
        let known = known();
        assert!(!known.may_be_used(3_600_000, 1_000));
        assert!(!known.may_be_used(3_600_000, 1_000));
    }

    #[test]
    fn a_refresh_that_never_comes_back_does_not_keep_the_state_in_use() {
        let known = known();
        assert!(!known.may_be_used(15_001, 10_000));
        assert!(known.may_be_used(20_000, 10_000));
        assert!(!known.may_be_used(20_001, 10_000));
    }
}
