//! The import itself: incidents from the reading thread, people and teams made as they appear, tickets in flight.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Error, Result, anyhow};
use csv::ByteRecord;
use domain::actor::Actor;
use domain::ids::OrganizationId;
use event_store::{OrgId, Partition};
use futures::stream::{self, Stream, TryStreamExt};
use indicatif::ProgressBar;
use tokio::sync::mpsc;
use write_side::commands::ImportedCommand;
use write_side::dispatch::{CommandContext, CommandError, Dispatcher};

use super::SOURCE;
use super::history::History;
use super::incidents::{self, Chunk, Reject, Survey};
use super::people::{Made, People};
use super::rejects::Rejects;
use super::retry::retrying;
use super::summary::Summary;

/// Tickets in flight at once: twice what the log's writer takes in one batch, so that it never waits for us.
const IN_FLIGHT: usize = 512;
/// Chunks that the reading thread may be ahead.
const CHUNKS_AHEAD: usize = 4;

/// Where a log goes.
#[derive(Debug, Clone)]
pub struct Import {
    /// Through which its commands pass.
    pub dispatcher: Dispatcher,
    /// Who gets the tickets.
    pub organization_id: OrganizationId,
    /// Its partition.
    pub partition: Partition,
}

/// What became of a part of the file.
enum Outcome {
    Rejected(Vec<Reject>),
    Made(Made),
    Imported { history: History, events: u64 },
    AlreadyThere { rows: u64 },
}

/// What is to be done for a part of the file.
enum Task {
    Tell(Outcome),
    TakeOver(History),
}

impl Import {
    /// Imports `log`; rows that cannot be imported go to `rejects`.
    ///
    /// # Errors
    /// When a file cannot be used, or the log of events cannot be reached for long. What was imported stays, and a
    /// further run goes on from there.
    pub async fn run(
        &self,
        log: &Path,
        rejects: &mut Rejects,
        progress: &ProgressBar,
    ) -> Result<Summary> {
        let begun = Instant::now();
        let path = log.to_path_buf();
        let survey = tokio::task::spawn_blocking(move || incidents::survey(&path)).await??;
        progress.set_length(survey.rows);
        let (reading, chunks) = read_in_background(log.to_path_buf(), survey);
        let mut summary = Summary::default();
        let outcomes = self
            .tasks(chunks)
            .map_ok(|task| self.carry_out(task))
            .try_buffer_unordered(IN_FLIGHT);
        let mut outcomes = std::pin::pin!(outcomes);
        while let Some(outcome) = outcomes.try_next().await? {
            let rows_before = summary.rows;
            count(&mut summary, rejects, outcome)?;
            progress.inc(summary.rows - rows_before);
        }
        reading.await??;
        summary.elapsed = begun.elapsed();
        Ok(summary)
    }

    /// The tasks of all chunks. People and teams are there before the tickets that name them.
    fn tasks(&self, chunks: mpsc::Receiver<Chunk>) -> impl Stream<Item = Result<Task>> {
        let people = People::new(self.clone());
        stream::unfold((chunks, people), |(mut chunks, mut people)| async move {
            let chunk = chunks.recv().await?;
            let tasks = people.import().prepare(&mut people, chunk).await;
            Some((tasks, (chunks, people)))
        })
        .map_ok(|tasks| stream::iter(tasks.into_iter().map(Ok)))
        .try_flatten()
    }

    async fn prepare(&self, people: &mut People, chunk: Chunk) -> Result<Vec<Task>> {
        let histories = chunk
            .incidents
            .iter()
            .filter_map(|incident| History::of(incident, self.organization_id));
        let histories: Vec<History> = histories.collect();
        let there = self.tickets_there(&histories).await?;
        let (there, absent): (Vec<_>, Vec<_>) = histories
            .into_iter()
            .partition(|history| there.contains(&history.ticket_id.0));
        let made = people.make_all(&absent).await?;
        let rows_there = there
            .iter()
            .map(|history| Task::Tell(Outcome::AlreadyThere { rows: history.rows }));
        let mut tasks = vec![
            Task::Tell(Outcome::Rejected(chunk.rejects)),
            Task::Tell(Outcome::Made(made)),
        ];
        tasks.extend(rows_there);
        tasks.extend(absent.into_iter().map(Task::TakeOver));
        Ok(tasks)
    }

