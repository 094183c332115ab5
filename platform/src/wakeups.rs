//! Carries wake-ups of the log between processes, over a Valkey channel.
//!
//! A wake-up is a hint: readers trust positions only and poll besides, so a lost, late,
//! doubled or invented message costs time or one query, never an event.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use event_store::{Partition, Position, Wakeups};
use fred::clients::SubscriberClient;
use fred::interfaces::{ClientLike, EventInterface, PubsubInterface};
use fred::types::{Message, Value};
use schema::channel::LOG_WAKEUPS;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::shutdown::Shutdown;
use crate::valkey::{Valkey, ValkeyError};

/// `subscribe` was seen to hang on an idle server (fred.rs issue 351).
const SUBSCRIBE_TIMEOUT: Duration = Duration::from_secs(2);
/// How soon a subscription that failed is tried again.
const SUBSCRIBE_RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// The newest positions that came from other processes. They are not sent on, or two
/// processes would send each other the same message for ever.
#[derive(Debug, Clone, Default)]
struct Received(Arc<Mutex<HashMap<Partition, Position>>>);

impl Received {
    fn note(&self, partition: Partition, position: Position) {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = newest.entry(partition).or_insert(position);
        *known = position.max(*known);
    }

    fn covers(&self, partition: Partition, position: Position) -> bool {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest
            .get(&partition)
            .is_some_and(|known| *known >= position)
    }
}

/// Publishes what this process appends to `partitions`, and announces what others publish,
/// until `shutdown`. Without Valkey it does nothing.
///
/// # Errors
/// When the subscribing client cannot be made; never because Valkey is away.
pub async fn bridge(
    valkey: Valkey,
    wakeups: Wakeups,
    partitions: Vec<Partition>,
    shutdown: Shutdown,
) -> Result<(), ValkeyError> {
    let Some(subscriber) = valkey.subscriber()? else {
        return Ok(());
    };
    let received = Received::default();
    let mut tasks = JoinSet::new();
    for partition in partitions {
        tasks.spawn(publish(
            valkey.clone(),
            wakeups.clone(),
            partition,
            received.clone(),
        ));
    }
    tasks.spawn(listen(subscriber.clone(), wakeups, received));
    shutdown.requested().await;
    tasks.shutdown().await;
    // Nothing is lost when saying good-bye fails.
    let _ = timeout(SUBSCRIBE_TIMEOUT, subscriber.quit()).await;
    Ok(())
}

/// Publishes the newest position of one partition. Positions that come while a message is
/// under way are left out: the newest says it all.
async fn publish(valkey: Valkey, wakeups: Wakeups, partition: Partition, received: Received) {
    let mut newest = wakeups.subscribe(partition);
    while newest.changed().await.is_ok() {
        let position = *newest.borrow_and_update();
        if received.covers(partition, position) {
            continue;
        }
        let message = format!("{partition}-{position}");
        if let Err(error) = valkey.publish(LOG_WAKEUPS, message).await {
            tracing::trace!(%error, "a wake-up was not published");
        }
    }
}

/// Announces what others publish, and subscribes again after each loss of the connection.
async fn listen(subscriber: SubscriberClient, wakeups: Wakeups, received: Received) {
    // Taken before connecting, or the first events could be missed.
    let mut messages = subscriber.message_rx();
    let mut connections = subscriber.reconnect_rx();
    subscriber.connect();
    let mut retry = interval(SUBSCRIBE_RETRY_INTERVAL);
    retry.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut subscribed = false;
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Ok(message) => announce(&message, &wakeups, &received),
                // The next message says it all.
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return,
            },
            connection = connections.recv() => match connection {
                Ok(_) | Err(RecvError::Lagged(_)) => subscribed = subscribe(&subscriber).await,
                Err(RecvError::Closed) => return,
            },
            _ = retry.tick(), if !subscribed => subscribed = subscribe(&subscriber).await,
        }
    }
}

async fn subscribe(subscriber: &SubscriberClient) -> bool {
    let subscribed = timeout(SUBSCRIBE_TIMEOUT, subscriber.subscribe(LOG_WAKEUPS)).await;
    matches!(subscribed, Ok(Ok(())))
}

