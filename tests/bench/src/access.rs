//! `bench access`: many sign-ins at once, and whether the time of an answer tells which addresses have an account.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures::future::try_join_all;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::cli::Cli;
use crate::history::Desk;
use crate::http::Api;
use crate::machine;
use crate::measure::{Sample, microseconds};
use crate::product::{Installation, Memory, Server};
use crate::report::{Fact, Report};
use crate::servers::BenchServers;

const SIGN_INS: usize = 200;
const HEALTH_CHECKS: usize = 300;
/// Of each side of a comparison.
const TRIES: usize = 200;
/// Who try at the same time: most answers are held back for a fixed time.
const LANES: usize = 8;
const GAP_LIMIT_PERCENT: f64 = 10.0;
const LOAD_LIMIT_MIB: f64 = 200.0;
const MEMBER: &str = "mia@example.com";
const CUSTOMER: &str = "cora@example.com";
const PASSWORD: &str = "seven green umbrellas in the hall";
const MAIL_DEADLINE: Duration = Duration::from_secs(20);

/// Measures.
///
/// # Errors
/// When a server does not come up or a sign-in fails that should not.
pub async fn run(_cli: &Cli) -> Result<Report> {
    let servers = BenchServers::start().await?;
    let mails = tempfile::tempdir()?;
    let directory = mails.path().display().to_string();
    let product = Installation::new(&servers)?.with("INSIGHTDESK_MAIL_DIRECTORY", directory);
    let server = product.serve("api,projector,saga").await?;
    let desk = Desk::open(&servers, &product, &server).await?;
    let api = Api::new(&server.url(), &desk.admin_token);
    join(&api, &mails).await?;
    let mut report = Report::new("access", conditions(&servers).await?);
    report.facts = at_once(&server, &api).await?;
    for (what, path, known, unknown) in comparisons() {
        let gap = gap_percent(&api, path, &known, &unknown).await?;
        let what = format!("{what}: median time with an account beside without, gap");
        report
            .facts
            .push(Fact::new(what, gap, "%", GAP_LIMIT_PERCENT));
    }
    drop(server);
    servers.stop().await?;
    Ok(report)
}

async fn conditions(servers: &BenchServers) -> Result<Vec<String>> {
    Ok(vec![
        format!("{}; {}", machine::describe(), servers.describe().await?),
        format!(
            "{SIGN_INS} sign-ins by password at once, rate limits off, Argon2id as configured by default; \
             {HEALTH_CHECKS} times /health one after the other before, and as often as it answers meanwhile; \
             {TRIES} tries of each side by turns, {LANES} clients"
        ),
    ])
}

/// Makes a customer, and a member with a password: by the link of an invitation, as members get in.
async fn join(api: &Api, mails: &TempDir) -> Result<()> {
    let customer = json!({"name": "Cora", "email": CUSTOMER, "role": "customer"});
    api.post("/users", &customer).await?;
    let member = json!({"name": "Mia", "email": MEMBER, "role": "agent"});
    let made = api.post("/users", &member).await?;
    let id = made["id"].as_str().context("a user without an id")?;
    let invite = format!("/users/{id}/invite");
    let deadline = Instant::now() + MAIL_DEADLINE;
    // The invitation needs the user in the read models, which are milliseconds behind.
    while api.post_for_status(&invite, &json!({})).await? != 202 {
        wait_until(deadline, "the invitation is not taken").await?;
    }
    let token = loop {
        match token_in(mails.path())? {
            Some(token) => break token,
            None => wait_until(deadline, "no mail came").await?,
        }
    };
    let accept = json!({"token": token, "password": PASSWORD});
    let status = api
        .post_for_status("/auth/invitations/accept", &accept)
        .await?;
    anyhow::ensure!(status == 204, "the invitation was answered {status}");
    Ok(())
}

async fn wait_until(deadline: Instant, what: &'static str) -> Result<()> {
    if Instant::now() > deadline {
        bail!(what);
    }
    sleep(Duration::from_millis(20)).await;
    Ok(())
}

/// The token of an invitation in a mail of the directory.
fn token_in(directory: &Path) -> Result<Option<String>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    for file in fs::read_dir(directory)? {
        let text = fs::read_to_string(file?.path())?.replace("=\r\n", "");
        if let Some(from) = text.find("idi_") {
            let token = &text[from..];
            let end = token.find(|c| !is_part(c)).unwrap_or(token.len());
            return Ok(Some(token[..end].to_owned()));
        }
    }
    Ok(None)
}

