//! What an organization may set, with the defaults that a new one starts with.

use super::language::SearchLanguage;
use super::waiting::{Delay, TeamWaiting, WaitingRules};
use crate::actor::Role;
use crate::calendar::zone::Zone;
use crate::ids::{CalendarId, TeamId};
use crate::sla::targets::{TargetTable, Targets};
use crate::text::{FieldKey, FieldText, Name};
use crate::ticket::field::FieldValue;
use crate::ticket::state::Priority;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// The settings of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Hours from resolved to closed.
    pub auto_close_after_hours: u32,
    /// Days after closing in which an agent may reopen.
    pub reopen_window_days: u32,
    /// Minutes in which an author may edit a message.
    pub edit_window_minutes: u32,
    /// SLA targets per priority.
    pub sla_targets: TargetTable,
    /// The fields that a ticket may carry beside the fixed ones.
    pub custom_fields: BTreeMap<FieldKey, FieldDefinition>,
    /// Whether customers of a company see and answer each other's tickets.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub colleagues_see_tickets: bool,
    /// Who has to sign in with a second factor.
    #[serde(default, skip_serializing_if = "SecondFactorDemand::is_nobody")]
    pub second_factor_required_for: SecondFactorDemand,
    /// How long tickets wait for their requesters. Without an auto-close delay [`Settings::auto_close_after_hours`] holds.
    #[serde(default, skip_serializing_if = "WaitingRules::is_default")]
    pub waiting: WaitingRules,
    /// The same for the tickets of a team, at most [`WaitingRules::MAX_TEAMS`].
    #[serde(default, skip_serializing_if = "TeamWaiting::is_empty")]
    pub team_waiting: TeamWaiting,
    /// The zone whose days reports are grouped by.
    #[serde(default, skip_serializing_if = "Zone::is_utc")]
    pub time_zone: Zone,
    /// The language in which new texts are taken into the search.
    #[serde(default, skip_serializing_if = "SearchLanguage::is_simple")]
    pub search_language: SearchLanguage,
}

/// Who has to sign in with a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorDemand {
    /// Nobody; everybody may.
    #[default]
    Nobody,
    /// Admins.
    Admins,
    /// Agents, leads and admins.
    Staff,
}

impl SecondFactorDemand {
    /// True for the default, which is not written.
    #[must_use]
    pub fn is_nobody(&self) -> bool {
        *self == Self::Nobody
    }

    /// Whether people of this role have to.
    #[must_use]
    pub fn holds_for(self, role: Role) -> bool {
        match self {
            Self::Nobody => false,
            Self::Admins => role == Role::Admin,
            Self::Staff => role.is_staff(),
        }
    }
}

impl Settings {
    /// The most custom fields of an organization.
    pub const MAX_CUSTOM_FIELDS: usize = 200;
    /// The most bytes of all labels and options of the custom fields together: settings are one event, and are kept in
    /// memory for every organization that is at work.
    pub const MAX_CUSTOM_FIELDS_BYTES: usize = 256 * 1024;
    /// The longest auto-close delay: a year.
    pub const MAX_AUTO_CLOSE_AFTER_HOURS: u32 = 8_760;
    /// The longest reopen window: ten years.
    pub const MAX_REOPEN_WINDOW_DAYS: u32 = 3_650;
    /// The longest edit window: thirty days.
    pub const MAX_EDIT_WINDOW_MINUTES: u32 = 43_200;

    /// The bytes of all labels and options of the custom fields.
    #[must_use]
    pub fn custom_fields_bytes(&self) -> usize {
        let definitions = self.custom_fields.values();
        definitions.map(FieldDefinition::text_bytes).sum()
    }

    /// How long a resolved ticket of a team, or of none, waits before it closes by itself.
    #[must_use]
    pub fn auto_close_delay(&self, team_id: Option<TeamId>) -> Delay {
        let of_team = self.waiting_of(team_id).and_then(|rules| rules.auto_close);
        of_team.or(self.waiting.auto_close).unwrap_or(Delay {
            seconds: self.auto_close_after_hours.saturating_mul(3_600),
            calendar_id: None,
        })
    }

