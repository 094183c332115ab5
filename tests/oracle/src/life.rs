//! The life of one ticket: random commands at random moments, each through `decide` and `evolve`.

use crate::answer::{self, Answer};
use crate::chance::Chance;
use crate::organization::Organization;
use crate::policies;
use crate::story::{self, Deed};
use anyhow::{Context, Result};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::actor::Actor;
use domain::command::Issued;
use domain::ids::{CompanyId, TicketId};
use domain::sla::Metric;
use domain::sla::clocks::Clocks;
use domain::sla::steps::{self, Change, Step};
use domain::sla::terms::Terms;
use domain::sla::warning::DueWarning;
use domain::ticket::command::TicketCommand;
use domain::ticket::decide::decide;
use domain::ticket::evolve::evolve;
use domain::ticket::state::{PresentTicket, Ticket};
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// A ticket with everything that happened to it, and what the product said in between.
#[derive(Debug, Serialize)]
pub struct Life {
    name: String,
    company: Option<CompanyId>,
    entries: Vec<Entry>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Entry {
    Commanded {
        at: DateTime<Utc>,
        command: &'static str,
        events: Vec<Recorded>,
    },
    Asked {
        at: DateTime<Utc>,
        #[serde(flatten)]
        answer: Answer,
    },
}

#[derive(Debug, Serialize)]
struct Recorded {
    actor: &'static str,
    occurred_at: DateTime<Utc>,
    #[serde(rename = "type")]
    event_type: &'static str,
    data: Value,
    steps: Vec<ToldStep>,
}

/// How the product explains what the event did to a clock. What was promised and missed is told by other means.
#[derive(Debug, Serialize)]
struct ToldStep {
    metric: Metric,
    change: Change,
    used_ms: i64,
}

impl Life {
    /// A random life in an organization.
    ///
    /// # Errors
    /// When an event cannot be written, or the opening is refused: a fault of this crate.
    pub fn random(chance: &mut Chance, organization: &Organization, name: String) -> Result<Self> {
        let company = chance
            .percent(50)
            .then(|| chance.one_of(&policies::companies()));
        let mut living = Living {
            organization,
            id: TicketId(chance.id()),
            state: Ticket::Absent,
            now: (organization.begins + chance.gap() * 3).trunc_subsecs(3),
            life: Self {
                name,
                company,
                entries: Vec::new(),
            },
        };
        living.command(story::opening(chance)?)?;
        living.present().context("the opening was refused")?;
        // Some tickets go to and fro until their clocks have to tell the time used.
        let is_restless = chance.percent(5);
        let deeds = if is_restless {
            200
        } else {
            chance.number(2, 30)
        };
        for _ in 0..deeds {
            living.wait(chance, is_restless);
            if living.now > organization.ends {
                break;
            }
            if chance.percent(50) {
                living.tell_what_passed()?;
            }
            if chance.percent(25) {
                living.ask()?;
                continue;
            }
            let ticket = living.present()?;
            let deed = if is_restless && chance.percent(85) {
                story::to_and_fro(ticket)
            } else {
                story::next(chance, ticket, living.now)?
            };
            living.command(deed)?;
        }
        // A deadline lies a millisecond around the last moment at the most, so nothing falls on this one.
        living.now = living.now.max(organization.ends) + TimeDelta::milliseconds(2);
        living.ask()?;
        Ok(living.life)
    }
}

fn told(step: Step) -> Option<ToldStep> {
    let is_told_elsewhere = matches!(
        step.change,
        Change::Promised | Change::Withdrawn | Change::Breached | Change::Warned
    );
    (!is_told_elsewhere).then_some(ToldStep {
        metric: step.metric,
        change: step.change,
        used_ms: step.used_ms,
    })
}

struct Living<'a> {
    organization: &'a Organization,
    id: TicketId,
    state: Ticket,
    now: DateTime<Utc>,
    life: Life,
}

