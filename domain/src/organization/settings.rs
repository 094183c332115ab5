//! What an organization may set, with the defaults that a new one starts with.

use crate::sla::targets::TargetTable;
use crate::text::{FieldKey, FieldText, Name};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
}

impl Settings {
    /// The most custom fields of an organization.
    pub const MAX_CUSTOM_FIELDS: usize = 200;
    /// The longest auto-close delay: a year.
    pub const MAX_AUTO_CLOSE_AFTER_HOURS: u32 = 8_760;
    /// The longest reopen window: ten years.
    pub const MAX_REOPEN_WINDOW_DAYS: u32 = 3_650;
    /// The longest edit window: thirty days.
    pub const MAX_EDIT_WINDOW_MINUTES: u32 = 43_200;
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auto_close_after_hours: 96,
            reopen_window_days: 28,
            edit_window_minutes: 15,
            sla_targets: TargetTable::default(),
            custom_fields: BTreeMap::new(),
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
        /// The list, without doubles, 1 to 200.
        options: Vec<FieldText>,
    },
}
