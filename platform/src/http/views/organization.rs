//! The view of an organization and its settings.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::organization::language::SearchLanguage;
use domain::organization::settings::{FieldKind, SecondFactorDemand, Settings};
use domain::sla::targets::{TargetTable, Targets};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use super::WaitingRulesView;

/// The organization of the viewer. Customers see its id and name.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Organization", skip_serializing_if_is_none)]
pub struct OrganizationView {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its short name. Staff only.
    pub slug: Option<String>,
    /// What it set. Staff only.
    pub settings: Option<SettingsView>,
    /// When it was made. Staff only.
    pub created_at: Option<DateTime<Utc>>,
    /// When something about it changed last. Staff only.
    pub updated_at: Option<DateTime<Utc>>,
    /// Rises with every event of the organization. Staff only.
    pub version: Option<i64>,
}

/// The settings of an organization.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Settings")]
pub struct SettingsView {
    /// Hours from resolved to closed.
    pub auto_close_after_hours: u32,
    /// Days after closing in which an agent may reopen.
    pub reopen_window_days: u32,
    /// Minutes in which an author may edit a message.
    pub edit_window_minutes: u32,
    /// SLA targets by priority.
    pub sla_targets: TargetTableView,
    /// The fields that a ticket may carry beside the fixed ones, by key.
    pub custom_fields: BTreeMap<String, FieldDefinitionView>,
    /// Whether customers of a company see and answer each other's tickets.
    pub colleagues_see_tickets: bool,
    /// Who has to sign in with a second factor.
    pub second_factor_required_for: SecondFactorDemandView,
    /// How long tickets wait for their requesters.
    pub waiting: WaitingRulesView,
    /// The same for tickets of teams, by their ids.
    pub team_waiting: BTreeMap<String, WaitingRulesView>,
    /// The zone whose days reports are grouped by.
    pub time_zone: String,
    /// The language in which new texts are taken into the search.
    pub search_language: SearchLanguageView,
}

/// The language of an organization's texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "SearchLanguage", rename_all = "snake_case")]
pub enum SearchLanguageView {
    /// None in particular: words are found as they are written, in upper or lower case.
    Simple,
    /// Danish.
    Danish,
    /// Dutch.
    Dutch,
    /// English.
    English,
    /// Finnish.
    Finnish,
    /// French.
    French,
    /// German.
    German,
    /// Hungarian.
    Hungarian,
    /// Italian.
    Italian,
    /// Norwegian.
    Norwegian,
    /// Portuguese.
    Portuguese,
    /// Romanian.
    Romanian,
    /// Russian.
    Russian,
    /// Spanish.
    Spanish,
    /// Swedish.
    Swedish,
    /// Turkish.
    Turkish,
}

/// Both ways between a view and what it shows, word by word.
macro_rules! same_words {
    ($domain:ident, $view:ident { $($word:ident),+ $(,)? }) => {
        impl From<$domain> for $view {
            fn from(value: $domain) -> Self {
                match value {
                    $($domain::$word => Self::$word,)+
                }
            }
        }

        impl From<$view> for $domain {
            fn from(view: $view) -> Self {
                match view {
                    $($view::$word => Self::$word,)+
                }
            }
        }
    };
}

same_words!(
    SearchLanguage,
    SearchLanguageView {
        Simple,
        Danish,
        Dutch,
        English,
        Finnish,
        French,
        German,
        Hungarian,
        Italian,
        Norwegian,
        Portuguese,
        Romanian,
        Russian,
        Spanish,
        Swedish,
        Turkish,
    }
);

/// Who has to sign in with a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "SecondFactorDemand", rename_all = "snake_case")]
pub enum SecondFactorDemandView {
    /// Nobody; everybody may.
    Nobody,
    /// Admins.
    Admins,
    /// Agents, leads and admins.
    Staff,
}