    /// How long after it became pending the requester of a ticket of a team, or of none, is reminded.
    #[must_use]
    pub fn reminders(&self, team_id: Option<TeamId>) -> &[Delay] {
        let of_team = self.waiting_of(team_id);
        let of_team = of_team.and_then(|rules| rules.reminders.as_deref());
        of_team
            .or(self.waiting.reminders.as_deref())
            .unwrap_or_default()
    }

    fn waiting_of(&self, team_id: Option<TeamId>) -> Option<&WaitingRules> {
        self.team_waiting.get(&team_id?)
    }

    /// The waits of the organization and of its teams, each with its path.
    pub fn waits(&self) -> impl Iterator<Item = (String, &WaitingRules)> {
        let teams = self.team_waiting.iter();
        let teams = teams.map(|(team_id, rules)| (format!("team_waiting/{team_id}"), rules));
        std::iter::once(("waiting".to_owned(), &self.waiting)).chain(teams)
    }

    /// The calendars that waits count by.
    #[must_use]
    pub fn calendars(&self) -> BTreeSet<CalendarId> {
        let delays = self.waits().flat_map(|(_, rules)| rules.delays());
        delays.filter_map(|(_, delay)| delay.calendar_id).collect()
    }

    /// Whether every setting is within its limits.
    ///
    /// # Errors
    /// The first setting that is not.
    pub fn check(&self) -> Result<(), SettingsError> {
        at_most(
            "auto_close_after_hours",
            self.auto_close_after_hours,
            Self::MAX_AUTO_CLOSE_AFTER_HOURS,
        )?;
        at_most(
            "reopen_window_days",
            self.reopen_window_days,
            Self::MAX_REOPEN_WINDOW_DAYS,
        )?;
        at_most(
            "edit_window_minutes",
            self.edit_window_minutes,
            Self::MAX_EDIT_WINDOW_MINUTES,
        )?;
        for priority in Priority::ALL {
            check_targets(priority, self.sla_targets.of(priority))?;
        }
        check_waits(self)?;
        if self.custom_fields.len() > Self::MAX_CUSTOM_FIELDS {
            let problem = format!("must have at most {} fields", Self::MAX_CUSTOM_FIELDS);
            return Err(SettingsError::new("custom_fields", problem));
        }
        if self.custom_fields_bytes() > Self::MAX_CUSTOM_FIELDS_BYTES {
            let limit = Self::MAX_CUSTOM_FIELDS_BYTES;
            let problem = format!("must have labels and options of at most {limit} bytes together");
            return Err(SettingsError::new("custom_fields", problem));
        }
        for (key, definition) in &self.custom_fields {
            check_field(key, definition)?;
        }
        Ok(())
    }
}

fn at_most(field: &str, value: u32, limit: u32) -> Result<(), SettingsError> {
    if value <= limit {
        Ok(())
    } else {
        Err(SettingsError::new(
            field,
            format!("must be at most {limit}"),
        ))
    }
}

fn check_targets(priority: Priority, targets: Targets) -> Result<(), SettingsError> {
    let named = [
        ("first_response_minutes", targets.first_response_minutes),
        ("resolution_minutes", targets.resolution_minutes),
    ];
    for (name, minutes) in named {
        if !(1..=Targets::MAX_MINUTES).contains(&minutes) {
            let field = format!("sla_targets/{}/{name}", priority.as_str());
            return Err(SettingsError::new(
                field,
                format!("must be from 1 to {}", Targets::MAX_MINUTES),
            ));
        }
    }
    Ok(())
}

