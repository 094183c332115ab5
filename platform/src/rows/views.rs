//! The rows of saved views, and of how many tickets there are of each kind.

use chrono::{DateTime, Utc};
use domain::ids::{OrganizationId, TeamId, UserId, ViewId};
use domain::ticket::state::{Priority, Status};
use domain::view::definition::{TicketColumn, TicketOrder, ViewOwner};
use schema::table::core as table;
use uuid::Uuid;

use super::column::row;

row! {
    /// A saved view of tickets. One that was deleted has no words any more.
    ViewRow in table::VIEWS, key [org_id, view_id] {
        /// Its organization.
        org_id: OrganizationId,
        /// Its id.
        view_id: ViewId,
        /// The team whose it is.
        team_id: Option<TeamId>,
        /// The person whose it is.
        person_id: Option<UserId>,
        /// What people read.
        name: String,
        /// Which tickets.
        query: String,
        /// In which order.
        sort: TicketOrder,
        /// Which columns, in their order.
        columns: Vec<TicketColumn>,
        /// Whether it is gone.
        deleted: bool,
        /// The version of its stream.
        version: i64,
        /// When it was made.
        created_at: DateTime<Utc>,
        /// When it changed last.
        updated_at: DateTime<Utc>,
    }
}

impl ViewRow {
    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> ViewOwner {
        ViewOwner::of(self.team_id, self.person_id)
    }
}

/// Who stands in [`TicketCountRow::holder_id`] for nobody, and in [`TicketCountRow::team_id`] for no team.
pub const NOBODY: Uuid = Uuid::nil();

/// Who stands in [`TicketCountRow::holder_id`] for everybody and nobody together.
pub const WHOEVER: Uuid = Uuid::max();

row! {
    /// How many tickets an agent, team and priority have in each status.
    TicketCountRow in table::TICKET_COUNTS, key [org_id, holder_id, team_id, priority] {
        /// The organization.
        org_id: OrganizationId,
        /// The agent, [`NOBODY`] or [`WHOEVER`].
        holder_id: Uuid,
        /// The team, or [`NOBODY`].
        team_id: Uuid,
        /// How urgent they are.
        priority: Priority,
        /// How many are new.
        new_count: i64,
        /// How many are open.
        open_count: i64,
        /// How many are pending.
        pending_count: i64,
        /// How many are on hold.
        on_hold_count: i64,
        /// How many are resolved.
        resolved_count: i64,
        /// How many are closed.
        closed_count: i64,
    }
}

impl TicketCountRow {
    /// The column that counts the tickets of a status.
    #[must_use]
    pub const fn column(status: Status) -> &'static str {
        match status {
            Status::New => "new_count",
            Status::Open => "open_count",
            Status::Pending => "pending_count",
            Status::OnHold => "on_hold_count",
            Status::Resolved => "resolved_count",
            Status::Closed => "closed_count",
        }
    }

    /// How many there are of a status.
    #[must_use]
    pub fn count(&self, status: Status) -> i64 {
        match status {
            Status::New => self.new_count,
            Status::Open => self.open_count,
            Status::Pending => self.pending_count,
            Status::OnHold => self.on_hold_count,
            Status::Resolved => self.resolved_count,
            Status::Closed => self.closed_count,
        }
    }

    /// How many there are of a status, to be changed.
    pub fn count_mut(&mut self, status: Status) -> &mut i64 {
        match status {
            Status::New => &mut self.new_count,
            Status::Open => &mut self.open_count,
            Status::Pending => &mut self.pending_count,
            Status::OnHold => &mut self.on_hold_count,
            Status::Resolved => &mut self.resolved_count,
            Status::Closed => &mut self.closed_count,
        }
    }
}
