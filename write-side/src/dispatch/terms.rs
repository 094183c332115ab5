//! Gathers what a ticket's commands are decided by beside the ticket: policies, calendars, and who is who. All of it as the
//! log had it within the last second, and not guarded: a policy that changes in the same moment would hold one moment later
//! as well, and a ticket takes up what changed with its own next change.

use super::error::CommandError;
use super::work::{Work, fault};
use domain::actor::Actor;
use domain::calendar::definition::CalendarRef;
use domain::calendar::state::BusinessCalendar;
use domain::ids::{CalendarId, UserId};
use domain::service_levels::state::ServiceLevels;
use domain::service_levels::stream_id;
use domain::sla::terms::{CalendarBook, Terms};
use domain::ticket::command::TicketCommand;
use domain::ticket::state::Ticket;
use domain::user::state::{User, UserKind};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a ticket asks for.
pub struct Asked {
    /// Whose company policies may ask about.
    requester_id: Option<UserId>,
    /// What its clocks count by.
    calendars: BTreeSet<CalendarRef>,
}

/// What a command to a ticket asks for.
pub(super) fn of_ticket(ticket: &Ticket, command: &TicketCommand) -> Option<Asked> {
    Some(match (ticket, command) {
        (Ticket::Present(ticket), _) => Asked {
            requester_id: Some(ticket.requester_id),
            calendars: ticket.clocks.calendars().collect(),
        },
        (Ticket::Absent, TicketCommand::Open(open)) => Asked {
            requester_id: Some(open.requester_id),
            calendars: BTreeSet::new(),
        },
        (Ticket::Absent, _) => return None,
    })
}

impl Work<'_> {
    /// The terms of a command. Where there are neither policies nor calendars, nothing more is looked at.
    pub(super) async fn terms(
        &self,
        asked: Asked,
        actor: &Actor,
    ) -> Result<Arc<Terms>, CommandError> {
        let known = self
            .reference::<ServiceLevels>(stream_id(self.organization_id()))
            .await?;
        let levels = self.shared_levels(&known);
        let mut terms = Terms {
            is_machine: self.is_machine(actor).await?,
            ..Terms::default()
        };
        if let Some(id) = asked.requester_id.filter(|_| !levels.policies.is_empty()) {
            terms.company_id = self.company_of(id).await?;
        }
        let policies = levels.policies.iter();
        let named: BTreeSet<CalendarId> = policies
            .flat_map(|policy| policy.definition.calendars())
            .chain(self.settings().calendars())
            .collect();
        terms.calendars = self.book(&asked.calendars, &named).await?;
        terms.levels = levels;
        Ok(Arc::new(terms))
    }

    /// A book of these versions of calendars, and of the newest of those.
    async fn book(
        &self,
        versions: &BTreeSet<CalendarRef>,
        newest: &BTreeSet<CalendarId>,
    ) -> Result<CalendarBook, CommandError> {
        let mut book = CalendarBook::default();
        let ids: BTreeSet<CalendarId> = versions.iter().map(|version| version.id).collect();
        for id in ids.union(newest) {
            let known = self.reference::<BusinessCalendar>(id.0).await?;
            let wanted = versions.iter().filter(|version| version.id == *id);
            for reference in wanted {
                let definition = known
                    .state
                    .at(reference.version)
                    .ok_or_else(|| fault("a clock counts by a calendar that is not there"))?;
                book.add(*reference, self.ready(*reference, definition));
            }
            if newest.contains(id)
                && let Some((reference, definition)) = known.state.newest(*id)
            {
                book.add(reference, self.ready(reference, definition));
            }
        }
        Ok(book)
    }

    async fn is_machine(&self, actor: &Actor) -> Result<bool, CommandError> {
        let Actor::User { id, .. } = actor else {
            return Ok(false);
        };
        Ok(match &self.reference::<User>(id.0).await?.state {
            User::Present(user) => user.kind == UserKind::Machine,
            User::Absent => false,
        })
    }
}
