//! Tickets as they were: their streams, and those of their messages.

use std::collections::BTreeSet;

use domain::event::DomainEvent;
use domain::ids::{TeamId, TicketId, UserId};
use domain::team::event::TeamEvent;
use domain::user::event::UserEvent;
use event_store::Position;
use platform::rows::TicketRow;
use uuid::Uuid;

use super::fold::Fold;
use super::moment::{Cut, End};
use super::{AsOf, Past, Told};
use crate::error::ReadError;
use crate::viewer::{Tenant, Viewer};

/// What tells the names of people and teams.
const NAME_EVENTS: [&str; 4] = [
    "user.created",
    "user.renamed",
    "team.created",
    "team.renamed",
];

/// What takes the words of a message out of its past.
const GONE_FOR_STAFF: [&str; 1] = ["message.redacted"];
const GONE_FOR_CUSTOMERS: [&str; 2] = ["message.redacted", "message.edited"];

/// What can be told of one ticket at any moment, as a viewer may look into it. What happened to it is in the log.
pub struct TicketPast {
    viewer: Viewer,
    /// As it is now.
    now: TicketRow,
    /// Its own stream and those of its messages.
    streams: Vec<Uuid>,
    /// How far these are told.
    up_to: Position,
    /// Messages whose words at an earlier moment are not for the viewer.
    unreadable: BTreeSet<Uuid>,
}

impl TicketPast {
    /// The ticket as it is now.
    #[must_use]
    pub fn now(&self) -> &TicketRow {
        &self.now
    }
}

impl Past {
    /// What happened to a ticket that the viewer may see now; none when there is no such ticket for them.
    ///
    /// # Errors
    /// When the log or the read models cannot be read.
    pub async fn of_ticket(
        &self,
        viewer: &Viewer,
        id: TicketId,
        at_least: Position,
    ) -> Result<Option<TicketPast>, ReadError> {
        let Some(shown) = self.models.ticket(viewer, id, at_least).await? else {
            return Ok(None);
        };
        let tenant = viewer.tenant;
        let up_to = self.up_to(tenant, at_least).await;
        let streams = self.models.streams_of_ticket(tenant, id).await?;
        let unreadable = self.unreadable(viewer, &streams, up_to).await?;
        Ok(Some(TicketPast {
            viewer: *viewer,
            now: shown.row,
            streams,
            up_to,
            unreadable,
        }))
    }

    /// The ticket as it was; none when it was not there yet, or never had such a version.
    ///
    /// # Errors
    /// When the log or the read models cannot be read.
    pub async fn ticket_at(
        &self,
        past: &TicketPast,
        as_of: AsOf,
    ) -> Result<Option<TicketRow>, ReadError> {
        let Some((mut row, cut)) = self.followed(past, as_of).await? else {
            return Ok(None);
        };
        self.name(past.viewer.tenant, &mut row, &cut).await?;
        let calendars = row.clocks.0.calendars().collect();
        let (_, book) = self
            .models
            .named_calendars(past.viewer.tenant, &calendars)
            .await?;
        row.show_clocks(&book);
        self.hide(&past.viewer, &mut row).await?;
        Ok(Some(row))
    }

    /// The row that the events up to a moment make, and where they end.
    async fn followed(
        &self,
        past: &TicketPast,
        as_of: AsOf,
    ) -> Result<Option<(TicketRow, Cut)>, ReadError> {
        let mut fold = Fold::new(past.now.number, &past.unreadable);
        let mut end = End::new(as_of, past.now.ticket_id.0);
        let mut pages = self.pages(past.viewer.tenant, &past.streams, None, past.up_to);
        while let Some(page) = pages.appends().await? {
            for append in page.chunk_by(Told::is_appended_with) {
                if let Some(cut) = end.look(append) {
                    return Ok(fold.row.map(|row| (row, cut)));
                }
                append.iter().for_each(|told| fold.follow(told));
            }
        }
        Ok(fold.row.zip(end.at_last()))
    }

    /// Messages that were redacted at any time, and for customers those that were edited: they read the words that stand, and
    /// these are not of the past.
    async fn unreadable(
        &self,
        viewer: &Viewer,
        streams: &[Uuid],
        up_to: Position,
    ) -> Result<BTreeSet<Uuid>, ReadError> {
        let types = match viewer.is_staff() {
            true => &GONE_FOR_STAFF[..],
            false => &GONE_FOR_CUSTOMERS[..],
        };
        let mut pages = self.pages(viewer.tenant, streams, Some(types), up_to);
        let mut unreadable = BTreeSet::new();
        while let Some(page) = pages.next().await? {
            unreadable.extend(page.iter().map(|recorded| recorded.stream_id));
        }
        Ok(unreadable)
    }

    /// Takes out what the viewer may not see today: a team of then, and tickets that it refers to.
    async fn hide(&self, viewer: &Viewer, row: &mut TicketRow) -> Result<(), ReadError> {
        let at_least = self.models.now(viewer.tenant).await.position;
        if self
            .models
            .hides_team(viewer, row.team_id, at_least)
            .await?
        {
            (row.team_id, row.team_name) = (None, None);
        }
        self.models
            .hide_links(viewer, std::slice::from_mut(row))
            .await
    }

    /// Sets the names that people and teams had.
    async fn name(&self, tenant: Tenant, row: &mut TicketRow, cut: &Cut) -> Result<(), ReadError> {
        let people = [
            Some(row.requester_id),
            row.assignee_id,
            row.last_message_author_id,
        ];
        let people: BTreeSet<UserId> = people.into_iter().flatten().collect();
        let streams = people
            .iter()
            .map(|id| id.0)
            .chain(row.team_id.map(|id| id.0));
        let streams: Vec<Uuid> = streams.collect();
        let up_to = self.models.now(tenant).await.position;
        let events = self
            .events(tenant, &streams, Some(&NAME_EVENTS), up_to)
            .await?;
        let admitted = events.iter().take_while(|told| cut.admits(&told.recorded));
        for told in admitted {
            let id = told.recorded.stream_id;
            let name = match &told.body {
                DomainEvent::User(UserEvent::Created(e)) => e.name.to_string(),
                DomainEvent::User(UserEvent::Renamed(e)) => e.to.to_string(),
                DomainEvent::Team(TeamEvent::Created(e)) => e.name.to_string(),
                DomainEvent::Team(TeamEvent::Renamed(e)) => e.to.to_string(),
                _ => continue,
            };
            set_name(row, id, &name);
        }
        Ok(())
    }
}

fn set_name(row: &mut TicketRow, id: Uuid, name: &str) {
    if row.requester_id == UserId(id) {
        name.clone_into(&mut row.requester_name);
    }
    if row.assignee_id == Some(UserId(id)) {
        row.assignee_name = Some(name.to_owned());
    }
    if row.last_message_author_id == Some(UserId(id)) {
        row.last_message_author_name = Some(name.to_owned());
    }
    if row.team_id == Some(TeamId(id)) {
        row.team_name = Some(name.to_owned());
    }
}
