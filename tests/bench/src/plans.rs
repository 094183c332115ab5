//! What PostgreSQL does for a question: the plans that it logs for it, with the rows, the pages and the time of each step.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::http::Api;
use crate::product::Installation;
use crate::servers::BenchServers;

/// Every statement of every session from now on is explained in the server's log. An extension's settings are known to who has
/// loaded it.
const EXPLAIN: [&str; 6] = [
    "LOAD 'auto_explain'",
    "ALTER SYSTEM SET session_preload_libraries = 'auto_explain'",
    "ALTER SYSTEM SET auto_explain.log_min_duration = 0",
    "ALTER SYSTEM SET auto_explain.log_analyze = on",
    "ALTER SYSTEM SET auto_explain.log_buffers = on",
    "SELECT pg_reload_conf()",
];
/// How the read side's sessions are called.
const SESSION: &str = "insightdesk-queries";

/// Asks each question once more and writes what the read side's statements did to `target/bench/<bench>-plans.md`. A question
/// has words and a path.
///
/// # Errors
/// When a server does not come up, a request fails, or the log cannot be read.
pub async fn write(
    servers: &BenchServers,
    product: &Installation,
    token: &str,
    bench: &str,
    questions: &[(String, String)],
) -> Result<()> {
    let database = servers.connect_as_superuser().await?;
    for statement in EXPLAIN {
        database.batch_execute(statement).await?;
    }
    // Its sessions begin after the settings.
    let server = product.serve("api").await?;
    let api = Api::new(&server.url(), token);
    let log = Log::of(servers);
    let mut page = String::new();
    for (what, path) in questions {
        let before = log.len()?;
        api.get(path).await?;
        let plans = plans(&log.since(before)?);
        page += &format!(
            "### {what}\n\n`GET {path}`\n\n```text\n{}\n```\n\n",
            plans.join("\n\n")
        );
    }
    let file = PathBuf::from(format!("target/bench/{bench}-plans.md"));
    fs::create_dir_all("target/bench")?;
    fs::write(&file, page).with_context(|| format!("{} cannot be written", file.display()))
}

/// Says why there are no plans: what was measured before counts without them.
pub fn tell(planned: Result<()>) {
    if let Err(error) = planned {
        eprintln!("no plans: {error:#}");
    }
}

/// The log of the private PostgreSQL.
struct Log(PathBuf);

impl Log {
    fn of(servers: &BenchServers) -> Self {
        Self(servers.dir().join("postgres/server.log"))
    }

    fn len(&self) -> Result<u64> {
        Ok(fs::metadata(&self.0)?.len())
    }

    fn since(&self, offset: u64) -> Result<String> {
        let mut file = File::open(&self.0)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    }
}

/// The plans of the read side in a part of the log, each with its time; without the statements, which stand in the code. What is
/// read by a key for rights and names is left out.
fn plans(log: &str) -> Vec<String> {
    let mut plans = Vec::new();
    let mut lines = log.lines().peekable();
    while let Some(line) = lines.next() {
        let Some((_, duration)) = line.split_once("duration: ") else {
            continue;
        };
        let mut steps = Vec::new();
        while let Some(step) = lines.next_if(|line| line.starts_with('\t')) {
            let is_step = step.contains("(cost=") || !steps.is_empty();
            steps.extend(is_step.then(|| without_costs(&step[1..])));
        }
        let is_ours = line.contains(SESSION) && steps.len() > 2;
        if is_ours {
            let duration = duration.trim_end_matches("plan:").trim();
            plans.push(format!("{duration}\n{}", steps.join("\n")));
        }
    }
    plans
}

/// What was guessed beforehand says nothing about what was done.
fn without_costs(step: &str) -> String {
    match (step.find("(cost="), step.find("(actual ")) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &step[..from], &step[to..]),
        _ => step.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::plans;

    #[test]
    fn a_plan_of_the_read_side_is_told_by_its_steps_alone() {
        let log = "2026-03-01 [7] insightdesk-queries LOG:  duration: 1.5 ms  plan:\n\
                   \tQuery Text: SELECT day\n\tFROM core.report_cells\n\
                   \tAggregate  (cost=0.29..8.31 rows=1 width=8) (actual time=0.1..0.2 rows=1 loops=1)\n\
                   \t  Buffers: shared hit=3\n\
                   \t  ->  Index Scan using a_key on a  (cost=0.1..0.2 rows=1 width=8) (actual time=0.1..0.1 rows=2 loops=1)\n\
                   2026-03-01 [8] insightdesk-projector LOG:  duration: 9 ms  plan:\n\
                   \tQuery Text: SELECT 1\n\tResult  (cost=0..1 rows=1 width=4) (actual time=0..0 rows=1 loops=1)\n";
        assert_eq!(
            plans(log),
            ["1.5 ms\n\
              Aggregate  (actual time=0.1..0.2 rows=1 loops=1)\n  \
              Buffers: shared hit=3\n  \
              ->  Index Scan using a_key on a  (actual time=0.1..0.1 rows=2 loops=1)"]
        );
    }
}
