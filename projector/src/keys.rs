//! Which rows a batch of events touches, so that just these are loaded.

use std::collections::HashSet;

use domain::calendar::definition::CalendarRef;
use domain::event::DomainEvent;
use domain::ids::{
    CalendarId, CompanyId, MessageId, OrganizationId, TeamId, TicketId, UserId, ViewId,
};
use domain::message::event::MessageEvent;
use domain::security::event::SecurityEvent;
use domain::team::event::TeamEvent;
use domain::ticket::event::TicketEvent;
use domain::ticket::state::Assignment;
use domain::user::event::UserEvent;

use crate::event::Event;
use crate::fold::{Effect, is_word};
use crate::state::Of;

/// The keys of a batch. Some may not exist yet.
#[derive(Debug, Default)]
pub struct Keys {
    /// Organizations.
    pub organizations: HashSet<OrganizationId>,
    /// People: those changed, and those whose names are shown.
    pub users: HashSet<Of<UserId>>,
    /// Companies, likewise.
    pub companies: HashSet<Of<CompanyId>>,
    /// Calendars.
    pub calendars: HashSet<Of<CalendarId>>,
    /// The calendars by which clocks count that events promise.
    pub clock_calendars: HashSet<(OrganizationId, CalendarRef)>,
    /// Organizations whose policies change.
    pub service_levels: HashSet<OrganizationId>,
    /// Saved views.
    pub views: HashSet<Of<ViewId>>,
    /// Teams, likewise.
    pub teams: HashSet<Of<TeamId>>,
    /// Tickets, but for those of edited and redacted messages, which the messages' rows name.
    pub tickets: HashSet<Of<TicketId>>,
    /// Tickets of which reports may know something else afterwards.
    pub facts: HashSet<Of<TicketId>>,
    /// Tickets that an agent answers, which reports know the first time of.
    pub answers: HashSet<Of<TicketId>>,
    /// Tickets whose clocks hear more than words.
    pub clocks: HashSet<Of<TicketId>>,
    /// Messages.
    pub messages: HashSet<Of<MessageId>>,
}

impl Keys {
    /// The keys that these events touch.
    #[must_use]
    pub fn of(events: &[Event]) -> Self {
        let mut keys = Self::default();
        for event in events {
            keys.add(event);
        }
        keys
    }

    fn add(&mut self, event: &Event) {
        let org = event.org_id;
        if let Some(user) = event.actor.user_id() {
            self.users.insert((org, user));
        }
        match &event.body {
            DomainEvent::Organization(_) => {
                self.organizations.insert(org);
            }
            DomainEvent::User(change) => {
                self.users.insert((org, UserId(event.stream_id)));
                if let UserEvent::CompanySet(set) = change {
                    let named = set.from.into_iter().chain(set.to);
                    self.companies.extend(named.map(|company| (org, company)));
                }
            }
            DomainEvent::EmailClaim(_)
            | DomainEvent::DomainClaim(_)
            | DomainEvent::ViewShelf(_) => {}
            DomainEvent::View(_) => {
                self.views.insert((org, ViewId(event.stream_id)));
            }
            DomainEvent::Company(_) => {
                self.companies.insert((org, CompanyId(event.stream_id)));
            }
            DomainEvent::Calendar(_) => {
                self.calendars.insert((org, CalendarId(event.stream_id)));
            }
            DomainEvent::ServiceLevels(_) => {
                self.service_levels.insert(org);
            }
            DomainEvent::Security(SecurityEvent::PersonExported(exported)) => {
                self.users.insert((org, exported.subject));
            }
            DomainEvent::Security(change) => {
                self.users.insert((org, change.user_id()));
            }
            DomainEvent::Team(change) => {
                self.teams.insert((org, TeamId(event.stream_id)));
                self.add_member(org, change);
            }
            DomainEvent::Ticket(change) => {
                let ticket = (org, TicketId(event.stream_id));
                self.tickets.insert(ticket);
                self.add_followed(ticket, change);
                self.add_mentioned(org, change);
            }
            DomainEvent::Message(MessageEvent::Posted(posted)) => {
                // Its language is that of the search, its zone says on which day a message is counted.
                self.organizations.insert(org);
                self.users.insert((org, posted.author_id));
                self.tickets.insert((org, posted.ticket_id));
            }
            DomainEvent::Message(MessageEvent::Edited(_) | MessageEvent::Redacted(_)) => {
                self.messages.insert((org, MessageId(event.stream_id)));
            }
        }
    }

    fn add_member(&mut self, org: OrganizationId, change: &TeamEvent) {
        match change {
            TeamEvent::MemberAdded(e) => self.users.insert((org, e.user_id)),
            TeamEvent::MemberRemoved(e) => self.users.insert((org, e.user_id)),
            TeamEvent::Created(_) | TeamEvent::Renamed(_) | TeamEvent::PrivacySet(_) => false,
        };
    }

    /// What is known of a ticket beside its row.
    fn add_followed(&mut self, ticket: Of<TicketId>, change: &TicketEvent) {
        match Effect::of(change) {
            Effect::None => {}
            Effect::FirstAnswer => {
                self.answers.insert(ticket);
            }
            Effect::Change => {
                self.facts.insert(ticket);
                // Its zone says on which day something is counted.
                self.organizations.insert(ticket.0);
            }
        }
        if !is_word(change) {
            self.clocks.insert(ticket);
        }
    }

    fn add_mentioned(&mut self, org: OrganizationId, change: &TicketEvent) {
        match change {
            TicketEvent::Opened(opened) => {
                self.users.insert((org, opened.requester_id));
                self.messages
                    .extend(opened.message_id.map(|message| (org, message)));
            }
            TicketEvent::SlaApplied(applied) => {
                let calendars = applied.rule.targets.iter();
                let calendars = calendars.filter_map(|target| target.calendar);
                self.clock_calendars
                    .extend(calendars.map(|reference| (org, reference)));
            }
            TicketEvent::Assigned(assigned) => {
                self.add_assignment(org, assigned.from);
                self.add_assignment(org, assigned.to);
            }
            _ => {}
        }
    }

    fn add_assignment(&mut self, org: OrganizationId, assignment: Assignment) {
        self.users
            .extend(assignment.agent_id.map(|agent| (org, agent)));
        self.teams
            .extend(assignment.team_id.map(|team| (org, team)));
    }
}
