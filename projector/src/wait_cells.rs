//! What waits add to the sums that reports of attainment read.

use chrono::NaiveDate;
use const_format::formatcp;
use deadpool_postgres::Transaction;
use domain::calendar::zone::Zone;
use domain::ids::OrganizationId;
use domain::ticket::state::Channel;
use event_store::Partition;
use platform::rows::{Column, Counted, Cut, Row, SlaMeasureRow, TicketRow};
use uuid::Uuid;

use crate::cells::{self, CELLS_AT_ONCE, CellKey, Cells, FACTS_A_PAGE};
use crate::error::BatchError;

/// The cuts of waits. Tags are not among them: a wait would have to be found whenever its ticket is tagged.
const CUTS: [Cut; 4] = [Cut::Policy, Cut::Team, Cut::Agent, Cut::AgentByMonth];

/// Adds what becomes of the sums when a wait of a ticket of this channel changes, or begins.
pub fn add_change(
    cells: &mut Cells,
    zone: Zone,
    channel: Channel,
    old: Option<&SlaMeasureRow>,
    new: &SlaMeasureRow,
) {
    if old.is_some_and(|old| counts_as(old) == counts_as(new)) {
        return;
    }
    if let Some(old) = old {
        add(cells, zone, channel, old, -1);
    }
    add(cells, zone, channel, new, 1);
}

/// All that the sums see of a wait.
fn counts_as(wait: &SlaMeasureRow) -> impl PartialEq {
    let under = (wait.policy_id, wait.priority, wait.team_id, wait.agent_id);
    (wait.outcome, wait.counted_at, wait.used_ms, under)
}

fn add(cells: &mut Cells, zone: Zone, channel: Channel, wait: &SlaMeasureRow, sign: i64) {
    let seconds = wait.used_ms.map(|used_ms| used_ms.div_euclid(1_000));
    let day = wait.counted_at.with_timezone(&zone.tz()).date_naive();
    for cut in CUTS {
        let cell = cells.entry(cell(wait, channel, cut, day)).or_default();
        cell.add(sign, 0, seconds);
    }
}

fn cell(wait: &SlaMeasureRow, channel: Channel, cut: Cut, day: NaiveDate) -> CellKey {
    let (key, label) = match cut {
        Cut::Policy => {
            let label = label(wait, channel);
            (Cut::of_policy(wait.policy_id, &label), label)
        }
        Cut::Agent | Cut::AgentByMonth => (Cut::of_agent(wait.agent_id), String::new()),
        _ => (Uuid::nil(), String::new()),
    };
    let team_id = wait.team_id.filter(|_| cut.is_by_team());
    CellKey {
        org_id: wait.org_id,
        figure: Counted::Waits(wait.metric, wait.outcome),
        cut,
        day: cut.day_of(day),
        team_id: team_id.map_or(Uuid::nil(), |id| id.0),
        key,
        label: label.into(),
    }
}

/// The priority, the channel and the policy, none for the organization's settings: as reports take them apart.
fn label(wait: &SlaMeasureRow, channel: Channel) -> String {
    let policy = wait.policy_id.map(|id| id.0.to_string());
    let (priority, policy) = (wait.priority.parameter(), policy.unwrap_or_default());
    format!("{priority} {} {policy}", channel.as_str())
}

/// Page by page along the primary key: all waits of an organization may be more than memory takes.
const WAITS: &str = formatcp!(
    "SELECT {}, (SELECT channel FROM {} AS tickets WHERE tickets.partition = $1 AND tickets.org_id = $2 \
     AND tickets.ticket_id = waits.ticket_id) AS channel FROM {} AS waits \
     WHERE partition = $1 AND org_id = $2 AND known_until IS NULL AND (ticket_id, metric, round) > ($3, $4, $5) \
     ORDER BY ticket_id, metric, round LIMIT {FACTS_A_PAGE}",
    <SlaMeasureRow as Row>::COLUMNS,
    <TicketRow as Row>::TABLE,
    <SlaMeasureRow as Row>::TABLE
);

/// Makes the sums of an organization's waits anew, by another zone, after all sums are gone.
///
/// # Errors
/// When PostgreSQL fails or a row does not fit.
pub async fn make_anew(
    tx: &Transaction<'_>,
    partition: Partition,
    org: OrganizationId,
    zone: Zone,
) -> Result<(), BatchError> {
    let waits = tx.prepare_cached(WAITS).await?;
    let mut cells = Cells::new();
    let mut last = (Uuid::nil(), 0_i16, 0_i32);
    loop {
        let (ticket, metric, round) = last;
        let page = tx
            .query(
                &waits,
                &[&partition.get(), &org.0, &ticket, &metric, &round],
            )
            .await?;
        for row in &page {
            let wait = SlaMeasureRow::from_row(row)?;
            let channel = Channel::from_stored(row.try_get("channel")?)?;
            last = (wait.ticket_id.0, wait.metric.parameter(), wait.round);
            add_change(&mut cells, zone, channel, None, &wait);
        }
        let is_last = page.len() < FACTS_A_PAGE;
        if is_last || cells.len() >= CELLS_AT_ONCE {
            cells::write(tx, partition, &cells).await?;
            cells.clear();
        }
        if is_last {
            return Ok(());
        }
    }
}