fn check_waits(settings: &Settings) -> Result<(), SettingsError> {
    if settings.team_waiting.len() > WaitingRules::MAX_TEAMS {
        let problem = format!("must name at most {} teams", WaitingRules::MAX_TEAMS);
        return Err(SettingsError::new("team_waiting", problem));
    }
    for (path, rules) in settings.waits() {
        let count = rules.reminders.as_ref().map_or(0, Vec::len);
        if count > WaitingRules::MAX_REMINDERS {
            let problem = format!("must be at most {}", WaitingRules::MAX_REMINDERS);
            return Err(SettingsError::new(format!("{path}/reminders"), problem));
        }
        for (name, delay) in rules.delays() {
            if !(Delay::MIN_SECONDS..=Delay::MAX_SECONDS).contains(&delay.seconds) {
                let (least, most) = (Delay::MIN_SECONDS, Delay::MAX_SECONDS);
                let field = format!("{path}/{name}/seconds");
                return Err(SettingsError::new(
                    field,
                    format!("must be from {least} to {most}"),
                ));
            }
        }
    }
    Ok(())
}

fn check_field(key: &FieldKey, definition: &FieldDefinition) -> Result<(), SettingsError> {
    let FieldKind::Choice { options } = &definition.kind else {
        return Ok(());
    };
    let field = format!("custom_fields/{key}/options");
    if !(1..=FieldKind::MAX_OPTIONS).contains(&options.len()) {
        return Err(SettingsError::new(
            field,
            format!("must have from 1 to {} options", FieldKind::MAX_OPTIONS),
        ));
    }
    if options.iter().collect::<BTreeSet<_>>().len() < options.len() {
        return Err(SettingsError::new(field, "must not name an option twice"));
    }
    Ok(())
}

/// A setting that is out of its limits. The message is safe to show.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the setting {field} {problem}")]
pub struct SettingsError {
    /// The path of the setting, without a leading slash: `sla_targets/urgent/resolution_minutes`.
    pub field: String,
    /// What it has to be.
    pub problem: String,
}

impl SettingsError {
    fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auto_close_after_hours: 96,
            reopen_window_days: 28,
            edit_window_minutes: 15,
            sla_targets: TargetTable::default(),
            custom_fields: BTreeMap::new(),
            colleagues_see_tickets: false,
            second_factor_required_for: SecondFactorDemand::Nobody,
            waiting: WaitingRules::default(),
            team_waiting: TeamWaiting::new(),
            time_zone: Zone::UTC,
            search_language: SearchLanguage::Simple,
        }
    }
}

/// A custom field: its label and what it may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDefinition {
    /// What people read.
    pub label: Name,
    /// What it may hold.
    #[serde(flatten)]
    pub kind: FieldKind,
}

impl FieldDefinition {
    fn text_bytes(&self) -> usize {
        let options = match &self.kind {
            FieldKind::Choice { options } => options.as_slice(),
            FieldKind::Text | FieldKind::Number | FieldKind::Boolean | FieldKind::Date => &[],
        };
        let of_options: usize = options.iter().map(|option| option.as_str().len()).sum();
        self.label.as_str().len() + of_options
    }
}

/// What a custom field may hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldKind {
    /// A line of text.
    Text,
    /// A finite decimal number.
    Number,
    /// Yes or no.
    Boolean,
    /// A day, without a zone.
    Date,
    /// One of a list.
    Choice {
        /// The list, without doubles, 1 to [`FieldKind::MAX_OPTIONS`].
        options: Vec<FieldText>,
    },
}

impl FieldKind {
    /// The most options of a choice field.
    pub const MAX_OPTIONS: usize = 200;

    /// Whether a field of this kind may hold a value.
    #[must_use]
    pub fn admits(&self, value: &FieldValue) -> bool {
        match (self, value) {
            (Self::Text, FieldValue::Text(_))
            | (Self::Number, FieldValue::Number(_))
            | (Self::Boolean, FieldValue::Boolean(_))
            | (Self::Date, FieldValue::Date(_)) => true,
            (Self::Choice { options }, FieldValue::Choice(option)) => options.contains(option),
            _ => false,
        }
    }

    /// What a value has to be, in words.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Text => "a line of text",
            Self::Number => "a number",
            Self::Boolean => "true or false",
            Self::Date => "a date",
            Self::Choice { .. } => "one of the field's options",
        }
    }
}
