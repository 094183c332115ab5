//! A service level policy on the wire.

use chrono::{DateTime, Utc};
use domain::ids::{CalendarId, CompanyId, TeamId};
use domain::sla::Metric;
use domain::sla::policy::{
    Choice, Condition, Conditions, FieldTest, FieldWord, PolicyDefinition, Presence, Target,
};
use domain::text::{FieldKey, FieldText, Tag};
use domain::ticket::field::FiniteNumber;
use poem_openapi::{Enum, Object};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::warning::{WarningView, warnings};
use super::{FieldValueView, PriorityView};
use crate::http::problem::FieldError;

/// A policy of the organization's list.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Policy", skip_serializing_if_is_none)]
pub struct PolicyView {
    /// Its id.
    pub id: Uuid,
    /// Rises with every change of the list or of a policy in it; what `ETag` and `If-Match` carry. Absent with versions of
    /// the past.
    pub version: Option<i64>,
    /// Which version of the policy this is, from 1: what explanations of a ticket's clocks name.
    pub policy_version: u32,
    /// Its name.
    pub name: String,
    /// For which tickets it is.
    pub conditions: ConditionsView,
    /// What it promises.
    pub targets: Vec<TargetView>,
    /// From when on it said this. Only with versions.
    pub valid_from: Option<DateTime<Utc>>,
}

/// The ordered policies of the organization: the first one that matches a ticket holds.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Policies")]
pub struct PoliciesView {
    /// Rises with every change of the list or of a policy in it; what `ETag` and `If-Match` carry.
    pub version: i64,
    /// The policies, the first to match first.
    pub policies: Vec<PolicyView>,
}

/// For which tickets a policy is: those for which each of `all` holds and, where `any` names some, one of those at least.
/// Without conditions it is for every ticket.
#[derive(Debug, Clone, PartialEq, Default, Object)]
#[oai(
    rename = "Conditions",
    deny_unknown_fields,
    skip_serializing_if_is_none
)]
pub struct ConditionsView {
    /// Each has to hold.
    #[oai(validator(max_items = 30))]
    pub all: Option<Vec<ConditionView>>,
    /// One at least has to hold.
    #[oai(validator(max_items = 30))]
    pub any: Option<Vec<ConditionView>>,
}

/// A condition on a ticket.
#[derive(Debug, Clone, PartialEq, Object)]
#[oai(rename = "Condition", deny_unknown_fields, skip_serializing_if_is_none)]
pub struct ConditionView {
    /// On what.
    pub field: ConditionFieldView,
    /// The key of the custom field, and of nothing else.
    #[oai(validator(max_length = 64))]
    pub key: Option<String>,
    /// What is asked of it.
    pub operator: OperatorView,
    /// With `is_one_of` and `is_none_of`: words for `priority` and `channel`, ids for `team` and `company`, tags, or values
    /// of the custom field.
    #[oai(validator(max_items = 100))]
    pub values: Option<Vec<FieldValueView>>,
}

/// What a condition is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ConditionField", rename_all = "snake_case")]
pub enum ConditionFieldView {
    /// How urgent the ticket is.
    Priority,
    /// How it came in.
    Channel,
    /// The team that works on it.
    Team,
    /// Its tags: `is_one_of` asks for one of them at least, `is_none_of` for none of them.
    Tag,
    /// The company that its requester belongs to.
    Company,
    /// A custom field.
    CustomField,
}

/// What a condition asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename = "ConditionOperator", rename_all = "snake_case")]
pub enum OperatorView {
    /// It is one of the values.
    IsOneOf,
    /// It is something else, or nothing.
    IsNoneOf,
    /// It is something. Not for `priority` and `channel`, which every ticket has.
    IsSet,
    /// It is nothing. Likewise.
    IsNotSet,
}

/// What a policy promises to the tickets of a priority.
#[derive(Debug, Clone, PartialEq, Eq, Object)]
#[oai(
    rename = "PolicyTarget",
    deny_unknown_fields,
    skip_serializing_if_is_none
)]
pub struct TargetView {
    /// To which tickets.
    pub priority: PriorityView,
    /// What is measured.
    #[oai(validator(max_length = 64))]
    pub metric: String,
    /// How long it may take, in seconds.
    pub seconds: u32,
    /// The calendar whose working time counts; calendar time without one.
    pub calendar_id: Option<Uuid>,
    /// What is done before it is missed, or when it is.
    #[oai(validator(max_items = 10))]
    pub warnings: Option<Vec<WarningView>>,
}

