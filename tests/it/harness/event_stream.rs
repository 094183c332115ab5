//! A client of Server-Sent Events.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Incoming;
use serde_json::Value;

use super::DEADLINE;
use super::client::Request;

/// One block of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Block {
    pub id: Option<String>,
    pub event: Option<String>,
    pub data: Option<String>,
    /// Lines that clients pass over.
    pub comments: Vec<String>,
}

impl Block {
    /// The block of this text, without the empty line at its end.
    pub fn parse(text: &str) -> Self {
        let mut block = Self::default();
        for line in text.lines() {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
            match field {
                "" => block.comments.push(value),
                "id" => block.id = Some(value),
                "event" => block.event = Some(value),
                "data" => block.data = Some(value),
                _ => {}
            }
        }
        block
    }

    /// The data as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(self.data.as_deref().unwrap()).unwrap()
    }
}

/// An open stream.
pub struct EventStream {
    body: Incoming,
    /// What came and is no whole block yet.
    rest: String,
}

impl EventStream {
    /// Opens it; the status of who is refused, or that no answer came.
    pub async fn open(request: Request) -> Result<Self, Option<StatusCode>> {
        let request = request.header("accept", "text/event-stream");
        let answer = request.open().await.map_err(|_| None)?;
        if answer.status() != StatusCode::OK {
            return Err(Some(answer.status()));
        }
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        Ok(Self {
            body: answer.into_body(),
            rest: String::new(),
        })
    }

    /// The next block; none at the end, however it came.
    pub async fn next(&mut self) -> Option<Block> {
        loop {
            if let Some((block, rest)) = self.rest.split_once("\n\n") {
                let block = Block::parse(block);
                self.rest = rest.to_owned();
                return Some(block);
            }
            let frame = self.body.frame().await?.ok()?;
            if let Some(bytes) = frame.data_ref() {
                self.rest.push_str(std::str::from_utf8(bytes).unwrap());
            }
        }
    }

    /// The next block with data, of an event or the last word; none at the end.
    ///
    /// # Panics
    /// When nothing comes in time.
    pub async fn next_event(&mut self) -> Option<Block> {
        let next = async {
            while let Some(block) = self.next().await {
                if block.data.is_some() {
                    return Some(block);
                }
            }
            None
        };
        let within: Duration = DEADLINE;
        tokio::time::timeout(within, next)
            .await
            .expect("nothing came")
    }
}
