//! One attempt at a command: the streams that it touches, what it decided, and what is to be appended.

mod personal;

use super::aggregate::{Aggregate, Decides};
use super::context::{CommandContext, IfMatch};
use super::error::{CommandError, Refusal};
use super::staged::Staged;
use super::states::{Caches, Known, Log, Place};
use chrono::{DateTime, Utc};
use domain::actor::Actor;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{CalendarDefinition, CalendarRef};
use domain::command::Issued;
use domain::ids::OrganizationId;
use domain::metadata::{Metadata, SourceAddress};
use domain::organization::settings::Settings;
use domain::organization::state::{Organization, Standing};
use domain::service_levels::state::ServiceLevels;
use domain::ticket::origin::Origin;
use event_store::{EventStore, NewEvent, StreamAppend, Version};
use platform::permission::PermissionSet;
use sealing::Keyring;
use std::any::Any;
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// What an attempt must not take from memory, learnt from the attempts before.
#[derive(Debug, Default)]
pub(super) struct Demands {
    /// Read everything from the log.
    pub confirmed: bool,
    /// The versions that streams have at least.
    pub at_least: HashMap<Uuid, Version>,
}

/// What an attempt works with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setting<'a> {
    pub store: &'a EventStore,
    pub keys: &'a Keyring,
    pub caches: &'a Caches,
    pub reference_max_age_ms: u64,
    pub context: &'a CommandContext,
    pub place: Place,
    pub now: DateTime<Utc>,
    pub correlation_id: Uuid,
    pub demands: &'a Demands,
}

impl<'a> Setting<'a> {
    /// What states are read from.
    fn log(self) -> Log<'a> {
        Log {
            store: self.store,
            keys: self.keys,
        }
    }
}

/// One attempt at a command. A use case loads aggregates through it and issues commands to them; what they decide is
/// appended together once the use case is done.
pub struct Work<'a> {
    setting: Setting<'a>,
    settings: Arc<Settings>,
    standing: Standing,
    streams: Vec<Staged>,
    addressed: Option<Uuid>,
}

impl<'a> Work<'a> {
    pub(super) async fn begin(setting: Setting<'a>) -> Result<Self, CommandError> {
        let organization = Organization::cache(setting.caches);
        let id = setting.place.org_id.0;
        let known = if setting.demands.confirmed {
            organization
                .refresh(setting.log(), setting.place, id)
                .await?
        } else {
            organization
                .load_recent(
                    setting.log(),
                    setting.place,
                    id,
                    setting.reference_max_age_ms,
                )
                .await?
        };
        let settings = setting.caches.settings(setting.place, &known);
        let standing = match &known.state {
            Organization::Present(organization) => organization.standing,
            Organization::Absent => Standing::Active,
        };
        Ok(Self {
            setting,
            settings,
            standing,
            streams: Vec::with_capacity(2),
            addressed: None,
        })
    }

    /// The organization in which the command acts.
    #[must_use]
    pub fn organization_id(&self) -> OrganizationId {
        self.setting.context.organization_id
    }

