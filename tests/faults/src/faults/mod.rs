//! The faults, a file each.

pub mod clock_jumps;
pub mod connections;
pub mod data_full;
pub mod lost_answers;
pub mod overdue_timers;
pub mod poison;
pub mod postgres_kill;
pub mod postgres_restart;
pub mod projector_kill;
pub mod saga_kill;
pub mod server_kill;
pub mod slow_postgres;
mod timers;
pub mod two_sagas;
pub mod valkey_flush;
pub mod valkey_kill;
pub mod valkey_partition;
pub mod wal_full;

use std::pin::Pin;

use anyhow::{Context, Result};

use crate::checker::Rule;
use crate::report::Report;
use crate::scene::volume::Volume;
use crate::stage::{Options, Stage};

/// What a fault does, from the setting of its stage to its report; without what it needs a report that says so.
type Trial =
    for<'a> fn(&'a Fault, &'a Options) -> Pin<Box<dyn Future<Output = Result<Report>> + 'a>>;

/// A fault that can be tried.
pub struct Fault {
    /// Its number.
    pub id: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What is done.
    pub what: &'static str,
    trial: Trial,
}

impl Fault {
    /// Tries it.
    ///
    /// # Errors
    /// When it could not be tried: that says nothing about the product.
    pub async fn run(&self, options: &Options) -> Result<Report> {
        (self.trial)(self, options).await
    }

    /// What stops the fault half-way, such as a load that does not go on, is a finding, too.
    async fn judge(&self, mut stage: Stage, done: Result<()>) -> Result<Report> {
        if let Err(error) = done {
            stage.record.broken(Rule::Recovery, format!("{error:#}"));
        }
        stage.finish(self.id, self.name).await
    }

    fn skipped(&self, options: &Options, why: &anyhow::Error) -> Report {
        Report::skipped(self.id, self.name, options.seed, format!("{why:#}"))
    }

    async fn data_full(&self, options: &Options) -> Result<Report> {
        let volume = match Volume::ext4() {
            Ok(volume) => volume,
            Err(why) => return Ok(self.skipped(options, &why)),
        };
        let data = volume.mount.join("servers");
        let mut stage = Stage::open_with_data(self.name, options, data).await?;
        let done = data_full::run(&mut stage, &volume).await;
        self.judge(stage, done).await
    }

    async fn wal_full(&self, options: &Options) -> Result<Report> {
        let volume = match Volume::tmpfs() {
            Ok(volume) => volume,
            Err(why) => return Ok(self.skipped(options, &why)),
        };
        let mut stage = Stage::open(self.name, options).await?;
        let done = wal_full::run(&mut stage, &volume).await;
        self.judge(stage, done).await
    }

    async fn clock_jumps(&self, options: &Options) -> Result<Report> {
        let library = match clock_jumps::library() {
            Ok(library) => library,
            Err(why) => return Ok(self.skipped(options, &why)),
        };
        let mut stage = Stage::open(self.name, options).await?;
        let done = clock_jumps::run(&mut stage, &library).await;
        self.judge(stage, done).await
    }
}

/// Declares a fault by its file; one that needs something special, by its trial.
macro_rules! fault {
    ($id:literal, trial $trial:ident, $name:literal, $what:literal) => {
        Fault {
            id: $id,
            name: $name,
            what: $what,
            trial: |fault, options| Box::pin(fault.$trial(options)),
        }
    };
    ($id:literal, $module:ident, $name:literal, $what:literal) => {
        Fault {
            id: $id,
            name: $name,
            what: $what,
            trial: |fault, options| {
                Box::pin(async {
                    let mut stage = Stage::open(fault.name, options).await?;
                    let done = $module::run(&mut stage).await;
                    fault.judge(stage, done).await
                })
            },
        }
    };
}

/// Every fault.
pub const ALL: &[Fault] = &[
    fault!(
        "F01",
        server_kill,
        "server-kill",
        "the server is killed at random moments"
    ),
    fault!(
        "F02",
        projector_kill,
        "projector-kill",
        "the projector is killed when it is behind, and between write and checkpoint"
    ),
    fault!(
        "F03",
        saga_kill,
        "saga-kill",
        "the saga is killed with timers claimed, with commands committed, and at random"
    ),
    fault!(
        "F04",
        postgres_kill,
        "postgres-kill",
        "the postmaster, or one session, is killed"
    ),
    fault!(
        "F05",
        postgres_restart,
        "postgres-restart",
        "PostgreSQL is restarted every 10 s, immediately and fast by turns"
    ),
    fault!(
        "F07",
        valkey_kill,
        "valkey-kill",
        "Valkey is killed and comes back empty"
    ),
    fault!(
        "F08",
        valkey_flush,
        "valkey-flush",
        "Valkey is flushed, or evicts with 5 MB of memory"
    ),
    fault!(
        "F09",
        valkey_partition,
        "valkey-partition",
        "Valkey is paused, or cut off"
    ),
    fault!("F10", trial data_full, "data-full", "the volume of the data is full"),
    fault!("F11", trial wal_full, "wal-full", "the volume of the write-ahead log is full"),
    fault!(
        "F12",
        slow_postgres,
        "slow-postgres",
        "the log is locked, or slow"
    ),
    fault!(
        "F13",
        connections,
        "connections",
        "others hold all connections"
    ),
    fault!(
        "F14",
        lost_answers,
        "lost-answers",
        "a writer's connection breaks with an append on its way"
    ),
    fault!("F15", trial clock_jumps, "clock-jumps", "the clock of the server, or of PostgreSQL, jumps"),
    fault!("F19", poison, "poison", "an event that cannot be read"),
    fault!(
        "F20",
        two_sagas,
        "two-sagas",
        "one of two sagas sleeps longer than its leases"
    ),
    fault!(
        "F21",
        overdue_timers,
        "overdue-timers",
        "timers come due while no saga runs"
    ),
];

/// The faults with these names or numbers.
///
/// # Errors
/// When there is no such fault.
pub fn find(names: &[String]) -> Result<Vec<&'static Fault>> {
    if names.iter().any(|name| name == "all") {
        return Ok(ALL.iter().collect());
    }
    let one = |name: &String| {
        let found = ALL
            .iter()
            .find(|fault| fault.name == name || fault.id.eq_ignore_ascii_case(name));
        found.with_context(|| {
            let known: Vec<_> = ALL.iter().map(|fault| fault.name).collect();
            format!(
                "there is no fault {name}: take one of {}, or all",
                known.join(", ")
            )
        })
    };
    names.iter().map(one).collect()
}
