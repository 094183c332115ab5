//! People, teams and calendars as they were.

use domain::calendar::event::CalendarEvent;
use domain::event::DomainEvent;
use domain::ids::{CalendarId, TeamId, UserId};
use domain::team::event::TeamEvent;
use domain::user::event::UserEvent;
use platform::rows::{CalendarRow, TeamRow, UserRow};

use super::{AsOf, Stream};

impl Stream {
    /// Somebody as they were; none when they had not joined yet, or never had such a version. Who was erased since is nobody at
    /// any moment.
    #[must_use]
    pub fn user_at(&self, as_of: AsOf) -> Option<UserRow> {
        let id = UserId(self.id());
        let mut row: Option<UserRow> = None;
        for told in self.until(as_of) {
            match (&told.body, &mut row) {
                (DomainEvent::User(UserEvent::Created(created)), _) => {
                    row = Some(UserRow::joined(&told.moment(), id, created));
                }
                (DomainEvent::User(change), Some(row)) => row.evolve(&told.moment(), change),
                _ => {}
            }
        }
        let mut events = self.events().iter();
        let is_erased =
            events.any(|told| matches!(told.body, DomainEvent::User(UserEvent::Erased(_))));
        if let Some(row) = row.as_mut().filter(|_| is_erased) {
            row.forget();
        }
        row
    }

    /// A team as it was; none when it was not there yet, or never had such a version.
    #[must_use]
    pub fn team_at(&self, as_of: AsOf) -> Option<TeamRow> {
        let id = TeamId(self.id());
        let mut row: Option<TeamRow> = None;
        for told in self.until(as_of) {
            match (&told.body, &mut row) {
                (DomainEvent::Team(TeamEvent::Created(created)), _) => {
                    row = Some(TeamRow::made(&told.moment(), id, created));
                }
                (DomainEvent::Team(change), Some(row)) => row.evolve(&told.moment(), change),
                _ => {}
            }
        }
        row
    }

    /// A calendar as it was; none when it was not there yet, or never had such a version.
    #[must_use]
    pub fn calendar_at(&self, as_of: AsOf) -> Option<CalendarRow> {
        let id = CalendarId(self.id());
        let mut row: Option<CalendarRow> = None;
        for told in self.until(as_of) {
            match (&told.body, &mut row) {
                (DomainEvent::Calendar(CalendarEvent::Created(created)), _) => {
                    row = Some(CalendarRow::made(&told.moment(), id, created));
                }
                (DomainEvent::Calendar(change), Some(row)) => row.evolve(&told.moment(), change),
                _ => {}
            }
        }
        row
    }
}
