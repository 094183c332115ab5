//! Tickets that people talk in: each with messages of words as unevenly frequent as those of a language.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use domain::actor::Role;
use domain::ids::{MessageId, TicketId};
use domain::message::STREAM_TYPE;
use domain::message::event::{MessageEvent, MessagePosted};
use domain::message::state::Visibility;
use domain::text::{MessageBody, Subject};
use domain::ticket::event::TicketEvent;
use event_store::{EventStore, StreamAppend};
use futures::{StreamExt, TryStreamExt, stream};
use rand::prelude::*;
use rand::rngs::StdRng;
use uuid::Uuid;

use crate::history::{APPENDS_AT_ONCE, Desk, by_minutes, stream_append, stream_of};
use crate::words::Vocabulary;

/// Messages of each ticket; the last is a note.
pub const MESSAGES_A_TICKET: usize = 5;
/// Tickets in one append, each with its messages: the log takes 100 streams.
const TICKETS_AN_APPEND: usize = 16;

/// The texts of a ticket.
struct Texts {
    subject: String,
    messages: Vec<String>,
}

impl Texts {
    /// Those of a number: the same from the same seed.
    fn of(vocabulary: &Vocabulary, seed: u64, number: usize) -> Self {
        let seed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut random = StdRng::seed_from_u64(seed ^ number as u64);
        let length = random.random_range(3..9);
        let subject = vocabulary.text(&mut random, length);
        let messages = (0..MESSAGES_A_TICKET).map(|_| {
            let length = random.random_range(10..60);
            vocabulary.text(&mut random, length)
        });
        Self {
            messages: messages.collect(),
            subject,
        }
    }
}

/// What the first message of a ticket says.
pub fn said(vocabulary: &Vocabulary, seed: u64, number: usize) -> String {
    Texts::of(vocabulary, seed, number).messages.swap_remove(0)
}

impl Desk {
    /// A year of tickets that are talked in.
    ///
    /// # Errors
    /// When the log refuses.
    pub async fn talk_for_a_year(
        &self,
        store: &EventStore,
        vocabulary: &Vocabulary,
        count: usize,
        seed: u64,
    ) -> Result<()> {
        let start = Utc::now() - TimeDelta::days(365);
        let apart = TimeDelta::days(365) / i32::try_from(count.max(1))?;
        let metadata = self.metadata()?;
        let requests = (0..count).step_by(TICKETS_AN_APPEND).map(|first| {
            let numbers = first..count.min(first + TICKETS_AN_APPEND);
            let mut streams = Vec::new();
            for number in numbers {
                let at = start + apart * i32::try_from(number)?;
                let texts = Texts::of(vocabulary, seed, number);
                streams.extend(self.talk(number, at, texts, &metadata)?);
            }
            Ok::<_, anyhow::Error>(self.append_of(streams))
        });
        stream::iter(requests)
            .map(|request| async { Ok::<_, anyhow::Error>(store.append(request?).await?) })
            .buffer_unordered(APPENDS_AT_ONCE)
            .try_for_each(|_| async { Ok(()) })
            .await
    }

    fn talk(
        &self,
        number: usize,
        at: DateTime<Utc>,
        texts: Texts,
        metadata: &str,
    ) -> Result<Vec<StreamAppend>> {
        let ticket_id = TicketId(Uuid::now_v7());
        let mut events = self.life(number);
        if let Some(TicketEvent::Opened(opened)) = events.first_mut() {
            opened.subject = Subject::parse(&texts.subject)?;
        }
        let mut streams = vec![stream_of(&by_minutes((ticket_id, at), events), metadata)?];
        for (index, text) in texts.messages.iter().enumerate() {
            let by_customer = index % 2 == 0 && index + 1 < MESSAGES_A_TICKET;
            let posted = MessagePosted {
                ticket_id,
                author_id: self.author(number, by_customer),
                author_role: if by_customer {
                    Role::Customer
                } else {
                    Role::Agent
                },
                visibility: match index + 1 < MESSAGES_A_TICKET {
                    true => Visibility::Public,
                    false => Visibility::Internal,
                },
                body: MessageBody::parse(text)?,
            };
            let id = MessageId(Uuid::now_v7());
            let at = at + TimeDelta::minutes(i64::try_from(index)?);
            let event = (at, MessageEvent::Posted(posted).encode());
            streams.push(stream_append(
                STREAM_TYPE,
                id.0,
                std::iter::once(event),
                metadata,
            )?);
        }
        Ok(streams)
    }
}
