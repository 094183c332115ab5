//! What happened to a person's ways in is recorded: a fact, which no rule refuses.

use crate::dispatch::{CommandError, StoredAnswer, UseCase, Work};
use domain::security::event::SecurityEvent;
use domain::security::state::Occurrence;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Records an occurrence. One that is in the log already is left as it is.
///
/// Issue it as [`domain::actor::Actor::User`] where a person acted who is signed in, else as
/// [`domain::actor::Actor::Identity`]: a person who may not act, or not any more, is refused as an actor, and is named by
/// the event in any case. About a person who was erased meanwhile it is recorded without what is personal in it.
#[derive(Debug, Clone)]
pub struct RecordSecurity {
    /// The occurrence's id, made where it happened: whoever repeats the command repeats the id.
    pub occurrence_id: Uuid,
    /// What happened.
    pub event: SecurityEvent,
}

/// It is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedAnswer {
    /// The occurrence.
    pub occurrence_id: Uuid,
}

impl StoredAnswer for RecordedAnswer {}

impl UseCase for RecordSecurity {
    type Answer = RecordedAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<RecordedAnswer, CommandError> {
        let id = self.occurrence_id;
        work.create::<Occurrence>(id);
        if *work.state::<Occurrence>(id).await? == Occurrence::Absent {
            work.record::<Occurrence>(id, vec![self.event.clone()])?;
        }
        Ok(RecordedAnswer { occurrence_id: id })
    }
}
