//! The feed as Server-Sent Events (HTML Standard, section 9.2): one block an event, whose `id` is a cursor.
//!
//! A task of its own reads and writes ahead by some blocks, so that a client that does not read holds no connection to the
//! database, and is left once it is too slow.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use event_store::Position;
use metrics::counter;
use platform::http::auth::Credentials;
use poem::{Body, IntoResponse, Response};
use poem_openapi::payload::Payload;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef, Registry};
use poem_openapi::types::ToJSON;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::super::session::viewer_of;
use super::views::EventView;
use crate::feed::{self, Caller, Feed, FeedEvent, FeedFilter, FeedPage, Seat};

/// How long nothing may be heard of a stream that still lives.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);
/// How often the caller's standing and rights are looked at: before each page of events, within one that takes long, and while
/// nothing comes.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// How long a client may leave a full stream unread.
const SLOW_AFTER: Duration = Duration::from_secs(10);
/// Blocks that are written ahead.
const BLOCKS_AHEAD: usize = 16;
/// Events that are read at a time.
const PAGE_EVENTS: usize = 100;
/// When a client that lost the stream comes back, in milliseconds.
const RETRY_MS: u32 = 2_000;

/// A stream of blocks.
pub(super) struct EventBlocks(mpsc::Receiver<Bytes>);

impl Payload for EventBlocks {
    const CONTENT_TYPE: &'static str = "text/event-stream";

    fn schema_ref() -> MetaSchemaRef {
        let description = "Server-Sent Events. The `data` of each is an `Event`, its `event` the type, its `id` the cursor.";
        MetaSchemaRef::Inline(Box::new(MetaSchema {
            description: Some(description),
            ..MetaSchema::new("string")
        }))
    }

    fn register(_registry: &mut Registry) {}
}

impl IntoResponse for EventBlocks {
    fn into_response(self) -> Response {
        let blocks = futures::stream::unfold(self.0, |mut blocks| async {
            let block = blocks.recv().await?;
            Some((Ok::<_, io::Error>(block), blocks))
        });
        Response::builder()
            .content_type(Self::CONTENT_TYPE)
            // Proxies that gather answers would hold every event back.
            .header("X-Accel-Buffering", "no")
            .body(Body::from_bytes_stream(blocks))
    }
}

/// Why a stream ended, as its last event says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The server ends: another one, or this one after its start, goes on from the cursor.
    Shutdown,
    /// The token ended, or the session or key behind it.
    Credentials,
    /// The caller may not read the feed any more.
    Rights,
    /// The log or the read models could not be read.
    Unavailable,
    /// The client did not read. It is not told: there is no room.
    Slow,
    /// The client went.
    Gone,
}

impl End {
    fn as_str(self) -> &'static str {
        match self {
            Self::Shutdown => "shutdown",
            Self::Credentials => "credentials",
            Self::Rights => "rights",
            Self::Unavailable => "unavailable",
            Self::Slow => "slow",
            Self::Gone => "gone",
        }
    }
}

/// Begins a stream after a position.
pub(super) fn start(
    feed: Feed,
    credentials: Credentials,
    caller: Caller,
    filter: FeedFilter,
    after: Position,
    seat: Seat,
) -> EventBlocks {
    let (blocks, receiver) = mpsc::channel(BLOCKS_AHEAD);
    let stream = Stream {
        feed,
        credentials,
        caller,
        filter,
        reached: after,
        told: after,
        heard_at: Instant::now(),
        blocks,
        _seat: seat,
    };
    tokio::spawn(stream.run());
    EventBlocks(receiver)
}

struct Stream {
    feed: Feed,
    credentials: Credentials,
    caller: Caller,
    filter: FeedFilter,
    /// Up to here everything was written.
    reached: Position,
    /// The last position that the client was told.
    told: Position,
    heard_at: Instant,
    blocks: mpsc::Sender<Bytes>,
    _seat: Seat,
}

impl Stream {
    async fn run(mut self) {
        let Err(end) = self.follow().await;
        counter!("insightdesk_feed_streams_ended_total", "reason" => end.as_str()).increment(1);
        if matches!(end, End::Slow | End::Gone) {
            return;
        }
        let (reason, cursor) = (end.as_str(), self.cursor());
        let last = format!(
            "id: {cursor}\nevent: end\ndata: {{\"reason\":\"{reason}\",\"cursor\":\"{cursor}\"}}\n\n"
        );
        // Where there is no room the client comes back by its last event id.
        let _ = self.blocks.try_send(last.into());
    }

