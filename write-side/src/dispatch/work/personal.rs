//! What is personal in the events of an attempt is sealed before they are appended.

use super::{Setting, Work};
use crate::dispatch::error::CommandError;
use domain::ids::UserId;
use domain::metadata::Metadata;
use sealing::{Owners, SealingError};

impl Work<'_> {
    /// Seals what is personal in the events. Nothing is recorded yet: a key is made before the first event that uses it.
    pub(in crate::dispatch) async fn seal(&mut self) -> Result<(), CommandError> {
        let Setting {
            keys,
            place,
            context,
            ..
        } = self.setting;
        let place = place.of_keys();
        let actor = context.actor.user_id();
        for staged in &mut self.streams {
            let stream_id = staged.stream.id;
            let owners = Owners {
                stream_subject: staged.subject(),
                actor,
            };
            let outlives = staged.state.outlives_subject();
            for event in &mut staged.events {
                match keys.seal_event(place, stream_id, owners, event).await {
                    Err(SealingError::Erased(_)) if outlives => sealing::blank(event)?,
                    sealed => sealed?,
                }
            }
        }
        let Some(owner) = self
            .address_owner()
            .filter(|_| context.source_address.is_some())
        else {
            return Ok(());
        };
        match self.seal_metadata(owner).await {
            Err(SealingError::Erased(_)) if self.outlives_subjects() => self.drop_address(),
            sealed => Ok(sealed?),
        }
    }

    /// Whose the source address is: who acts, else whom the first stream is about. Of a sign-in that failed nobody knows
    /// whose machine it was, but it says something about one person alone.
    fn address_owner(&self) -> Option<UserId> {
        let actor = &self.setting.context.actor;
        actor.user_id().or_else(|| self.streams.first()?.subject())
    }

    fn outlives_subjects(&self) -> bool {
        let mut streams = self.streams.iter();
        streams.all(|staged| staged.state.outlives_subject())
    }

    /// Takes the address of an erased person out of what is about to be appended.
    fn drop_address(&mut self) -> Result<(), CommandError> {
        let metadata = Metadata {
            source_address: None,
            ..self.metadata(self.actor())
        };
        let text = serde_json::to_string(&metadata)?;
        let staged = self.streams.iter_mut();
        for event in staged.flat_map(|staged| &mut staged.events) {
            event.metadata.clone_from(&text);
        }
        Ok(())
    }

    /// The events of a command share their metadata, but for those that it was taken over with: sealed once.
    async fn seal_metadata(&mut self, owner: UserId) -> Result<(), SealingError> {
        let (keys, place) = (self.setting.keys, self.setting.place.of_keys());
        let mut last: Option<(String, String)> = None;
        let staged = self.streams.iter_mut();
        for event in staged.flat_map(|staged| &mut staged.events) {
            let sealed = match last.take().filter(|(clear, _)| *clear == event.metadata) {
                Some((_, sealed)) => sealed,
                None => {
                    let correlation_id = self.setting.correlation_id;
                    keys.seal_metadata(place, correlation_id, owner, &event.metadata)
                        .await?
                }
            };
            let clear = std::mem::replace(&mut event.metadata, sealed.clone());
            last = Some((clear, sealed));
        }
        Ok(())
    }
}
