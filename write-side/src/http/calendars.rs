//! Commands to calendars.

use super::desk::Desk;
use super::fields::{AtFault, Fields};
use super::holidays_import;
use super::responses::{Changed, Created, Stamp};
use super::tags::ApiTags;
use super::tickets::call;
use crate::commands::{CalendarAnswer, ChangeCalendar, CreateCalendar, HolidaysOf, RetireCalendar};
use domain::calendar::definition::CalendarDefinition;
use domain::ids::CalendarId;
use domain::text::Name;
use platform::http::auth::Bearer;
use platform::http::body::Body;
use platform::http::problem::{BodylessCommandProblem, CommandProblem};
use platform::http::views::calendar::{self, HolidayView, OpenView};
use poem::Request;
use poem_openapi::param::{Header, Path};
use poem_openapi::{Object, OpenApi};
use uuid::Uuid;

pub(super) struct Calendars(pub Desk);

/// Makes a calendar.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct CreateCalendarBody {
    /// Its name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: String,
    /// Whose clock the hours are read from: the IANA name of a time zone, such as `Europe/Berlin`.
    #[oai(validator(min_length = 1, max_length = 64))]
    zone: String,
    /// The open hours of every week, several a day where there are.
    #[oai(validator(min_items = 1, max_items = 168))]
    weekly: Vec<OpenView>,
    /// The days that are closed all the same.
    #[oai(validator(max_items = 1000))]
    holidays: Option<Vec<HolidayView>>,
}

/// Changes what is given of a calendar.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct UpdateCalendarBody {
    /// The new name.
    #[oai(validator(min_length = 1, max_length = 120))]
    name: Option<String>,
    /// Another time zone.
    #[oai(validator(min_length = 1, max_length = 64))]
    zone: Option<String>,
    /// All open hours of every week from now on.
    #[oai(validator(min_items = 1, max_items = 168))]
    weekly: Option<Vec<OpenView>>,
    /// All holidays from now on.
    #[oai(validator(max_items = 1000))]
    holidays: Option<Vec<HolidayView>>,
}

/// Adds holidays to a calendar.
#[derive(Debug, Object)]
#[oai(deny_unknown_fields)]
struct ImportHolidaysBody {
    /// An iCalendar file (RFC 5545) whose events are whole days, once or coming back, at most 256 KiB of it.
    #[oai(validator(min_length = 1, max_length = 262_144))]
    icalendar: String,
}

/// A calendar after a command.
#[derive(Debug, Clone, PartialEq, Object)]
pub(super) struct CalendarResult {
    /// Its id.
    id: Uuid,
    /// Rises with every event of the calendar; what `ETag` and `If-Match` carry.
    version: i64,
    /// Its name.
    name: String,
    /// Whose clock the hours are read from.
    zone: String,
    /// The open hours of every week.
    weekly: Vec<OpenView>,
    /// The days that are closed all the same.
    holidays: Vec<HolidayView>,
    /// Whether nothing may count by it any more.
    retired: bool,
}

impl From<&CalendarAnswer> for CalendarResult {
    fn from(answer: &CalendarAnswer) -> Self {
        let (weekly, holidays) = calendar::shown(&answer.definition);
        Self {
            id: answer.id.0,
            version: answer.version,
            name: answer.name.to_string(),
            zone: answer.definition.zone.as_str().to_owned(),
            weekly,
            holidays,
            retired: answer.retired,
        }
    }
}

