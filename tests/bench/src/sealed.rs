//! What sealing costs: the words of a message sealed with the key of who wrote it, beside the same appended as they are.

use std::borrow::Cow;

use anyhow::Result;
use domain::ids::UserId;
use event_store::{AppendRequest, NewEvent, Placement, StreamAppend, StreamId, Version};
use sealing::{Keyring, MasterKeys, Owners, Place};
use uuid::Uuid;

use crate::cli::Cli;
use crate::measure::{Operation, measure};
use crate::report::Line;
use crate::servers::BenchServers;

const CLIENTS: usize = 64;
const BODY_BYTES: usize = 256;
/// At most a tenth slower.
const REACH: f64 = 0.9;

/// Measures both by turns.
///
/// # Errors
/// When an append or a key fails.
pub async fn line(servers: &BenchServers, placement: Placement, cli: &Cli) -> Result<Line> {
    let master = MasterKeys::parse(&MasterKeys::generate()?)?;
    let keys = Keyring::new(servers.pools.commands.clone(), master);
    keys.check().await?;
    let (mut sealed, mut clear) = (Vec::new(), Vec::new());
    for _ in 0..cli.rounds {
        let clients = |keys: Option<&Keyring>| -> Vec<Operation> {
            let clients = (0..CLIENTS).map(|_| author(servers, placement, keys.cloned()));
            clients.collect()
        };
        clear.push(measure(clients(None), cli.duration()).await?);
        sealed.push(measure(clients(Some(&keys)), cli.duration()).await?);
    }
    let what = format!("append, {CLIENTS} clients, messages of {BODY_BYTES} bytes sealed");
    Ok(Line::new(what, sealed)
        .beside("the same, not sealed", clear)
        .reaching(REACH))
}

/// A person who writes one message after the other, each a stream of its own.
fn author(servers: &BenchServers, placement: Placement, keys: Option<Keyring>) -> Operation {
    let (store, person) = (servers.store.clone(), UserId(Uuid::now_v7()));
    let place = Place {
        partition: placement.partition,
        org_id: placement.org_id,
    };
    let owners = Owners {
        stream_subject: Some(person),
        actor: Some(person),
    };
    Box::new(move || {
        let (store, keys) = (store.clone(), keys.clone());
        Box::pin(async move {
            let (id, mut event) = (Uuid::now_v7(), message());
            if let Some(keys) = keys {
                keys.seal_event(place, id, owners, &mut event).await?;
            }
            let stream = StreamId {
                stream_type: Cow::Borrowed("message"),
                id,
            };
            let request = AppendRequest {
                partition: place.partition,
                org_id: place.org_id,
                streams: vec![StreamAppend {
                    stream,
                    expected: Version::NONE,
                    events: vec![event],
                }],
                result: None,
            };
            store.append(request).await?;
            Ok(())
        })
    })
}

fn message() -> NewEvent {
    NewEvent {
        event_type: Cow::Borrowed("message.posted"),
        data: format!(r#"{{"body":"{}"}}"#, "x".repeat(BODY_BYTES)),
        ..crate::append::event()
    }
}
