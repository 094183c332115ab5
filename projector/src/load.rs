//! Loads the rows that a batch touches.

use std::collections::HashSet;

use const_format::formatcp;
use deadpool_postgres::Transaction;
use domain::calendar::definition::CalendarRef;
use domain::ids::{
    CalendarId, CompanyId, MessageId, OrganizationId, TeamId, TicketId, UserId, ViewId,
};
use event_store::Partition;
use platform::rows::{
    CalendarRow, Column, CompanyRow, FactsRow, MessageRow, OrganizationRow, Row, ServiceLevelsRow,
    SlaMeasureRow, TeamRow, TicketRow, UserRow, ViewRow,
};
use uuid::Uuid;

use crate::calendars;
use crate::error::BatchError;
use crate::event::Event;
use crate::keys::Keys;
use crate::measures;
use crate::state::{MeasureKey, Of, Rows, State};
use crate::statements;

/// Loads what the events touch, from the namespace that the transaction works in.
///
/// # Errors
/// When PostgreSQL fails or a row does not fit.
pub async fn load(
    tx: &Transaction<'_>,
    partition: Partition,
    events: &[Event],
) -> Result<State, BatchError> {
    let keys = Keys::of(events);
    // On the heap: a future that holds so many others by value is copied through every caller's stack.
    let by_events = Box::pin(async {
        tokio::try_join!(
            of_organizations::<OrganizationRow>(tx, partition, &keys.organizations),
            of_organizations::<ServiceLevelsRow>(tx, partition, &keys.service_levels),
            rows::<UserRow, UserId>(tx, partition, &keys.users),
            rows::<TeamRow, TeamId>(tx, partition, &keys.teams),
            rows::<CompanyRow, CompanyId>(tx, partition, &keys.companies),
            rows::<CalendarRow, CalendarId>(tx, partition, &keys.calendars),
            rows::<ViewRow, ViewId>(tx, partition, &keys.views),
            rows::<MessageRow, MessageId>(tx, partition, &keys.messages),
            rows::<TicketRow, TicketId>(tx, partition, &keys.tickets),
            facts_now(tx, partition, &keys.facts),
        )
    });
    let (
        organizations,
        service_levels,
        users,
        teams,
        companies,
        calendars,
        views,
        messages,
        tickets,
        facts,
    ) = by_events.await?;
    let named = Named::by(&keys, &messages, &tickets);
    let (of_messages, authors, first_answers, zones, book, measures) = tokio::try_join!(
        rows::<TicketRow, TicketId>(tx, partition, &named.tickets),
        rows::<UserRow, UserId>(tx, partition, &named.authors),
        facts_now(tx, partition, &named.first_answers),
        of_organizations::<OrganizationRow>(tx, partition, &named.zones),
        calendars::book(tx, partition, &named.calendars),
        measures::load(tx, partition, &named.measured),
    )?;
    let facts = facts.into_iter().chain(first_answers);
    let facts = Rows::of(facts, |row| (row.org_id, row.ticket_id, row.version));
    let now = |row: &FactsRow| ((row.org_id, row.ticket_id), row.version);
    let organizations = organizations.into_iter().chain(zones);
    let users = users.into_iter().chain(authors);
    let tickets = tickets.into_iter().chain(of_messages);
    Ok(State {
        organizations: Rows::of(organizations, |row| row.org_id),
        users: Rows::of(users, |row| (row.org_id, row.user_id)),
        teams: Rows::of(teams, |row| (row.org_id, row.team_id)),
        companies: Rows::of(companies, |row| (row.org_id, row.company_id)),
        calendars: Rows::of(calendars, |row| (row.org_id, row.calendar_id)),
        service_levels: Rows::of(service_levels, |row| row.org_id),
        book,
        measures_now: measures.iter().map(measure_now).collect(),
        measures: Rows::of(measures, measure_now),
        views: Rows::of(views, |row| (row.org_id, row.view_id)),
        facts_now: facts.iter().map(now).collect(),
        facts,
        tickets: Rows::of(tickets, |row| (row.org_id, row.ticket_id)),
        messages: Rows::of(messages, |row| (row.org_id, row.message_id)),
        ..State::default()
    })
}

/// A wait, and since which version it is as it is.
fn measure_now(row: &SlaMeasureRow) -> (MeasureKey, i64) {
    let wait = (row.org_id, row.ticket_id, row.metric, row.round);
    (wait, row.version)
}

