//! Calendars are made, changed and retired. Which calendars there are is said by the organization's service levels too, in
//! the same append: none is retired while a policy counts by it, and their number is bounded.

use crate::dispatch::{CommandError, Refusal, StoredAnswer, UseCase, Work};
use domain::calendar::command::CalendarCommand;
use domain::calendar::definition::{CalendarDefinition, Holiday, Holidays, WeeklyHours};
use domain::calendar::state::{BusinessCalendar, PresentCalendar};
use domain::calendar::zone::Zone;
use domain::ids::CalendarId;
use domain::service_levels;
use domain::service_levels::command::ServiceLevelsCommand;
use domain::service_levels::state::ServiceLevels;
use domain::text::Name;
use serde::{Deserialize, Serialize};

const NOT_FOUND: Refusal = Refusal::NotFound { what: "calendar" };

/// A calendar after a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalendarAnswer {
    /// Its id.
    pub id: CalendarId,
    /// The version of its stream.
    pub version: i64,
    /// What people read.
    pub name: Name,
    /// What it says.
    pub definition: CalendarDefinition,
    /// Whether nothing may count by it any more.
    pub retired: bool,
}

impl StoredAnswer for CalendarAnswer {}

impl CalendarAnswer {
    /// The calendar as this attempt leaves it.
    ///
    /// # Errors
    /// When it does not exist.
    pub async fn of(work: &mut Work<'_>, id: CalendarId) -> Result<Self, CommandError> {
        let version = work.version(id.0).get();
        let calendar = present(work, id).await?;
        Ok(Self {
            id,
            version,
            name: calendar.name.clone(),
            definition: calendar.definition().ok_or(NOT_FOUND)?.clone(),
            retired: calendar.retired,
        })
    }
}

/// Makes a calendar.
#[derive(Debug, Clone)]
pub struct CreateCalendar {
    /// Its id, fresh.
    pub calendar_id: CalendarId,
    /// What people read.
    pub name: Name,
    /// What it says.
    pub definition: CalendarDefinition,
}

impl UseCase for CreateCalendar {
    type Answer = CalendarAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<CalendarAnswer, CommandError> {
        work.create::<BusinessCalendar>(self.calendar_id.0);
        let command = CalendarCommand::Create {
            name: self.name.clone(),
            definition: self.definition.clone(),
        };
        work.issue::<BusinessCalendar>(self.calendar_id, command)
            .await?;
        let calendar_id = self.calendar_id;
        note(work, ServiceLevelsCommand::AddCalendar { calendar_id }).await?;
        CalendarAnswer::of(work, self.calendar_id).await
    }
}

/// Changes what is given of a calendar.
#[derive(Debug, Clone)]
pub struct ChangeCalendar {
    /// The calendar.
    pub calendar_id: CalendarId,
    /// The new name.
    pub name: Option<Name>,
    /// Whose clock the hours are read from, from now on.
    pub zone: Option<Zone>,
    /// All hours of the week from now on.
    pub weekly: Option<WeeklyHours>,
    /// The holidays from now on.
    pub holidays: Option<HolidaysOf>,
}

/// Which holidays a calendar has from now on.
#[derive(Debug, Clone)]
pub enum HolidaysOf {
    /// These.
    These(Holidays),
    /// Those that it has, and these; one that it has already is not doubled.
    Also(Vec<Holiday>),
}

impl UseCase for ChangeCalendar {
    type Answer = CalendarAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<CalendarAnswer, CommandError> {
        work.address(self.calendar_id.0);
        let calendar = present(work, self.calendar_id).await?;
        let definition = self.applied_to(calendar.definition().ok_or(NOT_FOUND)?)?;
        let command = CalendarCommand::Change {
            name: self.name.clone(),
            definition: Some(definition),
        };
        work.issue::<BusinessCalendar>(self.calendar_id, command)
            .await?;
        CalendarAnswer::of(work, self.calendar_id).await
    }
}

impl ChangeCalendar {
    fn applied_to(&self, present: &CalendarDefinition) -> Result<CalendarDefinition, Refusal> {
        let holidays = match &self.holidays {
            None => present.holidays.clone(),
            Some(HolidaysOf::These(holidays)) => holidays.clone(),
            Some(HolidaysOf::Also(more)) => {
                let mut all = present.holidays.as_slice().to_vec();
                all.extend(
                    more.iter()
                        .filter(|it| !all.contains(it))
                        .cloned()
                        .collect::<Vec<_>>(),
                );
                Holidays::parse(all)
                    .map_err(|error| Refusal::invalid("/holidays", error.to_string()))?
            }
        };
        let weekly = self.weekly.as_ref().unwrap_or(&present.weekly);
        Ok(CalendarDefinition {
            zone: self.zone.unwrap_or(present.zone),
            weekly: weekly.clone(),
            holidays,
        })
    }
}

/// Lets nothing count by a calendar any more.
#[derive(Debug, Clone, Copy)]
pub struct RetireCalendar {
    /// The calendar.
    pub calendar_id: CalendarId,
}

impl UseCase for RetireCalendar {
    type Answer = CalendarAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<CalendarAnswer, CommandError> {
        let calendar_id = self.calendar_id;
        work.address(calendar_id.0);
        if work.settings().calendars().contains(&calendar_id) {
            return Err(Refusal::Conflict {
                detail: "the waits of the settings count by this calendar: change them first"
                    .to_owned(),
                pointer: None,
            }
            .into());
        }
        work.issue::<BusinessCalendar>(calendar_id, CalendarCommand::Retire)
            .await?;
        note(work, ServiceLevelsCommand::RetireCalendar { calendar_id }).await?;
        CalendarAnswer::of(work, calendar_id).await
    }
}

async fn present<'w>(
    work: &'w mut Work<'_>,
    id: CalendarId,
) -> Result<&'w PresentCalendar, CommandError> {
    match work.state::<BusinessCalendar>(id.0).await? {
        BusinessCalendar::Present(calendar) => Ok(calendar),
        BusinessCalendar::Absent => Err(NOT_FOUND.into()),
    }
}

/// Tells the organization's service levels of a calendar.
async fn note(work: &mut Work<'_>, command: ServiceLevelsCommand) -> Result<(), CommandError> {
    let id = service_levels::stream_id(work.organization_id());
    work.issue::<ServiceLevels>(id, command).await?;
    Ok(())
}
