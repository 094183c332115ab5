//! The sums that reports over long times read: what a change of a ticket's facts adds to them and takes from them. What waits add is
//! in `wait_cells`.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate, Timelike, Utc};
use const_format::formatcp;
use deadpool_postgres::Transaction;
use domain::calendar::zone::Zone;
use domain::ids::OrganizationId;
use event_store::{Partition, RecordedEvent};
use platform::rows::{CellRow, Counted, Cut, FactsRow, Figure, Row, Times};
use uuid::Uuid;

use crate::error::BatchError;
use crate::namespace::NO_STATEMENT_TIMEOUT;
use crate::{statements, write};

/// Which sum.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CellKey {
    pub(crate) org_id: OrganizationId,
    pub(crate) figure: Counted,
    pub(crate) cut: Cut,
    pub(crate) day: NaiveDate,
    pub(crate) team_id: Uuid,
    pub(crate) key: Uuid,
    pub(crate) label: Cow<'static, str>,
}

/// What is added to it.
#[derive(Debug, Clone, Default)]
pub struct Sum {
    count: i64,
    total: i64,
    times: Times,
}

impl Sum {
    /// Adds what counts once, or takes it away where `sign` is negative, with what is summed beside it.
    pub(crate) fn add(&mut self, sign: i64, total: i64, seconds: Option<i64>) {
        self.count += sign;
        self.total += sign * total;
        if let Some(seconds) = seconds {
            self.times.push(seconds, sign);
        }
    }
}

/// What a batch adds to the sums. One that is touched is written even where nothing is left to add: so that the same sums are
/// there however the events are cut into batches.
pub type Cells = HashMap<CellKey, Sum>;

/// What a ticket counts for a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Count {
    at: DateTime<Utc>,
    total: i64,
    seconds: Option<i64>,
}

impl Count {
    /// Of a figure. The backlog is counted at its changes: `since` the last of them.
    fn of(figure: Figure, facts: &FactsRow, since: DateTime<Utc>) -> Option<Self> {
        let at = match figure {
            Figure::Opened => facts.opened_at,
            Figure::FirstResponse => facts.first_response_at?,
            Figure::FirstResolution | Figure::Reopened => facts.first_resolved_at?,
            Figure::Resolution | Figure::Reassigned => facts.resolved_at?,
            Figure::Closed => facts.closed_at?,
            Figure::Assigned => facts.assigned_at?,
            Figure::Backlog if facts.is_done() => return None,
            Figure::Backlog => since,
        };
        let measured = || (at - facts.opened_at).num_seconds();
        let seconds = figure.is_timed().then(measured);
        let total = match figure {
            Figure::Reopened => i64::from(facts.reopen_count),
            Figure::Reassigned => i64::from(facts.reassign_count),
            _ => seconds.unwrap_or_default(),
        };
        let is_counted = total > 0 || !figure.is_repeated();
        is_counted.then_some(Self { at, total, seconds })
    }
}

/// A ticket under what it counts.
struct Side<'a> {
    facts: &'a FactsRow,
    /// The keys of its tags, once they are asked for.
    tags: OnceCell<Vec<Uuid>>,
}

impl<'a> Side<'a> {
    fn of(facts: &'a FactsRow) -> Self {
        Self {
            facts,
            tags: OnceCell::new(),
        }
    }

