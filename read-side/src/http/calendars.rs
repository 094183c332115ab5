//! `GET /calendars` and `GET /calendars/{id}`.

use chrono::{DateTime, Utc};
use domain::ids::CalendarId;
use platform::http::auth::Bearer;
use platform::http::page::bad_cursor;
use platform::http::problem::{Problem, QueryProblem};
use platform::http::views::calendar::{CalendarView, shown};
use platform::rows::{CalendarRow, CalendarVersionRow};
use poem::Request;
use poem_openapi::OpenApi;
use poem_openapi::param::{Header, Path, Query};
use uuid::Uuid;

use super::Tag;
use super::page::{Found, Listed, limit};
use super::session::{Session, bad, refused};
use crate::calendars::{CalendarAt, CalendarList};
use crate::models::ReadModels;
use platform::cursor::Moment;

pub(super) struct CalendarQueries(pub(super) ReadModels);

#[OpenApi(tag = "Tag::ServiceLevels")]
impl CalendarQueries {
    /// List calendars
    ///
    /// By name, retired ones too. Staff only.
    #[oai(path = "/calendars", method = "get", operation_id = "list_calendars")]
    async fn list(
        &self,
        request: &Request,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The most items of the page; 25 when absent.
        #[oai(
            name = "limit",
            validator(minimum(value = "1"), maximum(value = "100"))
        )]
        items: Query<Option<i64>>,
        /// Where to go on: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Listed<CalendarView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let list = CalendarList::new(cursor.0.as_deref()).map_err(bad_cursor)?;
        let tenant = session.viewer.tenant;
        let page = self.0.calendars(tenant, &list, limit(items.0)?).await;
        let page = page.map_err(refused)?.map(view);
        Ok(Listed::new(page, None, request, session.token))
    }

    /// Get a calendar
    ///
    /// As it is, or as it was: what it said at one of its versions, or at an instant. Staff only.
    #[oai(
        path = "/calendars/:calendar_id",
        method = "get",
        operation_id = "get_calendar"
    )]
    async fn get(
        &self,
        auth: Bearer,
        /// What the answer has to show: the token of an earlier answer.
        #[oai(name = "Consistency-Token")]
        token: Header<Option<String>>,
        /// The calendar.
        calendar_id: Path<Uuid>,
        /// What it said at this version.
        #[oai(validator(minimum(value = "1"), maximum(value = "9007199254740991")))]
        version: Query<Option<i64>>,
        /// What it said at this instant.
        as_of: Query<Option<DateTime<Utc>>>,
    ) -> Result<Found<CalendarView>, QueryProblem> {
        let session = Session::begin(&self.0, &auth.0, token.0.as_deref()).await?;
        let tenant = session.viewer.tenant;
        let id = CalendarId(calendar_id.0);
        let row = self.0.calendar(tenant, id).await.map_err(refused)?;
        let row = row.ok_or_else(|| Problem::not_found("the calendar"))?;
        let at = match (version.0, as_of.0) {
            (None, None) => {
                let version = row.version;
                return Ok(Found::new(view(row), Some(version), session.token));
            }
            (Some(version), None) if version > row.version => {
                return Err(Problem::not_found("this version of the calendar").into());
            }
            (Some(version), None) => CalendarAt::Version(version),
            (None, Some(instant)) => {
                let instant = Moment::new(instant).map_err(|error| bad("as_of", error))?;
                CalendarAt::Instant(instant.get())
            }
            (Some(_), Some(_)) => {
                return Err(bad("version", "cannot be asked together with as_of").into());
            }
        };
        let said = self.0.calendar_at(tenant, id, at).await.map_err(refused)?;
        let said = said.ok_or_else(|| Problem::not_found("this version of the calendar"))?;
        let version = said.version;
        Ok(Found::new(version_view(said), Some(version), session.token))
    }
}

pub(super) fn view(row: CalendarRow) -> CalendarView {
    let (weekly, holidays) = shown(&row.definition.0);
    CalendarView {
        id: row.calendar_id.0,
        version: row.version,
        name: row.name,
        zone: row.definition.0.zone.as_str().to_owned(),
        weekly,
        holidays,
        retired_at: row.retired_at,
        created_at: Some(row.created_at),
        valid_from: Some(row.updated_at),
    }
}

fn version_view(row: CalendarVersionRow) -> CalendarView {
    let (weekly, holidays) = shown(&row.definition.0);
    CalendarView {
        id: row.calendar_id.0,
        version: row.version,
        name: row.name,
        zone: row.definition.0.zone.as_str().to_owned(),
        weekly,
        holidays,
        retired_at: None,
        created_at: None,
        valid_from: Some(row.valid_from),
    }
}
