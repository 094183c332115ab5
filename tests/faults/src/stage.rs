//! One fault from its beginning to the verdict.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::time::Instant;

use crate::checker::{self, Findings, Rule, Terms, Violation};
use crate::ledger;
use crate::load::{Counts, Http, Load, Plan};
use crate::report::Report;
use crate::scene::process::Server;
use crate::scene::progress::Progress;
use crate::scene::wait::{PATIENCE, POLL, eventually};
use crate::scene::{ALL_ROLES, Scene};

/// As often as a projector looks even when nobody wakes it up.
const LAG_SEEN_AS_ZERO: Duration = Duration::from_millis(200);
const CONNECTIONS: usize = 8;
const PAUSE_MAX: Duration = Duration::from_millis(10);
/// Commands before the first fault, and between two.
const BETWEEN: u64 = 50;

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// How long.
    pub time: Duration,
    /// How often, for F01.
    pub kills: Option<u32>,
}

/// What the command line says.
#[derive(Debug, Clone)]
pub struct Options {
    /// Chooses commands and moments.
    pub seed: u64,
    /// For each fault.
    pub budget: Budget,
    /// How long the product may take until it is itself again after a fault.
    pub recovery_limit: Duration,
    /// Where everything goes.
    pub output: PathBuf,
}

/// What a fault notes about itself.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// How often the harm was done.
    pub times: u32,
    /// How often it was shown to hit work.
    pub hits: u32,
    /// How that was shown, and how often.
    pub shown: BTreeMap<&'static str, u64>,
    /// From the end of each harm to the first success, in milliseconds.
    pub first_success_ms: Vec<u64>,
    /// From the end of each harm until the read models had caught up, in milliseconds.
    pub caught_up_ms: Vec<u64>,
    /// What went wrong on the way.
    pub violations: Vec<Violation>,
    /// Whether times of different processes can be compared afterwards.
    pub clocks_jumped: bool,
    /// Updates of events by the fault itself.
    pub own_updates: i64,
}

impl Record {
    /// Notes a harm, and whether it hit.
    pub fn harm(&mut self, shown: &'static str, amount: u64) {
        self.times += 1;
        self.hits += u32::from(amount > 0);
        *self.shown.entry(shown).or_default() += amount;
    }

    /// Notes a broken rule.
    pub fn broken(&mut self, rule: Rule, detail: impl Into<String>) {
        self.violations.push(Violation::new(rule, detail.into()));
    }
}

/// A fault at work.
pub struct Stage {
    /// Where.
    pub scene: Scene,
    /// The servers that play it. The first one has the API.
    pub servers: Vec<Server>,
    /// The load, once it is started.
    pub load: Option<Load>,
    /// What is noted.
    pub record: Record,
    /// For the choices of the fault.
    pub random: StdRng,
    /// How much is tried.
    pub budget: Budget,
    /// How long the product may take until it is itself again.
    pub recovery_limit: Duration,
    seed: u64,
    begun: Instant,
}

impl Stage {
    /// Sets the scene for the fault `name`. Nothing runs on it yet.
    ///
    /// # Errors
    /// When a server does not start.
    pub async fn open(name: &str, options: &Options) -> Result<Self> {
        let data = dir_of(name, options).join("servers");
        Self::open_with_data(name, options, data).await
    }

    /// The same, with the data of the servers elsewhere.
    ///
    /// # Errors
    /// When a server does not start.
    pub async fn open_with_data(name: &str, options: &Options, data: PathBuf) -> Result<Self> {
        let dir = dir_of(name, options);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        Ok(Self {
            scene: Scene::open(&dir, &data).await?,
            servers: Vec::new(),
            load: None,
            record: Record::default(),
            random: StdRng::seed_from_u64(options.seed),
            budget: options.budget,
            recovery_limit: options.recovery_limit,
            seed: options.seed,
            begun: Instant::now(),
        })
    }

    /// Starts one server with all roles, and the load.
    ///
    /// # Errors
    /// When they do not get going.
    pub async fn begin(&mut self) -> Result<()> {
        self.begin_with(ALL_ROLES, &[]).await
    }

    /// Starts a server with `roles` at the address of the API, one more for each of `apart`, and the load.
    ///
    /// # Errors
    /// When they do not get going.
    pub async fn begin_with(&mut self, roles: &str, apart: &[&str]) -> Result<()> {
        self.servers.push(self.scene.serve(roles).await?);
        for roles in apart {
            self.servers.push(self.scene.serve_apart(roles).await?);
        }
        let plan = Plan {
            seed: self.seed,
            connections: CONNECTIONS,
            pause_max: PAUSE_MAX,
        };
        let http = Http::new(self.scene.address);
        self.load = Some(Load::start(
            &plan,
            &self.scene.desk,
            &self.scene.ledger,
            &[http],
        ));
        self.begun = Instant::now();
        self.flows().await
    }

    /// Waits until the load has gone on for a while.
    ///
    /// # Errors
    /// When it does not.
    pub async fn flows(&self) -> Result<()> {
        match &self.load {
            Some(load) => load.goes_on(BETWEEN, PATIENCE).await,
            None => Ok(()),
        }
    }

    /// Whether there is time for another round; for the first there is, however long a busy machine took to get ready.
    #[must_use]
    pub fn has_time(&self) -> bool {
        self.record.times == 0 || self.begun.elapsed() < self.budget.time
    }

