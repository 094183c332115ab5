//! What a policy would do to the tickets that are open now: which it would be for, what holds for them today, and how their
//! deadlines would change. Nothing is changed, and a request looks at a bounded number of tickets.

mod draft;
mod facts;

pub use draft::{Draft, DraftError};

use chrono::{DateTime, Utc};
use const_format::formatcp;
use domain::calendar::arithmetic::Calendar;
use domain::calendar::definition::{CalendarDefinition, CalendarRef};
use domain::ids::{CalendarId, PolicyId};
use domain::organization::settings::Settings;
use domain::sla::Metric;
use domain::sla::clocks::Clocks;
use domain::sla::policy::Policy;
use domain::sla::rule::Rule;
use domain::sla::terms::{CalendarBook, Terms};
use domain::ticket::event::{SlaCause, TicketEvent, TicketSlaApplied};
use draft::Drafted;
use facts::Facts;
use platform::cursor::{self, Fingerprint, InvalidCursor};
use platform::page::Limit;
use platform::rows::{Row, TicketRow};
use schema::projection::CORE;
use schema::table::core::CALENDAR_VERSIONS;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tokio_postgres::types::{Json, ToSql};
use uuid::Uuid;

use crate::error::ReadError;
use crate::models::ReadModels;
use crate::viewer::{Tenant, Viewer};

/// The most open tickets that one request looks at.
pub const TICKETS_MAX: usize = 20_000;

const NEWEST_CALENDARS: &str = formatcp!(
    "SELECT DISTINCT ON (c.calendar_id) c.calendar_id, c.version, c.definition \
       FROM {CORE}.{CALENDAR_VERSIONS} c \
      WHERE c.partition = $1 AND c.org_id = $2 AND c.calendar_id = ANY($3) \
      ORDER BY c.calendar_id, c.version DESC"
);

const TICKETS: &str = formatcp!(
    "SELECT {} FROM {CORE}.{} WHERE partition = $1 AND org_id = $2 AND ticket_id = ANY($3)",
    <TicketRow as Row>::COLUMNS,
    <TicketRow as Row>::TABLE
);

/// A dry run of a draft, and where in the open tickets it goes on.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    fingerprint: Fingerprint,
    draft: Draft,
    after: Option<Uuid>,
}

impl DryRun {
    /// Of all open tickets, the newest first, or of those behind a cursor.
    ///
    /// # Errors
    /// [`InvalidCursor`] when the cursor is none of this draft.
    pub fn new(draft: Draft, cursor: Option<&str>) -> Result<Self, InvalidCursor> {
        let fingerprint = Fingerprint::of("policy_dry_run", &draft);
        let after = cursor
            .map(|text| cursor::decode(&fingerprint, text))
            .transpose()?;
        Ok(Self {
            fingerprint,
            draft,
            after,
        })
    }
}

/// A policy, by its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedPolicy {
    /// Its id.
    pub id: PolicyId,
    /// Its name.
    pub name: String,
}

/// What a draft would do to the tickets that were looked at.
#[derive(Debug)]
pub struct Effect {
    /// The open tickets that were looked at.
    pub looked_at: usize,
    /// Those that would be under the draft.
    pub matching: usize,
    /// Those of them that are under another policy now, or under none.
    pub joining: usize,
    /// Those that are under the policy now and would not be.
    pub leaving: usize,
    /// Under which policy the matching ones are now, the most first; none stands for the organization's settings.
    pub now_under: Vec<(Option<NamedPolicy>, usize)>,
    /// Some of the matching ones, the newest first.
    pub tickets: Vec<AffectedTicket>,
    /// Where to go on, while there are more open tickets or more matching ones.
    pub next_cursor: Option<String>,
}

/// A ticket that would be under the draft.
#[derive(Debug)]
pub struct AffectedTicket {
    /// The ticket.
    pub ticket: TicketRow,
    /// The policy that matches it now.
    pub now_under: Option<NamedPolicy>,
    /// Each metric of which something is promised now, or would be.
    pub deadlines: Vec<Deadlines>,
}

/// How the deadline of a clock would change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// What is measured.
    pub metric: Metric,
    /// The deadline now, while the clock runs.
    pub now: Option<DateTime<Utc>>,
    /// The deadline that it would have, while the clock runs.
    pub then: Option<DateTime<Utc>>,
}

impl ReadModels {
    /// What a draft would do to open tickets.
    ///
    /// # Errors
    /// [`DraftError`] in the inner result when the draft cannot be tried out; else when the read models cannot be read.
    pub async fn dry_run(
        &self,
        viewer: &Viewer,
        run: &DryRun,
        limit: Limit,
    ) -> Result<Result<Effect, DraftError>, ReadError> {
        let tenant = viewer.tenant;
        let levels = self.service_levels(tenant).await?;
        let levels = levels.map(|row| row.state.0).unwrap_or_default();
        let drafted = match Drafted::new(levels, &run.draft) {
            Ok(drafted) => drafted,
            Err(refused) => return Ok(Err(refused)),
        };
        let facts = self.facts(viewer, run.after).await?;
        let is_cut = facts.len() > TICKETS_MAX;
        let looked_at = facts.get(..TICKETS_MAX).unwrap_or(&facts);
        let tally = Tally::of(&drafted, looked_at);
        let shown = tally
            .matching
            .get(..limit.items())
            .unwrap_or(&tally.matching);
        let tickets = self.affected(tenant, &drafted, shown).await?;
        let next = if shown.len() < tally.matching.len() {
            shown.last().copied()
        } else {
            looked_at.last().filter(|_| is_cut)
        };
        let next_cursor = next.map(|facts| cursor::encode(&run.fingerprint, facts.ticket_id));
        Ok(Ok(Effect {
            looked_at: looked_at.len(),
            matching: tally.matching.len(),
            joining: tally.joining,
            leaving: tally.leaving,
            now_under: tally.now_under(),
            tickets,
            next_cursor,
        }))
    }

