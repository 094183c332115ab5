//! How the row of a ticket follows from the events of its stream and of its messages': one fold for the projector, which keeps
//! rows up to date, and for queries of the past.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::ids::{MessageId, OrganizationId, TicketId};
use domain::message::event::{MessageEvent, MessagePosted};
use domain::message::state::Visibility;
use domain::organization::language::SearchLanguage;
use domain::sla::clock::{Clock, Phase};
use domain::sla::clocks::Clocks;
use domain::sla::terms::CalendarBook;
use domain::ticket::event::{TicketCustomFieldSet, TicketEvent, TicketOpened};
use domain::ticket::state::Status;
use tokio_postgres::types::Json;

use super::{ClockState, MessageRow, ShownClock, ShownClocks, TicketRow};

/// How much of the newest public message a list shows, in characters.
pub const EXCERPT_CHARS: usize = 200;

/// Where and when an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Whose it is.
    pub org_id: OrganizationId,
    /// The version that it gave its stream.
    pub version: i64,
    /// Its place in the partition.
    pub position: i64,
    /// Business time.
    pub occurred_at: DateTime<Utc>,
}

/// What is known of whom a row names, and of the language that they write in, at that moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Writer {
    /// The name of the requester or author.
    pub name: String,
    /// The language of the organization's texts.
    pub language: SearchLanguage,
}

impl TicketRow {
    /// The row of a ticket that was opened at `at`, the `number`-th of its organization, by this requester. Its clocks
    /// are not shown yet, and its first message is not counted.
    #[must_use]
    pub fn opened(
        at: &Moment,
        id: TicketId,
        number: i64,
        opened: &TicketOpened,
        requester: Writer,
    ) -> Self {
        let mut clocks = Clocks::default();
        clocks.evolve(&TicketEvent::Opened(opened.clone()), at.occurred_at);
        Self {
            org_id: at.org_id,
            ticket_id: id,
            number,
            subject: opened.subject.to_string(),
            status: Status::New,
            priority: opened.priority,
            channel: opened.channel,
            requester_id: opened.requester_id,
            requester_name: requester.name,
            assignee_id: None,
            assignee_name: None,
            team_id: None,
            team_name: None,
            tags: Vec::new(),
            custom_fields: Json(BTreeMap::new()),
            follow_up_of: opened.follow_up_of,
            follow_up_ids: Vec::new(),
            external_source: opened
                .external
                .as_ref()
                .map(|external| external.source.clone()),
            external_id: opened.external.as_ref().map(|external| external.id.clone()),
            public_message_count: 0,
            note_count: 0,
            last_message_id: None,
            last_message_at: None,
            last_message_author_id: None,
            last_message_author_name: None,
            last_message_excerpt: None,
            reopen_count: 0,
            created_at: at.occurred_at,
            updated_at: at.occurred_at,
            public_updated_at: at.occurred_at,
            resolved_at: None,
            closed_at: None,
            auto_close_at: None,
            sla: Json(ShownClocks::new()),
            next_deadline_at: None,
            clocks: Json(clocks),
            version: at.version,
            position: at.position,
            language: requester.language,
        }
    }

    /// Follows an event of the ticket's stream after the first. Names of whom it was given to are the caller's to set, and the
    /// clocks to show.
    pub fn evolve(&mut self, at: &Moment, change: &TicketEvent) {
        match change {
            TicketEvent::Assigned(assigned) => {
                self.assignee_id = assigned.to.agent_id;
                self.team_id = assigned.to.team_id;
            }
            TicketEvent::PriorityChanged(changed) => self.priority = changed.to,
            TicketEvent::SubjectChanged(changed) => self.subject = changed.to.to_string(),
            TicketEvent::StatusChanged(_)
            | TicketEvent::Resolved(_)
            | TicketEvent::Closed(_)
            | TicketEvent::Reopened(_) => self.move_status(at, change),
            TicketEvent::Tagged(tagged) => {
                if let Err(place) = self
                    .tags
                    .binary_search_by(|tag| tag.as_str().cmp(tagged.tag.as_str()))
                {
                    self.tags.insert(place, tagged.tag.to_string());
                }
            }
            TicketEvent::Untagged(untagged) => self.tags.retain(|tag| tag != untagged.tag.as_str()),
            TicketEvent::CustomFieldSet(set) => self.set_field(set),
            TicketEvent::FollowUpOpened(follow_up) => {
                self.follow_up_ids.push(follow_up.follow_up_id)
            }
            // Messages count in `hear`; the clocks below hear of every event.
            TicketEvent::Opened(_)
            | TicketEvent::CustomerReplied(_)
            | TicketEvent::AgentReplied(_)
            | TicketEvent::NoteAdded(_)
            | TicketEvent::RemindersSet(_)
            | TicketEvent::Reminded(_)
            | TicketEvent::SlaBreached(_)
            | TicketEvent::SlaWarned(_)
            | TicketEvent::SlaApplied(_) => {}
        }
        self.clocks.0.evolve(change, at.occurred_at);
        self.version = at.version;
        self.touch(at, change.is_public());
    }

