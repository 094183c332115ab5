//! The service level clocks of a ticket, with every event that moved them.

use chrono::{DateTime, Utc};
use const_format::formatcp;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{CalendarDefinition, CalendarRef};
use domain::ids::{CalendarId, PolicyId, TicketId};
use domain::sla::policy::PolicyRef;
use domain::sla::steps::Step;
use domain::sla::terms::CalendarBook;
use event_store::Position;
use futures::try_join;
use platform::rows::TicketRow;
use schema::projection::CORE;
use schema::table::core::{CALENDAR_VERSIONS, POLICY_VERSIONS, TICKET_HISTORY};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio_postgres::types::Json;
use uuid::Uuid;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::{Tenant, Viewer};

/// The most events that explain a ticket's clocks: the newest.
pub const EVENTS_MAX: i64 = 1_000;

/// Only up to the event that the ticket's row shows, so that both tell of the same moment.
const STEPS: &str = formatcp!(
    "SELECT event_id, event_type, occurred_at, sla_steps FROM {CORE}.{TICKET_HISTORY} \
      WHERE partition = $1 AND org_id = $2 AND ticket_id = $3 AND position <= $4 AND sla_steps <> '[]' \
      ORDER BY position DESC LIMIT $5"
);

const CALENDARS: &str = formatcp!(
    "SELECT c.calendar_id, c.version, c.name, c.definition \
       FROM unnest($3::uuid[], $4::bigint[]) AS k(calendar_id, version) \
       JOIN {CORE}.{CALENDAR_VERSIONS} c ON c.partition = $1 AND c.org_id = $2 \
        AND c.calendar_id = k.calendar_id AND c.version = k.version"
);

const POLICIES: &str = formatcp!(
    "SELECT p.policy_id, p.policy_version, p.definition ->> 'name' AS name \
       FROM unnest($3::uuid[], $4::integer[]) AS k(policy_id, policy_version) \
       JOIN {CORE}.{POLICY_VERSIONS} p ON p.partition = $1 AND p.org_id = $2 \
        AND p.policy_id = k.policy_id AND p.policy_version = k.policy_version"
);

/// An event, and what it did to the clocks.
#[derive(Debug, Clone)]
pub struct ClockEvent {
    /// Its id.
    pub id: Uuid,
    /// What happened, `noun.past_tense`.
    pub event_type: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What it did.
    pub steps: Vec<Step>,
}

/// What explains a ticket's clocks.
#[derive(Debug)]
pub struct ExplainedClocks {
    /// The ticket.
    pub ticket: TicketRow,
    /// The moment that time used is told of.
    pub as_of: DateTime<Utc>,
    /// The events that moved a clock, the oldest first; the newest [`EVENTS_MAX`].
    pub events: Vec<ClockEvent>,
    /// The calendars that the clocks count by now.
    pub book: CalendarBook,
    /// The names of calendars that are mentioned, of their versions.
    pub calendars: BTreeMap<CalendarRef, String>,
    /// The names of policies that are mentioned, of their versions.
    pub policies: BTreeMap<PolicyRef, String>,
}

impl ReadModels {
    /// What explains the clocks of a ticket; none when there is no such ticket for the viewer.
    ///
    /// # Errors
    /// When the read models cannot be read.
    pub async fn explained_clocks(
        &self,
        viewer: &Viewer,
        ticket_id: TicketId,
        at_least: Position,
    ) -> Result<Option<ExplainedClocks>, ReadError> {
        let Some(shown) = self.ticket(viewer, ticket_id, at_least).await? else {
            return Ok(None);
        };
        let (tenant, ticket) = (viewer.tenant, shown.row);
        let events = self.clock_events(tenant, &ticket).await?;
        let promises = || {
            let steps = events.iter().flat_map(|event| &event.steps);
            steps.filter_map(|step| step.promise)
        };
        let clocks = &ticket.clocks.0;
        let calendars: BTreeSet<CalendarRef> = promises()
            .filter_map(|promise| promise.calendar)
            .chain(clocks.calendars())
            .collect();
        let policies: BTreeSet<PolicyRef> = promises()
            .filter_map(|promise| promise.policy)
            .chain(clocks.rule().and_then(|rule| rule.policy))
            .collect();
        let ((calendars, book), policies) = try_join!(
            self.named_calendars(tenant, &calendars),
            self.named_policies(tenant, &policies)
        )?;
        Ok(Some(ExplainedClocks {
            as_of: self.clock.now(),
            ticket,
            events,
            book,
            calendars,
            policies,
        }))
    }

