//! How long tickets wait for their requesters, on the wire.

use domain::ids::CalendarId;
use domain::organization::waiting::{Delay, WaitingRules};
use poem_openapi::Object;
use uuid::Uuid;

/// How long tickets wait for their requesters.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(
    rename = "WaitingRules",
    deny_unknown_fields,
    skip_serializing_if_is_none
)]
pub struct WaitingRulesView {
    /// From resolved to closed. Without it `auto_close_after_hours` holds, and for a team what the organization says.
    pub auto_close: Option<DelayView>,
    /// From pending to each mail that reminds the requester. For a team an empty list is none, and without a list they are the
    /// organization's.
    #[oai(validator(max_items = 5))]
    pub reminders: Option<Vec<DelayView>>,
}

/// A time to wait.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(rename = "Delay", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct DelayView {
    /// How long, in seconds.
    pub seconds: u32,
    /// The calendar whose working time counts; calendar time without one.
    pub calendar_id: Option<Uuid>,
}

impl From<Delay> for DelayView {
    fn from(delay: Delay) -> Self {
        Self {
            seconds: delay.seconds,
            calendar_id: delay.calendar_id.map(|id| id.0),
        }
    }
}

impl From<&DelayView> for Delay {
    fn from(view: &DelayView) -> Self {
        Self {
            seconds: view.seconds,
            calendar_id: view.calendar_id.map(CalendarId),
        }
    }
}

impl From<&WaitingRules> for WaitingRulesView {
    fn from(rules: &WaitingRules) -> Self {
        let reminders = rules.reminders.as_ref();
        Self {
            auto_close: rules.auto_close.map(DelayView::from),
            reminders: reminders.map(|list| list.iter().map(|it| DelayView::from(*it)).collect()),
        }
    }
}

impl From<&WaitingRulesView> for WaitingRules {
    fn from(view: &WaitingRulesView) -> Self {
        let reminders = view.reminders.as_ref();
        Self {
            auto_close: view.auto_close.as_ref().map(Delay::from),
            reminders: reminders.map(|list| list.iter().map(Delay::from).collect()),
        }
    }
}
