//! The warnings of a policy's target on the wire.

use domain::ids::TeamId;
use domain::sla::warning::{Action, Threshold, Warning};
use domain::text::{Email, EventName, Tag};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

use super::PriorityView;
use crate::http::problem::FieldError;

/// What is done before a target is missed, or when it is: one of `percent` and `seconds_before` says when.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(
    rename = "PolicyWarning",
    deny_unknown_fields,
    skip_serializing_if_is_none
)]
pub struct WarningView {
    /// Once so much of the target is used, in percent.
    #[oai(validator(minimum(value = "1"), maximum(value = "100")))]
    pub percent: Option<u8>,
    /// Once so many seconds are left, of the time that the target counts; 0 is the deadline.
    pub seconds_before: Option<u32>,
    /// What is done. That the threshold was reached is an event in any case.
    #[oai(validator(max_items = 10))]
    pub actions: Option<Vec<ActionView>>,
}

/// What a warning does.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(
    rename = "PolicyAction",
    deny_unknown_fields,
    skip_serializing_if_is_none
)]
pub struct ActionView {
    /// What.
    pub kind: ActionKindView,
    /// With `notify_address`: to whom.
    #[oai(validator(max_length = 254))]
    pub address: Option<String>,
    /// With `raise_priority`: how urgent; the next priority when left out. Never lower than it is.
    pub priority: Option<PriorityView>,
    /// With `assign_team`: to which.
    pub team_id: Option<Uuid>,
    /// With `add_tag`: which.
    #[oai(validator(max_length = 64))]
    pub tag: Option<String>,
    /// With `emit_event`: the name in the `events` of `sla.warned`. Lower case letters, digits, `-`, `_`, `.`.
    #[oai(validator(max_length = 64))]
    pub event: Option<String>,
}

/// What a warning does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "PolicyActionKind", rename_all = "snake_case")]
pub enum ActionKindView {
    /// Write to the agent who has the ticket before the other actions.
    NotifyAssignee,
    /// Write to the members of the team that has the ticket after the other actions.
    NotifyTeam,
    /// Write to an address.
    NotifyAddress,
    /// Make the ticket more urgent.
    RaisePriority,
    /// Give the ticket to a team, and to nobody of it yet.
    AssignTeam,
    /// Add a tag.
    AddTag,
    /// Tell programs: the event of the warning carries a name.
    EmitEvent,
}

/// What the warnings of a target mean. `pointer` leads to it.
///
/// # Errors
/// The fields at fault.
pub fn warnings(views: &[WarningView], pointer: &str) -> Result<Vec<Warning>, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut parsed = Vec::with_capacity(views.len());
    for (index, view) in views.iter().enumerate() {
        let pointer = format!("{pointer}/warnings/{index}");
        let threshold = threshold(view, &pointer);
        let actions = actions(view.actions.as_deref().unwrap_or_default(), &pointer);
        match (threshold, actions) {
            (Ok(threshold), Ok(actions)) => parsed.push(Warning { threshold, actions }),
            (threshold, actions) => {
                errors.extend(threshold.err());
                errors.extend(actions.err().unwrap_or_default());
            }
        }
    }
    if errors.is_empty() {
        Ok(parsed)
    } else {
        Err(errors)
    }
}

fn threshold(view: &WarningView, pointer: &str) -> Result<Threshold, FieldError> {
    match (view.percent, view.seconds_before) {
        (Some(percent), None) => Ok(Threshold::Percent(percent)),
        (None, Some(seconds)) => Ok(Threshold::SecondsBefore(seconds)),
        (Some(_), Some(_)) | (None, None) => Err(FieldError {
            pointer: pointer.to_owned(),
            detail: "name one of percent and seconds_before".to_owned(),
        }),
    }
}

fn actions(views: &[ActionView], pointer: &str) -> Result<Vec<Action>, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut parsed = Vec::with_capacity(views.len());
    for (index, view) in views.iter().enumerate() {
        match action(view) {
            Ok(action) => parsed.push(action),
            Err((field, detail)) => errors.push(FieldError {
                pointer: format!("{pointer}/actions/{index}/{field}"),
                detail,
            }),
        }
    }
    if errors.is_empty() {
        Ok(parsed)
    } else {
        Err(errors)
    }
}

