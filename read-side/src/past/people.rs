//! People and teams as they were.

use domain::event::DomainEvent;
use domain::ids::{TeamId, UserId};
use domain::team::event::TeamEvent;
use domain::user::event::UserEvent;
use event_store::Position;
use platform::rows::{TeamRow, UserRow};

use super::{AsOf, Past, until};
use crate::error::ReadError;
use crate::viewer::Tenant;

impl Past {
    /// Somebody as they were; none when they had not joined yet, or never had such a version. Who was erased since is nobody at
    /// any moment. The caller has looked whether they may be seen now.
    ///
    /// # Errors
    /// When the log or the read models cannot be read.
    pub async fn user_at(
        &self,
        tenant: Tenant,
        id: UserId,
        as_of: AsOf,
        at_least: Position,
    ) -> Result<Option<UserRow>, ReadError> {
        let events = self.stream(tenant, id.0, at_least).await?;
        let Some((_, until)) = until(&events, id.0, as_of) else {
            return Ok(None);
        };
        let mut row: Option<UserRow> = None;
        for told in until {
            match (&told.body, &mut row) {
                (DomainEvent::User(UserEvent::Created(created)), _) => {
                    row = Some(UserRow::joined(&told.moment(), id, created));
                }
                (DomainEvent::User(change), Some(row)) => row.evolve(&told.moment(), change),
                _ => {}
            }
        }
        let is_erased = events
            .iter()
            .any(|told| matches!(told.body, DomainEvent::User(UserEvent::Erased(_))));
        if let Some(row) = row.as_mut().filter(|_| is_erased) {
            row.forget();
        }
        Ok(row)
    }

    /// A team as it was; none when it was not there yet, or never had such a version. The caller has looked whether it may be
    /// seen now.
    ///
    /// # Errors
    /// When the log or the read models cannot be read.
    pub async fn team_at(
        &self,
        tenant: Tenant,
        id: TeamId,
        as_of: AsOf,
        at_least: Position,
    ) -> Result<Option<TeamRow>, ReadError> {
        let events = self.stream(tenant, id.0, at_least).await?;
        let Some((_, until)) = until(&events, id.0, as_of) else {
            return Ok(None);
        };
        let mut row: Option<TeamRow> = None;
        for told in until {
            match (&told.body, &mut row) {
                (DomainEvent::Team(TeamEvent::Created(created)), _) => {
                    row = Some(TeamRow::made(&told.moment(), id, created));
                }
                (DomainEvent::Team(change), Some(row)) => row.evolve(&told.moment(), change),
                _ => {}
            }
        }
        Ok(row)
    }
}
