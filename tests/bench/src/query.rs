//! `bench query`: ticket detail and ticket list over HTTP.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use poem::listener::TcpListener;
use poem::{Route, Server, get, handler};
use tokio::time::sleep;
use uuid::Uuid;

use crate::cli::Cli;
use crate::history::{Desk, a_tag};
use crate::http::Api;
use crate::load::Requests;
use crate::machine;
use crate::measure::{Sample, measure, microseconds};
use crate::plans;
use crate::product::Installation;
use crate::reference;
use crate::report::{Fact, Line, Report};
use crate::servers::BenchServers;
use crate::wall;

const CONNECTIONS: usize = 64;
/// Tickets whose detail is asked for again and again.
const WARM_TICKETS: usize = 1_000;
const PAGE_LIMIT: usize = 50;
/// Pages of each list, one after the other.
const PAGES: usize = 200;
const LIST_LIMIT_MS: f64 = 20.0;
const BARE_ADDRESS: &str = "127.0.0.1:38017";

/// Measures.
///
/// # Errors
/// When a server does not come up or a request fails.
pub async fn run(cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let product = Installation::new(&servers)?;
    let server = product.serve("api").await?;
    let desk = Desk::open(&servers, &product, &server).await?;
    let count = cli.thousand_tickets as usize * 1_000;
    eprintln!("writing {count} tickets");
    let tickets = desk.live_a_year(&servers.store, count).await?;
    product.time(&["rebuild"]).await?;
    drop(server);
    // With the projector, who opens the cache.
    let server = product.serve("api,projector,saga").await?;
    let conditions = vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "{count} tickets of one organization; detail by {CONNECTIONS} connections over {WARM_TICKETS} tickets, medians of \
             {} rounds of {} s by turns; each list by one client over {PAGES} pages of {PAGE_LIMIT}",
            cli.rounds, cli.seconds
        ),
    ];
    let mut report = Report::new("query", conditions);
    let ids: Vec<Uuid> = tickets
        .iter()
        .rev()
        .take(WARM_TICKETS)
        .map(|id| id.0)
        .collect();
    let mut selected = Vec::new();
    for _ in 0..cli.rounds {
        let selecting = reference::selects(&servers, desk.placement, &ids, CONNECTIONS).await?;
        selected.push(measure(selecting, cli.duration()).await?);
    }
    let walled = wall::lines(&servers, desk.placement, &ids, cli).await?;
    report.lines = vec![
        details(&server.url(), &desk.agent_token, ids, cli).await?,
        Line::new("limit: SELECT of a ticket by its key, 64 clients", selected),
    ];
    report.lines.extend(walled);
    let ids: Vec<Uuid> = tickets.iter().map(|id| id.0).collect();
    let walled = wall::over_http(&servers, product.clone(), &desk.agent_token, &ids, cli).await?;
    report.lines.extend(walled);
    let api = Api::new(&server.url(), &desk.agent_token);
    let lists = lists(&api).await?;
    for list in &lists {
        report.facts.extend(list_times(&api, list).await?);
    }
    drop(server);
    let asked: Vec<_> = lists
        .iter()
        .map(|list| {
            (
                shortened(list),
                format!("/tickets?{list}&limit={PAGE_LIMIT}"),
            )
        })
        .collect();
    let planned = plans::write(&servers, &product, &desk.agent_token, "query", &asked).await;
    plans::tell(planned);
    servers.stop().await?;
    Ok(report)
}

