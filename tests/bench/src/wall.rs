//! What row-level security costs a query: the statements of a ticket's detail and of a list, as the queries run them and as
//! the owner of the tables runs them alone, side by side on the same database; and the same two over HTTP, with the policies
//! of the tables switched on and off.

use std::sync::Arc;

use anyhow::Result;
use const_format::formatcp;
use event_store::Placement;
use platform::rows::{Row, TicketRow};
use schema::access::begin;
use schema::projection::{CORE, LISTED_TICKETS};
use schema::role::QUERY;
use schema::table::core::DERIVED;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use crate::cli::Cli;
use crate::load::Requests;
use crate::measure::{Operation, measure};
use crate::product::Installation;
use crate::report::Line;
use crate::servers::BenchServers;

const CLIENTS: usize = 8;
const COLUMNS: &str = <TicketRow as Row>::COLUMNS;
const TABLE: &str = <TicketRow as Row>::TABLE;
const DETAIL: &str = formatcp!(
    "SELECT {COLUMNS} FROM {CORE}.{TABLE} WHERE partition = $1 AND org_id = $2 AND ticket_id = $3"
);
/// The third value is not needed; with it both statements take the same.
const LIST: &str = formatcp!(
    "SELECT {COLUMNS} FROM {CORE}.{TABLE} WHERE partition = $1 AND org_id = $2 AND {LISTED_TICKETS} AND ticket_id <> $3 \
      ORDER BY updated_at DESC, ticket_id DESC LIMIT 50"
);

/// Detail and list behind the wall, beside themselves without it, by turns.
///
/// # Errors
/// When a connection fails.
pub async fn lines(
    servers: &BenchServers,
    placement: Placement,
    ids: &[Uuid],
    cli: &Cli,
) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for (name, statement) in [
        ("ticket by its key, behind policies", DETAIL),
        ("list of 50 tickets, behind policies", LIST),
    ] {
        let (mut behind, mut without) = (Vec::new(), Vec::new());
        for _ in 0..cli.rounds {
            for (walled, samples) in [(false, &mut without), (true, &mut behind)] {
                let clients = clients(servers, placement, ids, statement, walled).await?;
                samples.push(measure(clients, cli.duration()).await?);
            }
        }
        lines.push(
            Line::new(name, behind)
                .beside("the same by the owner, without", without)
                .reaching(0.9),
        );
    }
    Ok(lines)
}

/// A list and a ticket's detail over HTTP, by turns with and without policies on the tables. Without Valkey, and over more
/// tickets than a process keeps, so that each detail asks the database.
///
/// # Errors
/// When the server does not come up or a request fails.
pub async fn over_http(
    servers: &BenchServers,
    product: Installation,
    token: &str,
    ids: &[Uuid],
    cli: &Cli,
) -> Result<Vec<Line>> {
    let server = product.without("VALKEY_URL").serve("api").await?;
    let asked = |path: &str| Requests {
        url: server.url(),
        method: "GET",
        path: path.to_owned(),
        token: token.to_owned(),
        body: String::new(),
        ids: ids.to_vec(),
    };
    let mut lines = Vec::new();
    for (name, requests) in [
        (
            "ticket detail over HTTP from the database, behind policies",
            asked("/api/v1/tickets/{id}"),
        ),
        (
            "list of 50 tickets over HTTP, behind policies",
            asked("/api/v1/tickets?sort=-updated_at&limit=50"),
        ),
    ] {
        let (mut behind, mut without) = (Vec::new(), Vec::new());
        for _ in 0..cli.rounds {
            for (policies, samples) in [("DISABLE", &mut without), ("ENABLE", &mut behind)] {
                switch(servers, policies).await?;
                samples.push(requests.run(CLIENTS, cli.duration()).await?);
            }
        }
        lines.push(
            Line::new(name, behind)
                .beside("the same without policies", without)
                .reaching(0.9),
        );
    }
    Ok(lines)
}

/// Switches the policies of all core read models; the organization is named in each transaction either way. Statements that are prepared are planned anew by that.
async fn switch(servers: &BenchServers, policies: &str) -> Result<()> {
    let client = servers.connect().await?;
    for table in DERIVED {
        let sql = format!("ALTER TABLE {CORE}.{table} {policies} ROW LEVEL SECURITY");
        client.batch_execute(&sql).await?;
    }
    Ok(())
}

async fn clients(
    servers: &BenchServers,
    placement: Placement,
    ids: &[Uuid],
    text: &str,
    walled: bool,
) -> Result<Vec<Operation>> {
    let ids: Arc<[Uuid]> = ids.into();
    let mut operations: Vec<Operation> = Vec::new();
    for number in 0..CLIENTS {
        let client = servers.connect().await?;
        if walled {
            client.batch_execute(&format!("SET ROLE {QUERY}")).await?;
        }
        let (statement, client) = (client.prepare(text).await?, Arc::new(client));
        let (ids, mut at) = (ids.clone(), number);
        operations.push(Box::new(move || {
            at = (at + 1) % ids.len();
            let (client, statement, id) = (client.clone(), statement.clone(), ids[at]);
            Box::pin(async move {
                if walled {
                    behind(&client, &statement, placement, id).await
                } else {
                    alone(&client, &statement, placement, id).await
                }
            })
        }));
    }
    Ok(operations)
}

async fn alone(
    client: &Client,
    statement: &Statement,
    placement: Placement,
    id: Uuid,
) -> Result<()> {
    let values: [&(dyn ToSql + Sync); 3] = [&placement.partition.get(), &placement.org_id.0, &id];
    client.query(statement, &values).await?;
    Ok(())
}

async fn behind(
    client: &Client,
    statement: &Statement,
    placement: Placement,
    id: Uuid,
) -> Result<()> {
    let begin = begin(placement.org_id.0);
    let (begun, rows, ended) = tokio::join!(
        biased;
        client.batch_execute(&begin),
        alone(client, statement, placement, id),
        client.batch_execute("COMMIT"),
    );
    begun?;
    rows?;
    Ok(ended?)
}
