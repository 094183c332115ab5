//! The answers of commands as they are stored under their keys: personal fields sealed, opened when the key comes again.

use super::states::Place;
use super::{CommandContext, CommandError, Dispatcher, Idempotency};
use domain::ids::UserId;
use sealing::AnswerPart;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An answer that can be stored and given again. What is personal in it is sealed while it lies there.
pub trait StoredAnswer: Serialize + DeserializeOwned + Send + Sync {
    /// Its parts with personal fields.
    const PERSONAL: &'static [AnswerPart] = &[];

    /// Whose each of these parts is.
    fn owners(&self) -> Vec<UserId> {
        Vec::new()
    }
}

impl Dispatcher {
    /// An answer as it is stored under its key.
    pub(super) async fn sealed_answer<A: StoredAnswer>(
        &self,
        place: Place,
        given: &Idempotency,
        answer: &A,
    ) -> Result<String, CommandError> {
        let text = serde_json::to_string(answer)?;
        let parts: Vec<_> = A::PERSONAL.iter().copied().zip(answer.owners()).collect();
        let sealed = self
            .inner
            .keys
            .seal_answer(place.of_keys(), &given.request_hash, text, &parts)
            .await?;
        Ok(sealed)
    }

    /// A stored answer of a request that is known to be the same.
    pub(super) async fn opened_answer<A: StoredAnswer>(
        &self,
        place: Place,
        context: &CommandContext,
        stored: String,
    ) -> Result<A, CommandError> {
        let hash = context.idempotency.as_ref().map(|given| given.request_hash);
        let opened = self
            .inner
            .keys
            .open_answer(
                place.of_keys(),
                &hash.unwrap_or_default(),
                stored,
                A::PERSONAL,
            )
            .await?;
        Ok(serde_json::from_str(&opened)?)
    }
}
