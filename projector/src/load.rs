//! Loads the rows that a batch touches.

use std::collections::HashSet;

use deadpool_postgres::Transaction;
use domain::ids::{CalendarId, CompanyId, MessageId, OrganizationId, TeamId, TicketId, UserId};
use event_store::Partition;
use platform::rows::{
    CalendarRow, Column, CompanyRow, MessageRow, OrganizationRow, Row, ServiceLevelsRow, TeamRow,
    TicketRow, UserRow,
};
use uuid::Uuid;

use crate::calendars;
use crate::error::BatchError;
use crate::event::Event;
use crate::keys::Keys;
use crate::measures;
use crate::state::{Of, State};

/// Loads what the events touch, from the namespace that the transaction works in.
///
/// # Errors
/// When PostgreSQL fails or a row does not fit.
pub async fn load(
    tx: &Transaction<'_>,
    partition: Partition,
    events: &[Event],
) -> Result<State, BatchError> {
    let mut keys = Keys::of(events);
    let mut state = State::default();
    let (organizations, service_levels, users, teams, companies, calendars, messages) = tokio::try_join!(
        of_organizations::<OrganizationRow>(tx, partition, &keys.organizations),
        of_organizations::<ServiceLevelsRow>(tx, partition, &keys.service_levels),
        rows::<UserRow, UserId>(tx, partition, &keys.users),
        rows::<TeamRow, TeamId>(tx, partition, &keys.teams),
        rows::<CompanyRow, CompanyId>(tx, partition, &keys.companies),
        rows::<CalendarRow, CalendarId>(tx, partition, &keys.calendars),
        rows::<MessageRow, MessageId>(tx, partition, &keys.messages),
    )?;
    keys.tickets.extend(
        messages
            .iter()
            .map(|message| (message.org_id, message.ticket_id)),
    );
    // The audit names them; most are there as who acted.
    let authors: HashSet<_> = messages
        .iter()
        .map(|message| (message.org_id, message.author_id))
        .filter(|author| !keys.users.contains(author))
        .collect();
    let (tickets, authors) = tokio::try_join!(
        rows::<TicketRow, TicketId>(tx, partition, &keys.tickets),
        rows::<UserRow, UserId>(tx, partition, &authors),
    )?;
    for row in organizations {
        state.organizations.load(row.org_id, row);
    }
    for row in users.into_iter().chain(authors) {
        state.users.load((row.org_id, row.user_id), row);
    }
    for row in teams {
        state.teams.load((row.org_id, row.team_id), row);
    }
    for row in companies {
        state.companies.load((row.org_id, row.company_id), row);
    }
    for row in calendars {
        state.calendars.load((row.org_id, row.calendar_id), row);
    }
    for row in service_levels {
        state.service_levels.load(row.org_id, row);
    }
    for row in messages {
        state.messages.load((row.org_id, row.message_id), row);
    }
    let of_rows = tickets.iter().flat_map(|row| {
        let calendars = row.clocks.0.calendars();
        calendars.map(|reference| (row.org_id, reference))
    });
    let named: HashSet<_> = of_rows.chain(keys.clock_calendars).collect();
    let (book, measures) = tokio::try_join!(
        calendars::book(tx, partition, &named),
        measures::load(tx, partition, &tickets),
    )?;
    state.book = book;
    for row in measures {
        let key = (row.org_id, row.ticket_id, row.metric, row.round);
        state.measures.load(key, row);
    }
    for row in tickets {
        state.tickets.load((row.org_id, row.ticket_id), row);
    }
    Ok(state)
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
    let statement = tx.prepare_cached(&select_sql::<R>()).await?;
    let found = tx
        .query(&statement, &[&partition.get(), &orgs, &ids])
        .await?;
    found.iter().map(|row| Ok(R::from_row(row)?)).collect()
}

/// Key by key through the primary key, whatever the planner believes: a plan made while the table was small would
/// otherwise scan it whole for each key after it has grown. `OFFSET 0` keeps the order of the join.
fn select_sql<R: Row>() -> String {
    let (columns, table) = (R::COLUMNS, R::TABLE);
    let id = R::KEY.last().copied().unwrap_or_default();
    format!(
        "SELECT {columns} FROM unnest($2::uuid[], $3::uuid[]) AS key(key_org, key_id) \
         CROSS JOIN LATERAL (SELECT {columns} FROM {table} \
         WHERE partition = $1 AND org_id = key_org AND {id} = key_id OFFSET 0) found"
    )
}