    async fn clock_events(
        &self,
        tenant: Tenant,
        ticket: &TicketRow,
    ) -> Result<Vec<ClockEvent>, ReadError> {
        let (partition, org_id) = (tenant.partition.get(), tenant.org_id.0);
        let values: crate::database::Values<'_> = &[
            &partition,
            &org_id,
            &ticket.ticket_id.0,
            &ticket.position,
            &EVENTS_MAX,
        ];
        let rows = self.database.query(tenant, STEPS, values).await?;
        let event = |row: &tokio_postgres::Row| -> Result<ClockEvent, ReadError> {
            let Json(steps) = row.try_get::<_, Json<Vec<Step>>>("sla_steps")?;
            Ok(ClockEvent {
                id: row.try_get("event_id")?,
                event_type: row.try_get("event_type")?,
                at: row.try_get("occurred_at")?,
                steps,
            })
        };
        rows.iter().rev().map(event).collect()
    }

    pub(crate) async fn named_calendars(
        &self,
        tenant: Tenant,
        named: &BTreeSet<CalendarRef>,
    ) -> Result<(BTreeMap<CalendarRef, String>, CalendarBook), ReadError> {
        let (mut names, mut book) = (BTreeMap::new(), CalendarBook::default());
        if named.is_empty() {
            return Ok((names, book));
        }
        let (partition, org_id) = (tenant.partition.get(), tenant.org_id.0);
        let ids: Vec<Uuid> = named.iter().map(|reference| reference.id.0).collect();
        let versions: Vec<i64> = named.iter().map(|reference| reference.version).collect();
        let values: crate::database::Values<'_> = &[&partition, &org_id, &ids, &versions];
        for row in self.database.query(tenant, CALENDARS, values).await? {
            let reference = CalendarRef {
                id: CalendarId(row.try_get("calendar_id")?),
                version: row.try_get("version")?,
            };
            let Json(definition) = row.try_get::<_, Json<CalendarDefinition>>("definition")?;
            book.add(reference, Arc::new(Calendar::new(&definition)));
            names.insert(reference, row.try_get("name")?);
        }
        Ok((names, book))
    }

    async fn named_policies(
        &self,
        tenant: Tenant,
        named: &BTreeSet<PolicyRef>,
    ) -> Result<BTreeMap<PolicyRef, String>, ReadError> {
        let mut names = BTreeMap::new();
        if named.is_empty() {
            return Ok(names);
        }
        let (partition, org_id) = (tenant.partition.get(), tenant.org_id.0);
        let ids: Vec<Uuid> = named.iter().map(|reference| reference.id.0).collect();
        let versions: Vec<i32> = named
            .iter()
            .map(|reference| i32::try_from(reference.version).unwrap_or(i32::MAX))
            .collect();
        let values: crate::database::Values<'_> = &[&partition, &org_id, &ids, &versions];
        for row in self.database.query(tenant, POLICIES, values).await? {
            let version: i32 = row.try_get("policy_version")?;
            let reference = PolicyRef {
                id: PolicyId(row.try_get("policy_id")?),
                version: u32::try_from(version).unwrap_or_default(),
            };
            names.insert(reference, row.try_get("name")?);
        }
        Ok(names)
    }
}
