//! What one caller may see of events that were read: whole events, and fields of them.

use std::collections::{BTreeSet, HashSet};

use domain::event::DomainEvent;
use domain::ids::{TeamId, TicketId, UserId};
use domain::ticket::event::TicketEvent;
use domain::view::definition::ViewOwner;
use event_store::Position;
use platform::permission::Permission;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::event::{FeedEvent, ReadEvent, customer_fields};
use super::facts::TicketFact;
use super::{Caller, Feed};
use crate::error::ReadError;
use crate::private_teams::HiddenTeams;

/// The fields that name another ticket.
const TICKET_FIELDS: [&str; 2] = ["follow_up_of", "follow_up_id"];
/// What was written.
const BODY: &str = "body";
const REASON: &str = "reason";

/// A caller's sight of some events.
pub(super) struct Sight {
    caller: Caller,
    /// The private teams that hide things from them.
    teams: Option<HiddenTeams>,
    /// Whose tickets a customer sees; none for staff, who see everybody's.
    requesters: Option<HashSet<UserId>>,
    /// Tickets that events refer to and that are hidden.
    hidden_tickets: BTreeSet<TicketId>,
}

impl Feed {
    /// The caller's sight of these events, by rows that show `at_least` this.
    pub(super) async fn sight(
        &self,
        caller: &Caller,
        events: &[ReadEvent],
        at_least: Position,
    ) -> Result<Sight, ReadError> {
        let viewer = &caller.viewer;
        let teams = self.models.hidden_teams(viewer, at_least).await?;
        let requesters = if viewer.is_staff() {
            None
        } else {
            let requesters = events.iter().filter_map(|event| event.ticket);
            let requesters = requesters.map(|ticket| ticket.requester_id).collect();
            Some(self.models.requesters_in_sight(viewer, requesters).await?)
        };
        let linked: Vec<Uuid> = events.iter().filter_map(linked).map(|id| id.0).collect();
        let hidden_tickets = self.models.hidden_among(viewer, linked).await?;
        Ok(Sight {
            caller: *caller,
            teams,
            requesters,
            hidden_tickets,
        })
    }
}

/// The other ticket that an event names.
fn linked(event: &ReadEvent) -> Option<TicketId> {
    match &event.body {
        DomainEvent::Ticket(TicketEvent::Opened(opened)) => opened.follow_up_of,
        DomainEvent::Ticket(TicketEvent::FollowUpOpened(opened)) => Some(opened.follow_up_id),
        _ => None,
    }
}

impl Sight {
    /// The event as the caller gets it, if they do.
    pub(super) fn of(&self, event: &ReadEvent) -> Option<FeedEvent> {
        if !self.sees(event) {
            return None;
        }
        let mut data = event.data.clone();
        if let Value::Object(fields) = &mut data {
            self.cut(event, fields);
        }
        if let Some(teams) = &self.teams {
            teams.cut(&mut data);
        }
        Some(event.told(data, self.is_staff()))
    }

    fn is_staff(&self) -> bool {
        self.caller.viewer.is_staff()
    }

    fn sees(&self, event: &ReadEvent) -> bool {
        match &event.body {
            DomainEvent::Ticket(change) => {
                self.sees_ticket(event.ticket) && (self.is_staff() || change.is_public())
            }
            DomainEvent::Message(_) => {
                let internal = event.message.is_none_or(|message| message.internal);
                self.sees_ticket(event.ticket) && (self.is_staff() || !internal)
            }
            DomainEvent::Team(_) => !self.hides_team(TeamId(event.stream_id())),
            DomainEvent::View(_) => event.view.is_some_and(|owner| self.sees_view(owner)),
            DomainEvent::EmailClaim(_)
            | DomainEvent::DomainClaim(_)
            | DomainEvent::ViewShelf(_) => false,
            // By their types: those that the caller may not see were not asked for.
            DomainEvent::Organization(_)
            | DomainEvent::User(_)
            | DomainEvent::Company(_)
            | DomainEvent::Calendar(_)
            | DomainEvent::ServiceLevels(_)
            | DomainEvent::Security(_) => true,
        }
    }

    fn sees_ticket(&self, ticket: Option<TicketFact>) -> bool {
        let Some(ticket) = ticket else {
            return false;
        };
        let is_theirs = match &self.requesters {
            Some(requesters) => requesters.contains(&ticket.requester_id),
            None => true,
        };
        is_theirs && !ticket.team_id.is_some_and(|team| self.hides_team(team))
    }

    /// As the list of views: what people keep for themselves is for nobody else.
    fn sees_view(&self, owner: ViewOwner) -> bool {
        match owner {
            ViewOwner::Organization => true,
            ViewOwner::Team { team_id } => !self.hides_team(team_id),
            ViewOwner::Person { user_id } => user_id == self.caller.viewer.user_id,
        }
    }

    fn hides_team(&self, team: TeamId) -> bool {
        let teams = self.teams.as_ref();
        teams.is_some_and(|teams| teams.hide(team))
    }

    /// Takes out what this caller does not get of the event's own fields.
    fn cut(&self, event: &ReadEvent, fields: &mut Map<String, Value>) {
        if let Some(message) = event.message {
            // A customer reads the words that stand, as in the conversation; staff may read what they were before.
            let is_former = message.version != event.version();
            if message.redacted || (is_former && !self.is_staff()) {
                fields.remove(BODY);
            }
        }
        for name in TICKET_FIELDS {
            if fields.get(name).is_some_and(|id| self.is_hidden_ticket(id)) {
                fields.remove(name);
            }
        }
        if !self.is_staff() {
            let shown = customer_fields(event.event_type());
            fields.retain(|name, _| shown.contains(&name.as_str()));
        }
        // Why somebody was erased is a matter of the audit.
        let may_audit = self.caller.permissions.has(Permission::ReadAudit);
        if matches!(event.body, DomainEvent::User(_)) && !may_audit {
            fields.remove(REASON);
        }
    }

    fn is_hidden_ticket(&self, value: &Value) -> bool {
        let id = value.as_str().and_then(|text| text.parse().ok());
        id.is_some_and(|id| self.hidden_tickets.contains(&TicketId(id)))
    }
}