/// Many sign-ins at once: their time, the memory of the server, and how long others wait meanwhile.
async fn at_once(server: &Server, api: &Api) -> Result<Vec<Fact>> {
    let health = format!("{}/health", server.url());
    let mut quiet_us = Vec::new();
    for _ in 0..HEALTH_CHECKS {
        quiet_us.push(health_us(&health).await?);
    }
    let before = Memory::of(server.process_id()).context("the server has ended")?;
    let body = json!({"email": MEMBER, "password": PASSWORD});
    let begun = Instant::now();
    let sign_ins = try_join_all((0..SIGN_INS).map(|_| api.post("/auth/login", &body)));
    tokio::pin!(sign_ins);
    let mut meanwhile_us = Vec::new();
    loop {
        tokio::select! {
            signed_in = &mut sign_ins => {
                signed_in?;
                break;
            }
            us = health_us(&health) => meanwhile_us.push(us?),
        }
    }
    let took = begun.elapsed();
    let after = Memory::of(server.process_id()).context("the server has ended")?;
    let p99 = |times_us| Sample::of(times_us, took).p99_ms;
    Ok(vec![
        Fact::new("all sign-ins", took.as_secs_f64(), "s", None),
        Fact::new("memory before", before.resident_mib, "MiB", None),
        Fact::new("memory, the most", after.highest_mib, "MiB", LOAD_LIMIT_MIB),
        Fact::new("/health before, p99", p99(quiet_us), "ms", None),
        Fact::new("/health meanwhile, p99", p99(meanwhile_us), "ms", None),
    ])
}

async fn health_us(url: &str) -> Result<u64> {
    let begun = Instant::now();
    if !Api::is_ok(url).await {
        bail!("/health failed");
    }
    Ok(microseconds(begun.elapsed()))
}

/// What is asked, with a body of somebody who has an account and one of nobody.
fn comparisons() -> [(&'static str, &'static str, Value, Value); 4] {
    let nobody = "nobody@example.com";
    let login = |email: &str| json!({"email": email, "password": "a wrong one of some length"});
    let forgot = |email: &str| json!({"email": email});
    let code = |email: &str| json!({"email": email, "organization": crate::history::SLUG});
    let sign_up = |email: &str| {
        json!({"organization_name": "New", "organization_slug": "new", "name": "Nora",
               "email": email, "password": PASSWORD})
    };
    [
        ("sign-in", "/auth/login", login(MEMBER), login(nobody)),
        (
            "forgotten password",
            "/auth/password/forgot",
            forgot(MEMBER),
            forgot(nobody),
        ),
        ("code by mail", "/auth/codes", code(CUSTOMER), code(nobody)),
        ("sign-up", "/sign_up", sign_up(MEMBER), sign_up(nobody)),
    ]
}

/// How far the medians are apart, in percent of the smaller one.
async fn gap_percent(api: &Api, path: &str, known: &Value, unknown: &Value) -> Result<f64> {
    let lanes = try_join_all((0..LANES).map(|_| by_turns(api, path, known, unknown))).await?;
    let (of_known, of_unknown): (Vec<_>, Vec<_>) = lanes.into_iter().unzip();
    let median = |times_us: Vec<Vec<u64>>| {
        let sample = Sample::of(times_us.concat(), Duration::from_secs(1));
        sample.p50_ms
    };
    let (known_ms, unknown_ms) = (median(of_known), median(of_unknown));
    Ok((known_ms - unknown_ms).abs() / known_ms.min(unknown_ms) * 100.0)
}

/// The times of both sides, in microseconds.
async fn by_turns(
    api: &Api,
    path: &str,
    known: &Value,
    unknown: &Value,
) -> Result<(Vec<u64>, Vec<u64>)> {
    let (mut of_known, mut of_unknown) = (Vec::new(), Vec::new());
    for _ in 0..TRIES / LANES {
        for (body, times_us) in [(known, &mut of_known), (unknown, &mut of_unknown)] {
            let begun = Instant::now();
            api.post_for_status(path, body).await?;
            times_us.push(microseconds(begun.elapsed()));
        }
    }
    Ok((of_known, of_unknown))
}
