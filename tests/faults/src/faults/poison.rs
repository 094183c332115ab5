//! A row of the log that no program can read, as a bad disk would leave it: its partition stops and says so, the others go
//! on, and after the row is mended it goes on, too. The row's hash is that of its right content, so that the log is whole
//! in the end.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono::{SubsecRound, Utc};
use hyper::Method;
use schema::projection::CORE;
use schema::table::core::CHECKPOINTS;
use schema::table::{EVENTS, LOG_HEADS};
use tokio::time::Instant;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::checker::{EventRow, Hash, Rule, hash};
use crate::load::Http;
use crate::scene::desk::Organization;
use crate::scene::progress::Progress;
use crate::scene::wait::{PATIENCE, eventually};
use crate::stage::Stage;

const RIGHT: &str = "ticket.tagged";
const WRONG: &str = "ticket.exploded";
/// What a projector waits before it tries a poison event again, and then some.
const RETRIED_WITHIN: Duration = Duration::from_secs(15);

/// How long the health check may take to say what the table says.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// Spoils and mends until the time is up.
///
/// # Errors
/// When PostgreSQL refuses to.
pub async fn run(stage: &mut Stage) -> Result<()> {
    stage.begin().await?;
    let organization = stage.scene.desk.organizations[0].clone();
    let mut client = stage.scene.superuser().await?;
    // For the superuser's own update of the log, which a trigger refuses.
    client
        .batch_execute("SET session_replication_role = replica")
        .await?;
    while stage.has_time() {
        let ticket = quiet_ticket(stage, &organization).await?;
        let position = append_spoilt(&mut client, &organization, ticket).await?;
        is_told(stage, &client, organization.partition, position).await?;
        let before = Progress::look(&client).await?;
        stage.flows().await?;
        others_go_on(stage, &client, &before, organization.partition).await?;
        let behind = Progress::look(&client).await?.lag();
        mend(&client, organization.partition, position).await?;
        stage.record.own_updates += 1;
        stage
            .record
            .harm("events behind the poison", behind.unsigned_abs());
        let end = Instant::now();
        let mended = async || {
            let place = Progress::look(&client).await?.places[&organization.partition];
            (place.shown >= position)
                .then_some(())
                .context("it stands still")
        };
        eventually("the partition goes on", RETRIED_WITHIN, mended).await?;
        stage.note_recovery(end.elapsed(), RETRIED_WITHIN);
        stage.flows().await?;
    }
    Ok(())
}

/// A ticket that the load does not know.
async fn quiet_ticket(stage: &Stage, organization: &Organization) -> Result<Uuid> {
    let headers = [(
        "authorization",
        format!("Bearer {}", organization.customer_token),
    )];
    let body = serde_json::json!({"subject": "Nothing of interest"});
    let http = Http::new(stage.scene.address);
    match http
        .send(Method::POST, "/api/v1/tickets", &headers, Some(body))
        .await
    {
        Ok(answer) if answer.status == 201 => {
            let id = answer.body["id"].as_str().context("a ticket has an id")?;
            Ok(id.parse()?)
        }
        other => bail!("no ticket was opened: {other:?}"),
    }
}

