//! Draft policies and calendars on the wire: what does not hold, or not yet.

use std::collections::BTreeSet;

use domain::calendar::definition::CalendarDefinition;
use domain::ids::{CalendarId, PolicyId};
use domain::service_levels::state::ServiceLevels;
use domain::sla::policy::{Policy, PolicyDefinition, PolicyRef};
use domain::text::Name;
use poem_openapi::Object;
use uuid::Uuid;

use super::calendar::{self, HolidayView, OpenView};
use super::policy::{self, ConditionsView, PolicyView, TargetView};
use crate::http::problem::FieldError;

/// A policy that does not hold, or not yet.
#[derive(Debug, Object)]
#[oai(
    rename = "DraftPolicy",
    deny_unknown_fields,
    skip_serializing_if_is_none
)]
pub struct DraftPolicyView {
    /// The policy that it is another version of; none for a new one.
    pub id: Option<Uuid>,
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 120))]
    pub name: String,
    /// For which tickets it is; for every ticket when left out.
    pub conditions: Option<ConditionsView>,
    /// What it promises, one at most for each metric and priority.
    #[oai(validator(min_items = 1, max_items = 100))]
    pub targets: Vec<TargetView>,
}

/// A calendar that does not hold, or not yet.
#[derive(Debug, Object)]
#[oai(rename = "DraftCalendar", deny_unknown_fields)]
pub struct DraftCalendarView {
    /// The calendar in whose place it stands, or the id by which draft policies name it.
    pub id: Uuid,
    /// Whose clock the hours are read from: the IANA name of a time zone.
    #[oai(validator(max_length = 64))]
    pub zone: String,
    /// The open hours of every week.
    #[oai(validator(max_items = 100))]
    pub weekly: Vec<OpenView>,
    /// The days that are closed all the same.
    #[oai(validator(max_items = 1000))]
    pub holidays: Option<Vec<HolidayView>>,
}

impl From<&Policy> for DraftPolicyView {
    fn from(policy: &Policy) -> Self {
        let id = policy.reference.id.0;
        let shown = PolicyView::new(id, policy.reference.version, &policy.definition);
        Self {
            id: Some(id),
            name: shown.name,
            conditions: Some(shown.conditions),
            targets: shown.targets,
        }
    }
}

impl From<&(CalendarId, CalendarDefinition)> for DraftCalendarView {
    fn from((id, definition): &(CalendarId, CalendarDefinition)) -> Self {
        let (weekly, holidays) = calendar::shown(definition);
        Self {
            id: id.0,
            zone: definition.zone.to_string(),
            weekly,
            holidays: Some(holidays),
        }
    }
}

/// The whole ordered list of policies.
///
/// # Errors
/// Every field at fault, by its place in the list: `/0/name`.
pub fn policies(drafts: &[DraftPolicyView]) -> Result<Vec<Policy>, Vec<FieldError>> {
    let max = ServiceLevels::MAX_POLICIES;
    let policies = each(drafts, max, |draft| draft.id, policy_of)?;
    let bytes = policies.iter().map(|policy| policy.definition.bytes());
    if bytes.sum::<usize>() > ServiceLevels::MAX_BYTES {
        let detail = "all policies together say too much: name fewer values";
        return Err(vec![FieldError::new("", detail)]);
    }
    Ok(policies)
}

/// Calendars, each in the place of the one of its id.
///
/// # Errors
/// Every field at fault, by its place in the list: `/0/zone`.
pub fn calendars(
    drafts: &[DraftCalendarView],
) -> Result<Vec<(CalendarId, CalendarDefinition)>, Vec<FieldError>> {
    let max = ServiceLevels::MAX_CALENDARS;
    each(drafts, max, |draft| Some(draft.id), calendar_of)
}

/// Parses every draft of a list in which no id comes twice.
fn each<D, T>(
    drafts: &[D],
    max: usize,
    id: impl Fn(&D) -> Option<Uuid>,
    parse: impl Fn(&D) -> Result<T, Vec<FieldError>>,
) -> Result<Vec<T>, Vec<FieldError>> {
    if drafts.len() > max {
        let detail = format!("an organization has at most {max} of these");
        return Err(vec![FieldError::new("", detail)]);
    }
    let (mut ids, mut errors) = (BTreeSet::new(), Vec::new());
    let mut parsed = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.iter().enumerate() {
        let at = format!("/{index}");
        if id(draft).is_some_and(|id| !ids.insert(id)) {
            let detail = "another one of the list has this id";
            errors.push(FieldError::new(format!("{at}/id"), detail));
        }
        match parse(draft) {
            Ok(one) => parsed.push(one),
            Err(found) => errors.extend(found.into_iter().map(|error| error.within(&at))),
        }
    }
    if errors.is_empty() {
        Ok(parsed)
    } else {
        Err(errors)
    }
}

fn policy_of(draft: &DraftPolicyView) -> Result<Policy, Vec<FieldError>> {
    let name =
        Name::parse(&draft.name).map_err(|error| vec![FieldError::new("/name", error.to_string())]);
    let conditions = match &draft.conditions {
        Some(conditions) => policy::conditions(conditions),
        None => Ok(Default::default()),
    };
    let targets = policy::targets(&draft.targets);
    let (name, conditions, targets) = all((name, conditions, targets))?;
    let definition = PolicyDefinition {
        name,
        conditions,
        targets,
    };
    definition.check().map_err(|error| {
        vec![FieldError::new(
            format!("/{}", error.field()),
            error.to_string(),
        )]
    })?;
    Ok(Policy {
        reference: PolicyRef {
            id: PolicyId(draft.id.unwrap_or_else(Uuid::now_v7)),
            // Versions are counted from 1: this one never held.
            version: 0,
        },
        definition,
    })
}

fn calendar_of(
    draft: &DraftCalendarView,
) -> Result<(CalendarId, CalendarDefinition), Vec<FieldError>> {
    let zone = calendar::zone(&draft.zone);
    let weekly = calendar::weekly(&draft.weekly);
    let holidays = calendar::holidays(draft.holidays.as_deref().unwrap_or_default());
    let (zone, weekly, holidays) = all((zone, weekly, holidays))?;
    let definition = CalendarDefinition {
        zone,
        weekly,
        holidays,
    };
    Ok((CalendarId(draft.id), definition))
}

type Parsed<T> = Result<T, Vec<FieldError>>;

/// All three, or what is wrong with each of them.
fn all<A, B, C>(parsed: (Parsed<A>, Parsed<B>, Parsed<C>)) -> Parsed<(A, B, C)> {
    match parsed {
        (Ok(a), Ok(b), Ok(c)) => Ok((a, b, c)),
        (a, b, c) => {
            let errors = [a.err(), b.err(), c.err()];
            Err(errors.into_iter().flatten().flatten().collect())
        }
    }
}
