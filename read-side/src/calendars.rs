//! Calendars of working time, as they are and as they were.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use domain::ids::CalendarId;
use platform::rows::{CalendarRow, CalendarVersionRow, Row};
use schema::projection::CORE;
use tokio_postgres::types::ToSql;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::users::NameKey;
use crate::viewer::Tenant;
use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::{Limit, Page};

const LIST: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND (name, calendar_id) > ($3, $4) ORDER BY name, calendar_id LIMIT $5",
    <CalendarRow as Row>::COLUMNS,
    <CalendarRow as Row>::TABLE
);
const FIND: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND calendar_id = $3",
    <CalendarRow as Row>::COLUMNS,
    <CalendarRow as Row>::TABLE
);
const AT_VERSION: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND calendar_id = $3 AND version <= $4
     ORDER BY version DESC LIMIT 1",
    <CalendarVersionRow as Row>::COLUMNS,
    <CalendarVersionRow as Row>::TABLE
);
/// Of the versions of one calendar, which are few.
const AS_OF: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND calendar_id = $3 AND valid_from <= $4
     ORDER BY version DESC LIMIT 1",
    <CalendarVersionRow as Row>::COLUMNS,
    <CalendarVersionRow as Row>::TABLE
);

/// Calendars by name, from the beginning or from where a cursor says.
#[derive(Debug, Clone, PartialEq)]
pub struct CalendarList {
    fingerprint: Fingerprint,
    after: NameKey,
}

impl CalendarList {
    /// All calendars, retired ones too.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none.
    pub fn new(cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of("calendars", &());
        let after = cursor
            .map(|text| cursor::decode(&fingerprint, text))
            .transpose()?;
        Ok(Self {
            fingerprint,
            after: after.unwrap_or_default(),
        })
    }
}

/// Which of the things that a calendar said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CalendarAt {
    /// What it said at a version of its stream.
    Version(i64),
    /// What it said at an instant.
    Instant(DateTime<Utc>),
}

impl ReadModels {
    /// One page of the calendars.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn calendars(
        &self,
        tenant: Tenant,
        list: &CalendarList,
        limit: Limit,
    ) -> Result<Page<CalendarRow>, ReadError> {
        let values: [&(dyn ToSql + Sync); 5] = [
            &tenant.partition.get(),
            &tenant.org_id.0,
            &list.after.name(),
            &list.after.id,
            &limit.rows(),
        ];
        let rows = self.database.query(tenant, LIST, &values).await?;
        let rows = rows
            .iter()
            .map(CalendarRow::from_row)
            .collect::<Result<_, _>>()?;
        let key = |row: &CalendarRow| NameKey::of(&row.name, row.calendar_id.0);
        Ok(Page::cut(rows, limit, &list.fingerprint, key))
    }

    /// The calendar, if it is of this organization.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn calendar(
        &self,
        tenant: Tenant,
        id: CalendarId,
    ) -> Result<Option<CalendarRow>, ReadError> {
        let values: [&(dyn ToSql + Sync); 3] = [&tenant.partition.get(), &tenant.org_id.0, &id.0];
        let row = self.database.query_opt(tenant, FIND, &values).await?;
        Ok(row.as_ref().map(CalendarRow::from_row).transpose()?)
    }

    /// What a calendar of this organization said, if it said anything then.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn calendar_at(
        &self,
        tenant: Tenant,
        id: CalendarId,
        at: CalendarAt,
    ) -> Result<Option<CalendarVersionRow>, ReadError> {
        let (statement, value): (&str, &(dyn ToSql + Sync)) = match &at {
            CalendarAt::Version(version) => (AT_VERSION, version),
            CalendarAt::Instant(instant) => (AS_OF, instant),
        };
        let values: [&(dyn ToSql + Sync); 4] =
            [&tenant.partition.get(), &tenant.org_id.0, &id.0, value];
        let row = self.database.query_opt(tenant, statement, &values).await?;
        Ok(row.as_ref().map(CalendarVersionRow::from_row).transpose()?)
    }
}
