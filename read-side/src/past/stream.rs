//! One stream, read once for every moment of it that is asked for.

use event_store::Position;
use uuid::Uuid;

use super::moment::End;
use super::{AsOf, Past, Told};
use crate::error::ReadError;
use crate::viewer::Tenant;

/// Everything that happened to a person, a team, a calendar, or the policies, as far as the read models show it.
pub struct Stream {
    id: Uuid,
    events: Vec<Told>,
}

impl Past {
    /// A stream of the organization; empty where it has none of this id. The caller has looked whether what it is about may be
    /// seen now.
    ///
    /// # Errors
    /// When the log or the read models cannot be read.
    pub async fn stream(
        &self,
        tenant: Tenant,
        id: Uuid,
        at_least: Position,
    ) -> Result<Stream, ReadError> {
        let up_to = self.up_to(tenant, at_least).await;
        let events = self.events(tenant, &[id], None, up_to).await?;
        Ok(Stream { id, events })
    }
}

impl Stream {
    pub(super) fn id(&self) -> Uuid {
        self.id
    }

    /// All of it.
    pub(super) fn events(&self) -> &[Told] {
        &self.events
    }

    /// What belongs to a moment; nothing when there never was such a version.
    pub(super) fn until(&self, as_of: AsOf) -> &[Told] {
        let count = self.count_until(as_of).unwrap_or_default();
        self.events.get(..count).unwrap_or_default()
    }

    /// Whether it was ever as a moment says.
    pub(super) fn had(&self, as_of: AsOf) -> bool {
        self.count_until(as_of).is_some()
    }

    /// How many events belong to a moment; none when there never was such a version.
    fn count_until(&self, as_of: AsOf) -> Option<usize> {
        let mut end = End::new(as_of, self.id);
        let mut count = 0;
        for append in self.events.chunk_by(Told::is_appended_with) {
            if end.look(append).is_some() {
                return Some(count);
            }
            count += append.len();
        }
        end.at_last().map(|_| count)
    }
}
