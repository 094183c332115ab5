//! An organization whose calendars and policies change over time.

use crate::chance::{Chance, ZONES, instant};
use crate::{calendars, policies};
use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::Actor;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::command::CalendarCommand;
use domain::calendar::state::BusinessCalendar;
use domain::command::Issued;
use domain::event::Encoded;
use domain::ids::{CalendarId, PolicyId};
use domain::organization::event::{OrganizationEvent, OrganizationSettingsChanged};
use domain::organization::settings::Settings;
use domain::service_levels::command::ServiceLevelsCommand;
use domain::service_levels::state::ServiceLevels;
use domain::sla::terms::CalendarBook;
use domain::text::Name;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// What an organization's calendars and policies said over some weeks.
pub struct Organization {
    /// Every event of its settings, calendars and policies, in order.
    pub facts: Vec<Fact>,
    /// When its tickets begin to come.
    pub begins: DateTime<Utc>,
    /// When the weeks are over.
    pub ends: DateTime<Utc>,
    /// When the clocks of its zones are set in these weeks.
    pub settings_of_clocks: Vec<DateTime<Utc>>,
    epochs: Vec<Epoch>,
}

/// An event of a calendar or of the policies, as the log has it.
#[derive(Debug, Serialize)]
pub struct Fact {
    occurred_at: DateTime<Utc>,
    stream_id: Uuid,
    version: i64,
    #[serde(rename = "type")]
    event_type: &'static str,
    data: Value,
}

/// What holds from an instant on.
pub struct Epoch {
    from: DateTime<Utc>,
    /// The settings.
    pub settings: Arc<Settings>,
    /// The policies.
    pub levels: Arc<ServiceLevels>,
    /// Every version of every calendar until then.
    pub book: CalendarBook,
}

impl Organization {
    /// A random one.
    ///
    /// # Errors
    /// When the domain refuses what can be refused by nobody, which is a fault of this crate.
    pub fn random(chance: &mut Chance) -> Result<Self> {
        let zones = chance.some_of(&ZONES);
        let settings_of_clocks: Vec<DateTime<Utc>> = zones
            .iter()
            .flat_map(|(_, at)| at.iter().map(|at| instant(at)))
            .collect();
        let middle = if settings_of_clocks.is_empty() || chance.percent(20) {
            instant("2026-06-15T12:00:00Z") + TimeDelta::days(chance.number(-150, 150))
        } else {
            chance.one_of(&settings_of_clocks)
        };
        let begins = middle - TimeDelta::days(chance.number(1, 12)) + chance.gap();
        let mut building = Building {
            organization: Self {
                facts: Vec::new(),
                begins,
                ends: begins + TimeDelta::days(chance.number(20, 45)),
                settings_of_clocks,
                epochs: Vec::new(),
            },
            now: begins - TimeDelta::days(1),
            middle,
            settings: policies::settings()?,
            calendars: BTreeMap::new(),
            levels: ServiceLevels::default(),
            levels_version: 0,
            book: CalendarBook::default(),
        };
        building.change_settings(chance)?;
        for (zone, _) in zones {
            building.create_calendar(chance, zone)?;
        }
        for _ in 0..chance.number(0, 4) {
            building.create_policy(chance)?;
        }
        building.remember();
        for _ in 0..chance.number(0, 8) {
            building.now += chance.gap() * 3;
            building.change(chance)?;
            building.remember();
        }
        Ok(building.organization)
    }

    /// What holds at an instant.
    #[must_use]
    pub fn at(&self, now: DateTime<Utc>) -> &Epoch {
        let until = self.epochs.partition_point(|epoch| epoch.from <= now);
        &self.epochs[until.saturating_sub(1)]
    }
}

/// An organization on its way.
struct Building {
    organization: Organization,
    now: DateTime<Utc>,
    middle: DateTime<Utc>,
    settings: Settings,
    calendars: BTreeMap<CalendarId, (BusinessCalendar, i64)>,
    levels: ServiceLevels,
    levels_version: i64,
    book: CalendarBook,
}

impl Building {
    fn remember(&mut self) {
        self.organization.epochs.push(Epoch {
            from: self.now,
            settings: Arc::new(self.settings.clone()),
            levels: Arc::new(self.levels.clone()),
            book: self.book.clone(),
        });
    }