    /// What the draft would do to some tickets that it matches.
    async fn affected(
        &self,
        tenant: Tenant,
        drafted: &Drafted,
        shown: &[&Facts],
    ) -> Result<Vec<AffectedTicket>, ReadError> {
        let mut rows = self.tickets_by_id(tenant, shown).await?;
        let named: BTreeSet<CalendarRef> = rows
            .values()
            .flat_map(|row| row.clocks.0.calendars())
            .collect();
        let (_, mut book) = self.named_calendars(tenant, &named).await?;
        self.add_newest(tenant, drafted, &mut book).await?;
        let now = self.clock.now();
        let mut affected = Vec::with_capacity(shown.len());
        for facts in shown {
            // It may have been resolved meanwhile, but it does not go.
            let Some(ticket) = rows.remove(&facts.ticket_id) else {
                continue;
            };
            let terms = Terms {
                levels: Arc::clone(&drafted.then),
                calendars: book.clone(),
                company_id: facts.company_id,
                is_machine: false,
            };
            // The draft matches, so the settings say nothing.
            let settings = Settings::default().sla_targets;
            let rule = Rule::holding(&terms, &settings, &facts.of());
            affected.push(AffectedTicket {
                deadlines: deadlines(&ticket.clocks.0, rule, now, &book),
                now_under: drafted.now.matching(&facts.of()).map(named_policy),
                ticket,
            });
        }
        Ok(affected)
    }

    async fn tickets_by_id(
        &self,
        tenant: Tenant,
        shown: &[&Facts],
    ) -> Result<BTreeMap<Uuid, TicketRow>, ReadError> {
        let ids: Vec<Uuid> = shown.iter().map(|facts| facts.ticket_id).collect();
        let values: [&(dyn ToSql + Sync); 3] = [&tenant.partition.get(), &tenant.org_id.0, &ids];
        let rows = self.database.query(tenant, TICKETS, &values).await?;
        let row = |row| TicketRow::from_row(row).map(|row| (row.ticket_id.0, row));
        Ok(rows.iter().map(row).collect::<Result<_, _>>()?)
    }

    /// Adds what the calendars of the draft say now.
    async fn add_newest(
        &self,
        tenant: Tenant,
        drafted: &Drafted,
        book: &mut CalendarBook,
    ) -> Result<(), ReadError> {
        let policy = drafted.then.policy(drafted.policy_id);
        let ids: Vec<Uuid> = policy
            .map(|policy| policy.definition.calendars())
            .into_iter()
            .flatten()
            .map(|id| id.0)
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let values: [&(dyn ToSql + Sync); 3] = [&tenant.partition.get(), &tenant.org_id.0, &ids];
        for row in self
            .database
            .query(tenant, NEWEST_CALENDARS, &values)
            .await?
        {
            let reference = CalendarRef {
                id: CalendarId(row.try_get("calendar_id")?),
                version: row.try_get("version")?,
            };
            let Json(definition) = row.try_get::<_, Json<CalendarDefinition>>("definition")?;
            book.add(reference, Arc::new(Calendar::new(&definition)));
        }
        Ok(())
    }
}

/// How the tickets that were looked at stand to a draft.
struct Tally<'a> {
    matching: Vec<&'a Facts>,
    joining: usize,
    leaving: usize,
    now_under: BTreeMap<Option<NamedPolicy>, usize>,
}

impl<'a> Tally<'a> {
    fn of(drafted: &Drafted, facts: &'a [Facts]) -> Self {
        let mut tally = Self {
            matching: Vec::new(),
            joining: 0,
            leaving: 0,
            now_under: BTreeMap::new(),
        };
        for facts in facts {
            let now = drafted.now.matching(&facts.of());
            let is_under = now.is_some_and(|policy| policy.reference.id == drafted.policy_id);
            if drafted.matches(&facts.of()) {
                tally.matching.push(facts);
                tally.joining += usize::from(!is_under);
                *tally.now_under.entry(now.map(named_policy)).or_default() += 1;
            } else {
                tally.leaving += usize::from(is_under);
            }
        }
        tally
    }

    fn now_under(self) -> Vec<(Option<NamedPolicy>, usize)> {
        let mut now_under: Vec<_> = self.now_under.into_iter().collect();
        now_under.sort_by_key(|(_, tickets)| std::cmp::Reverse(*tickets));
        now_under
    }
}

fn named_policy(policy: &Policy) -> NamedPolicy {
    NamedPolicy {
        id: policy.reference.id,
        name: policy.definition.name.to_string(),
    }
}

/// The deadlines before and after a rule is applied at `now`, as the background would do it.
fn deadlines(
    clocks: &Clocks,
    rule: Rule,
    now: DateTime<Utc>,
    book: &CalendarBook,
) -> Vec<Deadlines> {
    let mut then = clocks.clone();
    let applied = TicketSlaApplied {
        used: clocks.used(now, book),
        rule,
        cause: SlaCause::RulesChanged,
    };
    then.evolve(&TicketEvent::from(applied), now);
    let due_at = |clocks: &Clocks, metric| clocks.of(metric)?.due_at(book);
    let is_promised = |clocks: &Clocks, metric| {
        let clock = clocks.of(metric);
        clock.is_some_and(|clock| clock.target.is_some())
    };
    let metrics = Metric::ALL.into_iter();
    let promised =
        metrics.filter(|metric| is_promised(clocks, *metric) || is_promised(&then, *metric));
    let of = |metric| Deadlines {
        metric,
        now: due_at(clocks, metric),
        then: due_at(&then, metric),
    };
    promised.map(of).collect()
}