    /// The keys and labels under which it counts in a cut. Hours are of the figure's instant.
    fn keys(&self, figure: Figure, cut: Cut, hour: u32) -> Vec<(Uuid, Cow<'static, str>)> {
        let facts = self.facts;
        match cut {
            Cut::Priority => vec![(
                Cut::of_priority(facts.priority),
                facts.priority.as_str().into(),
            )],
            Cut::Channel => vec![(
                Cut::of_channel(facts.channel),
                facts.channel.as_str().into(),
            )],
            Cut::Agent | Cut::AgentByMonth => vec![(Cut::of_agent(facts.agent_id), "".into())],
            Cut::TagByMonth if figure.is_timed() => Vec::new(),
            Cut::Tag | Cut::TagByMonth if facts.tags.is_empty() => vec![(Uuid::nil(), "".into())],
            Cut::Tag | Cut::TagByMonth => {
                let hashed = || facts.tags.iter().map(|tag| Cut::of_tag(tag)).collect();
                let keys = self.tags.get_or_init(hashed);
                let labels = facts.tags.iter().map(|tag| tag.clone().into());
                keys.iter().copied().zip(labels).collect()
            }
            // Of arrivals alone: no other figure has a map of hours that long.
            Cut::Hour | Cut::HourOfAll if figure == Figure::Opened => {
                vec![(Cut::of_hour(hour), "".into())]
            }
            // Policies are of waits.
            Cut::Hour | Cut::HourOfAll | Cut::Policy => Vec::new(),
            Cut::Team => vec![(Uuid::nil(), "".into())],
            Cut::PriorityAndChannel => {
                let (priority, channel) = (facts.priority, facts.channel);
                let label = format!("{} {}", priority.as_str(), channel.as_str());
                let key = Cut::of_priority_and_channel(priority, channel);
                vec![(key, label.into())]
            }
        }
    }
}

/// Adds what becomes of the sums when a ticket's facts change.
pub fn add_change(cells: &mut Cells, zone: Zone, old: Option<&FactsRow>, new: &FactsRow) {
    let apart = Cut::ALL.map(|cut| old.is_none_or(|old| is_cut_apart(cut, old, new)));
    let (old, new) = (old.map(Side::of), Side::of(new));
    let since = new.facts.since_at;
    for figure in Figure::ALL {
        let before = old
            .as_ref()
            .and_then(|old| Count::of(figure, old.facts, since));
        let after = Count::of(figure, new.facts, since);
        let touched = |index: usize| before != after || apart[index];
        let cuts: Vec<Cut> = (0..Cut::ALL.len())
            .filter(|index| touched(*index))
            .map(|index| Cut::ALL[index])
            .collect();
        if let (Some(old), Some(count)) = (&old, before) {
            add(cells, zone, figure, &cuts, old, count, -1);
        }
        if let Some(count) = after {
            add(cells, zone, figure, &cuts, &new, count, 1);
        }
    }
}

/// Whether the sums of a cut see the two differ.
fn is_cut_apart(cut: Cut, old: &FactsRow, new: &FactsRow) -> bool {
    if old.team_id != new.team_id && cut.is_by_team() {
        return true;
    }
    match cut {
        Cut::Priority | Cut::PriorityAndChannel => old.priority != new.priority,
        Cut::Agent | Cut::AgentByMonth => old.agent_id != new.agent_id,
        Cut::Tag | Cut::TagByMonth => old.tags != new.tags,
        Cut::Channel | Cut::Hour | Cut::Team | Cut::HourOfAll | Cut::Policy => false,
    }
}

fn add(
    cells: &mut Cells,
    zone: Zone,
    figure: Figure,
    cuts: &[Cut],
    side: &Side<'_>,
    count: Count,
    sign: i64,
) {
    if cuts.is_empty() {
        return;
    }
    let local = count.at.with_timezone(&zone.tz());
    let (day, hour) = (local.date_naive(), local.hour());
    let org_id = side.facts.org_id;
    for cut in cuts.iter().copied() {
        let team_id = side.facts.team_id.filter(|_| cut.is_by_team());
        let team_id = team_id.map_or(Uuid::nil(), |id| id.0);
        for (key, label) in side.keys(figure, cut, hour) {
            let cell = CellKey {
                org_id,
                figure: Counted::Tickets(figure),
                cut,
                day: cut.day_of(day),
                team_id,
                key,
                label,
            };
            let sum = cells.entry(cell).or_default();
            sum.add(sign, count.total, count.seconds);
        }
    }
}