/// Ticket detail beside a handler that does nothing but answer as many bytes.
async fn details(url: &str, token: &str, ids: Vec<Uuid>, cli: &Cli) -> Result<Line> {
    let detail = Requests {
        url: url.to_owned(),
        method: "GET",
        path: "/api/v1/tickets/{id}".to_owned(),
        token: token.to_owned(),
        body: String::new(),
        ids,
    };
    let bare = Requests {
        url: format!("http://{BARE_ADDRESS}"),
        path: "/".to_owned(),
        token: String::new(),
        ..detail.clone()
    };
    let app = Route::new().at("/", get(answer));
    let serving = tokio::spawn(Server::new(TcpListener::bind(BARE_ADDRESS)).run(app));
    while !Api::is_ok(&bare.url).await {
        sleep(Duration::from_millis(10)).await;
    }
    detail.run(CONNECTIONS, cli.duration()).await?;
    let (mut ours, mut reference) = (Vec::new(), Vec::new());
    for _ in 0..cli.rounds {
        reference.push(bare.run(CONNECTIONS, cli.duration()).await?);
        ours.push(detail.run(CONNECTIONS, cli.duration()).await?);
    }
    serving.abort();
    Ok(Line::new("ticket detail over HTTP, warm", ours)
        .beside("bare poem handler", reference)
        .reaching(0.5))
}

/// About as long as a ticket's detail.
const BARE_BODY: &str = const_format::str_repeat!("0123456789abcdef", 64);

#[handler]
fn answer() -> poem::Response {
    poem::Response::builder()
        .content_type("application/json")
        .body(BARE_BODY)
}

/// The query strings of the lists, with every filter and every sort.
async fn lists(api: &Api) -> Result<Vec<String>> {
    let id = |value: &serde_json::Value| {
        let first = &value["items"][0]["id"];
        first.as_str().map(str::to_owned)
    };
    let users = "/users?limit=1&role=";
    let agent = id(&api.get(&format!("{users}agent")).await?).context("no agent")?;
    let customer = id(&api.get(&format!("{users}customer")).await?).context("no customer")?;
    let team = id(&api.get("/teams?limit=1").await?).context("no team")?;
    let tag = a_tag();
    Ok(vec![
        "sort=-updated_at".to_owned(),
        "sort=created_at".to_owned(),
        "sort=-priority".to_owned(),
        "sort=next_deadline_at".to_owned(),
        "status=open&sort=-updated_at".to_owned(),
        "status=closed&sort=created_at".to_owned(),
        "priority=urgent&sort=-updated_at".to_owned(),
        format!("assignee={agent}&sort=-updated_at"),
        format!("assignee={agent}&status=open&sort=-priority"),
        format!("team={team}&sort=next_deadline_at"),
        format!("requester={customer}&sort=-created_at"),
        format!("tag={tag}&sort=-updated_at"),
        format!("tag={tag}&status=open&priority=high&sort=-priority"),
        "created_from=2026-06-01T00:00:00Z&created_to=2026-06-15T00:00:00Z&sort=-priority"
            .to_owned(),
        "updated_from=2026-03-01T00:00:00Z&sort=created_at".to_owned(),
    ])
}

/// The pages of a list one after the other: p99 of all, and of the first and last tenth beside each other.
async fn list_times(api: &Api, list: &str) -> Result<[Fact; 2]> {
    let mut times_us = Vec::new();
    let mut cursor = String::new();
    while times_us.len() < PAGES {
        let path = format!("/tickets?{list}&limit={PAGE_LIMIT}{cursor}");
        let begun = Instant::now();
        let page = api.get(&path).await?;
        times_us.push(microseconds(begun.elapsed()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => cursor.clear(),
        }
    }
    let median_ms = |part: &[u64]| Sample::of(part.to_vec(), Duration::from_secs(1)).p50_ms;
    let tenth = PAGES / 10;
    let depth = median_ms(&times_us[PAGES - tenth..]) / median_ms(&times_us[..tenth]);
    let what = shortened(list);
    let p99_ms = Sample::of(times_us, Duration::from_secs(1)).p99_ms;
    Ok([
        Fact::new(format!("{what}: p99"), p99_ms, "ms", LIST_LIMIT_MS),
        Fact::new(
            format!("{what}: last pages / first pages"),
            depth,
            "x",
            None,
        ),
    ])
}

/// Without the values of ids.
fn shortened(list: &str) -> String {
    let parts = list.split('&').map(|part| match part.split_once('=') {
        Some((name, value)) if value.parse::<Uuid>().is_ok() => name.to_owned(),
        _ => part.to_owned(),
    });
    parts.collect::<Vec<_>>().join("&")
}
