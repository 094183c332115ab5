//! What is asked: a span of the past, and the policies and calendars to simulate it by.

use chrono::{DateTime, TimeDelta, Utc};
use domain::sla::simulation::Range;
use platform::http::problem::{FieldError, Problem};
use platform::http::views::draft::{self, DraftCalendarView, DraftPolicyView};
use poem_openapi::Object;

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
    policies: Option<Vec<DraftPolicyView>>,
    /// Draft calendars, each in the place of the one of its id; those that held when left out.
    #[oai(validator(max_items = 100))]
    calendars: Option<Vec<DraftCalendarView>>,
    /// Whether imported tickets are promised something, too. Really nothing ever was.
    imported: Option<bool>,
}

impl CreateSimulationBody {
    pub(super) fn parsed(self) -> Result<SimulationRequest, Problem> {
        let mut fields = Fields::default();
        let range = range(&mut fields, self.from, self.to);
        if self.policies.is_none() && self.calendars.is_none() {
            fields.add("/policies", "give draft policies, draft calendars, or both");
        }
        let policies = self.policies.as_deref().map(draft::policies).transpose();
        let policies = fields.parsed(within("/policies", policies));
        let calendars = draft::calendars(self.calendars.as_deref().unwrap_or_default());
        let calendars = fields.parsed(within("/calendars", calendars));
        let all = || {
            Ok::<_, AtFault>(SimulationRequest {
                policies: policies?,
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

fn within<T>(at: &str, parsed: Result<T, Vec<FieldError>>) -> Result<T, Vec<FieldError>> {
    parsed.map_err(|errors| errors.into_iter().map(|error| error.within(at)).collect())
}