/// What the conditions mean.
///
/// # Errors
/// The fields at fault.
pub fn conditions(view: &ConditionsView) -> Result<Conditions, Vec<FieldError>> {
    let mut errors = Vec::new();
    let mut list = |name: &str, views: Option<&[ConditionView]>| {
        let views = views.unwrap_or_default();
        let mut parsed = Vec::with_capacity(views.len());
        for (index, view) in views.iter().enumerate() {
            match condition(view) {
                Ok(condition) => parsed.push(condition),
                Err((field, detail)) => errors.push(FieldError {
                    pointer: format!("/conditions/{name}/{index}{field}"),
                    detail,
                }),
            }
        }
        parsed
    };
    let (all, any) = (
        list("all", view.all.as_deref()),
        list("any", view.any.as_deref()),
    );
    if errors.is_empty() {
        Ok(Conditions { all, any })
    } else {
        Err(errors)
    }
}

/// What the targets mean.
///
/// # Errors
/// The fields at fault.
pub fn targets(views: &[TargetView]) -> Result<Vec<Target>, Vec<FieldError>> {
    let metrics: Vec<&str> = Metric::ALL.iter().map(|metric| metric.as_str()).collect();
    let mut errors = Vec::new();
    let mut parsed = Vec::with_capacity(views.len());
    for (index, view) in views.iter().enumerate() {
        let mut all = Metric::ALL.iter();
        let metric = all.find(|metric| metric.as_str() == view.metric);
        if metric.is_none() {
            errors.push(FieldError {
                pointer: format!("/targets/{index}/metric"),
                detail: format!("must be one of {}", metrics.join(", ")),
            });
        }
        let given = view.warnings.as_deref().unwrap_or_default();
        let warnings = match warnings(given, &format!("/targets/{index}")) {
            Ok(warnings) => warnings,
            Err(wrong) => {
                errors.extend(wrong);
                continue;
            }
        };
        parsed.extend(metric.map(|metric| Target {
            priority: view.priority.into(),
            metric: *metric,
            seconds: view.seconds,
            calendar_id: view.calendar_id.map(CalendarId),
            warnings,
        }));
    }
    if errors.is_empty() {
        Ok(parsed)
    } else {
        Err(errors)
    }
}

/// A field of a condition, and what is wrong with it.
type Wrong = (String, String);

fn wrong(field: &str, detail: impl ToString) -> Wrong {
    (field.to_owned(), detail.to_string())
}

fn condition(view: &ConditionView) -> Result<Condition, Wrong> {
    let is_field = view.field == ConditionFieldView::CustomField;
    if view.key.is_some() && !is_field {
        return Err(wrong("/key", "belongs to custom_field alone"));
    }
    Ok(match view.field {
        ConditionFieldView::Priority => Condition::Priority(choice(view, word)?),
        ConditionFieldView::Channel => Condition::Channel(choice(view, word)?),
        ConditionFieldView::Team => Condition::Team(presence(view, id(TeamId))?),
        ConditionFieldView::Tag => Condition::Tag(presence(view, tag)?),
        ConditionFieldView::Company => Condition::Company(presence(view, id(CompanyId))?),
        ConditionFieldView::CustomField => {
            let key = view.key.as_deref().unwrap_or_default();
            let key = FieldKey::parse(key).map_err(|error| wrong("/key", error))?;
            let test = presence(view, field_word)?;
            Condition::CustomField(FieldTest { key, test })
        }
    })
}

fn presence<T>(
    view: &ConditionView,
    parse: impl Fn(&FieldValueView) -> Result<T, String>,
) -> Result<Presence<T>, Wrong> {
    Ok(match view.operator {
        OperatorView::IsOneOf => Presence::IsOneOf(values(view, parse)?),
        OperatorView::IsNoneOf => Presence::IsNoneOf(values(view, parse)?),
        OperatorView::IsSet | OperatorView::IsNotSet if view.values.is_some() => {
            return Err(wrong("/values", "belong to is_one_of and is_none_of alone"));
        }
        OperatorView::IsSet => Presence::IsSet,
        OperatorView::IsNotSet => Presence::IsNotSet,
    })
}