/// A field of an action, and what is wrong with it.
type Wrong = (&'static str, String);

fn action(view: &ActionView) -> Result<Action, Wrong> {
    let own = match view.kind {
        ActionKindView::NotifyAssignee | ActionKindView::NotifyTeam => "",
        ActionKindView::NotifyAddress => "address",
        ActionKindView::RaisePriority => "priority",
        ActionKindView::AssignTeam => "team_id",
        ActionKindView::AddTag => "tag",
        ActionKindView::EmitEvent => "event",
    };
    let given = [
        ("address", view.address.is_some()),
        ("priority", view.priority.is_some()),
        ("team_id", view.team_id.is_some()),
        ("tag", view.tag.is_some()),
        ("event", view.event.is_some()),
    ];
    let mut given = given.into_iter();
    if let Some((field, _)) = given.find(|(field, is_given)| *is_given && *field != own) {
        return Err((field, "belongs to another kind of action".to_owned()));
    }
    Ok(match view.kind {
        ActionKindView::NotifyAssignee => Action::NotifyAssignee,
        ActionKindView::NotifyTeam => Action::NotifyTeam,
        ActionKindView::NotifyAddress => {
            let address = view.address.as_deref().unwrap_or_default();
            let address = Email::parse(address).map_err(|error| ("address", error.to_string()))?;
            Action::NotifyAddress { address }
        }
        ActionKindView::RaisePriority => Action::RaisePriority {
            to: view.priority.map(Into::into),
        },
        ActionKindView::AssignTeam => {
            let missing = || ("team_id", "must be the id of a team".to_owned());
            let team_id = TeamId(view.team_id.ok_or_else(missing)?);
            Action::AssignTeam { team_id }
        }
        ActionKindView::AddTag => {
            let tag = view.tag.as_deref().unwrap_or_default();
            let tag = Tag::parse(tag).map_err(|error| ("tag", error.to_string()))?;
            Action::AddTag { tag }
        }
        ActionKindView::EmitEvent => {
            let event = view.event.as_deref().unwrap_or_default();
            let event = EventName::parse(event).map_err(|error| ("event", error.to_string()))?;
            Action::EmitEvent { event }
        }
    })
}

/// A threshold as its two fields: `percent` and `seconds_before`.
#[must_use]
pub fn threshold_fields(threshold: Threshold) -> (Option<u8>, Option<u32>) {
    match threshold {
        Threshold::Percent(percent) => (Some(percent), None),
        Threshold::SecondsBefore(seconds) => (None, Some(seconds)),
    }
}

impl From<&Warning> for WarningView {
    fn from(warning: &Warning) -> Self {
        let (percent, seconds_before) = threshold_fields(warning.threshold);
        Self {
            percent,
            seconds_before,
            actions: Some(warning.actions.iter().map(ActionView::from).collect()),
        }
    }
}

impl From<&Action> for ActionView {
    fn from(action: &Action) -> Self {
        let of = |kind| Self {
            kind,
            address: None,
            priority: None,
            team_id: None,
            tag: None,
            event: None,
        };
        match action {
            Action::NotifyAssignee => of(ActionKindView::NotifyAssignee),
            Action::NotifyTeam => of(ActionKindView::NotifyTeam),
            Action::NotifyAddress { address } => Self {
                address: Some(address.to_string()),
                ..of(ActionKindView::NotifyAddress)
            },
            Action::RaisePriority { to } => Self {
                priority: to.map(Into::into),
                ..of(ActionKindView::RaisePriority)
            },
            Action::AssignTeam { team_id } => Self {
                team_id: Some(team_id.0),
                ..of(ActionKindView::AssignTeam)
            },
            Action::AddTag { tag } => Self {
                tag: Some(tag.to_string()),
                ..of(ActionKindView::AddTag)
            },
            Action::EmitEvent { event } => Self {
                event: Some(event.to_string()),
                ..of(ActionKindView::EmitEvent)
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use poem_openapi::types::{ParseFromJSON, ToJSON};
    use serde_json::{Value, json};

    fn parsed(json: Value) -> Result<Vec<Warning>, Vec<FieldError>> {
        let view = WarningView::parse_from_json(Some(json)).unwrap();
        warnings(&[view], "/targets/0")
    }

    #[test]
    fn warnings_are_shown_as_they_were_given() {
        let given = json!({
            "percent": 80,
            "actions": [
                {"kind": "notify_assignee"},
                {"kind": "notify_team"},
                {"kind": "notify_address", "address": "duty@nordlicht.example"},
                {"kind": "raise_priority"},
                {"kind": "raise_priority", "priority": "urgent"},
                {"kind": "assign_team", "team_id": Uuid::from_u128(7).to_string()},
                {"kind": "add_tag", "tag": "late"},
                {"kind": "emit_event", "event": "vip-late"},
            ],
        });
        let warnings = parsed(given.clone()).unwrap();
        assert_eq!(WarningView::from(&warnings[0]).to_json(), Some(given));
        let breach = json!({"seconds_before": 0, "actions": []});
        let warnings = parsed(breach.clone()).unwrap();
        assert_eq!(WarningView::from(&warnings[0]).to_json(), Some(breach));
    }

    #[test]
    fn the_field_at_fault_is_named() {
        let action = |action: Value| json!({"percent": 80, "actions": [action]});
        let wrong = [
            (json!({}), ""),
            (json!({"percent": 80, "seconds_before": 60}), ""),
            (
                action(json!({"kind": "notify_address"})),
                "/actions/0/address",
            ),
            (
                action(json!({"kind": "add_tag", "tag": "a b"})),
                "/actions/0/tag",
            ),
            (action(json!({"kind": "assign_team"})), "/actions/0/team_id"),
            (action(json!({"kind": "emit_event"})), "/actions/0/event"),
            (
                action(json!({"kind": "emit_event", "event": "VIP late"})),
                "/actions/0/event",
            ),
            (
                action(json!({"kind": "add_tag", "tag": "late", "event": "late"})),
                "/actions/0/event",
            ),
            (
                action(json!({"kind": "notify_team", "priority": "high"})),
                "/actions/0/priority",
            ),
        ];
        for (warning, field) in wrong {
            let errors = parsed(warning).unwrap_err();
            assert_eq!(errors[0].pointer, format!("/targets/0/warnings/0{field}"));
        }
    }
}
