//! A message is edited by its author or redacted by staff.

use super::MessageAnswer;
use crate::dispatch::{CommandError, UseCase, Work};
use domain::ids::MessageId;
use domain::message::command::MessageCommand;
use domain::message::state::Message;

/// Changes a message.
#[derive(Debug, Clone)]
pub struct ChangeMessage {
    /// The message.
    pub message_id: MessageId,
    /// What is asked.
    pub command: MessageCommand,
}

impl UseCase for ChangeMessage {
    type Answer = MessageAnswer;

    async fn decide(&self, work: &mut Work<'_>) -> Result<MessageAnswer, CommandError> {
        work.address(self.message_id.0);
        work.issue::<Message>(self.message_id, self.command.clone())
            .await?;
        MessageAnswer::of(work, self.message_id).await
    }
}