fn choice<T>(
    view: &ConditionView,
    parse: impl Fn(&FieldValueView) -> Result<T, String>,
) -> Result<Choice<T>, Wrong> {
    match presence(view, parse)? {
        Presence::IsOneOf(values) => Ok(Choice::IsOneOf(values)),
        Presence::IsNoneOf(values) => Ok(Choice::IsNoneOf(values)),
        Presence::IsSet | Presence::IsNotSet => {
            Err(wrong("/operator", "every ticket has it: name values"))
        }
    }
}

fn values<T>(
    view: &ConditionView,
    parse: impl Fn(&FieldValueView) -> Result<T, String>,
) -> Result<Vec<T>, Wrong> {
    let given = view.values.as_deref().unwrap_or_default().iter();
    let parsed = given.enumerate().map(|(index, value)| {
        parse(value).map_err(|detail| wrong(&format!("/values/{index}"), detail))
    });
    parsed.collect()
}

fn text(value: &FieldValueView) -> Result<&str, String> {
    match value {
        FieldValueView::Text(text) => Ok(text),
        FieldValueView::Boolean(_) | FieldValueView::Number(_) => Err("must be a text".to_owned()),
    }
}

/// One of a fixed set, by its name on the wire.
fn word<T: DeserializeOwned>(value: &FieldValueView) -> Result<T, String> {
    let name = Value::String(text(value)?.to_owned());
    serde_json::from_value(name).map_err(|_| "is not one of the words of this field".to_owned())
}

fn id<T>(make: impl Fn(Uuid) -> T) -> impl Fn(&FieldValueView) -> Result<T, String> {
    move |value| {
        let id = Uuid::try_parse(text(value)?);
        id.map(&make).map_err(|_| "must be an id".to_owned())
    }
}

fn tag(value: &FieldValueView) -> Result<Tag, String> {
    Tag::parse(text(value)?).map_err(|error| error.to_string())
}

fn field_word(value: &FieldValueView) -> Result<FieldWord, String> {
    match value {
        FieldValueView::Boolean(yes) => Ok(FieldWord::Boolean(*yes)),
        FieldValueView::Number(number) => FiniteNumber::try_from(*number)
            .map(FieldWord::Number)
            .map_err(str::to_owned),
        FieldValueView::Text(text) => FieldText::parse(text)
            .map(FieldWord::Text)
            .map_err(|error| error.to_string()),
    }
}

impl PolicyView {
    /// A version of a policy as it is shown.
    #[must_use]
    pub fn new(id: Uuid, policy_version: u32, definition: &PolicyDefinition) -> Self {
        let list = |conditions: &[Condition]| conditions.iter().map(ConditionView::from).collect();
        Self {
            id,
            version: None,
            policy_version,
            name: definition.name.to_string(),
            conditions: ConditionsView {
                all: Some(list(&definition.conditions.all)),
                any: Some(list(&definition.conditions.any)),
            },
            targets: definition.targets.iter().map(TargetView::from).collect(),
            valid_from: None,
        }
    }
}

impl From<&Target> for TargetView {
    fn from(target: &Target) -> Self {
        Self {
            priority: target.priority.into(),
            metric: target.metric.as_str().to_owned(),
            seconds: target.seconds,
            calendar_id: target.calendar_id.map(|id| id.0),
            warnings: Some(target.warnings.iter().map(WarningView::from).collect()),
        }
    }
}

impl From<&Condition> for ConditionView {
    fn from(condition: &Condition) -> Self {
        let of = |field, key, (operator, values)| Self {
            field,
            key,
            operator,
            values,
        };
        match condition {
            Condition::Priority(test) => of(ConditionFieldView::Priority, None, chosen(test)),
            Condition::Channel(test) => of(ConditionFieldView::Channel, None, chosen(test)),
            Condition::Team(test) => of(ConditionFieldView::Team, None, asked(test)),
            Condition::Tag(test) => of(ConditionFieldView::Tag, None, asked(test)),
            Condition::Company(test) => of(ConditionFieldView::Company, None, asked(test)),
            Condition::CustomField(field) => of(
                ConditionFieldView::CustomField,
                Some(field.key.to_string()),
                asked(&field.test),
            ),
        }
    }
}

