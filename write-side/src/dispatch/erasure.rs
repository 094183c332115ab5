//! Forgetting a person: the event first, then the key.
//!
//! The event is what the projector sees: it takes the texts out of the read models and destroys the key in the same
//! transaction. Destroying it here as well makes it gone before the answer; should this process die between the two, the
//! projector completes it.

use super::{CommandContext, CommandError, Dispatcher, Done};
use crate::commands::{EraseUser, UserAnswer};
use domain::ids::UserId;
use event_store::OrgId;
use std::error::Error as StdError;

impl Dispatcher {
    /// Erases a person's data. Done again it destroys what an earlier attempt left.
    ///
    /// # Errors
    /// See [`CommandError`]. Once the event is in the log it is an answer, even if the key could not be destroyed yet.
    pub async fn erase(
        &self,
        context: CommandContext,
        command: EraseUser,
    ) -> Result<Done<UserAnswer>, CommandError> {
        let user_id = command.user_id;
        let org_id = OrgId(context.organization_id.0);
        let done = self.dispatch(context, command).await?;
        let place = sealing::Place {
            partition: done.partition,
            org_id,
        };
        if let Err(error) = self.inner.keys.destroy(place, user_id).await {
            tracing::warn!(user = %user_id, error = &error as &dyn StdError, "the key of an erased person is not destroyed yet; the projector will");
        }
        self.forget_subject(org_id, user_id);
        Ok(done)
    }

    /// Forgets in the memory of this process what is known of an erased person.
    pub fn forget_subject(&self, org_id: OrgId, subject: UserId) {
        self.inner.keys.forget(org_id, subject);
        self.inner.caches.forget_subject(org_id, subject);
    }
}
