//! Draft policies and calendars in files, as the API shows those that hold.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use domain::calendar::definition::CalendarDefinition;
use domain::ids::CalendarId;
use domain::sla::policy::Policy;
use platform::http::problem::FieldError;
use platform::http::views::draft::{self, DraftCalendarView, DraftPolicyView};
use poem_openapi::types::ParseFromJSON;
use serde_json::Value;

/// What a draft says of a policy. The API shows more: versions, and when they began.
const OF_POLICY: [&str; 4] = ["id", "name", "conditions", "targets"];
/// What a draft says of a calendar.
const OF_CALENDAR: [&str; 4] = ["id", "zone", "weekly", "holidays"];

/// The whole ordered list of policies, as `GET /service-levels/policies` shows it: `{"policies": [...]}`, or the list alone.
///
/// # Errors
/// When a policy is not as the API takes it; the message names the place.
pub fn policies(json: &Value) -> Result<Vec<Policy>> {
    let drafts: Vec<DraftPolicyView> = drafts(json, "policies", &OF_POLICY)?;
    draft::policies(&drafts).map_err(|errors| told("policies", errors))
}

/// Calendars, as `GET /calendars` shows them: `{"calendars": [...]}` or `{"items": [...]}`, or the list alone.
///
/// # Errors
/// When a calendar is not as the API takes it; the message names the place.
pub fn calendars(json: &Value) -> Result<BTreeMap<CalendarId, CalendarDefinition>> {
    let drafts: Vec<DraftCalendarView> = drafts(json, "calendars", &OF_CALENDAR)?;
    let calendars = draft::calendars(&drafts).map_err(|errors| told("calendars", errors))?;
    Ok(calendars.into_iter().collect())
}

/// The drafts of a list, by what a draft says.
fn drafts<T: ParseFromJSON>(json: &Value, name: &str, fields: &[&str]) -> Result<Vec<T>> {
    let list = json.get(name).or_else(|| json.get("items")).unwrap_or(json);
    let list = list
        .as_array()
        .with_context(|| format!("write a list, or an object with the list {name}"))?;
    let parse = |(index, item): (usize, &Value)| {
        let mut item = item.clone();
        if let Some(item) = item.as_object_mut() {
            item.retain(|field, _| fields.contains(&field.as_str()));
        }
        T::parse_from_json(Some(item))
            .map_err(|error| anyhow::anyhow!("/{name}/{index}: {}", error.into_message()))
    };
    list.iter().enumerate().map(parse).collect()
}

fn told(name: &str, errors: Vec<FieldError>) -> anyhow::Error {
    let errors: Vec<String> = errors
        .into_iter()
        .map(|error| format!("/{name}{}: {}", error.pointer, error.detail))
        .collect();
    anyhow::anyhow!(errors.join("; "))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use domain::ids::PolicyId;
    use serde_json::json;
    use uuid::Uuid;

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
        assert!(told.contains("/policies/0/targets/0/metric"), "{told}");
        assert!(wrong(json!({})).contains("policies"));
        assert!(wrong(json!([{"name": "Gold", "targets": []}])).contains("targets"));
        let told = calendars(&json!([{"id": Uuid::nil(), "zone": "Berlin", "weekly": []}]));
        assert!(format!("{:#}", told.unwrap_err()).contains("/calendars/0"));
    }
}