fn announce(message: &Message, wakeups: &Wakeups, received: &Received) {
    match parse(&message.value) {
        Some((partition, position)) => {
            received.note(partition, position);
            wakeups.announce(partition, position);
        }
        None => tracing::debug!("a wake-up was not understood"),
    }
}

/// Reads `<partition>-<position>`.
fn parse(message: &Value) -> Option<(Partition, Position)> {
    let text = message.as_str()?;
    let (partition, position) = text.split_once('-')?;
    let partition = Partition::new(partition.parse().ok()?).ok()?;
    let position = Position::new(position.parse().ok()?).ok()?;
    Some((partition, position))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use tokio::time::Instant;

    use super::*;
    use crate::private::{Durability, PrivateServers, test_dir};

    const DEADLINE: Duration = Duration::from_secs(60);

    fn partition(number: i16) -> Partition {
        Partition::new(number).unwrap()
    }

    fn position(number: i64) -> Position {
        Position::new(number).unwrap()
    }

    /// A process: its wake-ups, bridged over `url`.
    fn process(url: &str, shutdown: &Shutdown) -> Wakeups {
        let wakeups = Wakeups::default();
        let valkey = Valkey::connect(url, None).unwrap();
        let partitions = vec![partition(1), partition(2)];
        tokio::spawn(bridge(
            valkey,
            wakeups.clone(),
            partitions,
            shutdown.clone(),
        ));
        wakeups
    }

    /// Announces new positions in `from` until one arrives in `to`: a hint may be lost
    /// while a subscription is not there yet.
    async fn until_carried(from: &Wakeups, to: &Wakeups, first: i64) -> i64 {
        let mut arriving = to.subscribe(partition(1));
        let deadline = Instant::now() + DEADLINE;
        for next in first.. {
            assert!(Instant::now() < deadline, "nothing arrived");
            from.announce(partition(1), position(next));
            let arrival = arriving.wait_for(|known| *known >= position(first));
            let arrived = timeout(Duration::from_millis(100), arrival).await.is_ok();
            if arrived {
                return next;
            }
        }
        first
    }

    #[test]
    fn only_a_partition_and_a_position_are_understood() {
        let understood = parse(&"3-17".into());
        assert_eq!(understood, Some((partition(3), position(17))));
        for text in ["", "3", "3-", "-3-17", "3--17", "3-17-1", "a-b", "70000-1"] {
            assert_eq!(parse(&text.into()), None, "{text}");
        }
    }

    #[test]
    fn what_was_received_is_not_sent_on_and_what_is_newer_is() {
        let received = Received::default();
        received.note(partition(1), position(5));
        received.note(partition(1), position(4));
        assert!(received.covers(partition(1), position(5)));
        assert!(!received.covers(partition(1), position(6)));
        assert!(!received.covers(partition(2), position(1)));
    }

    #[tokio::test]
    async fn positions_cross_processes_both_ways_and_again_after_valkey_was_lost() {
        let servers = PrivateServers::start(&test_dir(), Durability::Test)
            .await
            .unwrap();
        let shutdown = Shutdown::new();
        let one = process(servers.valkey_url(), &shutdown);
        let other = process(servers.valkey_url(), &shutdown);

        let reached = until_carried(&one, &other, 1).await;
        let reached = until_carried(&other, &one, reached + 1).await;
        assert_eq!(*one.subscribe(partition(2)).borrow(), Position::START);

        servers.kill_valkey().await.unwrap();
        servers.start_valkey().await.unwrap();
        until_carried(&one, &other, reached + 1).await;
        shutdown.request();
        servers.stop().await.unwrap();
    }

    #[tokio::test]
    async fn without_valkey_the_bridge_ends_at_once() {
        let (wakeups, shutdown) = (Wakeups::default(), Shutdown::new());
        let ended = bridge(Valkey::disabled(), wakeups, vec![partition(1)], shutdown);
        ended.await.unwrap();
    }
}