    async fn tickets_there(&self, histories: &[History]) -> Result<HashSet<uuid::Uuid>> {
        let ids: Vec<_> = histories
            .iter()
            .map(|history| history.ticket_id.0)
            .collect();
        self.streams_there(&ids).await
    }

    /// Which of the streams exist.
    pub(super) async fn streams_there(&self, ids: &[uuid::Uuid]) -> Result<HashSet<uuid::Uuid>> {
        let org_id = OrgId(self.organization_id.0);
        let store = self.dispatcher.store();
        let versions = retrying(|| async {
            store
                .stream_versions(self.partition, org_id, ids)
                .await
                .map_err(CommandError::from)
        });
        Ok(versions.await.map_err(stopped)?.into_keys().collect())
    }

    async fn carry_out(&self, task: Task) -> Result<Outcome> {
        match task {
            Task::Tell(outcome) => Ok(outcome),
            Task::TakeOver(history) => self.take_over(history).await,
        }
    }

    async fn take_over(&self, mut history: History) -> Result<Outcome> {
        let commands: Vec<_> = history.commands.drain(..).map(imported).collect();
        let dispatched = retrying(|| {
            self.dispatcher
                .ticket_batch(self.context(), history.ticket_id, commands.clone())
        })
        .await;
        match dispatched {
            Ok(done) => Ok(Outcome::Imported {
                history,
                events: done.answer.unsigned_abs(),
            }),
            Err(refused @ (CommandError::Refused(_) | CommandError::TooLarge(_))) => {
                self.refused(&history, &refused).await
            }
            Err(error) => Err(stopped(error)),
        }
    }

    /// A refusal of the opening means that another import was faster; any other goes to the rejects.
    async fn refused(&self, history: &History, refused: &CommandError) -> Result<Outcome> {
        if self
            .streams_there(&[history.ticket_id.0])
            .await?
            .contains(&history.ticket_id.0)
        {
            return Ok(Outcome::AlreadyThere { rows: history.rows });
        }
        let reject = |line: &u64| Reject {
            line: *line,
            reason: format!("incident {} was refused: {refused}", history.number),
            record: ByteRecord::new(),
        };
        Ok(Outcome::Rejected(
            history.lines.iter().map(reject).collect(),
        ))
    }

    /// The circumstances of a command of the import.
    pub(super) fn context(&self) -> CommandContext {
        let actor = Actor::Import {
            source: SOURCE.to_owned(),
            by: None,
        };
        CommandContext::new(self.organization_id, actor)
    }
}

/// An error that ends the import, with what to do.
pub(super) fn stopped(error: CommandError) -> Error {
    anyhow!(error)
        .context("the import stopped; what was imported stays, run it again to go on from there")
}

fn imported(past: super::history::PastCommand) -> ImportedCommand {
    ImportedCommand {
        occurred_at: past.at,
        actor: past.actor,
        command: past.command,
    }
}

type Reading = tokio::task::JoinHandle<Result<()>>;

fn read_in_background(log: PathBuf, survey: Survey) -> (Reading, mpsc::Receiver<Chunk>) {
    let (sender, chunks) = mpsc::channel(CHUNKS_AHEAD);
    let read = move || incidents::read(&log, survey, |chunk| sender.blocking_send(chunk).is_ok());
    (tokio::task::spawn_blocking(read), chunks)
}

fn count(summary: &mut Summary, rejects: &mut Rejects, outcome: Outcome) -> Result<()> {
    match outcome {
        Outcome::Rejected(rows) => {
            for reject in &rows {
                rejects.write(reject)?;
            }
            summary.rows += rows.len() as u64;
            summary.rejected_rows += rows.len() as u64;
        }
        Outcome::Made(made) => {
            summary.users += made.users;
            summary.teams += made.teams;
            summary.events += made.users + made.teams;
        }
        Outcome::AlreadyThere { rows } => {
            summary.rows += rows;
            summary.tickets_there += 1;
        }
        Outcome::Imported { history, events } => {
            summary.rows += history.rows;
            summary.tickets += 1;
            summary.events += events;
            summary.tickets_reopened += u64::from(history.reopenings > 0);
            summary.reopenings += history.reopenings;
            summary.priority_changes += history.priority_changes;
            summary.caller_changes += history.caller_changes;
        }
    }
    Ok(())
}