    fn change(&mut self, chance: &mut Chance) -> Result<()> {
        let policies: Vec<PolicyId> = self
            .levels
            .policies
            .iter()
            .map(|policy| policy.reference.id)
            .collect();
        match chance.number(0, 9) {
            0..=2 => self.change_calendar(chance),
            3 => self.create_policy(chance),
            4 => self.change_settings(chance),
            _ if policies.is_empty() => self.create_policy(chance),
            5 | 6 => {
                let order = policies.iter().rev().copied().collect();
                self.levels(ServiceLevelsCommand::ReorderPolicies { order })
            }
            7 => {
                let policy_id = chance.one_of(&policies);
                self.levels(ServiceLevelsCommand::DeletePolicy { policy_id })
            }
            _ => {
                let policy_id = chance.one_of(&policies);
                let name = format!("Policy {policy_id}");
                let definition = policies::definition(chance, &name, &self.calendar_ids())?;
                self.levels(ServiceLevelsCommand::ChangePolicy {
                    policy_id,
                    definition,
                })
            }
        }
    }

    /// Other targets for high priority.
    fn change_settings(&mut self, chance: &mut Chance) -> Result<()> {
        let high = &mut self.settings.sla_targets.high;
        high.first_response_minutes = u32::try_from(chance.number(10, 600))?;
        high.resolution_minutes = u32::try_from(chance.number(60, 6_000))?;
        let settings = self.settings.clone();
        let changed = OrganizationEvent::from(OrganizationSettingsChanged { settings });
        self.fact(Uuid::nil(), 0, changed.encode()?)
    }

    fn create_calendar(&mut self, chance: &mut Chance, zone: &str) -> Result<()> {
        let calendar_id = CalendarId(chance.id());
        let definition = calendars::definition(chance, zone, self.middle)?;
        let name = Name::parse(zone)?;
        self.calendar(calendar_id, CalendarCommand::Create { name, definition })?;
        self.levels(ServiceLevelsCommand::AddCalendar { calendar_id })
    }

    /// Another name alone is a version, too.
    fn change_calendar(&mut self, chance: &mut Chance) -> Result<()> {
        let calendar_id = chance.one_of(&self.calendar_ids());
        let (zone, _) = chance.one_of(&ZONES);
        let is_renamed = chance.percent(15);
        let name = Name::parse(&format!("Renamed {}", self.organization.facts.len()))?;
        let definition = calendars::definition(chance, zone, self.middle)?;
        self.calendar(
            calendar_id,
            CalendarCommand::Change {
                name: is_renamed.then_some(name),
                definition: (!is_renamed).then_some(definition),
            },
        )
    }

    fn create_policy(&mut self, chance: &mut Chance) -> Result<()> {
        let policy_id = PolicyId(chance.id());
        let name = format!("Policy {policy_id}");
        let definition = policies::definition(chance, &name, &self.calendar_ids())?;
        self.levels(ServiceLevelsCommand::CreatePolicy {
            policy_id,
            definition,
        })
    }

    fn calendar_ids(&self) -> Vec<CalendarId> {
        self.calendars.keys().copied().collect()
    }

    fn calendar(&mut self, id: CalendarId, command: CalendarCommand) -> Result<()> {
        let (mut state, mut version) = self.calendars.remove(&id).unwrap_or_default();
        let events = domain::calendar::decide::decide(&state, id, &self.issued(command))?;
        for event in &events {
            version += 1;
            self.fact(id.0, version, event.encode()?)?;
            state = domain::calendar::evolve::evolve(state, event, self.now);
        }
        let (reference, definition) = state.newest(id).context("the calendar is there")?;
        self.book
            .add(reference, Arc::new(Calendar::new(definition)));
        self.calendars.insert(id, (state, version));
        Ok(())
    }

    fn levels(&mut self, command: ServiceLevelsCommand) -> Result<()> {
        let issued = self.issued(command);
        let id = Uuid::nil();
        let events = domain::service_levels::decide::decide(&self.levels, id, &issued)?;
        for event in &events {
            self.levels_version += 1;
            self.fact(id, self.levels_version, event.encode()?)?;
            let levels = std::mem::take(&mut self.levels);
            self.levels = domain::service_levels::evolve::evolve(levels, event, self.now);
        }
        Ok(())
    }

    fn fact(&mut self, stream_id: Uuid, version: i64, encoded: Encoded) -> Result<()> {
        self.organization.facts.push(Fact {
            occurred_at: self.now,
            stream_id,
            version,
            event_type: encoded.event_type,
            data: serde_json::from_str(&encoded.data)?,
        });
        Ok(())
    }

    fn issued<C>(&self, command: C) -> Issued<C> {
        Issued {
            actor: Actor::Operator,
            now: self.now,
            settings: Arc::new(self.settings.clone()),
            terms: Arc::default(),
            command,
        }
    }
}
