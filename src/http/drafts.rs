//! Draft policies and calendars, as the API writes and shows them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use domain::calendar::definition::CalendarDefinition;
use domain::ids::{CalendarId, PolicyId};
use domain::service_levels::state::ServiceLevels;
use domain::sla::policy::{Policy, PolicyDefinition, PolicyRef};
use domain::text::Name;
use platform::http::problem::FieldError;
use platform::http::views::calendar::{self, HolidayView, OpenView};
use platform::http::views::policy::{self, ConditionsView, TargetView};
use poem_openapi::Object;
use poem_openapi::types::ParseFromJSON;
use serde_json::Value;
use uuid::Uuid;

/// A policy that does not hold, or not yet.
#[derive(Debug, Object)]
struct DraftPolicy {
    /// The policy that it is another version of; none for a new one.
    id: Option<Uuid>,
    /// Its name.
    name: String,
    /// For which tickets it is; for every ticket when left out.
    conditions: Option<ConditionsView>,
    /// What it promises.
    targets: Vec<TargetView>,
}

/// A calendar that does not hold, or not yet.
#[derive(Debug, Object)]
struct DraftCalendar {
    /// The calendar in whose place it stands, or the id by which draft policies name it.
    id: Uuid,
    /// Whose clock the hours are read from.
    zone: String,
    /// The open hours of every week.
    weekly: Vec<OpenView>,
    /// The days that are closed all the same.
    holidays: Option<Vec<HolidayView>>,
}

/// The whole ordered list of policies, as `GET /service-levels/policies` shows it: `{"policies": [...]}`, or the list alone.
///
/// # Errors
/// When a policy is not as the API takes it; the message names the place.
pub fn policies(json: &Value) -> Result<Vec<Policy>> {
    let mut policies = Vec::new();
    for (index, item) in items(json, "policies")?.iter().enumerate() {
        let policy = draft_policy(item).with_context(|| format!("/policies/{index}"))?;
        policies.push(policy);
    }
    let max = ServiceLevels::MAX_POLICIES;
    ensure!(
        policies.len() <= max,
        "an organization has at most {max} policies"
    );
    let ids: BTreeSet<_> = policies.iter().map(|policy| policy.reference.id).collect();
    ensure!(
        ids.len() == policies.len(),
        "two of the policies have the same id"
    );
    Ok(policies)
}

/// Calendars, as `GET /calendars` shows them: `{"calendars": [...]}` or `{"items": [...]}`, or the list alone.
///
/// # Errors
/// When a calendar is not as the API takes it; the message names the place.
pub fn calendars(json: &Value) -> Result<BTreeMap<CalendarId, CalendarDefinition>> {
    let mut calendars = BTreeMap::new();
    for (index, item) in items(json, "calendars")?.iter().enumerate() {
        let (id, definition) =
            draft_calendar(item).with_context(|| format!("/calendars/{index}"))?;
        if calendars.insert(id, definition).is_some() {
            bail!("/calendars/{index}: two of the calendars have this id");
        }
    }
    let max = ServiceLevels::MAX_CALENDARS;
    ensure!(
        calendars.len() <= max,
        "an organization has at most {max} calendars"
    );
    Ok(calendars)
}

fn items<'a>(json: &'a Value, name: &str) -> Result<&'a Vec<Value>> {
    let list = json.get(name).or_else(|| json.get("items")).unwrap_or(json);
    list.as_array()
        .with_context(|| format!("write a list, or an object with the list {name}"))
}

fn draft_policy(item: &Value) -> Result<Policy> {
    let draft = DraftPolicy::parse_from_json(Some(item.clone()));
    let draft = draft.map_err(|error| anyhow::anyhow!(error.into_message()))?;
    let conditions = draft.conditions.unwrap_or_default();
    let definition = PolicyDefinition {
        name: Name::parse(&draft.name).context("/name")?,
        conditions: policy::conditions(&conditions).map_err(told)?,
        targets: policy::targets(&draft.targets).map_err(told)?,
    };
    definition
        .check()
        .map_err(|error| anyhow::anyhow!("/{}: {error}", error.field()))?;
    Ok(Policy {
        reference: PolicyRef {
            id: PolicyId(draft.id.unwrap_or_else(Uuid::now_v7)),
            // Versions are counted from 1: this one never held.
            version: 0,
        },
        definition,
    })
}

fn draft_calendar(item: &Value) -> Result<(CalendarId, CalendarDefinition)> {
    let draft = DraftCalendar::parse_from_json(Some(item.clone()));
    let draft = draft.map_err(|error| anyhow::anyhow!(error.into_message()))?;
    let holidays = draft.holidays.unwrap_or_default();
    let definition = CalendarDefinition {
        zone: calendar::zone(&draft.zone).map_err(told)?,
        weekly: calendar::weekly(&draft.weekly).map_err(told)?,
        holidays: calendar::holidays(&holidays).map_err(told)?,
    };
    Ok((CalendarId(draft.id), definition))
}

fn told(errors: Vec<FieldError>) -> anyhow::Error {
    let errors: Vec<String> = errors
        .into_iter()
        .map(|error| format!("{}: {}", error.pointer, error.detail))
        .collect();
    anyhow::anyhow!(errors.join("; "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use serde_json::json;

    #[test]
    fn drafts_are_read_as_the_api_shows_what_holds() {
        let id = Uuid::now_v7();
        let target = json!({"priority": "urgent", "metric": "first_reply", "seconds": 60});
        let shown = json!({"version": 3, "policies": [{
            "id": id, "version": 3, "policy_version": 2, "name": "Gold",
            "conditions": {"all": [{"field": "priority", "operator": "is_one_of", "values": ["urgent"]}]},
            "targets": [target],
        }]});
        let drafts = policies(&shown).unwrap();
        assert_eq!(drafts[0].reference.id, PolicyId(id));
        assert_eq!(
            policies(&json!([{"name": "New", "targets": [target]}]))
                .unwrap()
                .len(),
            1
        );
        let day = json!({"day": "monday", "start": "09:00", "end": "17:00"});
        let calendar = json!({"id": id, "name": "Office", "zone": "Europe/Berlin", "weekly": [day], "holidays": []});
        let drafts = calendars(&json!({"items": [calendar]})).unwrap();
        assert!(drafts.contains_key(&CalendarId(id)));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let wrong = |json: Value| format!("{:#}", policies(&json).unwrap_err());
        let target = json!({"priority": "urgent", "metric": "patience", "seconds": 60});
        let told = wrong(json!([{"name": "Gold", "targets": [target]}]));
        assert!(
            told.contains("/policies/0") && told.contains("/targets/0/metric"),
            "{told}"
        );
        assert!(wrong(json!({})).contains("policies"));
        assert!(wrong(json!([{"name": "Gold", "targets": []}])).contains("targets"));
        let told = calendars(&json!([{"id": Uuid::nil(), "zone": "Berlin", "weekly": []}]));
        assert!(format!("{:#}", told.unwrap_err()).contains("/calendars/0"));
    }
}
