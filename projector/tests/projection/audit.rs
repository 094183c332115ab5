//! The audit: what it says, and what it forgets.

use domain::actor::{Actor, Role};
use domain::ids::{SessionId, UserId};
use domain::metadata::{Metadata, SourceAddress};
use domain::personal::ERASED;
use domain::security::event::{SecurityEvent, SessionStarted, SignInFailed};
use domain::security::words::{SignInFailure, SignInMethod};
use domain::text::{Device, Reason};
use domain::ticket::command::TicketCommand;
use domain::user::command::UserCommand;
use event_store::{AppendRequest, NewEvent, OrgId, StreamAppend, StreamId, Version};
use projector::rebuild::rebuild;
use sealing::{Owners, Place};
use serde_json::Value;
use uuid::Uuid;

use crate::desk::Desk;
use crate::support::{World, options, quiet};

const ADDRESS: &str = "203.0.113.7";
const DEVICE: &str = "Firefox on Linux";

/// Records an occurrence as the sign-in does: sealed for the person whom it is about.
pub async fn record(world: &World, desk: &Desk, event: SecurityEvent) {
    let (id, user_id) = (Uuid::now_v7(), event.user_id());
    let place = Place {
        partition: desk.partition,
        org_id: OrgId(desk.org.0),
    };
    let metadata = Metadata {
        actor: Actor::Identity,
        correlation_id: Uuid::now_v7(),
        causation_id: None,
        idempotency_key: None,
        request_id: None,
        source_address: Some(SourceAddress::Clear(ADDRESS.to_owned())),
    };
    let correlation_id = metadata.correlation_id;
    let metadata = serde_json::to_string(&metadata).unwrap();
    let sealed = world
        .keys
        .seal_metadata(place, correlation_id, user_id, &metadata);
    let encoded = event.encode().unwrap();
    let mut event = NewEvent {
        event_id: Uuid::now_v7(),
        event_type: encoded.event_type.into(),
        schema_version: encoded.schema_version,
        data: encoded.data,
        metadata: sealed.await.unwrap(),
        occurred_at: desk.now,
    };
    let owners = Owners {
        stream_subject: Some(user_id),
        actor: None,
    };
    world
        .keys
        .seal_event(place, id, owners, &mut event)
        .await
        .unwrap();
    assert!(!event.metadata.contains(ADDRESS) && !event.data.contains(DEVICE));
    let stream = StreamId {
        stream_type: domain::security::STREAM_TYPE.into(),
        id,
    };
    let request = AppendRequest {
        partition: desk.partition,
        org_id: OrgId(desk.org.0),
        streams: vec![StreamAppend {
            stream,
            expected: Version::NONE,
            events: vec![event],
        }],
        result: None,
    };
    world.store.append(request).await.unwrap();
}

/// A sign-in from [`DEVICE`].
pub fn started(user_id: UserId) -> SecurityEvent {
    SessionStarted {
        user_id,
        session_id: SessionId(Uuid::now_v7()),
        methods: vec![SignInMethod::Password, SignInMethod::Totp],
        device: Device::parse(DEVICE).unwrap(),
    }
    .into()
}

fn failed(user_id: UserId) -> SecurityEvent {
    SignInFailed {
        user_id,
        method: SignInMethod::Password,
        reason: SignInFailure::WrongPassword,
    }
    .into()
}

/// Type, sentence, name of whom it concerns, changes, address.
type Told = (String, String, Option<String>, Value, Option<String>);

async fn told(world: &World) -> Vec<Told> {
    let sql = "SELECT event_type, summary, subject_name, changes, source_address FROM core.audit ORDER BY position";
    let rows = world.client().await.query(sql, &[]).await.unwrap();
    let row =
        |row: &tokio_postgres::Row| (row.get(0), row.get(1), row.get(2), row.get(3), row.get(4));
    rows.iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_tells_sign_ins_people_teams_and_redactions_and_nothing_of_tickets() {
    let world = World::new().await;
    let running = world.project().await;
    let mut desk = Desk::open(&world.store, "audited").await;
    let customer = desk.user("Ada Lovelace", Role::Customer).await;
    let agent = desk.user("Alan Turing", Role::Agent).await;
    desk.team("Printers").await;
    let ada = customer.user_id().unwrap();
    record(&world, &desk, started(ada)).await;
    record(&world, &desk, failed(ada)).await;
    let (ticket, _) = desk.ticket(&customer, "Subject", "Words").await;
    assert!(desk.act(&agent, ticket, TicketCommand::Resolve).await);
    world.caught_up().await;
    let told = told(&world).await;
    let types: Vec<&str> = told.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(
        types,
        [
            "organization.created",
            "user.created",
            "user.created",
            "user.created",
            "team.created",
            "session.started",
            "sign_in.failed"
        ]
    );
    let (_, summary, name, changes, address) = &told[5];
    assert_eq!(
        summary,
        "{subject} signed in with a password and a code of the moment"
    );
    assert_eq!(name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(changes[0]["to"], DEVICE);
    assert_eq!(address.as_deref(), Some(ADDRESS));
    world.is_clean().await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_takes_name_device_and_address_out_and_a_rebuild_agrees() {
    let world = World::new().await;
    let running = world.project().await;
    let mut desk = Desk::open(&world.store, "forgotten").await;
    let ada = desk.user("Ada Lovelace", Role::Customer).await.user_id();
    let ada = ada.unwrap();
    let other = desk.user("Carla Case", Role::Customer).await.user_id();
    record(&world, &desk, started(ada)).await;
    record(&world, &desk, started(other.unwrap())).await;
    record(&world, &desk, failed(ada)).await;
    desk.rename_user(ada, "Augusta Ada").await;
    world.caught_up().await;
    let before = told(&world).await;
    let erase = UserCommand::Erase {
        reason: Reason::parse("Asked for it").unwrap(),
    };
    desk.user_command(ada, erase).await;
    world.caught_up().await;
    let after = told(&world).await;
    assert_eq!(after.len(), before.len() + 1);
    let text = format!("{after:?}");
    for gone in ["Ada Lovelace", "Augusta"] {
        assert!(!text.contains(gone), "{gone} in {text}");
    }
    // What is the other's stays.
    let with = |rows: &[Told], address: &str| {
        let of = rows.iter().filter(|row| row.4.as_deref() == Some(address));
        of.count()
    };
    assert_eq!((with(&before, ADDRESS), with(&after, ADDRESS)), (3, 1));
    assert_eq!(text.matches(DEVICE).count(), 1);
    assert!(after.iter().any(|row| row.2.as_deref() == Some(ERASED)));
    world.is_clean().await;
    rebuild(&world.store, &world.keys, &world.pool, &options(), &quiet)
        .await
        .unwrap();
    assert_eq!(told(&world).await, after);
    running.stop().await;
}