    /// The same where the number of times may have been asked for.
    #[must_use]
    pub fn has_more(&self) -> bool {
        match self.budget.kills {
            Some(kills) => self.record.times < kills,
            None => self.has_time(),
        }
    }

    /// What the load has met so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.load.as_ref().map(Load::counts).unwrap_or_default()
    }

    /// To be called at the end of a harm: waits for the first success and until the read models have caught up, and notes
    /// how long both took.
    ///
    /// # Errors
    /// When one of them does not come at all.
    pub async fn recovers(&mut self) -> Result<()> {
        self.recovers_from(Instant::now()).await
    }

    /// The same for a harm that ended at `end`.
    ///
    /// # Errors
    /// When one of them does not come at all.
    pub async fn recovers_from(&mut self, end: Instant) -> Result<()> {
        let success = async {
            match &self.load {
                Some(load) => load.succeeds_after(end, PATIENCE).await,
                None => Ok(Duration::ZERO),
            }
        };
        let (success, caught_up) = tokio::join!(success, self.catches_up(end));
        let times = [("success", success?), ("zero lag", caught_up?)];
        for (what, took) in times {
            if took > self.recovery_limit {
                let detail = format!("{what} took {} ms", took.as_millis());
                self.record.broken(Rule::Recovery, detail);
            }
        }
        let [success_ms, caught_up_ms] = times.map(|(_, took)| took.as_millis() as u64);
        self.record.first_success_ms.push(success_ms);
        self.record.caught_up_ms.push(caught_up_ms);
        Ok(())
    }

    /// Answers so far that said: not now.
    #[must_use]
    pub fn unavailable(&self) -> u64 {
        self.counts()
            .statuses
            .get(&503)
            .copied()
            .unwrap_or_default()
    }

    /// Notes that everything was as before so long after the end of a harm, where that may take `limit`.
    pub fn note_recovery(&mut self, took: Duration, limit: Duration) {
        if took > limit {
            let detail = format!("it took {} ms", took.as_millis());
            self.record.broken(Rule::Recovery, detail);
        }
        self.record.caught_up_ms.push(took.as_millis() as u64);
    }

    /// Waits until the read models are at most [`LAG_SEEN_AS_ZERO`] behind: nearer to none a log that grows all the time
    /// cannot be seen.
    async fn catches_up(&self, since: Instant) -> Result<Duration> {
        let ask = async || {
            let client = self.scene.superuser().await?;
            let mut looks = VecDeque::new();
            loop {
                let now = Progress::look(&client).await?;
                let earlier = looks
                    .iter()
                    .rev()
                    .find(|(at, _): &&(Instant, Progress)| at.elapsed() >= LAG_SEEN_AS_ZERO);
                if earlier.is_some_and(|(_, earlier)| now.shows(earlier)) {
                    return anyhow::Ok(());
                }
                looks.push_back((Instant::now(), now));
                tokio::time::sleep(POLL).await;
            }
        };
        let limit = tokio::time::timeout(PATIENCE, eventually("zero lag", PATIENCE, ask));
        limit.await??;
        Ok(since.elapsed().saturating_sub(LAG_SEEN_AS_ZERO))
    }

    /// Ends the load, lets everything come to rest, and ends the servers.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn settle(&mut self) -> Result<(Counts, Terms)> {
        let counts = match self.load.take() {
            Some(load) => load.stop().await?,
            None => Counts::default(),
        };
        let client = self.scene.superuser().await?;
        let rests = async || {
            let progress = Progress::look(&client).await?;
            progress.is_at_rest()?;
            Ok(progress.now)
        };
        let told_until = match eventually("everything is at rest", PATIENCE, rests).await {
            Ok(now) => now,
            Err(error) => {
                self.record.broken(Rule::Recovery, format!("{error:#}"));
                Progress::look(&client).await?.now
            }
        };
        self.servers.clear();
        let terms = Terms {
            told_until,
            clocks_are_steady: !self.record.clocks_jumped,
            own_updates: self.record.own_updates,
        };
        Ok((counts, terms))
    }

    /// Judges, reports and clears up. Where a rule is broken the data stays, to be looked at.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn finish(mut self, id: &'static str, name: &'static str) -> Result<Report> {
        let (counts, terms) = self.settle().await?;
        for (status, count) in &counts.statuses {
            if *status >= 500 && *status != 503 {
                let detail = format!("{count} answers had the status {status}");
                self.record.broken(Rule::Answers, detail);
            }
        }
        if self.record.hits == 0 {
            let detail = "no harm was shown to hit work in flight";
            self.record.broken(Rule::Hit, detail);
        }
        let mut findings = self.check(terms).await?;
        findings.violations.append(&mut self.record.violations);
        let report = Report::new(id, name, self.seed, &counts, &self.record, findings);
        if report.is_right() {
            self.scene.close().await?;
        } else {
            self.scene.servers.stop().await?;
        }
        Ok(report)
    }

    /// Judges the database by the ledger.
    ///
    /// # Errors
    /// When either cannot be read.
    pub async fn check(&self, terms: Terms) -> Result<Findings> {
        let ledger = ledger::read(self.scene.ledger.path())?;
        let client = self.scene.superuser().await?;
        checker::check(&client, &ledger, terms).await
    }
}

fn dir_of(name: &str, options: &Options) -> PathBuf {
    options.output.join(format!("{name}-{}", options.seed))
}