/// Appends the second event of the ticket: right but for its type.
async fn append_spoilt(
    client: &mut Client,
    organization: &Organization,
    ticket: Uuid,
) -> Result<i64> {
    let tx = client.transaction().await?;
    let lock =
        format!("SELECT h.position, h.chain FROM {LOG_HEADS} h WHERE h.partition = $1 FOR UPDATE");
    let head = tx.query_one(&lock, &[&organization.partition]).await?;
    let chain: Vec<u8> = head.try_get(1)?;
    let now = Utc::now().trunc_subsecs(6);
    let actor = format!(
        "{{\"kind\":\"user\",\"id\":\"{}\",\"role\":\"agent\"}}",
        organization.agents[0]
    );
    let correlation = Uuid::now_v7();
    let mut event = EventRow {
        partition: organization.partition,
        position: head.try_get::<_, i64>(0)? + 1,
        org_id: organization.id,
        stream_type: "ticket".to_owned(),
        stream_id: ticket,
        version: 2,
        event_id: Uuid::now_v7(),
        event_type: RIGHT.to_owned(),
        schema_version: 1,
        data: "{\"tag\":\"spoilt\"}".to_owned(),
        metadata: format!("{{\"actor\":{actor},\"correlation_id\":\"{correlation}\"}}"),
        occurred_at: now,
        recorded_at: now,
        hash: Vec::new(),
    };
    event.hash = hash(&event, &Hash::try_from(chain.as_slice())?).to_vec();
    let insert = format!(
        "INSERT INTO {EVENTS} (partition, position, org_id, stream_type, stream_id, version, event_id, type, \
         schema_version, data, metadata, occurred_at, recorded_at, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::json, $11::text::json, $12, $13, $14)"
    );
    tx.execute(
        &insert,
        &[
            &event.partition,
            &event.position,
            &event.org_id,
            &event.stream_type,
            &event.stream_id,
            &event.version,
            &event.event_id,
            &WRONG,
            &event.schema_version,
            &event.data,
            &event.metadata,
            &event.occurred_at,
            &event.recorded_at,
            &event.hash,
        ],
    )
    .await?;
    let advance = format!("UPDATE {LOG_HEADS} SET position = $2, chain = $3 WHERE partition = $1");
    tx.execute(&advance, &[&event.partition, &event.position, &event.hash])
        .await?;
    tx.commit().await?;
    Ok(event.position)
}

/// The partition must stand before the event, and both the table and the health check must say so.
async fn is_told(stage: &mut Stage, client: &Client, partition: i16, position: i64) -> Result<()> {
    let statement = format!(
        "SELECT c.position, c.poison_position, c.poison_reason FROM {CORE}.{CHECKPOINTS} c WHERE c.partition = $1"
    );
    let told = async || {
        let row = client.query_one(&statement, &[&partition]).await?;
        let poison: Option<i64> = row.try_get(1)?;
        let shown: i64 = row.try_get(0)?;
        (poison == Some(position) && shown == position - 1)
            .then_some(row.try_get::<_, Option<String>>(2)?)
            .context("the poison is not told")
    };
    let reason = eventually("the poison is told", PATIENCE, told).await?;
    if !reason.is_some_and(|reason| reason.contains(WRONG)) {
        stage
            .record
            .broken(Rule::Hit, "the reason does not name the type of the event");
    }
    let http = Http::new(stage.scene.address);
    let told = async || match http.send(Method::GET, "/health/detailed", &[], None).await {
        Ok(answer) if answer.body["status"] == "degraded" => Ok(()),
        other => bail!("{other:?}"),
    };
    // The process says so when it knows that the table does, which is a moment later.
    let health = eventually("the health check tells of the poison", TOLD_WITHIN, told).await;
    if let Err(error) = health {
        stage.record.broken(Rule::Answers, format!("{error:#}"));
    }
    Ok(())
}

async fn others_go_on(
    stage: &mut Stage,
    client: &Client,
    before: &Progress,
    poisoned: i16,
) -> Result<()> {
    let looks = async || {
        let now = Progress::look(client).await?;
        let mut others = before.places.iter().filter(|(p, _)| **p != poisoned);
        let go_on = others.all(|(p, then)| now.places.get(p).is_some_and(|n| n.shown >= then.head));
        go_on
            .then_some(now)
            .context("another partition stands still, too")
    };
    let now = eventually("the other partitions go on", PATIENCE, looks).await?;
    if now.places[&poisoned].shown > before.places[&poisoned].shown {
        stage
            .record
            .broken(Rule::ReadModels, "the poison event was skipped");
    }
    Ok(())
}

async fn mend(client: &Client, partition: i16, position: i64) -> Result<()> {
    let update = format!("UPDATE {EVENTS} SET type = $3 WHERE partition = $1 AND position = $2");
    client
        .execute(&update, &[&partition, &position, &RIGHT])
        .await?;
    Ok(())
}