/// Commands to calendars.
#[OpenApi(tag = "ApiTags::ServiceLevels")]
impl Calendars {
    /// Make a calendar
    #[oai(path = "/calendars", method = "post", operation_id = "create_calendar")]
    async fn create(
        &self,
        bearer: Bearer,
        request: &Request,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        body: Body<CreateCalendarBody>,
    ) -> Result<Created<CalendarResult>, CommandProblem> {
        let call = call(bearer, request, key, Header(None));
        let mut fields = Fields::default();
        let body = body.0;
        let name = fields.text("/name", &body.name, Name::parse);
        let zone = fields.parsed(calendar::zone(&body.zone));
        let weekly = fields.parsed(calendar::weekly(&body.weekly));
        let holidays = body.holidays.unwrap_or_default();
        let holidays = fields.parsed(calendar::holidays(&holidays));
        let all = || {
            let (zone, weekly, holidays) = (zone?, weekly?, holidays?);
            let definition = CalendarDefinition {
                zone,
                weekly,
                holidays,
            };
            Ok::<_, AtFault>((name?, definition))
        };
        let parsed = all();
        let (name, definition) = fields.finish(parsed)?;
        let command = CreateCalendar {
            calendar_id: CalendarId(Uuid::now_v7()),
            name,
            definition,
        };
        let done = self.0.run(&call, command).await?;
        let result = CalendarResult::from(&done.answer);
        Ok(Created::of(
            &format!("/calendars/{}", result.id),
            result.version,
            Stamp::of(&done),
            result,
        ))
    }

    /// Change a calendar
    ///
    /// It says the new from this moment on; what was counted by it stays.
    #[oai(
        path = "/calendars/:calendar_id",
        method = "patch",
        operation_id = "update_calendar"
    )]
    async fn update(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The calendar.
        calendar_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<UpdateCalendarBody>,
    ) -> Result<Changed<CalendarResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let mut fields = Fields::default();
        let body = body.0;
        let name = fields.optional("/name", body.name.as_deref(), Name::parse);
        let zone = body.zone.map(|zone| fields.parsed(calendar::zone(&zone)));
        let weekly = body.weekly.map(|it| fields.parsed(calendar::weekly(&it)));
        let holidays = body
            .holidays
            .map(|it| fields.parsed(calendar::holidays(&it)));
        let all = || {
            Ok::<_, AtFault>(ChangeCalendar {
                calendar_id: CalendarId(calendar_id.0),
                name: name?,
                zone: zone.transpose()?,
                weekly: weekly.transpose()?,
                holidays: holidays.transpose()?.map(HolidaysOf::These),
            })
        };
        let parsed = all();
        let command = fields.finish(parsed)?;
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            CalendarResult::from(&done.answer),
        ))
    }

    /// Add holidays from an iCalendar file
    ///
    /// Those that the calendar has already are not doubled. A day of every year becomes a yearly holiday;
    /// other rules become the days that they name from the year before to ten years on. Where the file holds anything but
    /// whole days, nothing of it is taken and the answer names each event at fault.
    #[oai(
        path = "/calendars/:calendar_id/holidays",
        method = "post",
        operation_id = "import_holidays"
    )]
    async fn import(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The calendar.
        calendar_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
        body: Body<ImportHolidaysBody>,
    ) -> Result<Changed<CalendarResult>, CommandProblem> {
        let call = call(bearer, request, key, if_match);
        let today = self.0.dispatcher.clock().now().date_naive();
        let mut fields = Fields::default();
        let parsed = fields.parsed(holidays_import::parse(&body.0.icalendar, today));
        let holidays = fields.finish(parsed)?;
        let command = ChangeCalendar {
            calendar_id: CalendarId(calendar_id.0),
            name: None,
            zone: None,
            weekly: None,
            holidays: Some(HolidaysOf::Also(holidays)),
        };
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            CalendarResult::from(&done.answer),
        ))
    }

    /// Retire a calendar
    ///
    /// Refused with 409 while a policy counts by it. Its versions stay.
    #[oai(
        path = "/calendars/:calendar_id/retire",
        method = "post",
        operation_id = "retire_calendar"
    )]
    async fn retire(
        &self,
        bearer: Bearer,
        request: &Request,
        /// The calendar.
        calendar_id: Path<Uuid>,
        #[oai(name = "Idempotency-Key")] key: Header<Option<String>>,
        #[oai(name = "If-Match")] if_match: Header<Option<String>>,
    ) -> Result<Changed<CalendarResult>, BodylessCommandProblem> {
        let call = call(bearer, request, key, if_match);
        let command = RetireCalendar {
            calendar_id: CalendarId(calendar_id.0),
        };
        let done = self.0.run(&call, command).await?;
        Ok(Changed::of(
            done.answer.version,
            Stamp::of(&done),
            CalendarResult::from(&done.answer),
        ))
    }
}