/// What the rows that the events name lead to.
struct Named<'a> {
    /// Of edited and redacted messages.
    tickets: HashSet<Of<TicketId>>,
    /// Whom the audit names; most are there as who acted.
    authors: HashSet<Of<UserId>>,
    /// Tickets that an agent may answer for the first time.
    first_answers: HashSet<Of<TicketId>>,
    /// The organizations of what is counted: their zones say on which day.
    zones: HashSet<OrganizationId>,
    /// By which clocks count.
    calendars: HashSet<(OrganizationId, CalendarRef)>,
    /// Tickets whose waits may begin, change or end.
    measured: Vec<&'a TicketRow>,
}

impl<'a> Named<'a> {
    fn by(keys: &Keys, messages: &[MessageRow], tickets: &'a [TicketRow]) -> Self {
        let of_messages = messages.iter().map(|row| (row.org_id, row.ticket_id));
        let authors = messages.iter().map(|row| (row.org_id, row.author_id));
        let key = |row: &TicketRow| (row.org_id, row.ticket_id);
        let unanswered = tickets.iter().filter(|row| !row.clocks.0.is_answered());
        let first_answers: HashSet<_> = unanswered
            .map(key)
            .filter(|ticket| keys.answers.contains(ticket) && !keys.facts.contains(ticket))
            .collect();
        let calendars = tickets.iter().flat_map(|row| {
            let calendars = row.clocks.0.calendars();
            calendars.map(|reference| (row.org_id, reference))
        });
        let is_measured =
            |row: &&TicketRow| row.clocks.0.hears_replies() || keys.clocks.contains(&key(row));
        let measured: Vec<_> = tickets.iter().filter(is_measured).collect();
        let answered = first_answers.iter().map(|(org, _)| *org);
        let zones = answered.chain(measured.iter().map(|row| row.org_id));
        Self {
            tickets: of_messages
                .filter(|it| !keys.tickets.contains(it))
                .collect(),
            authors: authors.filter(|it| !keys.users.contains(it)).collect(),
            zones: zones
                .filter(|it| !keys.organizations.contains(it))
                .collect(),
            first_answers,
            calendars: calendars
                .chain(keys.clock_calendars.iter().copied())
                .collect(),
            measured,
        }
    }
}

const FACTS_NOW: &str = formatcp!(
    "SELECT {0} FROM unnest($2::uuid[], $3::uuid[]) AS key(key_org, key_ticket) \
     CROSS JOIN LATERAL (SELECT {0} FROM {1} WHERE partition = $1 AND org_id = key_org \
     AND ticket_id = key_ticket ORDER BY version DESC LIMIT 1) found",
    <FactsRow as Row>::COLUMNS,
    <FactsRow as Row>::TABLE
);

/// What reports know of the tickets as they are.
async fn facts_now(
    tx: &Transaction<'_>,
    partition: Partition,
    tickets: &HashSet<Of<TicketId>>,
) -> Result<Vec<FactsRow>, BatchError> {
    if tickets.is_empty() {
        return Ok(Vec::new());
    }
    let orgs: Vec<Uuid> = tickets.iter().map(|(org, _)| org.0).collect();
    let ids: Vec<Uuid> = tickets.iter().map(|(_, id)| id.0).collect();
    let statement = tx.prepare_cached(FACTS_NOW).await?;
    let found = tx
        .query(&statement, &[&partition.get(), &orgs, &ids])
        .await?;
    found
        .iter()
        .map(|row| Ok(FactsRow::from_row(row)?))
        .collect()
}

/// The rows of which an organization has one.
async fn of_organizations<R: Row>(
    tx: &Transaction<'_>,
    partition: Partition,
    keys: &HashSet<OrganizationId>,
) -> Result<Vec<R>, BatchError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let (columns, table) = (R::COLUMNS, R::TABLE);
    let sql = format!("SELECT {columns} FROM {table} WHERE partition = $1 AND org_id = ANY($2)");
    let ids: Vec<Uuid> = keys.iter().map(|id| id.0).collect();
    let statement = tx.prepare_cached(&sql).await?;
    let found = tx.query(&statement, &[&partition.get(), &ids]).await?;
    found.iter().map(|row| Ok(R::from_row(row)?)).collect()
}

/// The rows of the keys, whose second part is the row's own id.
async fn rows<R: Row, Id: Column<Parameter = Uuid>>(
    tx: &Transaction<'_>,
    partition: Partition,
    keys: &HashSet<Of<Id>>,
) -> Result<Vec<R>, BatchError> {
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let orgs: Vec<Uuid> = keys.iter().map(|(org, _)| org.0).collect();
    let ids: Vec<Uuid> = keys.iter().map(|(_, id)| id.parameter()).collect();
    let statement = tx.prepare_cached(&statements::of::<R>().select).await?;
    let found = tx
        .query(&statement, &[&partition.get(), &orgs, &ids])
        .await?;
    found.iter().map(|row| Ok(R::from_row(row)?)).collect()
}