    /// Who issued the command.
    #[must_use]
    pub fn actor(&self) -> &'a Actor {
        &self.setting.context.actor
    }

    /// What the actor may do.
    #[must_use]
    pub fn rights(&self) -> PermissionSet {
        self.setting.context.rights
    }

    /// The business time of the command.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.setting.now
    }

    /// How the organization stands, as of this attempt.
    pub(crate) fn standing(&self) -> Standing {
        self.standing
    }

    /// The organization's settings, as of this attempt.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Says which stream the request addresses: the one that `If-Match` is about.
    pub fn address(&mut self, id: impl Into<Uuid>) {
        self.addressed = Some(id.into());
    }

    /// The state of an aggregate, with what this attempt has decided so far.
    ///
    /// # Errors
    /// [`Refusal::NotFound`] when the actor must not learn of it; or when the log cannot be read.
    pub async fn state<A: Aggregate>(&mut self, id: impl Into<Uuid>) -> Result<&A, CommandError> {
        let id = id.into();
        let index = match self.index_of(id) {
            Some(index) => index,
            None => self.load::<A>(id).await?,
        };
        self.state_at(index)
    }

    /// Touches a stream that is about to be made under a fresh id, without asking the log for it. If it exists after all,
    /// the append is refused and the next attempt reads it.
    pub fn create<A: Aggregate>(&mut self, id: impl Into<Uuid>) {
        let id = id.into();
        let is_known =
            self.setting.demands.confirmed || self.setting.demands.at_least.contains_key(&id);
        if !is_known && self.index_of(id).is_none() {
            self.stage(id, Version::NONE, A::default());
        }
    }

    /// Another aggregate that the decision relies on: as the log had it within the last second, and not guarded.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn reference<A: Aggregate>(
        &self,
        id: impl Into<Uuid>,
    ) -> Result<Arc<Known<A>>, CommandError> {
        let Setting {
            caches,
            place,
            demands,
            reference_max_age_ms,
            ..
        } = self.setting;
        let (cache, log) = (A::cache(caches), self.setting.log());
        if demands.confirmed {
            return cache.refresh(log, place, id.into()).await;
        }
        cache
            .load_recent(log, place, id.into(), reference_max_age_ms)
            .await
    }

    /// Another aggregate as the log has it now, not guarded.
    pub(super) async fn current<A: Aggregate>(
        &self,
        id: impl Into<Uuid>,
    ) -> Result<Arc<Known<A>>, CommandError> {
        let (cache, log) = (A::cache(self.setting.caches), self.setting.log());
        cache.refresh(log, self.setting.place, id.into()).await
    }

    /// Issues a command in the name of the context's actor.
    ///
    /// # Errors
    /// When the aggregate refuses, or the log cannot be read.
    pub async fn issue<A: Decides>(
        &mut self,
        id: A::Id,
        command: A::Command,
    ) -> Result<&A, CommandError> {
        let decided = self.try_issue::<A>(id, command).await?;
        decided.map_err(|refused| CommandError::Refused(refused.into()))?;
        self.state(id).await
    }

    /// Issues a command and gives the aggregate's refusal as it is, for use cases that have another way then.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn try_issue<A: Decides>(
        &mut self,
        id: A::Id,
        command: A::Command,
    ) -> Result<Result<(), A::Error>, CommandError> {
        let (now, actor) = (self.setting.now, self.setting.context.actor.clone());
        self.try_issue_as::<A>(id, command, now, actor).await
    }

    /// Issues a command in the name of another actor at another time: history that is taken over.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn try_issue_as<A: Decides>(
        &mut self,
        id: A::Id,
        command: A::Command,
        now: DateTime<Utc>,
        actor: Actor,
    ) -> Result<Result<(), A::Error>, CommandError> {
        let asked = match &actor {
            // Nothing is promised for what is over. A look at the log would also let tickets of an import overtake each
            // other on their way to it.
            Actor::Import { .. } => None,
            _ => self.state::<A>(id).await?.asks(&command),
        };
        let terms = match asked {
            Some(asked) => self.terms(asked, &actor).await?,
            None => Arc::default(),
        };
        let issued = Issued {
            actor,
            now,
            settings: self.settings.clone(),
            terms,
            command,
        };
        let decided = self.state::<A>(id).await?.decide(id, &issued);
        match decided {
            Ok(events) => self
                .record_as::<A>(id.into(), events, now, &issued.actor)
                .map(Ok),
            Err(refused) => Ok(Err(refused)),
        }
    }

    /// Records events that were decided outside of [`Decides`] (claims of e-mail addresses). The stream was loaded before.
    ///
    /// # Errors
    /// When an event has no JSON form.
    pub fn record<A: Aggregate>(
        &mut self,
        id: Uuid,
        events: Vec<A::Event>,
    ) -> Result<(), CommandError> {
        let context = self.setting.context;
        self.record_as::<A>(id, events, self.setting.now, &context.actor)
    }

    fn record_as<A: Aggregate>(
        &mut self,
        id: Uuid,
        events: Vec<A::Event>,
        now: DateTime<Utc>,
        actor: &Actor,
    ) -> Result<(), CommandError> {
        if events.is_empty() {
            return Ok(());
        }
        let metadata = serde_json::to_string(&self.metadata(actor))?;
        let origins = A::origins(&events);
        let ids: Vec<Uuid> = events.iter().map(|_| Uuid::now_v7()).collect();
        let index = self
            .index_of(id)
            .ok_or_else(|| fault("events for a stream that was not loaded"))?;
        let mut state = self.state_at::<A>(index)?.clone();
        for (place, event) in events.into_iter().enumerate() {
            let occurred_at = A::occurred_at(&event, now);
            let encoded = A::encode(&event)?;
            let metadata = match origins.get(place) {
                None | Some(Origin::Command) => metadata.clone(),
                Some(Origin::Clock) => self.timer_metadata(None)?,
                Some(Origin::Warning(warning)) => {
                    self.timer_metadata(ids.get(*warning).copied())?
                }
            };
            self.streams[index].events.push(NewEvent {
                event_id: ids[place],
                event_type: Cow::Borrowed(encoded.event_type),
                schema_version: encoded.schema_version,
                data: encoded.data,
                metadata,
                occurred_at,
            });
            state = state.evolve(&event, occurred_at);
        }
        self.streams[index].state = Box::new(state);
        Ok(())
    }

    /// The envelope of what a clock does, whoever's command came at that moment.
    fn timer_metadata(&self, caused_by: Option<Uuid>) -> Result<String, CommandError> {
        let issued = self.metadata(&Actor::Timer);
        let metadata = Metadata {
            causation_id: caused_by.or(issued.causation_id),
            idempotency_key: None,
            source_address: None,
            ..issued
        };
        Ok(serde_json::to_string(&metadata)?)
    }

    /// The service levels of the organization, shared by the commands that see the same version.
    pub(super) fn shared_levels(&self, known: &Known<ServiceLevels>) -> Arc<ServiceLevels> {
        self.setting.caches.levels(self.setting.place, known)
    }

    /// A version of a calendar made ready for questions.
    pub(super) fn ready(
        &self,
        reference: CalendarRef,
        definition: &Arc<CalendarDefinition>,
    ) -> Arc<Calendar> {
        self.setting.caches.ready(reference, definition)
    }

    /// The version that a touched stream has once the append stands.
    #[must_use]
    pub fn version(&self, id: impl Into<Uuid>) -> Version {
        self.index_of(id.into())
            .map_or(Version::NONE, |index| self.streams[index].version())
    }

    /// True when the aggregates decided that nothing changes.
    pub(super) fn is_without_events(&self) -> bool {
        self.streams.iter().all(|staged| staged.events.is_empty())
    }

    /// Compares the addressed stream with `If-Match`.
    pub(super) fn check_if_match(&self) -> Result<(), CommandError> {
        let (Some(IfMatch::Version(wanted)), Some(id)) =
            (self.setting.context.if_match, self.addressed)
        else {
            return Ok(());
        };
        let actual = self
            .index_of(id)
            .map_or(Version::NONE, |index| self.streams[index].base);
        if actual == wanted {
            Ok(())
        } else {
            Err(CommandError::PreconditionFailed { actual })
        }
    }

    /// What to append: the events, and guards for the streams that were only looked at.
    pub(super) fn appends(&mut self) -> Vec<StreamAppend> {
        self.streams.iter_mut().map(Staged::append).collect()
    }

    /// The versions that the streams will have. Ask before [`Work::appends`] takes the events.
    pub(super) fn versions(&self) -> Vec<Version> {
        self.streams.iter().map(Staged::version).collect()
    }

    /// Keeps the states that the append confirmed.
    pub(super) fn keep(self, versions: Vec<Version>) {
        let Setting { caches, place, .. } = self.setting;
        for (staged, version) in self.streams.into_iter().zip(versions) {
            staged.state.keep(caches, place, staged.stream.id, version);
        }
    }

    /// Forgets what is kept of a stream.
    pub(super) fn forget(&self, id: Uuid) {
        if let Some(index) = self.index_of(id) {
            self.streams[index]
                .state
                .forget(self.setting.caches, self.setting.place, id);
        }
    }

    fn metadata(&self, actor: &Actor) -> Metadata {
        let context = self.setting.context;
        Metadata {
            actor: actor.clone(),
            correlation_id: self.setting.correlation_id,
            causation_id: context.causation_id,
            idempotency_key: context
                .idempotency
                .as_ref()
                .map(|given| given.key.as_str().to_owned()),
            request_id: context.request_id.clone(),
            source_address: context.source_address.clone().map(SourceAddress::Clear),
        }
    }

    fn index_of(&self, id: Uuid) -> Option<usize> {
        self.streams
            .iter()
            .position(|staged| staged.stream.id == id)
    }

    fn state_at<A: Aggregate>(&self, index: usize) -> Result<&A, CommandError> {
        let state: &dyn Any = self.streams[index].state.as_ref();
        // Ids are unique across kinds, so a mix-up is a request that names, say, a message as a ticket.
        state
            .downcast_ref()
            .ok_or(CommandError::Refused(Refusal::NotFound {
                what: A::STREAM_TYPE,
            }))
    }

    async fn load<A: Aggregate>(&mut self, id: Uuid) -> Result<usize, CommandError> {
        let Setting {
            caches,
            place,
            demands,
            ..
        } = self.setting;
        let (cache, log) = (A::cache(caches), self.setting.log());
        let known = match demands.at_least.get(&id) {
            Some(version) => cache.load(log, place, id, *version).await?,
            None if demands.confirmed => cache.refresh(log, place, id).await?,
            None => cache.load(log, place, id, Version::NONE).await?,
        };
        if self.hides(&known.state).await? {
            return Err(CommandError::Refused(Refusal::NotFound {
                what: A::STREAM_TYPE,
            }));
        }
        Ok(self.stage(id, known.version, known.state.clone()))
    }

    fn stage<A: Aggregate>(&mut self, id: Uuid, base: Version, state: A) -> usize {
        self.streams.push(Staged::new(id, base, state));
        self.streams.len() - 1
    }
}

pub(super) fn fault(what: &'static str) -> CommandError {
    CommandError::Internal(what.into())
}