type Asked = (OperatorView, Option<Vec<FieldValueView>>);

fn chosen<T: Serialize>(test: &Choice<T>) -> Asked {
    match test {
        Choice::IsOneOf(values) => (OperatorView::IsOneOf, Some(written(values))),
        Choice::IsNoneOf(values) => (OperatorView::IsNoneOf, Some(written(values))),
    }
}

fn asked<T: Serialize>(test: &Presence<T>) -> Asked {
    match test {
        Presence::IsOneOf(values) => (OperatorView::IsOneOf, Some(written(values))),
        Presence::IsNoneOf(values) => (OperatorView::IsNoneOf, Some(written(values))),
        Presence::IsSet => (OperatorView::IsSet, None),
        Presence::IsNotSet => (OperatorView::IsNotSet, None),
    }
}

/// Values have a JSON form: they are recorded in it, as a text, a number or yes and no.
fn written<T: Serialize>(values: &[T]) -> Vec<FieldValueView> {
    let view = |value: &T| match serde_json::to_value(value).ok()? {
        Value::Bool(yes) => Some(FieldValueView::Boolean(yes)),
        Value::Number(number) => number.as_f64().map(FieldValueView::Number),
        Value::String(text) => Some(FieldValueView::Text(text)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    values.iter().filter_map(view).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use domain::text::Name;
    use poem_openapi::types::{ParseFromJSON, ToJSON};
    use serde_json::json;

    fn parsed(json: Value) -> Result<Conditions, Vec<FieldError>> {
        conditions(&ConditionsView::parse_from_json(Some(json)).unwrap())
    }

    #[test]
    fn conditions_are_shown_as_they_were_given() {
        let id = Uuid::from_u128(7).to_string();
        let given = json!({
            "all": [
                {"field": "priority", "operator": "is_one_of", "values": ["urgent", "high"]},
                {"field": "channel", "operator": "is_none_of", "values": ["chat"]},
                {"field": "team", "operator": "is_one_of", "values": [id]},
                {"field": "tag", "operator": "is_set"},
            ],
            "any": [
                {"field": "company", "operator": "is_not_set"},
                {"field": "custom_field", "key": "floor", "operator": "is_one_of", "values": ["third", 3.5, true]},
            ],
        });
        let definition = PolicyDefinition {
            name: Name::parse("Gold").unwrap(),
            conditions: parsed(given.clone()).unwrap(),
            targets: Vec::new(),
        };
        let view = PolicyView::new(Uuid::nil(), 1, &definition);
        assert_eq!(view.conditions.to_json(), Some(given));
    }

    #[test]
    fn the_field_at_fault_is_named() {
        let wrong = [
            (
                json!({"field": "priority", "operator": "is_set"}),
                "/operator",
            ),
            (
                json!({"field": "priority", "operator": "is_one_of", "values": ["soon"]}),
                "/values/0",
            ),
            (
                json!({"field": "team", "operator": "is_one_of", "values": ["x"]}),
                "/values/0",
            ),
            (
                json!({"field": "team", "operator": "is_set", "values": []}),
                "/values",
            ),
            (
                json!({"field": "tag", "key": "floor", "operator": "is_set"}),
                "/key",
            ),
            (
                json!({"field": "custom_field", "operator": "is_set"}),
                "/key",
            ),
            (
                json!({"field": "tag", "operator": "is_none_of", "values": ["a b"]}),
                "/values/0",
            ),
            (
                json!({"field": "tag", "operator": "is_none_of", "values": [true]}),
                "/values/0",
            ),
        ];
        for (condition, field) in wrong {
            let errors = parsed(json!({"any": [condition]})).unwrap_err();
            assert_eq!(errors[0].pointer, format!("/conditions/any/0{field}"));
        }
    }
}
