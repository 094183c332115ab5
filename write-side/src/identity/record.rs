//! What happened to credentials, written beside the change and carried to the log from there: once, and also when the
//! server dies between the two.

use std::error::Error;
use std::time::Duration;

use chrono::{DateTime, Utc};
use const_format::formatcp;
use domain::actor::Actor;
use domain::event::DecodeError;
use domain::ids::OrganizationId;
use domain::security::event::SecurityEvent;
use platform::shutdown::Shutdown;
use schema::table::SECURITY_OUTBOX;
use serde::{Deserialize, Serialize};
use tokio_postgres::types::Json;
use tokio_postgres::{GenericClient, Row};
use uuid::Uuid;

use super::error::IdentityError;
use super::{Identity, Origin};
use crate::commands::RecordSecurity;
use crate::dispatch::{CommandContext, CommandError, Refusal};

/// How often a server looks for what another one left behind.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// The most occurrences that are carried at a time.
const BATCH_MAX: i64 = 200;

const WRITE: &str = formatcp!(
    "INSERT INTO {SECURITY_OUTBOX} (event_id, org_id, event, actor, request_id, address, occurred_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (event_id) DO NOTHING"
);
const NEXT: &str = formatcp!(
    "SELECT o.event_id, o.org_id, o.event, o.actor, o.request_id, o.address, o.occurred_at FROM {SECURITY_OUTBOX} o \
      ORDER BY o.occurred_at, o.event_id LIMIT $1"
);
const DONE: &str = formatcp!("DELETE FROM {SECURITY_OUTBOX} WHERE event_id = $1");

/// An event in the outbox, as the log will hold it.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    #[serde(rename = "type")]
    event_type: String,
    schema_version: i16,
    data: String,
}

struct Waiting {
    id: Uuid,
    organization_id: OrganizationId,
    event: Stored,
    actor: Actor,
    request_id: Option<String>,
    address: Option<String>,
    occurred_at: DateTime<Utc>,
}

/// Who did something where.
#[derive(Debug, Clone)]
pub(super) struct By<'a> {
    pub(super) actor: Actor,
    pub(super) origin: &'a Origin,
    pub(super) at: DateTime<Utc>,
}

/// Writes what happened. The change that it tells of is in the same transaction.
pub(super) async fn write(
    client: &impl GenericClient,
    by: &By<'_>,
    organization_id: OrganizationId,
    event: impl Into<SecurityEvent>,
) -> Result<(), IdentityError> {
    write_once(client, Uuid::now_v7(), by, organization_id, event).await
}

/// As [`write`], of an occurrence that may be noticed more than once.
pub(super) async fn write_once(
    client: &impl GenericClient,
    occurrence_id: Uuid,
    by: &By<'_>,
    organization_id: OrganizationId,
    event: impl Into<SecurityEvent>,
) -> Result<(), IdentityError> {
    let encoded = event.into().encode()?;
    let stored = Json(serde_json::to_value(Stored {
        event_type: encoded.event_type.to_owned(),
        schema_version: encoded.schema_version,
        data: encoded.data,
    })?);
    let actor = Json(serde_json::to_value(&by.actor)?);
    let address = Some(by.origin.address.as_str()).filter(|address| !address.is_empty());
    client
        .execute(
            WRITE,
            &[
                &occurrence_id,
                &organization_id.0,
                &stored,
                &actor,
                &by.origin.request_id,
                &address,
                &by.at,
            ],
        )
        .await?;
    Ok(())
}

fn waiting(row: &Row) -> Result<Waiting, IdentityError> {
    let Json(event) = row.try_get::<_, Json<serde_json::Value>>(2)?;
    let Json(actor) = row.try_get::<_, Json<serde_json::Value>>(3)?;
    Ok(Waiting {
        id: row.try_get(0)?,
        organization_id: OrganizationId(row.try_get(1)?),
        event: serde_json::from_value(event)?,
        actor: serde_json::from_value(actor)?,
        request_id: row.try_get(4)?,
        address: row.try_get(5)?,
        occurred_at: row.try_get(6)?,
    })
}

impl Stored {
    fn decoded(&self) -> Result<SecurityEvent, DecodeError> {
        SecurityEvent::decode(&self.event_type, self.schema_version, &self.data)
    }
}

impl Identity {
    /// Carries what waits now rather than within a second.
    pub(super) fn wake_recorder(&self) {
        self.inner.recorded.notify_one();
    }

    /// Carries what happened to the log, until shutdown. Any number of processes may do this at once: an occurrence that is
    /// in the log is not recorded again.
    pub async fn carry_to_log(self, shutdown: Shutdown) {
        while !shutdown.is_requested() {
            match self.carry_batch().await {
                Ok(count) if count == BATCH_MAX => continue,
                Ok(_) => {}
                Err(error) => tracing::warn!(
                    error = &error as &dyn Error,
                    "security events wait for the log; trying again"
                ),
            }
            tokio::select! {
                () = self.inner.recorded.notified() => {}
                () = tokio::time::sleep(LOOK_INTERVAL) => {}
                () = shutdown.requested() => {}
            }
        }
    }

    async fn carry_batch(&self) -> Result<i64, IdentityError> {
        let client = self.client().await?;
        let statement = client.prepare_cached(NEXT).await?;
        let rows = client.query(&statement, &[&BATCH_MAX]).await?;
        drop(client);
        let mut count = 0;
        for row in &rows {
            let waiting = waiting(row)?;
            self.carry(&waiting).await?;
            let client = self.client().await?;
            client.execute(DONE, &[&waiting.id]).await?;
            count += 1;
        }
        Ok(count)
    }

    async fn carry(&self, waiting: &Waiting) -> Result<(), IdentityError> {
        let event = waiting.event.decoded().map_err(CommandError::from)?;
        match self.record(waiting, waiting.actor.clone(), &event).await {
            // Who acted may not act any more by now. What they did is told all the same.
            Err(CommandError::Refused(Refusal::Forbidden(_) | Refusal::OrganizationSuspended)) => {
                self.record(waiting, Actor::Identity, &event).await?;
                Ok(())
            }
            recorded => Ok(recorded?),
        }
    }

    async fn record(
        &self,
        waiting: &Waiting,
        actor: Actor,
        event: &SecurityEvent,
    ) -> Result<(), CommandError> {
        let context = CommandContext {
            occurred_at: Some(waiting.occurred_at),
            request_id: waiting.request_id.clone(),
            source_address: waiting.address.clone(),
            ..CommandContext::new(waiting.organization_id, actor)
        };
        let command = RecordSecurity {
            occurrence_id: waiting.id,
            event: event.clone(),
        };
        let recorded = self.inner.dispatcher.dispatch(context, command).await;
        recorded.map(drop)
    }
}
