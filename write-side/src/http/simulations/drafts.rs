//! What is asked: a span of the past, and the policies and calendars to simulate it by.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::definition::CalendarDefinition;
use domain::ids::{CalendarId, PolicyId};
use domain::service_levels::state::ServiceLevels;
use domain::sla::policy::{Policy, PolicyDefinition, PolicyRef};
use domain::sla::simulation::Range;
use domain::text::Name;
use platform::http::problem::{FieldError, Problem};
use platform::http::views::calendar::{self, HolidayView, OpenView};
use platform::http::views::policy::{self, ConditionsView, TargetView};
use poem_openapi::Object;
use uuid::Uuid;

use crate::http::fields::{AtFault, Fields};
use crate::simulations::SimulationRequest;

/// The longest time that is simulated.
const RANGE_MAX_DAYS: i64 = 400;

/// Asks what other rules would have made of the past.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
pub(super) struct CreateSimulationBody {
    /// Count what is counted at this time or later.
    from: DateTime<Utc>,
    /// Count what is counted before this time, at most 400 days after `from`.
    to: DateTime<Utc>,
    /// The whole ordered list of draft policies; those that held, each in its time, when left out.
    #[oai(validator(max_items = 100))]
    policies: Option<Vec<DraftPolicyBody>>,
    /// Draft calendars, each in the place of the one of its id; those that held when left out.
    #[oai(validator(max_items = 100))]
    calendars: Option<Vec<DraftCalendarBody>>,
    /// Whether imported tickets are promised something, too. Really nothing ever was.
    imported: Option<bool>,
}

/// A policy that does not hold, or not yet.
#[derive(Debug, Object)]
#[oai(rename = "DraftPolicy", deny_unknown_fields)]
struct DraftPolicyBody {
    /// The policy that it is another version of; none for a new one.
    id: Option<Uuid>,
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// For which tickets it is; for every ticket when left out.
    conditions: Option<ConditionsView>,
    /// What it promises, one at most for each metric and priority.
    #[oai(validator(min_items = 1, max_items = 100))]
    targets: Vec<TargetView>,
}

/// A calendar that does not hold, or not yet.
#[derive(Debug, Object)]
#[oai(rename = "DraftCalendar", deny_unknown_fields)]
struct DraftCalendarBody {
    /// The calendar in whose place it stands, or the id by which draft policies name it.
    id: Uuid,
    /// Whose clock the hours are read from: the IANA name of a time zone.
    #[oai(validator(max_length = 64))]
    zone: String,
    /// The open hours of every week.
    #[oai(validator(max_items = 100))]
    weekly: Vec<OpenView>,
    /// The days that are closed all the same.
    #[oai(validator(max_items = 1000))]
    holidays: Option<Vec<HolidayView>>,
}
impl CreateSimulationBody {
    pub(super) fn parsed(self) -> Result<SimulationRequest, Problem> {
        let mut fields = Fields::default();
        let range = range(&mut fields, self.from, self.to);
        if self.policies.is_none() && self.calendars.is_none() {
            fields.add("/policies", "give draft policies, draft calendars, or both");
        }
        let policies = self.policies.map(|drafts| policies(&mut fields, drafts));
        let calendars = calendars(&mut fields, self.calendars.unwrap_or_default());
        let all = || {
            Ok::<_, AtFault>(SimulationRequest {
                policies: policies.transpose()?,
                calendars: calendars?,
                range: range?,
                imported: self.imported.unwrap_or_default(),
            })
        };
        let parsed = all();
        fields.finish(parsed)
    }
}

fn range(fields: &mut Fields, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Range, AtFault> {
    if to <= from {
        return Err(fields.add("/to", "must be after from"));
    }
    if to - from > TimeDelta::days(RANGE_MAX_DAYS) {
        let told = format!("must be at most {RANGE_MAX_DAYS} days after from");
        return Err(fields.add("/to", told));
    }
    Ok(Range { from, to })
}

fn policies(fields: &mut Fields, drafts: Vec<DraftPolicyBody>) -> Result<Vec<Policy>, AtFault> {
    let (mut ids, mut bytes) = (BTreeSet::new(), 0);
    let mut parsed = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let at = format!("/policies/{index}");
        let id = PolicyId(draft.id.unwrap_or_else(Uuid::now_v7));
        if !ids.insert(id) {
            fields.add(&format!("{at}/id"), "another one of the list has this id");
        }
        let name = fields.text(&format!("{at}/name"), &draft.name, Name::parse);
        let conditions = draft.conditions.unwrap_or_default();
        let conditions = fields.parsed(within(&at, policy::conditions(&conditions)));
        let targets = fields.parsed(within(&at, policy::targets(&draft.targets)));
        let definition = || {
            Ok::<_, AtFault>(PolicyDefinition {
                name: name?,
                conditions: conditions?,
                targets: targets?,
            })
        };
        let definition = definition().and_then(|definition| match definition.check() {
            Ok(()) => Ok(definition),
            Err(error) => Err(fields.add(&format!("{at}/{}", error.field()), error.to_string())),
        });
        bytes += definition.as_ref().map_or(0, PolicyDefinition::bytes);
        parsed.push(definition.map(|definition| Policy {
            // Versions are counted from 1: this one never held.
            reference: PolicyRef { id, version: 0 },
            definition,
        }));
    }
    if bytes > ServiceLevels::MAX_BYTES {
        return Err(fields.add(
            "/policies",
            "all policies together say too much: name fewer values",
        ));
    }
    parsed.into_iter().collect()
}

fn calendars(
    fields: &mut Fields,
    drafts: Vec<DraftCalendarBody>,
) -> Result<Vec<(CalendarId, CalendarDefinition)>, AtFault> {
    let mut ids = BTreeSet::new();
    let mut parsed = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        let at = format!("/calendars/{index}");
        if !ids.insert(draft.id) {
            fields.add(&format!("{at}/id"), "another one of the list has this id");
        }
        let zone = fields.parsed(within(&at, calendar::zone(&draft.zone)));
        let weekly = fields.parsed(within(&at, calendar::weekly(&draft.weekly)));
        let holidays = draft.holidays.unwrap_or_default();
        let holidays = fields.parsed(within(&at, calendar::holidays(&holidays)));
        let definition = || {
            let definition = CalendarDefinition {
                zone: zone?,
                weekly: weekly?,
                holidays: holidays?,
            };
            Ok::<_, AtFault>((CalendarId(draft.id), definition))
        };
        parsed.push(definition());
    }
    parsed.into_iter().collect()
}

/// The same with the fields at fault within the field `at`.
fn within<T>(at: &str, parsed: Result<T, Vec<FieldError>>) -> Result<T, Vec<FieldError>> {
    parsed.map_err(|errors| {
        let errors = errors.into_iter().map(|error| FieldError {
            pointer: format!("{at}{}", error.pointer),
            ..error
        });
        errors.collect()
    })
}