impl Living<'_> {
    fn present(&self) -> Result<&PresentTicket> {
        match &self.state {
            Ticket::Present(ticket) => Ok(ticket),
            Ticket::Absent => anyhow::bail!("the ticket is absent"),
        }
    }

    fn clocks(&self) -> Clocks {
        let ticket = self.present();
        ticket.map(|it| it.clocks.clone()).unwrap_or_default()
    }

    /// Time passes: a while, or up to a deadline or a moment around it, or to where a clock is set.
    fn wait(&mut self, chance: &mut Chance, is_restless: bool) {
        let book = &self.organization.at(self.now).book;
        let deadline = self
            .present()
            .ok()
            .and_then(|it| it.clocks.next_deadline(book));
        let clocks_set = &self.organization.settings_of_clocks;
        let later = match chance.number(0, 99) {
            0..=7 => deadline,
            8..=11 => deadline.map(|at| at + TimeDelta::milliseconds(chance.number(-1, 1))),
            12..=16 if !clocks_set.is_empty() => {
                let at = chance.one_of(clocks_set);
                Some(chance.near(at))
            }
            _ => None,
        };
        let longest = self.organization.ends + TimeDelta::days(1);
        let later = later.filter(|at| *at > self.now && *at < longest && !is_restless);
        self.now = later.unwrap_or_else(|| {
            let gap = chance.gap();
            self.now + if is_restless { gap / 8 } else { gap }
        });
        self.now = self.now.trunc_subsecs(3);
    }

    /// What the timers would tell: the thresholds and deadlines that passed. What falls on this very instant is left to
    /// later: whether it or what happens now came first is for the log to say.
    fn tell_what_passed(&mut self) -> Result<()> {
        let book = &self.organization.at(self.now).book;
        for metric in Metric::ALL {
            let clocks = self.clocks();
            let deadline = clocks
                .of(metric)
                .and_then(|clock| clock.open_deadline(book));
            let warnings = clocks.due_warnings(|at| at == self.now, book);
            let is_now = |it: &DueWarning| it.metric == metric;
            if deadline == Some(self.now) || warnings.iter().any(is_now) {
                continue;
            }
            let due_at = clocks.next_due(metric, book);
            let Some(due_at) = due_at.filter(|due_at| *due_at < self.now) else {
                continue;
            };
            self.command(Deed {
                actor: Actor::Timer,
                is_machine: false,
                command: TicketCommand::Breach { metric, due_at },
            })?;
        }
        Ok(())
    }

    fn ask(&mut self) -> Result<()> {
        self.tell_what_passed()?;
        let answer = answer::of(
            self.present()?,
            self.now,
            &self.organization.at(self.now).book,
        );
        let at = self.now;
        self.life.entries.push(Entry::Asked { at, answer });
        Ok(())
    }

    /// A deed as the dispatcher would have it decided. One that is refused never happened.
    fn command(&mut self, deed: Deed) -> Result<()> {
        let now = self.now;
        let epoch = self.organization.at(now);
        let actor = story::kind(&deed.actor);
        let command = story::name(&deed.command);
        let issued = Issued {
            actor: deed.actor,
            now,
            settings: Arc::clone(&epoch.settings),
            terms: Arc::new(Terms {
                levels: Arc::clone(&epoch.levels),
                calendars: epoch.book.clone(),
                company_id: self.life.company,
                is_machine: deed.is_machine,
            }),
            command: deed.command,
        };
        let Ok(decided) = decide(&self.state, self.id, &issued) else {
            return Ok(());
        };
        let mut events = Vec::new();
        for event in decided {
            let occurred_at = event.occurred_at(now);
            let encoded = event.encode()?;
            let mut recorded = Recorded {
                actor,
                occurred_at,
                event_type: encoded.event_type,
                data: serde_json::from_str(&encoded.data)?,
                steps: Vec::new(),
            };
            let before = self.clocks();
            self.state = evolve(std::mem::take(&mut self.state), &event, occurred_at);
            let steps = steps::between(&before, &event, &self.clocks(), occurred_at, &epoch.book);
            recorded.steps = steps.into_iter().filter_map(told).collect();
            events.push(recorded);
        }
        // What changed nothing happened all the same: background work that finds nothing new.
        self.life.entries.push(Entry::Commanded {
            at: now,
            command,
            events,
        });
        Ok(())
    }
}
