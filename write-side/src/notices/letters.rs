//! From a notice to letters: whose addresses, and which words.

use std::collections::BTreeMap;

use domain::ids::{OrganizationId, UserId};
use domain::organization::state::Standing;
use domain::sla::Metric;
use domain::sla::warning::{Recipients, Threshold};
use domain::team::state::Team;
use domain::text::Email;
use domain::ticket::state::{PresentTicket, Ticket};
use platform::mail::{Address, Letter};
use uuid::Uuid;

use super::notice::Notice;
use super::tables::Waiting;
use crate::dispatch::{CommandError, Dispatcher};
use crate::mail::Outgoing;

/// The letters of a notice; none when nobody is left to be told. Each has words of the ticket's requester.
pub(super) async fn of(
    dispatcher: &Dispatcher,
    waiting: &Waiting,
) -> Result<Vec<Outgoing>, CommandError> {
    let org = waiting.organization_id;
    let organization = dispatcher.organization(org).await?;
    let Some(organization) = organization.filter(|it| it.standing == Standing::Active) else {
        return Ok(Vec::new());
    };
    let ticket = dispatcher.aggregate::<Ticket>(org, waiting.ticket_id.0);
    let Ticket::Present(ticket) = ticket.await? else {
        return Ok(Vec::new());
    };
    match &waiting.notice {
        Notice::SlaWarning {
            metric,
            threshold,
            deadline_at,
            to,
        } => {
            let letter = Letter::SlaWarning {
                organization: organization.name.to_string(),
                ticket_id: waiting.ticket_id.0,
                subject: subject(&ticket),
                promise: promise_words(*metric).to_owned(),
                state: state_words(*threshold),
                deadline_at: *deadline_at,
            };
            let addresses = addresses(dispatcher, org, to).await?;
            let outgoing = addresses.into_iter().map(|(to, person)| Outgoing {
                to,
                letter: letter.clone(),
                about: about(ticket.requester_id, person),
            });
            Ok(outgoing.collect())
        }
        Notice::Reminder => {
            let letter = Letter::TicketReminder {
                organization: organization.name.to_string(),
                ticket_id: waiting.ticket_id.0,
                subject: subject(&ticket),
            };
            let requester = mailable(dispatcher, org, ticket.requester_id).await?;
            let address = requester.and_then(|email| email.as_str().parse().ok());
            let outgoing = address.map(|to| Outgoing {
                to,
                letter,
                about: about(ticket.requester_id, None),
            });
            Ok(outgoing.into_iter().collect())
        }
    }
}

/// The requester, and who gets it if that is one of the organization's people.
fn about(requester: UserId, reader: Option<UserId>) -> Vec<Uuid> {
    let people = std::iter::once(requester).chain(reader);
    people.map(|person| person.0).collect()
}

fn subject(ticket: &PresentTicket) -> String {
    ticket.subject.to_string()
}

/// Whom a warning goes to, each address once, with the person whose it is.
async fn addresses(
    dispatcher: &Dispatcher,
    org: OrganizationId,
    to: &Recipients,
) -> Result<Vec<(Address, Option<UserId>)>, CommandError> {
    let mut people: Vec<UserId> = to.assignee_id.into_iter().collect();
    if let Some(team_id) = to.team_id
        && let Team::Present(team) = dispatcher.aggregate::<Team>(org, team_id.0).await?
    {
        people.extend(team.members);
    }
    let mut found: BTreeMap<String, (Address, Option<UserId>)> = BTreeMap::new();
    let mut add = |email: &Email, person: Option<UserId>| {
        // An address that the mail library does not know has no way to it.
        if let Ok(address) = email.as_str().parse::<Address>() {
            let place = found.entry(email.as_str().to_lowercase());
            place.or_insert((address, person));
        }
    };
    for id in people {
        if let Some(email) = mailable(dispatcher, org, id).await? {
            add(&email, Some(id));
        }
    }
    to.addresses.iter().for_each(|desk| add(desk, None));
    Ok(found.into_values().collect())
}

/// The address of a person who may be written to: active, and not erased.
async fn mailable(
    dispatcher: &Dispatcher,
    org: OrganizationId,
    id: UserId,
) -> Result<Option<Email>, CommandError> {
    let person = dispatcher.person(org, id).await?;
    let user = person.map(|person| person.user);
    let user = user.filter(|user| user.active && !user.erased);
    Ok(user.and_then(|user| user.email))
}

fn promise_words(metric: Metric) -> &'static str {
    match metric {
        Metric::FirstReply => "first reply",
        Metric::NextReply => "next reply",
        Metric::PeriodicUpdate | Metric::PausableUpdate => "next update",
        Metric::RequesterWait | Metric::AgentWork | Metric::Resolution => "resolution",
    }
}

fn state_words(threshold: Threshold) -> String {
    match threshold {
        Threshold::Percent(100) | Threshold::SecondsBefore(0) => {
            "has used all of its time".to_owned()
        }
        Threshold::Percent(percent) => format!("has used {percent} percent of its time"),
        Threshold::SecondsBefore(seconds) if seconds.is_multiple_of(60) => {
            format!("has {} min left", seconds / 60)
        }
        Threshold::SecondsBefore(seconds) => format!("has {seconds} s left"),
    }
}