    /// Writes events until there is a reason to end.
    async fn follow(&mut self) -> Result<std::convert::Infallible, End> {
        // With the place to come back to: who began at the end would begin at a later end otherwise.
        let hello = format!("retry: {RETRY_MS}\nid: {}\n: connected\n\n", self.cursor());
        self.send(hello, self.reached).await?;
        loop {
            let after = self.reached;
            let (page, checked_at) = self.page().await?;
            let is_held = page.is_held(after);
            let mut events = page.events.into_iter();
            while checked_at.elapsed() < CHECK_INTERVAL
                && let Some(event) = events.next()
            {
                self.write(event).await?;
            }
            if events.len() > 0 {
                // A slow reader: the rest is read again, by the rights of then.
                continue;
            }
            self.reached = page.reached;
            if self.heard_at.elapsed() >= HEARTBEAT_INTERVAL {
                self.beat().await?;
            }
            if self.feed.shutdown.is_requested() {
                return Err(End::Shutdown);
            }
            if !page.has_more || is_held {
                self.wait(is_held).await?;
            }
        }
    }

    /// The next page, and when the rights by which it was read were looked at last. Where it took long that is after it was
    /// read: whoever only read it again then would come to no end.
    async fn page(&mut self) -> Result<(FeedPage, Instant), End> {
        self.check().await?;
        loop {
            let (read_by, checked_at) = (self.caller, Instant::now());
            let (feed, start) = (&self.feed, Position::START);
            let page = feed.page(&read_by, &self.filter, self.reached, PAGE_EVENTS, start);
            let page = page.await.map_err(|error| {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "a stream of events could not go on");
                End::Unavailable
            })?;
            if checked_at.elapsed() < CHECK_INTERVAL / 2 {
                return Ok((page, checked_at));
            }
            self.check().await?;
            if self.caller == read_by {
                return Ok((page, Instant::now()));
            }
        }
    }

    /// Until there may be more to write, or it is time for another look.
    async fn wait(&self, is_held: bool) -> Result<(), End> {
        let look_at = (Instant::now() + CHECK_INTERVAL).min(self.heard_at + HEARTBEAT_INTERVAL);
        let tenant = self.caller.viewer.tenant;
        tokio::select! {
            () = self.feed.shutdown.requested() => Err(End::Shutdown),
            () = self.blocks.closed() => Err(End::Gone),
            () = self.feed.may_have_more(tenant, self.reached, is_held) => Ok(()),
            () = sleep_until(look_at) => Ok(()),
        }
    }

    /// Looks whether the caller may still read, and what.
    async fn check(&mut self) -> Result<(), End> {
        let principal = self.credentials.check().await.map_err(|refused| {
            if refused.status().is_server_error() {
                End::Unavailable
            } else {
                End::Credentials
            }
        })?;
        super::demand_feed(&principal).map_err(|_| End::Rights)?;
        let viewer = viewer_of(&self.feed.models, &principal).await;
        self.caller = Caller {
            viewer: viewer.map_err(|_| End::Unavailable)?,
            permissions: principal.permissions,
        };
        Ok(())
    }

    async fn write(&mut self, event: FeedEvent) -> Result<(), End> {
        let position = event.position;
        let view = EventView::of(self.caller.viewer.tenant.org_id, event);
        let (cursor, name) = (&view.cursor, &view.event_type);
        // JSON text has no line breaks of its own.
        let block = format!(
            "id: {cursor}\nevent: {name}\ndata: {}\n\n",
            view.to_json_string()
        );
        self.send(block, position).await
    }

    /// A sign of life. Where the log went on without an event for the caller it moves their last event id, too: a block
    /// without data sets it and makes no event.
    async fn beat(&mut self) -> Result<(), End> {
        let block = if self.reached > self.told {
            format!(": heartbeat\nid: {}\n\n", self.cursor())
        } else {
            ": heartbeat\n\n".to_owned()
        };
        self.send(block, self.reached).await
    }

    /// Writes a block, after which the client has everything up to a position.
    async fn send(&mut self, block: String, up_to: Position) -> Result<(), End> {
        let sent = timeout(SLOW_AFTER, self.blocks.send(block.into()));
        let sent = tokio::select! {
            biased;
            sent = sent => sent,
            () = self.feed.shutdown.requested() => return Err(End::Shutdown),
        };
        match sent {
            Ok(Ok(())) => {
                self.heard_at = Instant::now();
                self.reached = up_to;
                self.told = up_to;
                Ok(())
            }
            Ok(Err(_closed)) => Err(End::Gone),
            Err(_elapsed) => Err(End::Slow),
        }
    }

    fn cursor(&self) -> String {
        feed::encode(self.caller.viewer.tenant.org_id, self.reached)
    }
}