/// A sum that is there grows by the new one.
static ADD: LazyLock<String> = LazyLock::new(|| {
    let (insert, key) = (&statements::of::<CellRow>().insert, CellRow::KEY.join(", "));
    let table = CellRow::TABLE;
    format!(
        "{insert} ON CONFLICT (partition, {key}) DO UPDATE SET count = {table}.count + excluded.count, \
         total = {table}.total + excluded.total, times = {table}.times || excluded.times"
    )
});
const CLEAR: &str = formatcp!(
    "DELETE FROM {} WHERE partition = $1 AND org_id = $2",
    <CellRow as Row>::TABLE
);
/// Page by page along the primary key: all facts of an organization may be more than memory takes.
const FACTS: &str = formatcp!(
    "SELECT {} FROM {} WHERE partition = $1 AND org_id = $2 AND (ticket_id, version) > ($3, $4) \
     ORDER BY ticket_id, version LIMIT {FACTS_A_PAGE}",
    <FactsRow as Row>::COLUMNS,
    <FactsRow as Row>::TABLE
);
pub(crate) const FACTS_A_PAGE: usize = 5_000;
/// So many sums are kept in memory while those of an organization are made anew.
pub(crate) const CELLS_AT_ONCE: usize = 20_000;

/// Adds the sums of a batch to those of the table.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn write(
    tx: &Transaction<'_>,
    partition: Partition,
    cells: &Cells,
) -> Result<(), BatchError> {
    let rows: Vec<CellRow> = cells.iter().map(row).collect();
    let adds = |row: &CellRow| row.count != 0 || row.total != 0 || !row.times.0.is_empty();
    write::add(tx, partition, &ADD, &rows, adds).await
}

fn row((key, sum): (&CellKey, &Sum)) -> CellRow {
    CellRow {
        org_id: key.org_id,
        figure: key.figure,
        cut: key.cut,
        day: key.day,
        team_id: key.team_id,
        key: key.key,
        label: key.label.clone().into_owned(),
        count: sum.count,
        total: sum.total,
        times: sum.times.clone(),
    }
}

/// Makes the sums of an organization's tickets anew, by another zone, from all their facts, after all sums are gone. A page of
/// facts and [`CELLS_AT_ONCE`] sums are in memory, however many there are.
///
/// # Errors
/// When PostgreSQL fails or a row does not fit.
pub async fn make_anew(
    tx: &Transaction<'_>,
    partition: Partition,
    org: OrganizationId,
    zone: Zone,
) -> Result<(), BatchError> {
    // The batch has a deadline of its own.
    tx.batch_execute(NO_STATEMENT_TIMEOUT).await?;
    tx.execute(CLEAR, &[&partition.get(), &org.0]).await?;
    let facts = tx.prepare_cached(FACTS).await?;
    let mut cells = Cells::new();
    let mut before: Option<FactsRow> = None;
    loop {
        let (ticket, version) = before
            .as_ref()
            .map_or((Uuid::nil(), 0), |row| (row.ticket_id.0, row.version));
        let page = tx
            .query(&facts, &[&partition.get(), &org.0, &ticket, &version])
            .await?;
        for row in &page {
            let facts = FactsRow::from_row(row)?;
            let old = before.filter(|before| before.ticket_id == facts.ticket_id);
            add_change(&mut cells, zone, old.as_ref(), &facts);
            before = Some(facts);
        }
        let is_last = page.len() < FACTS_A_PAGE;
        if is_last || cells.len() >= CELLS_AT_ONCE {
            write(tx, partition, &cells).await?;
            cells.clear();
        }
        if is_last {
            return Ok(());
        }
    }
}

/// The events up to the first that may set another zone: what comes after it is summed by that one, in a batch of its own.
#[must_use]
pub fn up_to_another_zone(events: &[RecordedEvent]) -> &[RecordedEvent] {
    match events.iter().position(may_set_zone) {
        Some(index) => &events[..=index],
        None => events,
    }
}

/// Whether an event may set another zone.
pub(crate) fn may_set_zone(event: &RecordedEvent) -> bool {
    event.event_type == "organization.settings_changed"
}