    /// Follows an event of one of its messages, whose own row has followed it before.
    pub fn hear(&mut self, at: &Moment, message: &MessageRow, change: &MessageEvent) {
        match change {
            MessageEvent::Posted(_) => self.count(message),
            MessageEvent::Edited(_) | MessageEvent::Redacted(_)
                if self.last_message_id == Some(message.message_id) =>
            {
                self.last_message_excerpt = excerpt(message);
            }
            MessageEvent::Edited(_) | MessageEvent::Redacted(_) => {}
        }
        self.touch(at, message.visibility == Visibility::Public);
    }

    fn set_field(&mut self, set: &TicketCustomFieldSet) {
        let fields = &mut self.custom_fields.0;
        match &set.to {
            Some(value) => fields.insert(set.key.clone(), value.clone()),
            None => fields.remove(&set.key),
        };
    }

    fn move_status(&mut self, at: &Moment, change: &TicketEvent) {
        let Some((_, to, _)) = change.status_move() else {
            return;
        };
        self.status = to;
        self.auto_close_at = None;
        match to {
            Status::Resolved => {
                self.resolved_at = Some(at.occurred_at);
                self.closed_at = None;
            }
            Status::Closed => self.closed_at = Some(at.occurred_at),
            Status::New | Status::Open | Status::Pending | Status::OnHold => {
                self.resolved_at = None;
                self.closed_at = None;
            }
        }
        if let TicketEvent::Resolved(resolved) = change {
            self.auto_close_at = resolved.auto_close_at;
        }
        if let TicketEvent::Reopened(_) = change {
            self.reopen_count += 1;
        }
    }

    /// Counts a message that was posted.
    pub fn count(&mut self, message: &MessageRow) {
        if message.visibility == Visibility::Internal {
            self.note_count += 1;
            return;
        }
        self.public_message_count += 1;
        self.last_message_id = Some(message.message_id);
        self.last_message_at = Some(message.created_at);
        self.last_message_author_id = Some(message.author_id);
        self.last_message_author_name = Some(message.author_name.clone());
        self.last_message_excerpt = excerpt(message);
    }

    /// Notes that the row shows this event. Business time may run backwards (an import, a breach noticed late): the times
    /// keep the latest.
    fn touch(&mut self, at: &Moment, public: bool) {
        self.updated_at = self.updated_at.max(at.occurred_at);
        if public {
            self.public_updated_at = self.public_updated_at.max(at.occurred_at);
        }
        self.position = at.position;
    }

    /// Shows the clocks as they stand. The book has the calendars that they count by.
    pub fn show_clocks(&mut self, book: &CalendarBook) {
        let clocks = &self.clocks.0;
        let shown = clocks
            .iter()
            .filter_map(|clock| Some((clock.metric, shown(clock, book)?)));
        self.sla = Json(shown.collect());
        self.next_deadline_at = clocks.next_deadline(book);
    }
}

fn excerpt(message: &MessageRow) -> Option<String> {
    let body = message.body.as_ref()?;
    Some(body.chars().take(EXCERPT_CHARS).collect())
}

/// What a clock shows; nothing before it began, and where nothing is promised.
fn shown(clock: &Clock, book: &CalendarBook) -> Option<ShownClock> {
    let (state, ended_at) = match clock.phase {
        Phase::Idle => return None,
        Phase::Running { .. } => (ClockState::Running, None),
        Phase::Paused => (ClockState::Paused, None),
        Phase::Met { at } => (ClockState::Met, Some(at)),
        Phase::Cancelled { at } => (ClockState::Cancelled, Some(at)),
    };
    Some(ShownClock {
        state,
        due_at: clock.due_at(book),
        ended_at,
        breached_at: clock.breached_at,
    })
}

impl MessageRow {
    /// The row of a message that was posted at `at`, by this author.
    #[must_use]
    pub fn posted(at: &Moment, id: MessageId, message: &MessagePosted, author: Writer) -> Self {
        Self {
            org_id: at.org_id,
            message_id: id,
            ticket_id: message.ticket_id,
            visibility: message.visibility,
            author_id: message.author_id,
            author_role: message.author_role,
            author_name: author.name,
            body: Some(message.body.to_string()),
            created_at: at.occurred_at,
            edited_at: None,
            redacted_at: None,
            version: at.version,
            position: at.position,
            language: author.language,
        }
    }

    /// Follows an event of the message's stream after the first.
    pub fn evolve(&mut self, at: &Moment, change: &MessageEvent) {
        match change {
            MessageEvent::Posted(_) => {}
            // A redaction is final, whatever follows it in the log.
            MessageEvent::Edited(edited) if self.redacted_at.is_none() => {
                self.body = Some(edited.body.to_string());
                self.edited_at = Some(at.occurred_at);
            }
            MessageEvent::Edited(_) => {}
            MessageEvent::Redacted(_) => {
                self.body = None;
                self.redacted_at = Some(at.occurred_at);
            }
        }
        self.version = at.version;
    }
}
