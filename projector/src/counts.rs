//! By how many the tickets of each kind become more or less in a batch.
//!
//! Noted event by event, also where a batch takes back what it did: the kinds that ever had a ticket have a row then, however
//! the log was cut into batches, and a rebuild makes the same rows.

use std::collections::HashMap;
use std::sync::LazyLock;

use deadpool_postgres::Transaction;
use domain::ids::OrganizationId;
use domain::ticket::state::{Priority, Status};
use event_store::Partition;
use platform::rows::{NOBODY, Row, TicketCountRow, TicketRow, WHOEVER};
use schema::table::core::TICKET_COUNTS;
use uuid::Uuid;

use crate::error::BatchError;
use crate::{statements, write};

/// A count that is there grows by the new one.
static ADD: LazyLock<String> = LazyLock::new(|| {
    let grown = Status::ALL.map(|status| {
        let column = TicketCountRow::column(status);
        format!("{column} = {TICKET_COUNTS}.{column} + excluded.{column}")
    });
    let (insert, key, grown) = (
        &statements::of::<TicketCountRow>().insert,
        TicketCountRow::KEY.join(", "),
        grown.join(", "),
    );
    format!("{insert} ON CONFLICT (partition, {key}) DO UPDATE SET {grown}")
});

/// What tickets are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TicketKind {
    org_id: OrganizationId,
    agent_id: Uuid,
    team_id: Uuid,
    status: Status,
    priority: Priority,
}

impl TicketKind {
    /// The kind of a ticket as it stands.
    #[must_use]
    pub fn of(row: &TicketRow) -> Self {
        Self {
            org_id: row.org_id,
            agent_id: row.assignee_id.map_or(NOBODY, |agent| agent.0),
            team_id: row.team_id.map_or(NOBODY, |team| team.0),
            status: row.status,
            priority: row.priority,
        }
    }
}

/// How the numbers of tickets change.
#[derive(Debug, Clone, Default)]
pub struct Counts(HashMap<TicketKind, i64>);

impl Counts {
    /// Notes that a ticket was of one kind, or was not there, and is of another now.
    pub fn moved(&mut self, before: Option<TicketKind>, after: TicketKind) {
        if before == Some(after) {
            return;
        }
        if let Some(before) = before {
            *self.0.entry(before).or_default() -= 1;
        }
        *self.0.entry(after).or_default() += 1;
    }

    /// What to add to the table: rows of each agent and of nobody, and the sums over all of them.
    #[must_use]
    pub fn rows(&self) -> Vec<TicketCountRow> {
        let mut rows = HashMap::new();
        for (kind, change) in &self.0 {
            for holder_id in [kind.agent_id, WHOEVER] {
                let key = (kind.org_id, holder_id, kind.team_id, kind.priority);
                let row = rows
                    .entry(key)
                    .or_insert_with(|| unchanged(*kind, holder_id));
                *row.count_mut(kind.status) += change;
            }
        }
        rows.into_values().collect()
    }
}

/// Adds the changes of a batch to the table.
///
/// # Errors
/// When PostgreSQL fails.
pub async fn write(
    tx: &Transaction<'_>,
    partition: Partition,
    counts: &Counts,
) -> Result<(), BatchError> {
    // Somebody's tickets that become another's are as many as before.
    let adds = |row: &TicketCountRow| Status::ALL.iter().any(|status| row.count(*status) != 0);
    write::add(tx, partition, &ADD, &counts.rows(), adds).await
}

fn unchanged(kind: TicketKind, holder_id: Uuid) -> TicketCountRow {
    TicketCountRow {
        org_id: kind.org_id,
        holder_id,
        team_id: kind.team_id,
        priority: kind.priority,
        new_count: 0,
        open_count: 0,
        pending_count: 0,
        on_hold_count: 0,
        resolved_count: 0,
        closed_count: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(agent: u128, status: Status) -> TicketKind {
        TicketKind {
            org_id: OrganizationId(Uuid::nil()),
            agent_id: Uuid::from_u128(agent),
            team_id: NOBODY,
            status,
            priority: Priority::Normal,
        }
    }

    fn found(counts: &Counts, agent: Uuid, status: Status) -> Option<i64> {
        let mut rows = counts.rows();
        let mut fitting = rows.iter_mut().filter(|row| row.holder_id == agent);
        fitting.next().map(|row| *row.count_mut(status))
    }

    #[test]
    fn a_ticket_that_moves_leaves_one_kind_and_joins_another() {
        let mut counts = Counts::default();
        counts.moved(None, kind(0, Status::New));
        counts.moved(Some(kind(0, Status::New)), kind(7, Status::Open));
        counts.moved(Some(kind(7, Status::Open)), kind(7, Status::Open));
        let seven = Uuid::from_u128(7);
        assert_eq!(found(&counts, seven, Status::Open), Some(1));
        assert_eq!(found(&counts, WHOEVER, Status::Open), Some(1));
        assert_eq!(found(&counts, WHOEVER, Status::New), Some(0));
    }

    /// Whether one batch or two saw them: a rebuild makes the same rows.
    #[test]
    fn a_kind_that_a_ticket_was_of_in_passing_has_a_row() {
        let mut counts = Counts::default();
        counts.moved(None, kind(0, Status::New));
        counts.moved(Some(kind(0, Status::New)), kind(7, Status::Open));
        assert_eq!(found(&counts, NOBODY, Status::New), Some(0));
    }
}