impl From<SecondFactorDemand> for SecondFactorDemandView {
    fn from(demand: SecondFactorDemand) -> Self {
        match demand {
            SecondFactorDemand::Nobody => Self::Nobody,
            SecondFactorDemand::Admins => Self::Admins,
            SecondFactorDemand::Staff => Self::Staff,
        }
    }
}

impl From<SecondFactorDemandView> for SecondFactorDemand {
    fn from(view: SecondFactorDemandView) -> Self {
        match view {
            SecondFactorDemandView::Nobody => Self::Nobody,
            SecondFactorDemandView::Admins => Self::Admins,
            SecondFactorDemandView::Staff => Self::Staff,
        }
    }
}

/// SLA targets by priority.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "SlaTargetTable")]
pub struct TargetTableView {
    /// For urgent tickets.
    pub urgent: TargetsView,
    /// For tickets of high priority.
    pub high: TargetsView,
    /// For normal tickets.
    pub normal: TargetsView,
    /// For tickets of low priority.
    pub low: TargetsView,
}

/// SLA targets in minutes of calendar time.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "SlaTargets")]
pub struct TargetsView {
    /// From the opening to the first public reply of an agent.
    pub first_response_minutes: u32,
    /// From the opening to resolved, less the time pending or on hold.
    pub resolution_minutes: u32,
}

/// A custom field: its label and what it may hold.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "CustomFieldDefinition", skip_serializing_if_is_none)]
pub struct FieldDefinitionView {
    /// What people read.
    pub label: String,
    /// What it may hold.
    pub kind: FieldKindView,
    /// The options of a choice; absent for every other kind.
    pub options: Option<Vec<String>>,
}

/// What a custom field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "CustomFieldKind", rename_all = "snake_case")]
pub enum FieldKindView {
    /// A line of text.
    Text,
    /// A finite decimal number.
    Number,
    /// Yes or no.
    Boolean,
    /// A day, without a zone.
    Date,
    /// One of the options.
    Choice,
}

impl From<&Settings> for SettingsView {
    fn from(settings: &Settings) -> Self {
        let fields = settings.custom_fields.iter();
        Self {
            auto_close_after_hours: settings.auto_close_after_hours,
            reopen_window_days: settings.reopen_window_days,
            edit_window_minutes: settings.edit_window_minutes,
            sla_targets: TargetTableView::from(&settings.sla_targets),
            custom_fields: fields
                .map(|(key, field)| {
                    (
                        key.to_string(),
                        FieldDefinitionView::new(field.label.as_str(), &field.kind),
                    )
                })
                .collect(),
            colleagues_see_tickets: settings.colleagues_see_tickets,
            second_factor_required_for: settings.second_factor_required_for.into(),
            waiting: WaitingRulesView::from(&settings.waiting),
            team_waiting: settings
                .team_waiting
                .iter()
                .map(|(id, rules)| (id.to_string(), WaitingRulesView::from(rules)))
                .collect(),
            time_zone: settings.time_zone.to_string(),
            search_language: settings.search_language.into(),
        }
    }
}

impl From<&TargetTable> for TargetTableView {
    fn from(table: &TargetTable) -> Self {
        let view = |targets: Targets| TargetsView {
            first_response_minutes: targets.first_response_minutes,
            resolution_minutes: targets.resolution_minutes,
        };
        Self {
            urgent: view(table.urgent),
            high: view(table.high),
            normal: view(table.normal),
            low: view(table.low),
        }
    }
}

impl FieldDefinitionView {
    fn new(label: &str, kind: &FieldKind) -> Self {
        let (kind, options) = match kind {
            FieldKind::Text => (FieldKindView::Text, None),
            FieldKind::Number => (FieldKindView::Number, None),
            FieldKind::Boolean => (FieldKindView::Boolean, None),
            FieldKind::Date => (FieldKindView::Date, None),
            FieldKind::Choice { options } => (
                FieldKindView::Choice,
                Some(options.iter().map(ToString::to_string).collect()),
            ),
        };
        Self {
            label: label.to_owned(),
            kind,
            options,
        }
    }
}
