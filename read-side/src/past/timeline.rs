//! What happened to a person, a team, a calendar or a policy, as people read it. The words are those of the audit; which facts belong to the
//! thing is said by its stream in the log.

use std::collections::HashMap;

use const_format::formatcp;
use domain::ids::{CalendarId, OrganizationId, PolicyId, TeamId, UserId};
use domain::service_levels;
use event_store::Position;
use platform::cursor::InvalidCursor;
use platform::page::{Direction, Limit, Page};
use platform::rows::{AuditRow, Row};
use schema::projection::CORE;
use uuid::Uuid;

use super::Past;
use crate::error::ReadError;
use crate::timeline::Timeline;
use crate::viewer::Viewer;

/// The facts at these positions that are about one thing: some streams tell of several.
pub(super) const FORWARD: &str =
    formatcp!("{SELECT} AND position > $5 ORDER BY position ASC LIMIT $6");
pub(super) const BACKWARD: &str =
    formatcp!("{SELECT} AND position < $5 ORDER BY position DESC LIMIT $6");
const SELECT: &str = formatcp!(
    "SELECT {} FROM {CORE}.{}
     WHERE partition = $1 AND org_id = $2 AND position = ANY($3) AND resource_id = $4",
    <AuditRow as Row>::COLUMNS,
    <AuditRow as Row>::TABLE
);

/// Something that happened, and the version that it gave the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// What, as the audit has it.
    pub row: AuditRow,
    /// The version.
    pub version: i64,
}

/// The history of a person, a team, a calendar or a policy, from its beginning or end, or from where a cursor says.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// What it is about.
    timeline: Timeline<Uuid>,
    /// The stream that tells of it; none for that of the organization's service levels.
    stream: Option<Uuid>,
}

impl Facts {
    /// Of a person.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another history or direction.
    pub fn of_user(
        id: UserId,
        direction: Direction,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        Ok(Self {
            timeline: Timeline::new("user_history", id.0, direction, cursor)?,
            stream: Some(id.0),
        })
    }

    /// Of a team.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another history or direction.
    pub fn of_team(
        id: TeamId,
        direction: Direction,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        Ok(Self {
            timeline: Timeline::new("team_history", id.0, direction, cursor)?,
            stream: Some(id.0),
        })
    }

    /// Of a calendar.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another history or direction.
    pub fn of_calendar(
        id: CalendarId,
        direction: Direction,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        Ok(Self {
            timeline: Timeline::new("calendar_history", id.0, direction, cursor)?,
            stream: Some(id.0),
        })
    }

    /// Of a policy.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none, or belongs to another history or direction.
    pub fn of_policy(
        id: PolicyId,
        direction: Direction,
        cursor: Option<&str>,
    ) -> Result<Self, InvalidCursor> {
        Ok(Self {
            timeline: Timeline::new("policy_history", id.0, direction, cursor)?,
            stream: None,
        })
    }
}

impl Past {
    /// One page of a history. The caller has looked whether the thing may be seen now.
    ///
    /// # Errors
    /// When the log or the read models cannot be read.
    pub async fn facts(
        &self,
        viewer: &Viewer,
        facts: &Facts,
        limit: Limit,
        at_least: Position,
    ) -> Result<Page<Fact>, ReadError> {
        let tenant = viewer.tenant;
        let of_levels = || service_levels::stream_id(OrganizationId(tenant.org_id.0));
        let stream = facts.stream.unwrap_or_else(of_levels);
        let up_to = self.up_to(tenant, at_least).await;
        let recorded = self.recorded(tenant, &[stream], up_to).await?;
        let versions: HashMap<i64, i64> = recorded
            .iter()
            .map(|event| (event.position.get(), event.version.get()))
            .collect();
        let positions: Vec<i64> = versions.keys().copied().collect();
        let Timeline {
            of,
            direction,
            fingerprint,
            after,
        } = &facts.timeline;
        let statement = match direction {
            Direction::Ascending => FORWARD,
            Direction::Descending => BACKWARD,
        };
        let rows = self
            .models
            .database
            .query(
                tenant,
                statement,
                &[
                    &tenant.partition.get(),
                    &tenant.org_id.0,
                    &positions,
                    of,
                    after,
                    &limit.rows(),
                ],
            )
            .await?;
        let fact = |row| {
            let row = AuditRow::from_row(row)?;
            let version = versions.get(&row.position).copied().unwrap_or_default();
            Ok(Fact { row, version })
        };
        let rows = rows.iter().map(fact).collect::<Result<_, ReadError>>()?;
        let mut page = Page::cut(rows, limit, fingerprint, |fact: &Fact| fact.row.position);
        // Policies name teams.
        let rows = page.items.iter_mut().map(|fact| &mut fact.row);
        self.models.hide_teams_of_audit(viewer, rows).await?;
        Ok(page)
    }
}
